// Which files a predicate cannot match, by their partition values and statistics. Source:
// PROTOCOL.md, "Per-file Statistics".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/value.h"
#include "delta/cell.h"
#include "delta/table.h"

namespace leat::delta {

enum class Op { kEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kIn, kIsNull, kIsNotNull };

// column op literal. Values: as engine::ToValue makes them of the column's type (integers as int64,
// dates as text YYYY-MM-DD, decimals as text, instants); one for comparisons, any number for kIn,
// none for the null tests.
struct Predicate {
  std::string column;
  Op op = Op::kEqual;
  std::vector<data::Value> values;
};

// A conjunction of predicates against the files of one snapshot. Thread-safe.
class FileSkipper {
 public:
  FileSkipper(const Snapshot& snapshot, std::vector<Predicate> predicates);
  // True only when no row of the file can match. Missing statistics never skip.
  bool CanSkip(const AddFile& file) const;

 private:
  // A predicate whose column and literals are known; others cannot skip anything and are left out.
  struct Test {
    Op op = Op::kEqual;
    data::Type type;
    std::vector<std::string> path;  // of the column, by physical names from the root
    bool is_partition = false;
    std::vector<Cell> cells;  // the literals that are not null
  };
  struct Range;

  static bool Excludes(const Test& test, const Range& range);
  static bool PartitionExcludes(const Test& test, const AddFile& file);

  std::vector<Test> tests_;
};

// The rows of the file that are not deleted, from its statistics: numRecords less the deletion
// vector's. Nothing without statistics.
std::optional<std::int64_t> RowCount(const AddFile& file);

}  // namespace leat::delta
