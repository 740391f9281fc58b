// Models: a SELECT becomes staged Parquet files. Nothing is published here.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "project/definition.h"

namespace leat::transform {

struct ModelInput {
  const project::Asset& asset;       // a model that is no view
  engine::Parameters parameters;     // variables, and $start and $end with an interval
  std::optional<Interval> interval;  // set for materialized: interval
  const delta::Metadata* table =
      nullptr;  // of the table that the rows will join; null when it is replaced
  std::string staging_directory;
  // The rows to write apart, as engine::WriteOptions has it, by the schema of the staged rows.
  std::function<std::string(const data::Schema&)> apart = nullptr;
};

struct StagedModel {
  std::vector<engine::WrittenFile> files;
  data::Schema schema;  // of the result
  std::int64_t rows = 0;
  bool told_apart = false;  // by the condition, which could be evaluated on every row
};

// Runs the model. Columns that the table has already are written with the table's types. Errors:
// those of the SQL with file:line:column, a type that does not fit the table, a null in the time
// column.
Result<StagedModel> StageModel(engine::Session& session, const ModelInput& input);

// The SQL that `leat render` prints and StageModel runs: the model, for intervals limited to
// [$start, $end).
std::string ModelSql(const project::Asset& asset);

// A location within `sql`, which is a model's text or has it in it, as a location in its file.
Error InModelFile(Error error, const project::Asset& asset, std::string_view sql);

}  // namespace leat::transform
