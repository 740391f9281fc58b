// What lies in _delta_log, and which of its files make up one version.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace leat::delta {

struct CommitFile {
  long version = 0;
  std::int64_t modified_us = 0;
  std::int64_t size_bytes = 0;
};

// The actions of the versions `first` to `last` in one file.
struct CompactedFile {
  long first = 0;
  long last = 0;
  std::int64_t modified_us = 0;
};

// A complete one: its single file, or all of its parts.
struct CheckpointFiles {
  long version = 0;
  std::vector<std::string> names;
  std::int64_t modified_us = 0;
};

struct LogListing {
  std::vector<CommitFile> commits;  // by version
  // By version, those of one version best first; incomplete ones are left out.
  std::vector<CheckpointFiles> checkpoints;
  std::vector<CompactedFile> compacted;  // by first version, then by last
  std::vector<long> checksums;           // versions that have one, in order

  bool empty() const { return commits.empty() && checkpoints.empty(); }
  long latest() const;  // not empty
  // The first version that can still be loaded; nothing when the log does not reach back to a whole
  // state.
  std::optional<long> earliest() const;
  const CommitFile* FindCommit(long version) const;
};

// kNotFound: there is no folder, or no commit and no checkpoint in it.
Result<LogListing> ListLog(io::FileSystem& files, const std::string& log_directory);

// A version as its latest checkpoint, if any, and the entries after it, without a gap.
struct LogSegment {
  long version = 0;
  std::optional<CheckpointFiles> checkpoint;
  std::vector<std::string> entries;  // names of commits and compacted entries, oldest first
  std::int64_t modified_us = 0;      // of the last of all these files
};
// The latest version, or the given one. Without the best `skipped` of its checkpoints, which turned
// out to be damaged. kNotFound: it is not there (says which are). kCorrupt: a commit is missing.
Result<LogSegment> SegmentOf(const LogListing& listing, std::optional<long> version,
                             const std::string& table_path, std::size_t skipped = 0);

}  // namespace leat::delta
