// Dates as text, of all years that the engine has.
#pragma once

#include <cstdint>
#include <string>

namespace leat {

// Of the proleptic Gregorian calendar, days from 1970-01-01: "2026-11-01", "12345-01-01" for years
// beyond 9999, and "-0043-03-15" for those before year 0 (which is 1 BC), as ISO 8601 counts them.
std::string FormatDate(std::int64_t days);

}  // namespace leat
