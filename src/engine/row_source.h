// Rows that somebody hands to the engine: files that Leat reads itself, later queues and databases.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "data/arrow.h"
#include "data/schema.h"

namespace leat::engine {

// One reading of a source. Thread-safe: several threads ask for rows at once.
class RowReader {
 public:
  virtual ~RowReader() = default;
  // The next rows, in any order, or none at the end. Columns are as data::ArrowColumn lays them
  // out, without offsets; a column with a dictionary of one entry has that value in all rows. An
  // error ends the statement.
  virtual Result<std::optional<data::ArrowBatch>> Next() = 0;
  // How much of it is read, 0 to 1; negative when unknown.
  virtual double progress() const { return -1; }
};

// For FROM: see Session::ScanRows. Immutable.
struct RowSource {
  data::Schema schema;
  int max_threads = 0;  // 0: as many as the engine has
  // Called once for each statement that reads the rows.
  std::function<Result<std::unique_ptr<RowReader>>()> open;
};

}  // namespace leat::engine
