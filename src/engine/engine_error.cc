#include "engine/engine_error.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "duckdb/common/error_data.hpp"
#include "engine/duckdb_text.h"
#include "engine/limits.h"
#include "engine/sql.h"

namespace leat::engine {
namespace {

ErrorKind KindOf(duckdb::ExceptionType type) {
  using duckdb::ExceptionType;
  switch (type) {
    case ExceptionType::INTERRUPT: return ErrorKind::kCancelled;
    case ExceptionType::INTERNAL: return ErrorKind::kBug;
    case ExceptionType::OUT_OF_MEMORY:
    case ExceptionType::IO:
    case ExceptionType::HTTP: return ErrorKind::kRetryLater;
    case ExceptionType::PERMISSION: return ErrorKind::kDenied;
    default: return ErrorKind::kInvalidInput;
  }
}

// Sessions get the errors of running queries as JSON: only that keeps their position.
std::string TextOf(const duckdb::ErrorData& data) {
  const std::string& raw = data.RawMessage();
  if (!raw.starts_with('{')) return raw;
  const auto object = ParseJson(raw);
  if (!object.is_object() || !object.contains("exception_message")) return raw;
  return object["exception_message"].get<std::string>();
}

using Lines = std::vector<std::string>;

// What follows `prefix` in the first line that begins with it.
std::string After(std::string_view prefix, const Lines& lines) {
  for (const std::string& line : lines) {
    if (line.starts_with(prefix)) return line.substr(prefix.size());
  }
  return "";
}

std::vector<std::string> QuotedIn(std::string_view text) {
  std::vector<std::string> quoted;
  const std::vector<std::string> parts = Split(text, '"');
  for (std::size_t i = 1; i + 1 < parts.size(); i += 2) quoted.push_back(parts[i]);
  return quoted;
}

// CSV Error on Line: 3
// Original Line: 2,x
// Error when converting column "b". Could not convert string "x" to 'INTEGER'
//
// Possible Solution: ...
//
//   file = landing/orders.csv
//   (the reader's settings)
std::pair<std::string, std::string> RewordCsv(const Lines& lines) {
  const auto reason_end = std::find_if(lines.begin() + 1, lines.end(), [](const auto& line) {
    return line.empty() || line.starts_with("Possible Solution: ");
  });
  const std::string& reason = *(reason_end - 1);
  return {"line " + After("CSV Error on Line: ", lines) + " of " + After("  file = ", lines) +
              ": " + reason,
          After("Possible Solution: ", lines)};
}

std::string HintFromNames(const std::string& message, std::string_view candidates) {
  std::vector<std::string> names;
  for (const std::string& name : QuotedIn(candidates))
    names.push_back(name.substr(name.rfind('.') + 1));
  const std::vector<std::string> wanted = QuotedIn(message);
  // DuckDB lists some names only, so they are not all that is known.
  return !wanted.empty() && Nearest(wanted.back(), names)
             ? NearestHint(wanted.back(), names)
             : "among others there are: " + Join(names, ", ");
}

std::string HintFromFunctions(const Lines& lines) {
  std::vector<std::string> functions;
  for (const std::string& line : lines) {
    if (line.starts_with('\t') && line.find('(') != std::string::npos)
      functions.emplace_back(Trim(line));
  }
  const bool has_more = functions.size() > kMaxFunctionsInHint;
  if (has_more) functions.resize(kMaxFunctionsInHint);
  return "it takes " + Join(functions, ", or ") + (has_more ? ", or others" : "");
}

std::string HintIn(const std::string& message, const Lines& lines) {
  for (const std::string& line : lines) {
    if (line.starts_with("Candidate ")) return HintFromNames(message, line);
    if (line == "\tCandidate functions:") return HintFromFunctions(lines);
    if (line.starts_with("Did you mean")) {
      const auto names = QuotedIn(line);
      return names.size() == 1 ? "did you mean '" + names[0] + "'?" : line;
    }
    if (line.starts_with("It was not possible to automatically detect the CSV"))
      return "give delim, quote, escape, header, skip, encoding or columns that fit the file";
    if (line.starts_with("You might") || line.starts_with("Either ")) return line;
  }
  return "";
}

}  // namespace

std::pair<std::string, std::string> Reword(std::string_view text) {
  const Lines lines = Split(text, '\n');
  if (lines[0].starts_with("CSV Error on Line: ")) return RewordCsv(lines);
  std::string message(Trim(lines[0]));
  while (message.ends_with('!')) message.pop_back();
  const std::string detail = After("Error: ", lines);  // behind a picture of a text and its place
  if (!detail.empty()) message += ": " + detail;
  return {message, HintIn(message, {lines.begin() + 1, lines.end()})};
}

Error ToError(const duckdb::ErrorData& data, std::string_view sql) {
  auto [message, hint] = Reword(TextOf(data));
  Error error(KindOf(data.Type()), std::move(message));
  if (!hint.empty()) error = std::move(error).WithHint(std::move(hint));
  const auto& extra = data.ExtraInfo();
  const auto position = extra.find("position");
  if (position != extra.end()) {
    const std::size_t offset = OffsetBeforeQuoting(sql, std::stoull(position->second));
    error = std::move(error).At(LocationOf(sql, offset));
  }
  return error;
}

Error ToError(const std::exception& exception, std::string_view sql) {
  return ToError(duckdb::ErrorData(exception), sql);
}

}  // namespace leat::engine
