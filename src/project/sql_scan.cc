#include "project/sql_scan.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace leat::project {
namespace {

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool IsWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

std::size_t EndOfWord(std::string_view sql, std::size_t at) {
  while (at < sql.size() && IsWord(sql[at])) at++;
  return at;
}

// After the quote that closes the one at `at`; a doubled quote stands for itself.
std::size_t EndOfQuoted(std::string_view sql, std::size_t at, bool backslash_escapes) {
  const char quote = sql[at];
  for (std::size_t i = at + 1; i < sql.size(); i++) {
    if (backslash_escapes && sql[i] == '\\') {
      i++;
    } else if (sql[i] == quote) {
      if (i + 1 == sql.size() || sql[i + 1] != quote) return i + 1;
      i++;
    }
  }
  return sql.size();
}

std::size_t EndOfBlockComment(std::string_view sql, std::size_t at) {
  int depth = 0;
  while (at < sql.size()) {
    const std::string_view pair = sql.substr(at, 2);
    if (pair == "/*") {
      depth++;
      at += 2;
    } else if (pair == "*/") {
      depth--;
      at += 2;
      if (depth == 0) return at;
    } else {
      at++;
    }
  }
  return sql.size();
}

// "$name", or "$tag$ … $tag$".
SqlToken DollarToken(std::string_view sql, std::size_t begin) {
  const std::size_t word_end = EndOfWord(sql, begin + 1);
  if (word_end < sql.size() && sql[word_end] == '$') {
    const std::string_view tag = sql.substr(begin, word_end + 1 - begin);
    const std::size_t close = sql.find(tag, word_end + 1);
    const std::size_t end = close == std::string_view::npos ? sql.size() : close + tag.size();
    return {SqlTokenKind::kText, begin, end};
  }
  if (word_end == begin + 1) return {SqlTokenKind::kSymbol, begin, begin + 1};
  return {SqlTokenKind::kParameter, begin, word_end};
}

}  // namespace

SqlToken NextSqlToken(std::string_view sql, std::size_t begin) {
  const char c = sql[begin];
  const std::string_view pair = sql.substr(begin, 2);
  if (IsSpace(c)) {
    std::size_t end = begin;
    while (end < sql.size() && IsSpace(sql[end])) end++;
    return {SqlTokenKind::kSpace, begin, end};
  }
  if (pair == "--") {
    return {SqlTokenKind::kComment, begin, std::min(sql.find('\n', begin), sql.size())};
  }
  if (pair == "/*") return {SqlTokenKind::kComment, begin, EndOfBlockComment(sql, begin)};
  if (pair == "e'" || pair == "E'") {
    return {SqlTokenKind::kText, begin, EndOfQuoted(sql, begin + 1, true)};
  }
  if (c == '\'') return {SqlTokenKind::kText, begin, EndOfQuoted(sql, begin, false)};
  if (c == '"') return {SqlTokenKind::kIdentifier, begin, EndOfQuoted(sql, begin, false)};
  if (c == '$') return DollarToken(sql, begin);
  if (IsWord(c)) return {SqlTokenKind::kIdentifier, begin, EndOfWord(sql, begin)};
  return {SqlTokenKind::kSymbol, begin, begin + 1};
}

std::size_t EndOfSql(std::string_view sql) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < sql.size();) {
    const SqlToken token = NextSqlToken(sql, at);
    const bool is_code = token.kind != SqlTokenKind::kSpace && token.kind != SqlTokenKind::kComment;
    if (is_code && sql[token.begin] != ';') end = token.end;
    at = token.end;
  }
  return end;
}

std::size_t FindParameter(std::string_view sql, std::string_view name) {
  for (std::size_t at = 0; at < sql.size();) {
    const SqlToken token = NextSqlToken(sql, at);
    if (token.kind == SqlTokenKind::kParameter &&
        EqualsIgnoreCase(sql.substr(at + 1, token.end - at - 1), name)) {
      return at;
    }
    at = token.end;
  }
  return std::string_view::npos;
}

std::vector<std::size_t> FindMacroNames(std::string_view sql) {
  std::vector<std::size_t> found;
  bool in_head = false;  // between the first word of a statement and the name that it makes
  bool is_next = false;
  bool is_first = true;
  for (std::size_t at = 0; at < sql.size();) {
    const SqlToken token = NextSqlToken(sql, at);
    const std::string_view word = sql.substr(token.begin, token.end - token.begin);
    at = token.end;
    if (word == ";") is_first = true;
    if (token.kind != SqlTokenKind::kIdentifier) continue;
    const auto is = [&](std::string_view keyword) { return EqualsIgnoreCase(word, keyword); };
    if (is_first) in_head = is("create");
    if (is_next && !is("if") && !is("not") && !is("exists")) {
      found.push_back(token.begin);
      in_head = is_next = false;
    }
    is_next |= in_head && (is("macro") || is("function"));
    is_first = false;
  }
  return found;
}

std::vector<std::string> WordsOfSql(std::string_view sql) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < sql.size();) {
    const SqlToken token = NextSqlToken(sql, at);
    if (token.kind == SqlTokenKind::kIdentifier) {
      const bool quoted = sql[at] == '"' && token.end - at >= 2;
      words.push_back(ToLower(quoted ? sql.substr(at + 1, token.end - at - 2)
                                     : sql.substr(at, token.end - at)));
    }
    at = token.end;
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

}  // namespace leat::project
