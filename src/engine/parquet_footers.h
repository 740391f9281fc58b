// What the footers of Parquet files tell: columns, numbers of rows, bounds of values.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/engine.h"

namespace leat::engine {

// The columns that all of the files have, in the order of the first. kInvalidInput naming each
// difference between two files, or a column whose type Delta lacks.
Result<data::Schema> CommonSchema(Session& session, const std::vector<std::string>& paths);

// Number of rows and statistics of each file, in the order of `paths`; sizes are not filled in.
Result<std::vector<WrittenFile>> ReadFooters(Session& session,
                                             const std::vector<std::string>& paths,
                                             const data::Schema& schema);

// kInvalidInput naming file and column if one of the Parquet files has a decimal of more than 38
// digits: DuckDB 1.5.5 reads its bytes as another number.
Status RefuseLongDecimals(Session& session, const std::vector<std::string>& paths);
// Finds path, column and "precision,scale" of one such column; and what to say of it.
std::string LongDecimalsIn(const std::vector<std::string>& paths);
std::string LongDecimalMessage(const std::string& path, const std::string& column,
                               const std::string& type);

}  // namespace leat::engine
