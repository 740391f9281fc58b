#include "delta/cell.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "base/time.h"
#include "data/limits.h"

namespace leat::delta {
namespace {

using data::Type;
using data::TypeKind;

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Java writes NaN and Infinity; from_chars reads nan, inf and infinity in any case.
template <typename T>
std::optional<Cell> ParseReal(std::string_view text) {
  const auto number = ParseNumber<T>(text);
  if (!number) return std::nullopt;
  return Cell(static_cast<double>(*number));
}

template <typename T>
std::optional<Cell> ParseInteger(std::string_view text) {
  const auto number = ParseNumber<T>(text);
  if (!number) return std::nullopt;
  return Cell(std::int64_t{*number});
}

std::optional<Cell> ParseBoolean(std::string_view text) {
  if (EqualsIgnoreCase(text, "true")) return Cell(std::int64_t{1});
  if (EqualsIgnoreCase(text, "false")) return Cell(std::int64_t{0});
  return std::nullopt;
}

std::optional<Cell> ParseTime(std::string_view text) {
  const auto instant = ParseTimestamp(text);
  if (!instant.ok()) return std::nullopt;
  return Cell(std::int64_t{*instant});
}

std::optional<Cell> ParseDate(std::string_view text) {
  const auto instant = ParseTimestamp(text);
  if (!instant.ok() || *instant % kMicrosPerDay != 0) return std::nullopt;
  return Cell(*instant / kMicrosPerDay);
}

// The same number with more digits after the point; nothing when it does not fit.
std::optional<Int128> Rescale(const Decimal& decimal, int scale) {
  Int128 unscaled = decimal.unscaled;
  for (int i = decimal.scale; i < scale; i++) {
    if (__builtin_mul_overflow(unscaled, Int128{10}, &unscaled)) return std::nullopt;
  }
  return unscaled;
}

std::partial_ordering CompareDecimals(const Decimal& a, const Decimal& b) {
  const int scale = std::max(a.scale, b.scale);
  const auto left = Rescale(a, scale);
  const auto right = Rescale(b, scale);
  if (!left || !right) return std::partial_ordering::unordered;
  if (*left == *right) return std::partial_ordering::equivalent;
  return *left < *right ? std::partial_ordering::less : std::partial_ordering::greater;
}

// Exact: long double holds every 64-bit integer and every double.
std::partial_ordering CompareIntegerToReal(std::int64_t integer, double real) {
  static_assert(std::numeric_limits<long double>::digits >= 64);
  return static_cast<long double>(integer) <=> static_cast<long double>(real);
}

}  // namespace

std::partial_ordering Compare(const Cell& a, const Cell& b) {
  const auto* a_integer = std::get_if<std::int64_t>(&a);
  const auto* b_integer = std::get_if<std::int64_t>(&b);
  const auto* a_real = std::get_if<double>(&a);
  const auto* b_real = std::get_if<double>(&b);
  if (a_integer != nullptr && b_integer != nullptr) return *a_integer <=> *b_integer;
  if (a_integer != nullptr && b_real != nullptr) return CompareIntegerToReal(*a_integer, *b_real);
  if (a_real != nullptr && b_integer != nullptr) {
    return 0 <=> CompareIntegerToReal(*b_integer, *a_real);
  }
  if (a_real != nullptr && b_real != nullptr) return *a_real <=> *b_real;
  const auto* a_decimal = std::get_if<Decimal>(&a);
  const auto* b_decimal = std::get_if<Decimal>(&b);
  if (a_decimal != nullptr && b_decimal != nullptr) return CompareDecimals(*a_decimal, *b_decimal);
  const auto* a_text = std::get_if<std::string>(&a);
  const auto* b_text = std::get_if<std::string>(&b);
  if (a_text != nullptr && b_text != nullptr) return a_text->compare(*b_text) <=> 0;
  return std::partial_ordering::unordered;
}

std::optional<Decimal> ParseDecimal(std::string_view text) {
  Decimal decimal;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int digits = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9' || ++digits > data::kMaxDecimalPrecision) return std::nullopt;
    decimal.unscaled = decimal.unscaled * 10 + (c - '0');
    if (point) decimal.scale++;
  }
  if (digits == 0) return std::nullopt;
  if (negative) decimal.unscaled = -decimal.unscaled;
  return decimal;
}

std::string ToText(const Decimal& decimal) {
  std::string digits;  // from the last to the first
  Int128 rest = decimal.unscaled;
  for (int i = 0; rest != 0 || i <= decimal.scale; i++) {
    if (i == decimal.scale && i > 0) digits += '.';
    const int digit = static_cast<int>(rest % 10);
    digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    rest /= 10;
  }
  if (decimal.unscaled < 0) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::optional<Cell> CellFromText(const Type& type, std::string_view text) {
  switch (type.kind) {
    case TypeKind::kBoolean: return ParseBoolean(text);
    case TypeKind::kByte: return ParseInteger<std::int8_t>(text);
    case TypeKind::kShort: return ParseInteger<std::int16_t>(text);
    case TypeKind::kInteger: return ParseInteger<std::int32_t>(text);
    case TypeKind::kLong: return ParseInteger<std::int64_t>(text);
    // 0.1 as a float is not 0.1 as a double: read it as what the column holds.
    case TypeKind::kFloat: return ParseReal<float>(text);
    case TypeKind::kDouble: return ParseReal<double>(text);
    case TypeKind::kDecimal: {
      const auto decimal = ParseDecimal(text);
      if (!decimal) return std::nullopt;
      return Cell(*decimal);
    }
    case TypeKind::kString: return Cell(std::string(text));
    case TypeKind::kDate: return ParseDate(text);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz: return ParseTime(text);
    default: return std::nullopt;
  }
}

namespace {

bool IsInteger(TypeKind kind) {
  return kind == TypeKind::kByte || kind == TypeKind::kShort || kind == TypeKind::kInteger ||
         kind == TypeKind::kLong;
}
bool IsReal(TypeKind kind) { return kind == TypeKind::kFloat || kind == TypeKind::kDouble; }
bool IsTime(TypeKind kind) {
  return kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampNtz;
}

}  // namespace

std::optional<Cell> CellFromValue(const Type& type, const data::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) {
    if (type.kind == TypeKind::kBoolean) return Cell(std::int64_t{*flag});
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    if (IsInteger(type.kind)) return Cell(*integer);
    if (IsReal(type.kind)) return Cell(static_cast<double>(*integer));
    if (type.kind == TypeKind::kDecimal) return Cell(Decimal{.unscaled = *integer});
  } else if (const auto* real = std::get_if<double>(&value)) {
    if (IsInteger(type.kind) || IsReal(type.kind)) return Cell(*real);
  } else if (const auto* instant = std::get_if<data::Instant>(&value)) {
    if (IsTime(type.kind)) return Cell(std::int64_t{instant->us});
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    if (type.kind == TypeKind::kString || type.kind == TypeKind::kDecimal ||
        type.kind == TypeKind::kDate || IsTime(type.kind)) {
      return CellFromText(type, *text);
    }
  }
  return std::nullopt;
}

Result<std::string> PartitionText(const Type& type, const std::string& text) {
  if (type.kind == TypeKind::kBinary) return text;
  const auto cell = CellFromText(type, text);
  if (!cell) {
    return InvalidInput(fmt::format("'{}' is not a partition value of the type {}",
                                    Shorten(text, 80), type.ToString()));
  }
  if (type.kind == TypeKind::kDate) {
    return FormatTimestamp(std::get<std::int64_t>(*cell) * kMicrosPerDay).substr(0, 10);
  }
  if (!IsTime(type.kind)) return text;
  // With a zone, so that no reader takes it for local time.
  std::string instant = FormatTimestamp(std::get<std::int64_t>(*cell));
  if (type.kind == TypeKind::kTimestampNtz) {
    instant.pop_back();
    std::replace(instant.begin(), instant.end(), 'T', ' ');
  }
  return instant;
}

}  // namespace leat::delta
