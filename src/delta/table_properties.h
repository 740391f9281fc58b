// The properties of a table that Leat acts on: Metadata::configuration.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/limits.h"

namespace leat::delta {

struct TableProperties {
  bool auto_compact = true;           // delta.autoOptimize.autoCompact, after a run
  bool append_only = false;           // delta.appendOnly
  bool in_commit_timestamps = false;  // delta.enableInCommitTimestamps
  std::int64_t checkpoint_interval = kDefaultCheckpointInterval;  // delta.checkpointInterval
  std::int64_t tombstone_retention_ms =
      kDefaultTombstoneRetentionMs;                          // delta.deletedFileRetentionDuration
  std::int64_t log_retention_ms = kDefaultLogRetentionMs;    // delta.logRetentionDuration
  bool cleans_log = true;                                    // delta.enableExpiredLogCleanup
  std::int64_t target_file_bytes = kDefaultTargetFileBytes;  // delta.targetFileSize
  bool v2_checkpoints = false;                               // delta.checkpointPolicy is v2
  bool stats_as_json = true;                                 // delta.checkpoint.writeStatsAsJson
  bool stats_as_struct = false;                              // delta.checkpoint.writeStatsAsStruct
};

// kInvalidInput naming the property whose value cannot be understood.
Result<TableProperties> ParseTableProperties(const Metadata& metadata);

// Whether the property has the value "true", in any case.
bool IsOn(const Metadata& metadata, const std::string& property);

// The property as the protocol spells it, case ignored: one of Delta that Leat acts on or keeps,
// delta.constraints.<name>, or a user's own, without "delta." in front. kInvalidInput: another one
// of Delta's.
Result<std::string> KnownProperty(const std::string& name);

}  // namespace leat::delta
