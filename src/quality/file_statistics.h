// What the statistics of staged files say about their rows. Internal to quality/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/schema.h"
#include "engine/engine.h"

namespace leat::quality {

// Null values of a column in all files; nothing when a file does not say.
std::optional<std::int64_t> NullCount(const std::vector<engine::WrittenFile>& files,
                                      const std::string& column);

// The least and the greatest value of each file, as typed SQL constants. Files with nulls only have
// none.
struct ColumnBounds {
  std::vector<std::string> mins, maxs;
};
// For numbers and times. Nothing when the statistics do not cover all values: missing ones, NaN
// (which bounds leave out), text (whose bounds may be cut), nested values, or very many files.
std::optional<ColumnBounds> BoundsOf(const std::vector<engine::WrittenFile>& files,
                                     const data::Field& field);

// The least and the greatest of an integer column over all files. Nothing as for BoundsOf, and
// without values.
struct IntegerRange {
  std::int64_t min = 0;
  std::int64_t max = 0;
};
std::optional<IntegerRange> IntegerRangeOf(const std::vector<engine::WrittenFile>& files,
                                           const data::Field& field);

}  // namespace leat::quality
