// DuckDB's statements as trees, before a session runs them. Includes DuckDB: engine/ only.
#pragma once

#include <string>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/parser/statement/copy_statement.hpp"
#include "engine/engine.h"

namespace leat::engine {

using CopyOptions = duckdb::case_insensitive_map_t<duckdb::vector<duckdb::Value>>;

// COPY (query) TO target. As a tree, because options that come as text are bound one by one, which
// takes longer than a small query. The second throws DuckDB's exceptions.
duckdb::unique_ptr<duckdb::CopyStatement> MakeCopy(duckdb::unique_ptr<duckdb::QueryNode> query,
                                                   const std::string& target,
                                                   const std::string& format, CopyOptions options);
duckdb::unique_ptr<duckdb::CopyStatement> MakeCopy(const std::string& query,
                                                   const std::string& target,
                                                   const std::string& format, CopyOptions options);

// The columns of `$name` parameters that a statement uses; DuckDB refuses values for others. Throws
// for one that is not defined.
Parameters UsedBy(duckdb::SQLStatement& statement, const Parameters& parameters);

// A macro belongs to the session that defines it: in the database's own catalog, sessions that
// define the same macros at the same time would conflict, and see each other's.
void MakeMacroTemporary(duckdb::SQLStatement& statement);

std::string WithoutSemicolon(const std::string& sql);

// Of data files.
CopyOptions ParquetOptions();
void AddPartitions(const std::vector<std::string>& columns, CopyOptions& options);

}  // namespace leat::engine
