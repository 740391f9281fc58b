// A folder of Parquet files as a Delta table: what its first commit says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/engine.h"

namespace leat::engine {

struct ParquetFolder {
  data::Schema schema;  // of the files, then the partition columns
  std::vector<std::string> partition_columns;
  std::vector<delta::AddFile> files;  // with statistics from their footers
  std::int64_t row_count = 0;
  std::int64_t size_bytes = 0;
};

// Looks at the footers of all Parquet files below the folder; names that begin with '_' or '.' are
// no data. Folders named key=value become partition columns: those declared, in that order, with
// their types; with none declared, those found, of type long or date where all values are, else
// string. kAlreadyExists: the folder is a Delta table. kNotFound: it holds no Parquet file.
// kInvalidInput: another file is among them, the files have different columns (says which), a type
// that Delta lacks, or folders that do not fit the partition columns.
Result<ParquetFolder> LookAtParquetFolder(const io::Environment& environment, Session& session,
                                          const std::string& folder,
                                          const std::vector<data::Field>& partition_columns);

// The transaction that makes the folder a table.
delta::Transaction MakeConversion(const ParquetFolder& folder);

}  // namespace leat::engine
