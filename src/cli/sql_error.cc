#include "cli/sql_error.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace leat::cli {
namespace {

constexpr char kQuery[] = "query";

// The engine shows the place as
//   LINE 2: select nope from t
//                  ^
// and begins a long line with "...", when the column is not known.
std::optional<Location> PlaceIn(std::string_view text) {
  const std::size_t begin = text.find("\nLINE ");
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t number_at = begin + 6;
  int line = 0;
  const auto parsed = std::from_chars(text.data() + number_at, text.data() + text.size(), line);
  const std::size_t code_at = static_cast<std::size_t>(parsed.ptr - text.data()) + 2;
  const std::size_t line_end = text.find('\n', number_at);
  if (parsed.ec != std::errc() || line_end == std::string_view::npos) return std::nullopt;
  Location place{.file = kQuery, .line = line};
  const std::size_t caret = text.find('^', line_end);
  const std::size_t prefix = code_at - (begin + 1);  // "LINE 2: "
  const bool is_cut = text.substr(code_at, 3) == "...";
  if (caret != std::string_view::npos && !is_cut && caret - line_end - 1 >= prefix) {
    place.column = static_cast<int>(caret - line_end - 1 - prefix) + 1;
  }
  return place;
}

// The texts between double quotes, or single words, behind "Candidate bindings:" and its like.
std::vector<std::string> Candidates(std::string_view text) {
  const std::size_t at = text.find("Candidate ");
  std::vector<std::string> names;
  if (at == std::string_view::npos) return names;
  std::string_view rest = text.substr(at);
  rest = rest.substr(0, rest.find('\n'));
  const std::vector<std::string> parts = Split(rest, '"');
  for (std::size_t i = 1; i + 1 < parts.size(); i += 2) names.push_back(parts[i]);
  return names;
}

// What the engine itself advises in a line of its own.
std::string Advice(std::string_view text) {
  for (const std::string& line : Split(text, '\n')) {
    if (line.starts_with("Did you mean") || line.starts_with("You might")) return line;
  }
  return "";
}

std::string LastQuoted(std::string_view text) {
  const std::vector<std::string> parts = Split(text, '"');
  return parts.size() >= 3 ? parts[parts.size() - 2] : "";
}

}  // namespace

Error InQuery(Error error, const std::string& sql, int lines_before) {
  if (error.location() && !error.location()->file.empty()) return error;
  const std::string& text = error.message();
  Location place{.file = kQuery};
  if (error.location()) {
    place.line = error.location()->line;
    place.column = error.location()->column;
  } else if (const auto shown = PlaceIn(text)) {
    place = *shown;
    place.line = std::max(1, place.line - lines_before);
    // The engine sees quotes around pinned names (orders@v1), so its columns are not the user's.
    if (sql.find('@') != std::string::npos) place.column = 0;
  }
  std::string message = text.substr(0, text.find('\n'));
  while (message.ends_with('!')) message.pop_back();
  std::string hint = error.hint();
  const std::string wanted = LastQuoted(message);
  const std::vector<std::string> candidates = Candidates(text);
  if (hint.empty() && !wanted.empty() && !candidates.empty()) {
    // The engine lists some names only, so they are not all that is known.
    hint = Nearest(wanted, candidates) ? NearestHint(wanted, candidates)
                                       : "among others there are: " + Join(candidates, ", ");
  }
  if (hint.empty()) hint = Advice(text);
  Error tidy(error.kind(), std::move(message));
  if (!hint.empty()) tidy = std::move(tidy).WithHint(std::move(hint));
  return std::move(tidy).At(std::move(place));
}

}  // namespace leat::cli
