#include "engine/spark_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "duckdb.hpp"
#include "duckdb/parser/expression/cast_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"
#include "engine/engine_error.h"

namespace leat::engine {
namespace {

constexpr std::array<std::string_view, 26> kFunctions = {
    "+",      "-",           "*",      "%",        "~~",          "!~~",    "abs",
    "length", "char_length", "lower",  "upper",    "trim",        "ltrim",  "rtrim",
    "year",   "month",       "day",    "greatest", "least",       "concat", "floor",
    "ceil",   "nullif",      "ifnull", "coalesce", "current_date"};

Error Unknown(std::string_view expression, const std::string& what) {
  return InvalidInput(fmt::format("{} in the expression {} may mean something else in Spark's SQL",
                                  what, Shorten(expression, 200)))
      .WithHint("write the table with the program that made it");
}

// `a` to "a". What is in double quotes is text for Spark and a name for DataFusion; a backslash
// escapes for Spark only.
Result<std::string> WithOurQuotes(std::string_view expression) {
  std::string sql;
  char open = 0;  // the quote that we are in
  for (const char c : expression) {
    if (c == '\\') return Unknown(expression, "a backslash");
    if (c == '"') return Unknown(expression, "a double quote");
    if (open == 0 && (c == '`' || c == '\'')) {
      open = c;
    } else if (c == open) {
      open = 0;
    }
    sql += c == '`' && open != '\'' ? '"' : c;
  }
  return sql;
}

// What the expression has that is not known to mean the same everywhere; empty: nothing.
std::string Strange(const duckdb::ParsedExpression& expression) {
  using duckdb::ExpressionClass;
  std::string strange;
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::COLUMN_REF:
    case ExpressionClass::CONSTANT:
    case ExpressionClass::COMPARISON:
    case ExpressionClass::CONJUNCTION:
    case ExpressionClass::OPERATOR:
    case ExpressionClass::BETWEEN:
    case ExpressionClass::CASE: break;
    case ExpressionClass::CAST: {
      const auto& child = *expression.Cast<duckdb::CastExpression>().child;
      if (child.GetExpressionClass() != ExpressionClass::CONSTANT) return "a cast";
      break;
    }
    case ExpressionClass::FUNCTION: {
      const std::string name = ToLower(expression.Cast<duckdb::FunctionExpression>().function_name);
      if (std::find(kFunctions.begin(), kFunctions.end(), name) == kFunctions.end()) {
        return "the function " + name;
      }
      break;
    }
    default: return expression.ToString();
  }
  duckdb::ParsedExpressionIterator::EnumerateChildren(expression,
                                                      [&](const duckdb::ParsedExpression& child) {
                                                        if (strange.empty())
                                                          strange = Strange(child);
                                                      });
  return strange;
}

}  // namespace

Result<std::string> FromSparkSql(std::string_view expression) {
  LEAT_ASSIGN(const std::string sql, WithOurQuotes(expression));
  try {
    const auto parsed = duckdb::Parser::ParseExpressionList(sql);
    if (parsed.size() != 1) return Unknown(expression, "a list");
    const std::string strange = Strange(*parsed[0]);
    if (!strange.empty()) return Unknown(expression, strange);
    return parsed[0]->ToString();
  } catch (const std::exception& e) {
    return ToError(e, sql).WithContext("the expression " + Shorten(expression, 200));
  }
}

}  // namespace leat::engine
