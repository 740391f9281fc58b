// Removing data files that no version within the retention needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/table.h"
#include "io/environment.h"

namespace leat::delta {

struct VacuumOptions {
  std::optional<std::int64_t> retention_ms;  // none: delta.deletedFileRetentionDuration (7 days)
  // A retention below the table's own would take files from readers of versions that the table
  // promises, and from writers that have not committed yet.
  bool allows_short_retention = false;
  bool dry_run = false;  // finds only
};

struct UnusedFile {
  std::string path;  // in the table's folder
  std::int64_t size_bytes = 0;
};

// Removes the files that are neither live nor removed within the retention, and that are themselves
// older than it: what a task writes at this moment is not named by the log yet. Names that begin
// with '_' or '.' are no data files, except the folder _change_data and partition folders. Links
// are not followed. The history tells of it, as Spark's does, when there is something to remove.
// Returns what was removed, or would be. kInvalidInput: a retention that is too
// short, or a table that Leat cannot write.
Result<std::vector<UnusedFile>> Vacuum(const io::Environment& environment, Table& table,
                                       const VacuumOptions& options);

}  // namespace leat::delta
