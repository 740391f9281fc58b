#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/app.h"
#include "cli/command.h"
#include "cli/interruptible.h"
#include "cli/output.h"
#include "cli/run_request.h"
#include "orchestrate/maintenance.h"
#include "project/duration.h"

namespace leat::cli {
namespace {

struct MaintainOptions {
  SelectionOptions selection;
  std::vector<std::string> cluster_by;
  std::string retention;
  bool force = false;
  bool dry_run = false;
};

data::Rows ToRows(const std::vector<orchestrate::MaintainedTable>& tables) {
  data::Rows rows{
      .schema = TextColumns({"table", "files_compacted", "into", "version", "log_files_removed",
                             "data_files_removed", "bytes_freed", "error"}),
      .rows = {}};
  for (const orchestrate::MaintainedTable& table : tables) {
    const delta::CompactionResult& compaction = table.compaction;
    data::Value version;
    if (compaction.version) version = static_cast<std::int64_t>(compaction.version->value());
    rows.rows.push_back({table.name, static_cast<std::int64_t>(compaction.files_removed),
                         static_cast<std::int64_t>(compaction.files_added), version,
                         table.log_files_removed, table.data_files_removed, table.bytes_freed,
                         table.error ? data::Value(table.error->message()) : data::Value()});
  }
  return rows;
}

Json ToObject(const data::Rows& rows) {
  Json tables = Json::array();
  for (const auto& row : rows.rows) tables.push_back(ToJson(rows.schema, row));
  return Json{{"tables", std::move(tables)}};
}

std::string ToText(const App& app, const data::Rows& rows, bool dry_run) {
  if (rows.rows.empty()) return "There is no table yet.\n";
  data::Rows shown = rows;  // errors are told on standard error
  shown.schema.fields.pop_back();
  for (auto& row : shown.rows) row.pop_back();
  std::string text = PlainTable(app, std::move(shown));
  if (dry_run) text += "Nothing was changed: this is what would be done.\n";
  return text;
}

int RunMaintain(App& app, const MaintainOptions& options) {
  orchestrate::MaintainRequest request{.select = options.selection.select,
                                       .exclude = options.selection.exclude,
                                       .cluster_by = options.cluster_by,
                                       .allows_short_retention = options.force,
                                       .dry_run = options.dry_run};
  if (!options.retention.empty()) {
    const auto retention_us = project::ParseDuration(options.retention);
    if (!retention_us.ok()) return app.Fail(Error(retention_us.error()).WithContext("--retention"));
    request.retention_ms = *retention_us / kMicrosPerMilli;
  }
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto session = workspace->engine().NewSession();
  const Interruptible interruptible(*session);
  const auto tables =
      orchestrate::Maintain(*workspace, *session, request,
                            [&](const std::string& table) { app.Detail("maintaining " + table); });
  if (!tables.ok()) return app.Fail(tables.error());
  const data::Rows rows = ToRows(*tables);
  PrintReport(app, {.json = [&] { return ToObject(rows); },
                    .csv = [&] { return rows; },
                    .plain = [&] { return ToText(app, rows, options.dry_run); }});
  int exit_code = kDone;
  for (const orchestrate::MaintainedTable& table : *tables) {
    if (!table.error) continue;
    app.Fail(Error(*table.error).WithContext(table.name));
    exit_code = kFailed;
  }
  return exit_code;
}

}  // namespace

Command MakeMaintain() {
  auto options = std::make_shared<MaintainOptions>();
  return {
      .name = "maintain",
      .summary = "Compact tables, clean up their logs, and remove files that no version needs",
      .details =
          "Many small files, and files with many deleted rows, are written anew as few whole "
          "ones;\n"
          "log entries older than the table's delta.logRetentionDuration (30 days) are removed, "
          "and\n"
          "data files that were removed longer ago than delta.deletedFileRetentionDuration (7 "
          "days):\n"
          "versions before that can no longer be read. Runs may go on meanwhile.",
      .options = Concat(
          {OptionsOf(options->selection),
           {{"--cluster-by", "COLUMN", "write one table anew with near rows together (Z-order)",
             &options->cluster_by},
            {"--retention", "DURATION", "keep removed data files this long instead: 12h, 7d",
             &options->retention},
            {"--force", "", "also with a shorter retention than the table's own", &options->force},
            {"--dry-run", "", "only say what would be done", &options->dry_run}}}),
      .examples = {{"leat maintain", "all tables"},
                   {"leat maintain --dry-run", "what there is to do"},
                   {"leat maintain -s silver.orders --cluster-by region --cluster-by order_date",
                    "for queries by region and date"}},
      .run = [options](App& app) { return RunMaintain(app, *options); }};
}

}  // namespace leat::cli
