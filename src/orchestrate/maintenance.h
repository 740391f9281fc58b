// `leat maintain` and `leat restore`: the tables' own upkeep, apart from what is in them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "delta/compaction.h"
#include "orchestrate/workspace.h"

namespace leat::orchestrate {

struct MaintainRequest {
  std::vector<std::string> select, exclude;  // dbt's selection syntax; empty: everything
  std::vector<std::string> cluster_by;       // columns; then of one asset only
  std::optional<std::int64_t> retention_ms;  // of removed data files; none: the table's own
  bool allows_short_retention = false;
  bool dry_run = false;
};

// What was done, or would be, to one table: an asset's, or its quarantine.
struct MaintainedTable {
  std::string name;  // silver.orders, silver.orders_quarantine
  delta::CompactionResult compaction;
  std::int64_t log_files_removed = 0;
  std::int64_t data_files_removed = 0;
  std::int64_t bytes_freed = 0;  // by the removed data files
  std::optional<Error> error;    // the steps after it were not taken
};

// For each selected asset's table and its quarantine: compaction, a checkpoint if there was one,
// clean-up of the log, vacuum. Runs may go on meanwhile: maintenance gives way to them. `session`
// does the writing, so that the caller can interrupt it. Errors of one table are in its result.
// kInvalidInput: unknown names in the selection; kCancelled.
Result<std::vector<MaintainedTable>> Maintain(
    Workspace& workspace, engine::Session& session, const MaintainRequest& request,
    const std::function<void(const std::string& table)>& started);

// What a run does for the tables that it has published: where enough small files have come
// together, they become one. It gives way to other writers, and a table with
// delta.autoOptimize.autoCompact set to false is left alone.
Status CompactPublished(Workspace& workspace, const std::vector<AssetName>& assets);

struct RestoredTable {
  TableVersion restored;                // the version gone back to
  std::optional<TableVersion> version;  // the new one; none when nothing differs
  std::int64_t files_added = 0;
  std::int64_t files_removed = 0;
};
// Makes an asset's table what it was at the version, as a new version. kConflict when somebody else
// commits at the same time, again and again.
Result<RestoredTable> Restore(Workspace& workspace, const AssetName& asset, TableVersion version);

}  // namespace leat::orchestrate
