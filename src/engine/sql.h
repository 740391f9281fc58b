// What can be said of a SQL text by parsing it alone. No DuckDB types leave engine/.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/value.h"

namespace leat::engine {

struct TableReference {
  std::string name;        // as written, without quotes: "silver.orders", "orders"
  std::string pin;         // "", "v12" or "2026-11-01T00:00:00Z": the version after @
  std::size_t offset = 0;  // byte offset in the SQL text
  auto operator<=>(const TableReference&) const = default;
};

struct SqlFacts {
  std::vector<TableReference>
      tables;  // tables in FROM clauses that are no CTE of the query; sorted, unique
  std::vector<std::string> parameters;  // named parameters without the $, sorted, unique
};

// Checks that the text is exactly one SELECT statement (models must not write) and returns what it
// refers to. Errors carry a Location with line and column within the text (file empty) and DuckDB's
// reason.
Result<SqlFacts> AnalyzeSelect(std::string_view sql);

// The condition of `select * from <table> where <condition>`, when the query is no more than that:
// no join, limit, subquery, window or aggregate. Such a query judges each row by itself.
std::optional<std::string> FilterOf(std::string_view sql, std::string_view table);

// The names and texts of CREATE [OR REPLACE] [TEMP] MACRO statements; anything else in the file is
// an error.
struct MacroDefinition {
  std::string name;
  std::string sql;
};
Result<std::vector<MacroDefinition>> AnalyzeMacros(std::string_view sql);

// The text with each $name replaced by a SQL literal; names without a value stay. For views, which
// are read inside of other queries, and for `leat render`.
std::string WithLiterals(std::string_view sql,
                         const std::map<std::string, data::Value>& parameters);

// Line and column (from 1) of a byte offset.
Location LocationOf(std::string_view text, std::size_t offset);

}  // namespace leat::engine
