// Checkpoints: the state of one version as files of actions. Source: PROTOCOL.md, "Checkpoints".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/arrow.h"
#include "delta/parquet_handler.h"
#include "delta/snapshot.h"
#include "delta/stats_columns.h"
#include "io/environment.h"

namespace leat::delta {

struct CheckpointState {
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  Contents contents;
};

// Reads all parts, in Parquet or (version 2) in JSON, and the sidecar files that they name.
// kCorrupt naming the file: columns of wrong types, actions without a path.
Result<CheckpointState> ReadCheckpoint(io::FileSystem& files, ParquetHandler& parquet,
                                       const std::vector<std::string>& paths,
                                       std::string_view table_path);

// The sidecar files that one file of a checkpoint names, relative to the table.
Result<std::vector<std::string>> ReadSidecars(io::FileSystem& files, ParquetHandler& parquet,
                                              const std::string& path, std::string_view table_path);

// How a checkpoint has the statistics of files.
struct StatsForm {
  bool as_json = true;
  std::optional<StatsColumns> as_columns = std::nullopt;
};

// The rows of a checkpoint of the snapshot, without tombstones removed before
// `oldest_tombstone_ms`.
data::ArrowBatch ToCheckpointBatch(const LogSnapshot& snapshot, std::int64_t oldest_tombstone_ms,
                                   StatsForm stats = {});
// The rows of a sidecar file of a version 2 checkpoint.
data::ArrowBatch ToSidecarBatch(std::span<const AddFile* const> files,
                                std::span<const RemoveFile* const> tombstones,
                                StatsForm stats = {});

// Writes, syncs and publishes the checkpoint of the snapshot's version, then _last_checkpoint: one
// of version 2 where delta.checkpointPolicy asks for it, else a classic one in one file. A crash
// leaves at most a hidden temporary file, or sidecars that no checkpoint names, for the clean-up of
// the log.
Status WriteCheckpoint(const io::Environment& environment, ParquetHandler& parquet,
                       const std::string& log_directory, const LogSnapshot& snapshot);

}  // namespace leat::delta
