// Small text functions that every module needs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leat {

std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view Trim(std::string_view text);
std::string ToLower(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// The candidate with the least edit distance to `word` (Damerau-Levenshtein, case ignored), if it
// is near enough to be a likely misspelling: at most a third of the word's length, at least 1.
std::optional<std::string> Nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

// "did you mean 'x'?" or, with no near candidate and few candidates, "known: a, b, c"; may be
// empty.
std::string NearestHint(std::string_view word, const std::vector<std::string>& candidates);

// A SQL identifier in double quotes, or a string literal in single quotes, with quotes inside
// doubled.
std::string QuoteIdentifier(std::string_view name);
std::string QuoteLiteral(std::string_view text);

// The text's first `max_bytes`, cut at a UTF-8 boundary, with "…" when something was cut.
std::string Shorten(std::string_view text, std::size_t max_bytes);

// Length of the UTF-8 sequence that starts at byte `i`; 0 when it is not valid. 1 for ASCII.
std::size_t Utf8Length(std::string_view text, std::size_t i);

}  // namespace leat
