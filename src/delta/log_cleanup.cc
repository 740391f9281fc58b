#include "delta/log_cleanup.h"

#include <fmt/format.h>

#include <algorithm>

#include "delta/log_path.h"

namespace leat::delta {
namespace {

// The newest checkpoint whose version was committed before the cutoff; nothing when there is none.
Result<std::optional<long>> FindOldestNeeded(const LogReader& reader, const LogListing& listing,
                                             std::int64_t cutoff_ms) {
  for (auto checkpoint = listing.checkpoints.rbegin(); checkpoint != listing.checkpoints.rend();
       ++checkpoint) {
    std::int64_t committed_ms = checkpoint->modified_us / kMicrosPerMilli;
    if (const CommitFile* commit = listing.FindCommit(checkpoint->version)) {
      LEAT_ASSIGN(const CommitInfo info, reader.ReadInfo(*commit));
      committed_ms = info.timestamp_ms;
    }
    if (committed_ms < cutoff_ms) return std::optional(checkpoint->version);
  }
  return std::optional<long>();
}

}  // namespace

Result<std::vector<std::string>> CleanLog(const io::Environment& environment,
                                          const LogReader& reader, std::int64_t retention_ms,
                                          bool dry_run) {
  LEAT_ASSIGN(const LogListing listing, reader.List());
  const std::int64_t now_ms = environment.clock.Now() / kMicrosPerMilli;
  LEAT_ASSIGN(const auto oldest, FindOldestNeeded(reader, listing, now_ms - retention_ms));
  std::vector<std::pair<long, std::string>> expired;
  const auto add = [&](long version, const std::string& name) {
    if (oldest && version < *oldest) expired.emplace_back(version, name);
  };
  for (const CommitFile& commit : listing.commits) {
    add(commit.version, CommitFileName(commit.version));
  }
  for (const long version : listing.checksums) add(version, ChecksumFileName(version));
  for (const CompactedFile& compacted : listing.compacted) {
    add(compacted.last, CompactedFileName(compacted.first, compacted.last));
  }
  for (const CheckpointFiles& checkpoint : listing.checkpoints) {
    for (const std::string& name : checkpoint.names) add(checkpoint.version, name);
  }
  std::sort(expired.begin(), expired.end());
  std::vector<std::string> names;
  for (auto& [version, name] : expired) names.push_back(std::move(name));
  if (dry_run || names.empty()) return names;
  for (const std::string& name : names) {
    const Status removed = environment.files.Remove(io::JoinPath(reader.log_directory(), name));
    // Gone already: another program cleans up as well.
    if (!removed.ok() && removed.error().kind() != ErrorKind::kNotFound) {
      return Error(removed.error())
          .WithContext(fmt::format("cleaning up the log of table {}", reader.table_path()));
    }
  }
  LEAT_TRY(environment.files.SyncDirectory(reader.log_directory()));
  return names;
}

}  // namespace leat::delta
