// The SQL that reads Parquet files with the table's types.
#pragma once

#include <string>
#include <vector>

#include "connect/file/read_plan.h"

namespace leat::ingest {

// Files with the same columns and types.
struct ParquetGroup {
  std::vector<const connect::FilePlan*> files;
  std::string path_prefix;  // taken off paths to make names: the project's folder
};

// Groups of at most kMaxFilesPerScan files.
std::vector<ParquetGroup> GroupParquet(const std::vector<connect::FilePlan>& files,
                                       const std::string& path_prefix);

// A SELECT of the plan's columns, then _leat_source and _leat_position (the row's number). Rows
// with a value that is not exactly one of its column's type are left out, unless the plan makes it
// null.
std::string ParquetSql(const ParquetGroup& group, const connect::ReadPlan& plan);
// A SELECT of the rows that it leaves out: source, position, raw, column_name, error.
std::string ParquetRejectsSql(const ParquetGroup& group, const connect::ReadPlan& plan);
// How many rows the files hold, by their footers.
std::string ParquetCountSql(const ParquetGroup& group);

}  // namespace leat::ingest
