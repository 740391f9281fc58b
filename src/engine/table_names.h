// The tables that statements name, and names of the user's that DuckDB has taken for its own.
// Includes DuckDB: engine/ only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "duckdb.hpp"
#include "duckdb/parser/query_node.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"

namespace leat::engine {

// Called for what a query refers to, in any order. Names of common table expressions hide tables
// from the node that declares them down.
struct NameVisitor {
  std::function<void(duckdb::BaseTableRef&)> on_table;
  std::function<void(const std::string&)> on_parameter = [](const std::string&) {};
};
void VisitNames(duckdb::QueryNode& node, const NameVisitor& visitor);

// DuckDB looks into its own catalog first: a table of the project named main.duckdb_tables, or a
// seed named pg_type, would be hidden by a view of its own. Marks the names in the statement that
// are of `project_tables`, "schema.table" each, so that DuckDB finds nothing and asks us.
void MarkProjectTables(duckdb::SQLStatement& statement,
                       const std::vector<std::string>& project_tables);
// The schema without the mark.
std::string UnmarkedSchema(const std::string& schema);

// What to propose for a name that no table has.
std::string HintForTable(const std::string& name, const std::vector<std::string>& project_tables);

}  // namespace leat::engine
