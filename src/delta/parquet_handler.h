// What delta/ needs of a Parquet library: checkpoints. engine/ implements it; tests use that too.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/arrow.h"

namespace leat::delta {

// Thread-safe.
class ParquetHandler {
 public:
  virtual ~ParquetHandler() = default;

  // Calls `visit` for each batch of the file's rows, top-level columns limited to `columns` (those
  // present).
  virtual Status Read(const std::string& path, const std::vector<std::string>& columns,
                      const std::function<Status(const data::ArrowBatch&)>& visit) = 0;
  // Writes one file with the batch's rows (a struct array with its schema); not durable until
  // synced.
  virtual Status Write(const std::string& path, data::ArrowBatch batch) = 0;
};

}  // namespace leat::delta
