// INSERT, DELETE, UPDATE and MERGE on a Delta table: one commit.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "engine/change_statement.h"
#include "engine/engine.h"

namespace leat::engine {

struct RowChange {
  std::string table_path;
  ChangeStatement statement;
  // With INSERT: its rows take the place of those for which the condition is true. It must be true
  // for the new rows, too. Empty: none are replaced.
  std::string replace_where = {};
  std::map<std::string, std::string> commit_extra = {};  // raw JSON by key, into commitInfo
};

struct ChangedRows {
  std::optional<TableVersion> version;  // none: no row was concerned
  std::int64_t inserted = 0;
  std::int64_t updated = 0;
  std::int64_t deleted = 0;
  std::optional<Error> checkpoint_error;  // see delta::Committed
};

// Durable when it returns. What others commit meanwhile makes it start again on their result,
// within limits.h's attempts; then kConflict. The statement's other tables are resolved by the
// session's resolver, each time anew. kInvalidInput: expressions that do not fit, rows that break a
// constraint, a row of the table that more than one row of the source would change.
Result<ChangedRows> ChangeRows(const io::Environment& environment, Engine& engine, Session& session,
                               const RowChange& change);

}  // namespace leat::engine
