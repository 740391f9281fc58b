// Steps through SQL text token by token: enough to tell code from comments and quoted text. Parsing
// is engine/'s job.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace leat::project {

enum class SqlTokenKind {
  kSpace,
  kComment,     // -- to the end of the line, or /* */, nested
  kText,        // '…', e'…', $$…$$
  kIdentifier,  // "…" or a bare word, keywords and numbers included
  kParameter,   // $name
  kSymbol,      // one other character
};

struct SqlToken {
  SqlTokenKind kind = SqlTokenKind::kSymbol;
  std::size_t begin = 0;
  std::size_t end = 0;  // one past the last byte; unclosed comments and quotes end with the text
};

// The token at `begin`, which is less than sql.size().
SqlToken NextSqlToken(std::string_view sql, std::size_t begin);

// One past the last byte that is neither space, comment nor a trailing semicolon: 0 if the text
// holds no SQL.
std::size_t EndOfSql(std::string_view sql);

// The offset of the first use of parameter `name` (case ignored), or npos.
std::size_t FindParameter(std::string_view sql, std::string_view name);

// Where the names of CREATE MACRO and CREATE FUNCTION statements begin, in order.
std::vector<std::size_t> FindMacroNames(std::string_view sql);

// All bare or quoted words of the code, lower case, sorted, unique.
std::vector<std::string> WordsOfSql(std::string_view sql);

}  // namespace leat::project
