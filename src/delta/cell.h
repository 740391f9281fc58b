// One value of a column in a form that can be compared: partition values, statistics, literals of
// predicates.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/int128.h"
#include "base/result.h"
#include "data/value.h"

namespace leat::delta {

struct Decimal {
  Int128 unscaled = 0;
  int scale = 0;  // digits after the point
};

// Integers, booleans (0, 1), days and microseconds since 1970; floating point; exact decimals;
// text.
using Cell = std::variant<std::int64_t, double, Decimal, std::string>;

// Unordered when the two cannot be compared for certain: different kinds, NaN, overflow.
std::partial_ordering Compare(const Cell& a, const Cell& b);

// "12.50"; nothing for anything but digits, a sign and a point, or with more than 38 digits.
std::optional<Decimal> ParseDecimal(std::string_view text);
// "12.50".
std::string ToText(const Decimal& decimal);

// A value of the type from the protocol's text form (also that of statistics); nothing when it is
// not one. Times without a zone are UTC.
std::optional<Cell> CellFromText(const data::Type& type, std::string_view text);

// A literal as it compares with a column of the type; nothing when Leat does not know for certain.
std::optional<Cell> CellFromValue(const data::Type& type, const data::Value& value);

// The protocol's text of a partition value given as text ("2026-11-01 10:00:00+01"), checked
// against the type; bytes are their text in UTF-8. kInvalidInput: not a value of the type, or a
// type that cannot partition.
Result<std::string> PartitionText(const data::Type& type, const std::string& text);

}  // namespace leat::delta
