#include "engine/convert.h"

#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/app.h"
#include "cli/command.h"
#include "cli/interruptible.h"
#include "cli/output.h"
#include "cli/text_width.h"

namespace leat::cli {
namespace {

struct ConvertOptions {
  std::string path;
  std::string partition_by;
  bool dry_run = false;
};

// "day date, region string".
Result<std::vector<data::Field>> ParseColumns(const std::string& text) {
  std::vector<data::Field> fields;
  if (Trim(text).empty()) return fields;
  for (const std::string& part : Split(text, ',')) {
    const std::string_view column = Trim(part);
    const std::size_t space = column.find_first_of(" \t");
    if (space == std::string_view::npos) {
      return InvalidInput(fmt::format("--partition-by: '{}' has no type", column))
          .WithHint("write --partition-by 'day date, region string'");
    }
    data::Field field{.name = std::string(column.substr(0, space))};
    auto type = data::ParseType(Trim(column.substr(space)));
    if (!type.ok()) return Error(type.error()).WithContext("--partition-by");
    field.type = std::move(*type);
    fields.push_back(std::move(field));
  }
  return fields;
}

data::Rows ToRows(const std::string& path, const engine::ParquetFolder& folder,
                  const std::optional<TableVersion>& version) {
  data::Value committed;
  if (version) committed = static_cast<std::int64_t>(version->value());
  return {.schema = TextColumns({"path", "files", "rows", "bytes", "partition_columns", "version"}),
          .rows = {{path, static_cast<std::int64_t>(folder.files.size()), folder.row_count,
                    folder.size_bytes, Join(folder.partition_columns, " "), committed}}};
}

std::string ToText(const std::string& path, const engine::ParquetFolder& folder, bool dry_run) {
  std::string text = fmt::format(
      "{} {}: {} in {}{}\n", path, dry_run ? "can become a Delta table" : "is a Delta table now",
      Counted(folder.row_count, "row"), Counted(std::ssize(folder.files), "file"),
      folder.partition_columns.empty()
          ? ""
          : ", partitioned by " + Join(folder.partition_columns, ", "));
  if (!dry_run) return text;
  for (const data::Field& field : folder.schema.fields) {
    text += fmt::format("  {} {}\n", field.name, field.type.ToString());
  }
  return text + "Nothing was changed.\n";
}

Result<TableVersion> Commit(engine::Engine& engine, const std::string& path,
                            const engine::ParquetFolder& folder) {
  LEAT_ASSIGN(const delta::CommitOutcome outcome,
              engine.TableAt(path).Commit(engine::MakeConversion(folder)));
  if (const auto* committed = std::get_if<delta::Committed>(&outcome)) return committed->version;
  return AlreadyExists(path + " was made a Delta table by somebody else meanwhile");
}

int RunConvert(App& app, const ConvertOptions& options) {
  const auto columns = ParseColumns(options.partition_by);
  if (!columns.ok()) return app.Fail(columns.error());
  const auto engine = engine::Engine::Open(app.environment(), {});
  if (!engine.ok()) return app.Fail(engine.error());
  const auto session = (*engine)->NewSession();
  const Interruptible interruptible(*session);
  const auto folder =
      engine::LookAtParquetFolder(app.environment(), *session, options.path, *columns);
  if (!folder.ok()) return app.Fail(folder.error());
  std::optional<TableVersion> version;
  if (!options.dry_run) {
    auto committed = Commit(**engine, options.path, *folder);
    if (!committed.ok()) return app.Fail(committed.error());
    version = *committed;
  }
  const data::Rows rows = ToRows(options.path, *folder, version);
  PrintReport(app, {.json = [&] { return ToJson(rows.schema, rows.rows[0]); },
                    .csv = [&] { return rows; },
                    .plain = [&] { return ToText(options.path, *folder, options.dry_run); },
                    .is_remark = !options.dry_run});
  return kDone;
}

}  // namespace

Command MakeConvert() {
  auto options = std::make_shared<ConvertOptions>();
  return {
      .name = "convert",
      .summary = "Make a folder of Parquet files a Delta table, in place",
      .details =
          "The files stay as they are: a log is written beside them, with the statistics of their\n"
          "footers. All must have the same columns. Folders named key=value partition the table;\n"
          "without --partition-by their types are long or date where all values are, else string.",
      .options = {{"PATH", "", "the folder", &options->path, {}, true},
                  {"--partition-by", "COLUMNS", "the partition columns with their types",
                   &options->partition_by},
                  {"--dry-run", "", "only look, and say what the table would be",
                   &options->dry_run}},
      .examples = {{"leat convert exports/events --dry-run", "what would become of it"},
                   {"leat convert exports/events", "do it"},
                   {"leat convert exports/sales --partition-by 'day date, region string'",
                    "with types for the folders day=2026-11-01/region=eu"}},
      .run = [options](App& app) { return RunConvert(app, *options); }};
}

}  // namespace leat::cli
