// The tables of the state database and the way from every older version of them to the newest.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "io/environment.h"
#include "state/sqlite.h"

namespace leat::state {

// Marks the file as Leat's (PRAGMA application_id): "Leat" in ASCII.
constexpr std::int64_t kApplicationId = 0x4C656174;

// The SQL that leads from version n to n + 1, where n is its place in the list. Never changed once
// released.
std::span<const char* const> Migrations();

// Brings the tables to the newest version, all or nothing, also when several processes try at once.
// kInvalidInput: the file was written by a newer Leat. kCorrupt: it is not a state database.
Status Migrate(Connection& connection, std::span<const char* const> migrations);

// The file of an environment's state ("" is the default one), below the project's folder.
std::string StatePath(const std::string& project_root, const std::string& environment = "");

struct OpenedDatabase {
  std::unique_ptr<Connection> connection;
  std::optional<std::string>
      warning;  // a damaged file was moved aside, or is missing for the reader
};

// Opens or creates the file and its folder. A damaged file is moved aside, with a warning.
Result<OpenedDatabase> OpenForWriting(const io::Environment& environment, const std::string& path);

// Moves the file aside, begins a new one and warns of it; `reason` says how the damage showed.
Result<OpenedDatabase> ReplaceDamaged(const io::Environment& environment, const std::string& path,
                                      const std::string& reason);

// Never changes the file. A missing or damaged one reads as empty, the latter with a warning; an
// older one is migrated in memory.
Result<OpenedDatabase> OpenForReading(const io::Environment& environment, const std::string& path);

}  // namespace leat::state
