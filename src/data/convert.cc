#include "data/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "base/text.h"
#include "data/limits.h"

namespace leat::data {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A number's text in parts: the digits of integer part and fraction, without the point, and the
// power of ten of the last.
struct Number {
  bool is_negative = false;
  std::string_view integer, fraction;  // digits only, not both empty
  std::int64_t exponent = 0;
};

constexpr std::int64_t kMaxExponent = 1'000'000;  // beyond any type; keeps sums small

std::optional<Number> Parse(std::string_view text) {
  Number number;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    number.is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && IsDigit(text[at])) at++;
    return text.substr(begin, at - begin);
  };
  number.integer = digits();
  if (at < text.size() && text[at] == '.') {
    at++;
    number.fraction = digits();
  }
  if (number.integer.empty() && number.fraction.empty()) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    const bool is_negative = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) at++;
    const std::string_view power = digits();
    if (power.empty()) return std::nullopt;
    for (const char c : power)
      number.exponent = std::min(number.exponent * 10 + (c - '0'), kMaxExponent);
    if (is_negative) number.exponent = -number.exponent;
  }
  if (at != text.size()) return std::nullopt;
  return number;
}

// Its significant digits, and the power of ten of the last of them. Zero has none.
struct Significant {
  std::string digits;
  std::int64_t exponent = 0;
};

Significant SignificantOf(const Number& number) {
  Significant result;
  result.digits.reserve(number.integer.size() + number.fraction.size());
  result.digits += number.integer;
  result.digits += number.fraction;
  result.exponent = number.exponent - static_cast<std::int64_t>(number.fraction.size());
  while (!result.digits.empty() && result.digits.back() == '0') {
    result.digits.pop_back();
    result.exponent++;
  }
  result.digits.erase(0, result.digits.find_first_not_of('0'));
  return result;
}

// The number without its point, when `exponent` digits behind that are enough.
std::optional<Int128> Unscaled(const Number& number, int scale, int precision) {
  const Significant digits = SignificantOf(number);
  if (digits.digits.empty()) return Int128{0};
  const std::int64_t zeros = digits.exponent + scale;
  if (zeros < 0) return std::nullopt;  // digits behind the last place
  if (static_cast<std::int64_t>(digits.digits.size()) + zeros > precision) return std::nullopt;
  Int128 value = 0;
  for (const char c : digits.digits) value = value * 10 + (c - '0');
  for (std::int64_t i = 0; i < zeros; i++) value *= 10;
  return number.is_negative ? -value : value;
}

std::optional<std::int64_t> SlowInteger(std::string_view text) {
  constexpr int kDigits = 19;
  const auto number = Parse(text);
  if (!number) return std::nullopt;
  const auto value = Unscaled(*number, 0, kDigits);
  if (!value || *value < std::numeric_limits<std::int64_t>::min() ||
      *value > std::numeric_limits<std::int64_t>::max()) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*value);
}

template <typename Real>
std::optional<Real> SpecialReal(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const Real sign = is_negative ? Real{-1} : Real{1};
  if (EqualsIgnoreCase(text, "nan")) return std::numeric_limits<Real>::quiet_NaN();
  if (EqualsIgnoreCase(text, "inf") || EqualsIgnoreCase(text, "infinity"))
    return sign * std::numeric_limits<Real>::infinity();
  return std::nullopt;
}

// The digits of a number as it is written, without zeros at either end that do not count (those
// before the point do), and the power of ten of the first.
struct Written {
  std::string digits;
  std::int64_t first_exponent = 0;
};

Written WrittenOf(const Number& number) {
  Written written;
  written.digits.append(number.integer);
  written.digits.append(number.fraction);
  const std::size_t least = number.integer.size();
  const std::size_t zeros = std::min(written.digits.find_first_not_of('0'), written.digits.size());
  while (written.digits.size() > least && written.digits.back() == '0') written.digits.pop_back();
  if (zeros >= written.digits.size()) return {};
  written.first_exponent = static_cast<std::int64_t>(number.integer.size()) - 1 -
                           static_cast<std::int64_t>(zeros) + number.exponent;
  written.digits.erase(0, zeros);
  return written;
}

// Whether printing `value` with as many digits as the text has gives the text's digits.
template <typename Real>
bool KeepsDigits(Real value, const Number& number, std::size_t always_kept) {
  const Written wanted = WrittenOf(number);
  if (wanted.digits.empty()) return true;  // zero
  if (value == 0) return false;            // too small
  // Subnormal numbers keep fewer digits than others.
  if (wanted.digits.size() <= always_kept && std::fpclassify(value) == FP_NORMAL) return true;
  constexpr std::size_t kMostDigits = 1100;  // no double has more of its own
  if (wanted.digits.size() > kMostDigits) return false;
  std::array<char, kMostDigits + 100> printed{};
  const int size = std::snprintf(printed.data(), printed.size(), "%.*e",
                                 static_cast<int>(wanted.digits.size()) - 1,
                                 static_cast<double>(std::fabs(value)));
  const auto again =
      Parse(std::string_view(printed.data(), static_cast<std::size_t>(std::max(size, 0))));
  if (!again) return false;
  return std::string(again->integer) + std::string(again->fraction) == wanted.digits &&
         again->exponent == wanted.first_exponent;
}

template <typename Real>
std::optional<Real> ToReal(std::string_view text, std::size_t always_kept) {
  text = TrimBlanks(text);
  const auto number = Parse(text);
  if (!number) return SpecialReal<Real>(text);
  if (text[0] == '+') text.remove_prefix(1);
  Real value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return std::nullopt;
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value) || !KeepsDigits(value, *number, always_kept)) return std::nullopt;
  return value;
}

constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// Up to 15 digits with a point or none: an exact quotient (Clinger's fast path).
std::optional<double> FastDouble(std::string_view text) {
  constexpr std::size_t kMostDigits = 15;
  if (text.empty() || text.size() > kMostDigits + 2) return std::nullopt;
  const bool is_negative = text[0] == '-';
  std::size_t at = is_negative ? 1 : 0;
  std::int64_t digits = 0;
  std::size_t count = 0, behind = 0;
  bool has_point = false;
  for (; at < text.size(); at++) {
    const char c = text[at];
    if (c == '.' && !has_point) {
      has_point = true;
      continue;
    }
    if (!IsDigit(c)) return std::nullopt;
    digits = digits * 10 + (c - '0');
    count++;
    behind += has_point ? 1 : 0;
  }
  if (count == 0 || count > kMostDigits) return std::nullopt;
  const double value = static_cast<double>(digits) / kPowersOfTen[behind];
  return is_negative ? -value : value;
}

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<bool> ToBoolean(std::string_view text) {
  text = TrimBlanks(text);
  for (const char* yes : {"true", "t", "yes", "y", "1"}) {
    if (EqualsIgnoreCase(text, yes)) return true;
  }
  for (const char* no : {"false", "f", "no", "n", "0"}) {
    if (EqualsIgnoreCase(text, no)) return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> ToInteger(std::string_view text) {
  constexpr std::size_t kSafeDigits = 18;  // cannot overflow
  if (text.empty()) return std::nullopt;
  const bool is_negative = text[0] == '-';
  const std::size_t begin = is_negative ? 1 : 0;
  if (text.size() > begin && text.size() - begin <= kSafeDigits) {
    std::int64_t value = 0;
    std::size_t at = begin;
    while (at < text.size() && IsDigit(text[at])) value = value * 10 + (text[at++] - '0');
    if (at == text.size()) return is_negative ? -value : value;
  }
  return SlowInteger(TrimBlanks(text));
}

std::optional<Int128> ToDecimal(std::string_view text, int precision, int scale) {
  const auto number = Parse(TrimBlanks(text));
  return number ? Unscaled(*number, scale, precision) : std::nullopt;
}

std::optional<double> ToDouble(std::string_view text) {
  if (const auto fast = FastDouble(text)) return fast;
  return ToReal<double>(text, std::numeric_limits<double>::digits10);
}

std::optional<float> ToFloat(std::string_view text) {
  return ToReal<float>(text, std::numeric_limits<float>::digits10);
}

std::optional<std::string> ToBinary(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); i++) {
    if (static_cast<unsigned char>(text[i]) >= 0x80) return std::nullopt;
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    if (i + 3 >= text.size() || (text[i + 1] != 'x' && text[i + 1] != 'X')) return std::nullopt;
    const int high = HexDigit(text[i + 2]);
    const int low = HexDigit(text[i + 3]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
    i += 3;
  }
  return bytes;
}

bool IsJsonNumber(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && IsDigit(text[at])) at++;
    return at - begin;
  };
  const std::size_t begin = at;
  const std::size_t count = digits();
  if (count == 0 || (count > 1 && text[begin] == '0')) return false;
  if (at < text.size() && text[at] == '.') {
    at++;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) at++;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

std::optional<double> ExactDouble(std::int64_t value) {
  const double real = static_cast<double>(value);
  // 2^63 itself is no integer of 64 bits.
  if (real >= 9223372036854775808.0 || static_cast<std::int64_t>(real) != value)
    return std::nullopt;
  return real;
}

std::optional<std::int64_t> ExactInteger(double value) {
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return std::nullopt;
  const auto integer = static_cast<std::int64_t>(value);
  if (static_cast<double>(integer) != value) return std::nullopt;
  return integer;
}

bool FitsInteger(std::int64_t value, TypeKind kind) {
  const auto within = [value](auto limits) {
    using Integer = decltype(limits);
    return value >= std::numeric_limits<Integer>::min() &&
           value <= std::numeric_limits<Integer>::max();
  };
  switch (kind) {
    case TypeKind::kByte: return within(std::int8_t{});
    case TypeKind::kShort: return within(std::int16_t{});
    case TypeKind::kInteger: return within(std::int32_t{});
    default: return true;
  }
}

std::string Misfit(std::string_view text, const Type& type) {
  return fmt::format("could not convert \"{}\" to {}", Shorten(text, kMaxMisfitBytes), ToSql(type));
}

}  // namespace leat::data
