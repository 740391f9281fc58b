// What DuckDB's filters on a scan say about files. Includes DuckDB: engine/ only.
#pragma once

#include <vector>

#include "data/schema.h"
#include "delta/file_skipping.h"
#include "duckdb/common/multi_file/multi_file_reader.hpp"
#include "duckdb/planner/expression.hpp"

namespace leat::engine {

// The filters on the scan's own columns, as far as files can be judged by them; others are left
// out.
std::vector<delta::Predicate> PredicatesOf(
    const duckdb::MultiFilePushdownInfo& info, const data::Schema& schema,
    const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters);

}  // namespace leat::engine
