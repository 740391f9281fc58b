#include "engine/duckdb_text.h"

#include <algorithm>
#include <cctype>

#include "duckdb/parser/parser.hpp"
#include "engine/duckdb_types.h"
#include "engine/sql.h"

namespace leat::engine {
namespace {

// The end of a quoted run that starts at `at` (a quote), or of a comment; `at` + 1 for anything
// else.
std::size_t SkipToken(std::string_view sql, std::size_t at) {
  const char c = sql[at];
  if (c == '\'' || c == '"') {
    for (std::size_t i = at + 1; i < sql.size(); i++) {
      if (sql[i] != c) continue;
      if (i + 1 < sql.size() && sql[i + 1] == c) {
        i++;
      } else {
        return i + 1;
      }
    }
    return sql.size();
  }
  if (sql.substr(at).starts_with("--")) return std::min(sql.find('\n', at), sql.size());
  if (sql.substr(at).starts_with("/*")) {
    const std::size_t end = sql.find("*/", at + 2);
    return end == std::string_view::npos ? sql.size() : end + 2;
  }
  return at + 1;
}

bool IsNamePart(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Length of the pin behind the @ at `at`: digits of v12, or a quoted time; 0 when there is none.
std::size_t PinLength(std::string_view sql, std::size_t at) {
  std::size_t i = at + 1;
  if (i < sql.size() && sql[i] == '\'') return SkipToken(sql, i) - at;
  if (i >= sql.size() || (sql[i] != 'v' && sql[i] != 'V')) return 0;
  const std::size_t digits = ++i;
  while (i < sql.size() && std::isdigit(static_cast<unsigned char>(sql[i])) != 0) i++;
  if (i == digits || (i < sql.size() && IsNamePart(sql[i]))) return 0;
  return i - at;
}

// A pinned name in a query: "orders@v12" from `begin` to `end`.
struct Pin {
  std::size_t begin = 0, end = 0;
  std::string quoted;  // as an identifier
};

std::vector<Pin> FindPins(std::string_view sql) {
  std::vector<Pin> pins;
  std::size_t name_begin = std::string_view::npos;  // of the identifier that ends right before `at`
  for (std::size_t at = 0; at < sql.size();) {
    const std::size_t length =
        sql[at] == '@' && name_begin != std::string_view::npos ? PinLength(sql, at) : 0;
    if (length > 0) {
      std::string_view name = sql.substr(name_begin, at - name_begin);
      if (name.front() == '"') name = name.substr(1, name.size() - 2);
      std::string_view text = sql.substr(at + 1, length - 1);
      if (text.front() == '\'') text = text.substr(1, text.size() - 2);
      at += length;
      pins.push_back({.begin = name_begin,
                      .end = at,
                      .quoted = "\"" + std::string(name) + "@" + std::string(text) + "\""});
      name_begin = std::string_view::npos;
      continue;
    }
    std::size_t end = SkipToken(sql, at);
    if (IsNamePart(sql[at])) {
      while (end < sql.size() && IsNamePart(sql[end])) end++;
      name_begin = at;
    } else {
      name_begin = sql[at] == '"' ? at : std::string_view::npos;
    }
    at = end;
  }
  return pins;
}

}  // namespace

Location LocationOf(std::string_view text, std::size_t offset) {
  Location location{.file = "", .line = 1, .column = 1};
  for (std::size_t i = 0; i < offset && i < text.size(); i++) {
    if (text[i] == '\n') {
      location.line++;
      location.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) {
      location.column++;
    }
  }
  return location;
}

std::string QuotePins(std::string_view sql) {
  std::string out;
  std::size_t copied = 0;
  for (const Pin& pin : FindPins(sql)) {
    out += sql.substr(copied, pin.begin - copied);
    out += pin.quoted;
    copied = pin.end;
  }
  return out += sql.substr(copied);
}

std::size_t OffsetBeforeQuoting(std::string_view sql, std::size_t offset) {
  std::size_t written = 0;  // of the quoted text, as far as the original was read
  std::size_t read = 0;
  for (const Pin& pin : FindPins(sql)) {
    const std::size_t quoted_at = written + pin.begin - read;
    if (offset < quoted_at) break;
    if (offset < quoted_at + pin.quoted.size()) return pin.begin;
    written = quoted_at + pin.quoted.size();
    read = pin.end;
  }
  return read + (offset - written);
}

std::string WithLiterals(std::string_view sql,
                         const std::map<std::string, data::Value>& parameters) {
  std::string out;
  for (std::size_t at = 0; at < sql.size();) {
    std::size_t end = SkipToken(sql, at);
    const bool in_name = at > 0 && (IsNamePart(sql[at - 1]) || sql[at - 1] == '$');
    if (sql[at] == '$' && !in_name) {
      while (end < sql.size() && IsNamePart(sql[end])) end++;
      const auto value = parameters.find(std::string(sql.substr(at + 1, end - at - 1)));
      if (value != parameters.end()) {
        out += ToDuckValue(value->second).ToSQLString();
        at = end;
        continue;
      }
    }
    out += sql.substr(at, end - at);
    at = end;
  }
  return out;
}

PinnedName SplitPin(const std::string& table_name) {
  const std::size_t at = table_name.rfind('@');
  if (at == std::string::npos || at == 0) return {table_name, ""};
  return {table_name.substr(0, at), table_name.substr(at + 1)};
}

std::vector<duckdb::unique_ptr<duckdb::SQLStatement>> Parse(std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos) {
    throw duckdb::ParserException("the SQL holds a NUL character, at which it would end");
  }
  duckdb::Parser parser;
  parser.ParseQuery(QuotePins(sql));
  return std::move(parser.statements);
}

}  // namespace leat::engine
