// A SQL statement that changes the rows of one table, as data: INSERT, DELETE, UPDATE or MERGE. No
// DuckDB types leave engine/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/key_range.h"

namespace leat::engine {

// A column and the expression of its new value; the text DEFAULT is the column's default.
using Assignment = std::pair<std::string, std::string>;

// What happens to the rows of one kind. The first clause of its kind whose condition is true
// counts.
struct ChangeClause {
  enum class When { kMatched, kNotMatchedByTarget, kNotMatchedBySource };
  enum class Action { kUpdate, kDelete, kInsert, kNothing, kError };
  When when = When::kMatched;
  std::string condition = {};  // empty: always
  Action action = Action::kNothing;
  std::vector<Assignment> values = {};
  bool takes_all = false;    // all columns, from those of the source with the same names
  std::string message = {};  // kError: an expression
};

struct ChangeStatement {
  std::string operation;  // as Delta's history calls it: WRITE, DELETE, UPDATE, MERGE
  std::string table;      // as written, without quotes: "silver.orders", or a path
  std::string alias;      // under which expressions know its rows
  std::string with;       // "WITH ... " or empty
  // INSERT: the rows, and the columns that they fill in this order; none: by name or, without
  // `by_name`, all of them.
  std::string rows = {};
  std::vector<std::string> columns = {};
  bool by_name = false;
  // The others: the source's rows under their alias, and which of them belong to which of the
  // table's. No source: the condition says which of the table's rows are meant; empty: all.
  std::string source = {};
  std::string source_alias = {};
  std::string condition = {};
  // Columns of the table and the source that the condition wants to be equal, as far as it says so
  // plainly: table.a = source.b AND ....
  std::vector<KeyColumn> equal_columns = {};
  std::vector<ChangeClause> clauses = {};
};

// kInvalidInput with a location: not exactly one such statement, or one with RETURNING, INSERT OR
// REPLACE and the like.
Result<ChangeStatement> ParseChange(std::string_view sql);

}  // namespace leat::engine
