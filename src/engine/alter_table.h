// ALTER TABLE on a Delta table: one commit, which changes no data file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "delta/alter.h"
#include "engine/engine.h"

namespace leat::engine {

struct AlterStatement {
  std::string operation;  // as Delta's history calls it: ADD COLUMNS, SET TBLPROPERTIES, ...
  std::string table;      // as written, without quotes
  delta::Alteration alteration;
};

// Whether the text begins like ALTER TABLE: it is for ParseAlter then.
bool IsAlter(std::string_view sql);

// ADD, DROP and RENAME COLUMN (fields of structs too: s.x), ALTER COLUMN with TYPE, SET and DROP
// DEFAULT, SET and DROP NOT NULL; SET and RESET of properties. kInvalidInput with a location.
Result<AlterStatement> ParseAlter(std::string_view sql);

// Durable when it returns the new version; nothing when the table is so already. kInvalidInput: see
// delta::Alter; and rows that break the new constraint (which row).
Result<std::optional<TableVersion>> AlterTable(const io::Environment& environment, Engine& engine,
                                               Session& session, const std::string& table_path,
                                               const AlterStatement& statement);

}  // namespace leat::engine
