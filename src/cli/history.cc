#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/json.h"
#include "base/text.h"
#include "cli/app.h"
#include "cli/assets.h"
#include "cli/command.h"
#include "cli/limits.h"
#include "cli/output.h"

namespace leat::cli {
namespace {

constexpr char kQuarantineSuffix[] = "_quarantine";

struct HistoryOptions {
  std::string asset;
  std::int64_t limit = kDefaultHistoryVersions;
};

data::Value MetricOf(const delta::CommitInfo& info, const std::string& name) {
  const auto found = info.operation_metrics.find(name);
  if (found == info.operation_metrics.end()) return std::monostate{};
  const bool is_number = !found->second.empty() && found->second.size() < 19 &&
                         found->second.find_first_not_of("0123456789") == std::string::npos;
  if (is_number) return static_cast<std::int64_t>(std::stoll(found->second));
  return found->second;
}

// What Leat wrote about a commit; empty for those of other writers.
Json ProvenanceOf(const delta::CommitInfo& info) {
  const auto found = info.extra.find("leat");
  if (found == info.extra.end()) return Json::object();
  Json provenance = ParseOrderedJson(found->second);
  return provenance.is_object() ? provenance : Json::object();
}

data::Value TextOf(const Json& provenance, const char* key) {
  const auto found = provenance.find(key);
  if (found == provenance.end() || found->is_null()) return std::monostate{};
  return found->is_string() ? found->get<std::string>() : Dump(*found);
}

// What the task that made the version remarked, joined by semicolons.
data::Value NotesOf(const Json& provenance) {
  const auto found = provenance.find("notes");
  if (found == provenance.end() || !found->is_array()) return std::monostate{};
  std::vector<std::string> notes;
  for (const Json& note : *found) {
    if (note.is_string()) notes.push_back(note.get<std::string>());
  }
  return notes.empty() ? data::Value() : data::Value(Join(notes, "; "));
}

data::Rows ToRows(const std::vector<delta::HistoryEntry>& history) {
  data::Rows rows{
      .schema = TextColumns({"version", "time", "operation", "rows", "run_id", "writer", "notes"}),
      .rows = {}};
  for (const delta::HistoryEntry& entry : history) {
    const Json provenance = ProvenanceOf(entry.info);
    rows.rows.push_back({static_cast<std::int64_t>(entry.version.value()),
                         data::Instant{entry.info.timestamp_ms * kMicrosPerMilli},
                         entry.info.operation, MetricOf(entry.info, "numOutputRows"),
                         TextOf(provenance, "run_id"), entry.info.engine_info,
                         NotesOf(provenance)});
  }
  return rows;
}

// For people, a column that has nothing to say is left out.
data::Rows WithoutEmptyNotes(data::Rows rows) {
  const bool has_notes = std::any_of(rows.rows.begin(), rows.rows.end(), [](const auto& row) {
    return !std::holds_alternative<std::monostate>(row.back());
  });
  if (has_notes) return rows;
  rows.schema.fields.pop_back();
  for (auto& row : rows.rows) row.pop_back();
  return rows;
}

// An asset's table, or its quarantine by the name that queries use.
Result<delta::Table*> FindTable(orchestrate::Workspace& workspace, const std::string& name) {
  const bool is_quarantine = ToLower(name).ends_with(kQuarantineSuffix);
  const std::string asset_name =
      is_quarantine ? name.substr(0, name.size() - sizeof(kQuarantineSuffix) + 1) : name;
  LEAT_ASSIGN(const project::Asset* asset, FindAsset(workspace.project(), asset_name));
  if (is_quarantine) return &workspace.engine().TableAt(workspace.QuarantinePath(asset->name));
  if (asset->is_view()) {
    return InvalidInput(asset->name.value() + " is a view: it stores nothing and has no versions");
  }
  return &workspace.TableOf(asset->name);
}

int RunHistory(App& app, const HistoryOptions& options) {
  if (options.limit < 1) return app.Fail(InvalidInput("--limit must be at least 1"));
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto table = FindTable(*workspace, options.asset);
  if (!table.ok()) return app.Fail(table.error());
  const auto limit = static_cast<std::size_t>(std::min(options.limit, kMaxListedRows));
  auto history = (*table)->History(limit);
  if (!history.ok() && history.error().kind() == ErrorKind::kNotFound) {
    return app.Fail(
        NotFound(options.asset + " has no table yet").WithHint("leat run -s " + options.asset));
  }
  if (!history.ok()) return app.Fail(history.error());
  PrintRows(app, app.plain() ? WithoutEmptyNotes(ToRows(*history)) : ToRows(*history));
  return kDone;
}

}  // namespace

Command MakeHistory() {
  auto options = std::make_shared<HistoryOptions>();
  return {
      .name = "history",
      .summary = "List the versions of a table, newest first",
      .options = {{"ASSET", "", "an asset, or NAME_quarantine", &options->asset, {}, true},
                  {"--limit", "N", "at most N versions (20)", &options->limit}},
      .examples = {{"leat history silver.orders", "its last versions"},
                   {"leat query \"select count(*) from silver.orders@v3\"", "read one of them"}},
      .run = [options](App& app) { return RunHistory(app, *options); }};
}

}  // namespace leat::cli
