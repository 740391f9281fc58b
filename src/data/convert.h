// The strict conversions: the one way in which Leat makes a value of a text, for every format. Each
// gives the exact value or nothing; none rounds, cuts, wraps or guesses. Surrounding blanks are not
// part of a number, a boolean or a time. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/int128.h"
#include "base/time.h"
#include "data/schema.h"

namespace leat::data {

// true, false, t, f, yes, no, y, n, 1, 0, in any case.
std::optional<bool> ToBoolean(std::string_view text);

// Digits with an optional sign; also with a fraction of zeros or an exponent when the value is an
// integer: 1000.0, 1e3. Nothing beyond 64 bits.
std::optional<std::int64_t> ToInteger(std::string_view text);

// Any integer or real number with at most `scale` digits behind the point and `precision` in all;
// zeros at the end do not count. The result is without the point: 1.50 at scale 2 is 150.
std::optional<Int128> ToDecimal(std::string_view text, int precision, int scale);

// A number that a double keeps: printing the double with as many digits as the text has gives the
// text's digits again. So 0.1 and 0.10000000000000001 are doubles, 12345678901234567.89 is not.
// Also NaN and Infinity, as programs spell them (nan, inf, -Infinity).
std::optional<double> ToDouble(std::string_view text);
std::optional<float> ToFloat(std::string_view text);

// Bytes: ASCII as it is, any byte as \xNN, a backslash as \x5C.
std::optional<std::string> ToBinary(std::string_view text);

// YYYY-MM-DD of the proleptic Gregorian calendar, also with a time of midnight and no zone: days
// since 1970. Years have four to six digits; "(BC)" may follow.
std::optional<std::int32_t> ToDate(std::string_view text);

// A date, or a date and a time (YYYY-MM-DD hh:mm[:ss[.ffffff]], with a blank or T between), then a
// zone or none, which means UTC: Z, ±hh, ±hhmm, ±hh:mm, or an IANA name. More than six digits of a
// second must be zeros. Nothing when the zone's clocks show the time twice or never.
std::optional<TimestampUs> ToTimestamp(std::string_view text);
// The same without a zone; a zone is no part of it.
std::optional<TimestampUs> ToTimestampNtz(std::string_view text);

// By a format of strptime: %Y %y %m %d %e %b %B %H %I %p %M %S %f %z %Z %j %a %A %T %D %F %%, and
// %-d and so on for numbers without a leading zero. %y is 1969 to 2068. All of the text must match.
// Nothing also when a date's format leaves a time other than midnight.
std::optional<std::int32_t> ToDate(std::string_view text, std::string_view format);
std::optional<TimestampUs> ToTimestamp(std::string_view text, std::string_view format);

// Whether it is a number of JSON: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
bool IsJsonNumber(std::string_view text);

// Whether a double is that integer exactly; and back.
std::optional<double> ExactDouble(std::int64_t value);
std::optional<std::int64_t> ExactInteger(double value);

// Whether an integer is a value of the integer type.
bool FitsInteger(std::int64_t value, TypeKind kind);

// could not convert "n/a" to DECIMAL(12,2)
std::string Misfit(std::string_view text, const Type& type);

std::string_view TrimBlanks(std::string_view text);

}  // namespace leat::data
