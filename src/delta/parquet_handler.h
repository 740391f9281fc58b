// What delta/ needs of a Parquet library: checkpoints. engine/ implements it; tests use that too.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/arrow.h"

namespace leat::delta {

// Neighbouring rows of a file: a row group, or several.
struct RowRange {
  std::int64_t first_row = 0;  // from 0
  std::int64_t row_count = 0;
  std::vector<std::string> columns;  // the top-level ones that have a value in any of the rows
};

// Takes some rows of a range. Those of a part with a smaller number come before those of others;
// the batches of one part come in order, one at a time. Numbers may be left out.
using VisitRows = std::function<Status(std::uint64_t part, const data::ArrowBatch& batch)>;

// Thread-safe.
class ParquetHandler {
 public:
  virtual ~ParquetHandler() = default;

  // The file's row groups in order, with those of `columns` that are in the file. kNotFound;
  // kCorrupt: no Parquet file, or one that has none of the columns.
  virtual Result<std::vector<RowRange>> Ranges(const std::string& path,
                                               const std::vector<std::string>& columns) = 0;
  // Calls `visit` for all of the range's rows, for several parts at once from as many threads.
  virtual Status Read(const std::string& path, const RowRange& range, const VisitRows& visit) = 0;
  // Writes one file with the batch's rows (a struct array with its schema); not durable until
  // synced.
  virtual Status Write(const std::string& path, data::ArrowBatch batch) = 0;
};

}  // namespace leat::delta
