#include "engine/engine_error.h"

#include <algorithm>
#include <array>
#include <map>
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

// Functions of other databases, and what does here what they do there.
std::string HintForForeignFunction(const std::string& message) {
  constexpr std::string_view kBegin = "Scalar Function with name ";
  if (!message.starts_with(kBegin)) return "";
  static const std::map<std::string_view, std::string_view> kHere = {
      {"charindex", "instr(text, part)"},
      {"convert", "cast(value as type)"},
      {"date_format", "strftime(time, '%Y-%m-%d')"},
      {"dateadd", "time + interval 1 day"},
      {"from_unixtime", "to_timestamp(seconds)"},
      {"getdate", "now()"},
      {"iif", "if(condition, a, b)"},
      {"isnull", "coalesce(value, other)"},
      {"months_between", "date_diff('month', a, b)"},
      {"nvl", "coalesce(value, other)"},
      {"nvl2", "if(value is not null, a, b)"},
      {"str_to_date", "strptime(text, '%Y-%m-%d')"},
      {"sysdate", "now()"},
      {"to_char", "strftime(time, '%Y-%m-%d'), or cast(value as varchar)"},
      {"to_number", "cast(text as decimal(18, 2))"},
      {"unix_timestamp", "epoch(time)"}};
  const std::string_view rest = std::string_view(message).substr(kBegin.size());
  const auto found = kHere.find(rest.substr(0, rest.find(' ')));
  return found == kHere.end() ? "" : "write " + std::string(found->second);
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
  if (auto hint = HintForForeignFunction(message); !hint.empty()) return hint;
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

// "to INT32", as DuckDB names types by how it stores them, is "to integer".
std::string WithTypesAsWritten(std::string message) {
  constexpr std::array kTypes = {std::pair{"INT8", "tinyint"},     std::pair{"INT16", "smallint"},
                                 std::pair{"INT32", "integer"},    std::pair{"INT64", "bigint"},
                                 std::pair{"INT128", "hugeint"},   std::pair{"UINT8", "utinyint"},
                                 std::pair{"UINT16", "usmallint"}, std::pair{"UINT32", "uinteger"},
                                 std::pair{"UINT64", "ubigint"},   std::pair{"UINT128", "uhugeint"},
                                 std::pair{"BOOL", "boolean"}};
  constexpr std::string_view kTo = "' to ";
  const std::size_t at = message.find(kTo);
  if (!message.starts_with("Could not convert string '") || at == std::string::npos) return message;
  const std::size_t begin = message.rfind(kTo) + kTo.size();
  const std::size_t length = std::min(message.find(' ', begin), message.size()) - begin;
  for (const auto& [stored, written] : kTypes) {
    if (message.compare(begin, length, stored) == 0) return message.replace(begin, length, written);
  }
  return message;
}

}  // namespace

std::pair<std::string, std::string> Reword(std::string_view text) {
  const Lines lines = Split(text, '\n');
  if (lines[0].starts_with("CSV Error on Line: ")) return RewordCsv(lines);
  std::string message(Trim(lines[0]));
  while (message.ends_with('!')) message.pop_back();
  const std::string detail = After("Error: ", lines);  // behind a picture of a text and its place
  if (!detail.empty()) message += ": " + detail;
  message = WithTypesAsWritten(std::move(message));
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
