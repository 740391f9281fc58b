// How many columns text takes on a terminal, and text made safe and short for one. Text is UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace leat::cli {

// Columns on a terminal: 2 for East Asian wide characters and emoji, 0 for combining marks.
std::size_t DisplayWidth(std::string_view text);

// On one line and without effect on the terminal: control characters and those that change the
// direction of text are shown as escapes (\n, \x1b, \u202e), broken UTF-8 as U+FFFD.
std::string OneLine(std::string_view text);

// At most `width` columns; "…" stands for what was cut.
std::string Fit(std::string_view text, std::size_t width);

// Filled with blanks up to `width` columns.
std::string PadRight(std::string_view text, std::size_t width);
std::string PadLeft(std::string_view text, std::size_t width);

// "1,234,567"
std::string WithThousands(std::int64_t number);
// "1 row", "1,234 rows"
std::string Counted(std::int64_t number, std::string_view noun);
// "850 ms", "1.2 s", "2 min 5 s", "3 h 12 min"
std::string FormatDuration(std::int64_t duration_us);

}  // namespace leat::cli
