// Which files a predicate cannot match, by their partition values and statistics. Source: PROTOCOL.md,
// "Per-file Statistics".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/value.h"
#include "delta/table.h"

namespace leat::delta {

enum class Op { kEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kIn, kIsNull, kIsNotNull };

// column op literal. Values: as engine::ToValue makes them of the column's type (integers as int64, dates as text
// YYYY-MM-DD, decimals as text, instants); one for comparisons, any number for kIn, none for the null tests.
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
  const Snapshot& snapshot_;
  std::vector<Predicate> predicates_;
};

// numRecords of the file's statistics.
std::optional<std::int64_t> RecordCount(const AddFile& file);

}  // namespace leat::delta
