#include "delta/parsed_stats.h"

#include <fmt/format.h>

#include <cmath>

#include "base/time.h"
#include "delta/cell.h"
#include "delta/json_writer.h"

namespace leat::delta {
namespace {

using data::ArrowKind;
using data::ArrowView;

// "tsu:UTC" is microseconds and an instant, "tsm:" milliseconds without a zone.
void AppendTime(std::string& out, std::string_view format, std::int64_t value) {
  std::int64_t instant = value;
  if (format.starts_with("tss")) instant = value * kMicrosPerSecond;
  if (format.starts_with("tsm")) instant = value * kMicrosPerMilli;
  if (format.starts_with("tsn")) instant = value / 1'000;
  std::string text = FormatTimestamp(instant);
  if (format.ends_with(':')) text.pop_back();
  AppendString(out, text);
}

// False when the value cannot stand in statistics; then nothing has been appended.
bool AppendValue(std::string& out, const ArrowView& column, std::int64_t row) {
  switch (column.kind()) {
    case ArrowKind::kBool: out += column.Bool(row) ? "true" : "false"; return true;
    case ArrowKind::kInt: {
      const std::string_view format = column.format();
      const std::int64_t value = column.Int(row);
      if (format == "tdD") {
        AppendString(out, FormatTimestamp(value * kMicrosPerDay).substr(0, 10));
      } else if (format.starts_with("ts")) {
        AppendTime(out, format, value);
      } else {
        out += std::to_string(value);
      }
      return true;
    }
    case ArrowKind::kDouble:
      if (!std::isfinite(column.Double(row))) return false;
      out += fmt::format("{}", column.Double(row));
      return true;
    case ArrowKind::kDecimal:
      out += ToText(Decimal{.unscaled = column.Decimal(row), .scale = column.decimal_scale()});
      return true;
    case ArrowKind::kString:
      if (column.format() == "z" || column.format() == "Z") return false;
      AppendString(out, column.String(row));
      return true;
    default: return false;
  }
}

// A struct of values or of further structs, by name. Nothing for what is null.
void AppendStruct(std::string& out, const ArrowView& column, std::int64_t row) {
  ObjectWriter object(out);
  for (std::size_t i = 0; i < column.child_count(); i++) {
    const ArrowView field = column.child(i);
    if (field.IsNull(row)) continue;
    if (field.kind() == ArrowKind::kStruct) {
      AppendStruct(object.Key(field.name()), field, row);
      continue;
    }
    std::string value;
    if (AppendValue(value, field, row)) object.Key(field.name()) += value;
  }
  object.Close();
}

}  // namespace

Result<ParsedStats> ParsedStats::Of(const ArrowView& add) {
  ParsedStats stats;
  LEAT_ASSIGN(stats.column_, add.Find("stats_parsed", ArrowKind::kStruct));
  return stats;
}

std::string ParsedStats::Json(std::int64_t row) const {
  std::string json;
  if (column_ && !column_->IsNull(row)) AppendStruct(json, *column_, row);
  return json;
}

}  // namespace leat::delta
