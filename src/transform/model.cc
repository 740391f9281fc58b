#include "transform/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "transform/schema_evolution.h"

namespace leat::transform {
namespace {

// Casts around the query where the table's types are wider.
std::string WithTableTypes(const std::string& sql, data::Schema& schema,
                           const data::Schema& table) {
  std::vector<std::string> columns;
  bool changed = false;
  for (data::Field& field : schema.fields) {
    const data::Field* stored = table.Find(field.name);
    const std::string name = QuoteIdentifier(field.name);
    if (stored == nullptr || stored->type == field.type) {
      columns.push_back(name);
      continue;
    }
    changed = true;
    field.type = stored->type;
    columns.push_back(fmt::format("CAST({} AS {}) AS {}", name, data::ToSql(stored->type), name));
  }
  return changed ? "SELECT " + Join(columns, ", ") + " FROM (\n" + sql + "\n)" : sql;
}

Status NoNullTimes(const StagedModel& staged, const std::string& time_column) {
  std::int64_t nulls = 0;
  for (const engine::WrittenFile& file : staged.files) {
    for (const engine::ColumnStats& column : file.columns) {
      const bool is_time = column.path.size() == 1 && EqualsIgnoreCase(column.path[0], time_column);
      if (is_time) nulls += column.null_count.value_or(0);
    }
  }
  if (nulls == 0) return Ok();
  return InvalidInput(
             fmt::format("{} rows have no {}, so they belong to no interval", nulls, time_column))
      .WithHint("filter them out in the model, or give them a time");
}

}  // namespace

std::string ModelSql(const project::Asset& asset) {
  const auto& model = std::get<project::ModelSpec>(asset.spec);
  if (model.materialized != project::Materialization::kInterval) return model.sql;
  // The outer filter keeps rows of other intervals out, whatever the model reads. Rows without a
  // time are kept so that they are noticed.
  const std::string time = QuoteIdentifier(model.time_column);
  return fmt::format("SELECT * FROM (\n{}\n) WHERE ({} >= $start AND {} < $end) OR {} IS NULL",
                     std::string(Trim(model.sql)), time, time, time);
}

Error InModelFile(Error error, const project::Asset& asset, std::string_view sql) {
  const auto* model = std::get_if<project::ModelSpec>(&asset.spec);
  if (model == nullptr || (error.location() && !error.location()->file.empty())) return error;
  Location location{.file = asset.location.file};
  const std::size_t begin = sql.find(Trim(model->sql));
  if (error.location() && begin != std::string_view::npos) {
    const auto before =
        std::count(sql.begin(), sql.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
    const int line = std::max(1, error.location()->line - static_cast<int>(before));
    location.line = line + model->sql_line - 1;
    location.column = error.location()->column;
  }
  return std::move(error).At(location);
}

Result<StagedModel> StageModel(engine::Session& session, const ModelInput& input) {
  const auto& model = std::get<project::ModelSpec>(input.asset.spec);
  StagedModel staged;
  std::string sql = ModelSql(input.asset);
  if (input.table != nullptr || input.apart) {  // the schema decides what is written
    auto bound = session.Bind(model.sql, input.parameters);
    if (!bound.ok()) return InModelFile(std::move(bound).error(), input.asset, model.sql);
    staged.schema = std::move(bound->schema);
  }
  if (input.table != nullptr) {
    delta::Metadata evolved = *input.table;
    const Status fits = Evolve(evolved, staged.schema);
    if (!fits.ok()) return InModelFile(Error(fits.error()), input.asset, sql);
    sql = WithTableTypes(sql, staged.schema, evolved.schema);
  }
  engine::WriteOptions options{.directory = input.staging_directory};
  if (input.apart) options.apart = input.apart(staged.schema);
  staged.told_apart = !options.apart.empty();
  auto written = session.WriteParquet(sql, input.parameters, options);
  if (!written.ok() && staged.told_apart && written.error().kind() != ErrorKind::kCancelled) {
    // If the condition is what fails, the audit says of which check; if not, this fails again.
    staged.told_apart = false;
    options.apart.clear();
    written = session.WriteParquet(sql, input.parameters, options);
  }
  if (!written.ok()) return InModelFile(std::move(written).error(), input.asset, sql);
  staged.schema = std::move(written->schema);
  staged.files = std::move(written->files);
  for (const engine::WrittenFile& file : staged.files) staged.rows += file.row_count;
  if (input.interval) {
    auto status = NoNullTimes(staged, model.time_column);
    if (!status.ok()) return InModelFile(std::move(status).error(), input.asset, sql);
  }
  return staged;
}

}  // namespace leat::transform
