// Limits and defaults of delta/.
#pragma once

#include <cstddef>
#include <cstdint>

namespace leat::delta {

// Lost races that one commit takes before it gives up. Each one means that somebody else has
// committed.
constexpr int kMaxCommitAttempts = 1'000;
// Attempts without a pause, then pauses of a random length up to the maximum.
constexpr int kCommitAttemptsWithoutPause = 3;
constexpr std::int64_t kMaxCommitPauseUs = 5'000;

// Times that a log entry is written while it cannot be told whether an earlier time has worked.
constexpr int kMaxWritesOfEntry = 3;

// A listed log file may vanish before it is read when another program cleans the log up: list
// again.
constexpr int kMaxListAttempts = 3;

// Log entries that a snapshot keeps beside its base before it is flattened, and that a refresh
// reads one by one before it starts again from the latest checkpoint.
constexpr std::size_t kMaxTailEntries = 64;

// Threads that read log entries, and parts of checkpoints, besides the one that wants them; of
// entries, each for so many.
constexpr std::size_t kMaxLogThreads = 7;
constexpr std::size_t kEntriesPerThread = 4;

// Files of a list that are moved to stand beside each other; larger blocks stay where they are.
constexpr std::size_t kMaxFilesToMove = 1'000;

// Where commitInfo is looked for before a whole log entry is read.
constexpr std::int64_t kCommitInfoProbeBytes = 16 * 1024;

// Applications, and domains, that a checksum file lists; it has none when there are more. As Spark.
constexpr std::size_t kMaxActionsInChecksum = 100;

// Rows of a checkpoint in an object store that a thread reads while others read others, at least.
constexpr std::int64_t kMinRowsToWaitFor = 10'000;

// Room that is made for the files of a checkpoint's rows that are read together, before they are.
constexpr std::int64_t kMaxRowsToReserve = 1 << 14;

// Actions in one sidecar file of a version 2 checkpoint.
constexpr std::size_t kMaxSidecarActions = 500'000;
// Sidecar files that no checkpoint names are kept this long: their checkpoint may be on its way.
constexpr std::int64_t kUnusedSidecarRetentionMs = 24LL * 3'600 * 1'000;

// Log entries after the newest checkpoint that are worth a compacted one.
constexpr std::size_t kMinEntriesToCompact = 5;

// Of a file of deletion vectors, and so of each vector in it: offsets have 31 bits.
constexpr std::int64_t kMaxDeletionVectorBytes = 1LL << 30;

// Serialized vectors up to this size stand in the log itself: another file would cost a reader
// more.
constexpr std::size_t kMaxInlineDeletionVectorBytes = 256;

// delta.checkpointInterval and delta.deletedFileRetentionDuration when the table does not set them.
constexpr std::int64_t kDefaultCheckpointInterval = 10;
constexpr std::int64_t kDefaultTombstoneRetentionMs = 7LL * 24 * 3'600 * 1'000;

// delta.logRetentionDuration and delta.targetFileSize, likewise.
constexpr std::int64_t kDefaultLogRetentionMs = 30LL * 24 * 3'600 * 1'000;
constexpr std::int64_t kDefaultTargetFileBytes = 256LL << 20;

// A file with this share of its rows deleted is worth writing anew.
constexpr double kDeletedShareToRewrite = 0.1;
// A file below this share of the target size is small.
constexpr double kSmallFileShare = 0.75;
// Times that a compaction commits what is left of it after others took some of its files away.
constexpr int kMaxCompactionCommits = 10;

// Times that a vacuum tries to note what it does while others change the table.
constexpr int kMaxVacuumCommits = 10;

// Folders of data files within folders; deeper ones are an error.
constexpr int kMaxFolderDepth = 64;

}  // namespace leat::delta
