#include "quality/quarantine.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/app.h"
#include "cli/assets.h"
#include "cli/command.h"
#include "cli/limits.h"
#include "cli/output.h"
#include "cli/text_width.h"
#include "io/terminal.h"
#include "orchestrate/run.h"

namespace leat::cli {
namespace {

struct ShowOptions {
  std::string asset;
  bool wide = false;
  std::int64_t limit = kDefaultQuarantineRows;
};

// One row per asset and check that has set rows aside.
Result<data::Rows> List(orchestrate::Workspace& workspace) {
  data::Rows rows{
      .schema = TextColumns({"asset", "stage", "check", "pending", "replayed", "latest"}),
      .rows = {}};
  LEAT_ASSIGN(const auto session, workspace.NewSession());
  for (const project::Asset& asset : workspace.project().assets) {
    if (asset.is_view()) continue;
    LEAT_ASSIGN(const auto counts, quality::CountQuarantine(workspace.engine(), *session,
                                                            workspace.QuarantinePath(asset.name)));
    for (const quality::QuarantineCount& count : counts) {
      const bool is_ingest = count.stage == quality::QuarantineStage::kIngest;
      rows.rows.push_back({asset.name.value(), std::string(is_ingest ? "ingest" : "check"),
                           count.check_name.empty() ? data::Value() : data::Value(count.check_name),
                           count.pending, count.replayed, data::Instant{count.latest}});
    }
  }
  return rows;
}

int RunList(App& app) {
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto rows = List(*workspace);
  if (!rows.ok()) return app.Fail(rows.error());
  if (app.plain() && rows->rows.empty()) {
    app.Out("Nothing is in quarantine.\n");
  } else if (app.plain()) {
    app.Out(PlainTable(app, *rows));
  } else {
    PrintRows(app, *rows);
  }
  return kDone;
}

Result<data::Rows> Show(orchestrate::Workspace& workspace, const ShowOptions& options) {
  LEAT_ASSIGN(const project::Asset* asset, FindAsset(workspace.project(), options.asset));
  LEAT_ASSIGN(const auto session, workspace.NewSession());
  const auto limit = static_cast<std::size_t>(std::min(options.limit, kMaxListedRows));
  return quality::ShowQuarantine(workspace.engine(), *session,
                                 workspace.QuarantinePath(asset->name), limit);
}

// A column of the quarantine, unless no row has a value in it.
void AddColumn(const data::Rows& rows, const std::string& name, data::Rows& shown) {
  for (std::size_t i = 0; i < rows.schema.fields.size(); i++) {
    if (rows.schema.fields[i].name != name) continue;
    const bool is_empty = std::all_of(rows.rows.begin(), rows.rows.end(), [&](const auto& row) {
      return std::holds_alternative<std::monostate>(row[i]);
    });
    if (is_empty) return;
    shown.schema.fields.push_back(rows.schema.fields[i]);
    for (std::size_t r = 0; r < rows.rows.size(); r++) shown.rows[r].push_back(rows.rows[r][i]);
  }
}

// What people look for: where the row stood, which check or column rejected it, why, and as much of
// the row itself as a line has room for.
data::Rows ForPeople(const App& app, const data::Rows& rows) {
  data::Rows shown{.schema = {}, .rows = std::vector<std::vector<data::Value>>(rows.rows.size())};
  for (const char* name : {"source", "position", "check_name", "column_name", "error"}) {
    AddColumn(rows, name, shown);
  }
  const std::string table = PlainTable(app, shown);
  const std::size_t used = DisplayWidth(table.substr(0, table.find('\n')));
  AddColumn(rows, "raw", shown);
  if (app.console().IsTerminal(io::kStandardOutput)) return shown;  // cut to its width when printed
  const std::size_t width = std::max(kMinRawWidth, kPipeWidth - std::min(kPipeWidth, used + 2));
  for (auto& row : shown.rows) {
    if (auto* raw = std::get_if<std::string>(&row.back())) *raw = Fit(OneLine(*raw), width);
  }
  return shown;
}

int RunShow(App& app, const ShowOptions& options) {
  if (options.limit < 1) return app.Fail(InvalidInput("--limit must be at least 1"));
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto rows = Show(*workspace, options);
  if (!rows.ok()) return app.Fail(rows.error());
  if (app.plain() && rows->rows.empty()) {
    app.Out(fmt::format("No row of {} is in quarantine.\n", options.asset));
  } else if (app.plain()) {
    app.Out(PlainTable(app, options.wide ? *rows : ForPeople(app, *rows)));
  } else {
    PrintRows(app, *rows);
  }
  return kDone;
}

int RunReplay(App& app, const std::string& name) {
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto asset = FindAsset(workspace->project(), name);
  if (!asset.ok()) return app.Fail(asset.error());
  const auto replayed = orchestrate::Replay(*workspace, (*asset)->name);
  if (!replayed.ok()) return app.Fail(replayed.error());
  data::Value version;
  if (replayed->version) version = static_cast<std::int64_t>(replayed->version->value());
  data::Rows rows{
      .schema = TextColumns({"asset", "replayed", "still_failing", "version"}),
      .rows = {{(*asset)->name.value(), replayed->replayed, replayed->still_failing, version}}};
  PrintReport(app, {.json = [&] { return ToJson(rows.schema, rows.rows[0]); },
                    .csv = [&] { return rows; },
                    .plain =
                        [&] {
                          return fmt::format("{}: {} returned to the table, {} still rejected\n",
                                             (*asset)->name.value(),
                                             Counted(replayed->replayed, "row"),
                                             WithThousands(replayed->still_failing));
                        },
                    .is_remark = true});
  return kDone;
}

Command MakeShow() {
  auto options = std::make_shared<ShowOptions>();
  return {.name = "show",
          .summary = "Print the rejected rows of an asset: raw content, source, line and reason",
          .options = {{"ASSET", "", "the asset", &options->asset, {}, true},
                      {"--limit", "N", "at most N rows, the latest first (20)", &options->limit},
                      {"--wide", "", "all columns, as -o json and csv have them", &options->wide}},
          .examples = {{"leat quarantine show bronze.orders", "its latest rejected rows"},
                       {"leat quarantine show bronze.orders --wide", "with run and time"}},
          .run = [options](App& app) { return RunShow(app, *options); }};
}

Command MakeReplay() {
  auto asset = std::make_shared<std::string>();
  return {
      .name = "replay",
      .summary = "Offer an asset's rejected rows again, once the cause is fixed",
      .details =
          "Rows that pass now go to the table, each exactly once; the others stay. Safe to repeat.",
      .options = {{"ASSET", "", "the asset", asset.get(), {}, true}},
      .examples = {{"leat quarantine replay silver.orders",
                    "after a correction of the model or its checks"}},
      .run = [asset](App& app) { return RunReplay(app, *asset); }};
}

}  // namespace

Command MakeQuarantine() {
  return {.name = "quarantine",
          .summary = "List, show and replay rejected rows",
          .subcommands = {{.name = "list",
                           .summary = "Count rejected rows by asset and check",
                           .examples = {{"leat quarantine list", "everything that is set aside"}},
                           .run = RunList},
                          MakeShow(),
                          MakeReplay()},
          .examples = {{"leat query \"select * from bronze.orders_quarantine\"", "as a table"}}};
}

}  // namespace leat::cli
