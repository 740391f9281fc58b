#include "quality/file_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "quality/limits.h"

namespace leat::quality {
namespace {

using data::TypeKind;

const engine::ColumnStats* Find(const engine::WrittenFile& file, const std::string& column) {
  const auto found =
      std::find_if(file.columns.begin(), file.columns.end(), [&](const engine::ColumnStats& stats) {
        return stats.path.size() == 1 && EqualsIgnoreCase(stats.path[0], column);
      });
  return found == file.columns.end() ? nullptr : &*found;
}

bool IsInteger(TypeKind kind) {
  return kind == TypeKind::kByte || kind == TypeKind::kShort || kind == TypeKind::kInteger ||
         kind == TypeKind::kLong;
}

bool HasExactBounds(TypeKind kind) {
  return IsInteger(kind) || kind == TypeKind::kFloat || kind == TypeKind::kDouble ||
         kind == TypeKind::kDecimal || kind == TypeKind::kDate || kind == TypeKind::kTimestamp ||
         kind == TypeKind::kTimestampNtz;
}

std::optional<std::int64_t> ToInteger(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Text of the least and greatest value per file that has any.
std::optional<std::vector<std::pair<std::string, std::string>>> TextBounds(
    const std::vector<engine::WrittenFile>& files, const std::string& column) {
  std::vector<std::pair<std::string, std::string>> bounds;
  for (const engine::WrittenFile& file : files) {
    const engine::ColumnStats* stats = Find(file, column);
    if (stats == nullptr || stats->has_nan || !stats->null_count) return std::nullopt;
    if (*stats->null_count == file.row_count) continue;
    if (!stats->min || !stats->max) return std::nullopt;
    bounds.emplace_back(*stats->min, *stats->max);
  }
  return bounds;
}

}  // namespace

std::optional<std::int64_t> NullCount(const std::vector<engine::WrittenFile>& files,
                                      const std::string& column) {
  std::int64_t nulls = 0;
  for (const engine::WrittenFile& file : files) {
    const engine::ColumnStats* stats = Find(file, column);
    if (stats == nullptr || !stats->null_count) return std::nullopt;
    nulls += *stats->null_count;
  }
  return nulls;
}

std::optional<ColumnBounds> BoundsOf(const std::vector<engine::WrittenFile>& files,
                                     const data::Field& field) {
  if (!HasExactBounds(field.type.kind) || files.size() > kMaxFilesForStatistics)
    return std::nullopt;
  const auto texts = TextBounds(files, field.name);
  if (!texts) return std::nullopt;
  const auto constant = [&](const std::string& text) {
    return fmt::format("CAST({} AS {})", QuoteLiteral(text), data::ToSql(field.type));
  };
  ColumnBounds bounds;
  for (const auto& [min, max] : *texts) {
    bounds.mins.push_back(constant(min));
    bounds.maxs.push_back(constant(max));
  }
  return bounds;
}

std::optional<IntegerRange> IntegerRangeOf(const std::vector<engine::WrittenFile>& files,
                                           const data::Field& field) {
  if (!IsInteger(field.type.kind)) return std::nullopt;
  const auto texts = TextBounds(files, field.name);
  if (!texts || texts->empty()) return std::nullopt;
  IntegerRange range{.min = INT64_MAX, .max = INT64_MIN};
  for (const auto& [min, max] : *texts) {
    const auto low = ToInteger(min);
    const auto high = ToInteger(max);
    if (!low || !high) return std::nullopt;
    range.min = std::min(range.min, *low);
    range.max = std::max(range.max, *high);
  }
  return range;
}

}  // namespace leat::quality
