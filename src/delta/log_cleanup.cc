#include "delta/log_cleanup.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "delta/limits.h"
#include "delta/log_path.h"

namespace leat::delta {
namespace {

class CleanUp {
 public:
  CleanUp(const io::Environment& environment, const LogReader& reader)
      : environment_(environment), reader_(reader) {}

  // The names below _delta_log of what is not needed, in the order to remove them.
  Result<std::vector<std::string>> Find(std::int64_t retention_ms) {
    LEAT_ASSIGN(listing_, reader_.List());
    now_ms_ = environment_.clock.Now() / kMicrosPerMilli;
    LEAT_ASSIGN(const auto oldest, FindOldestNeeded(now_ms_ - retention_ms));
    std::vector<std::string> names;
    if (oldest) names = Before(*oldest);
    LEAT_ASSIGN(const auto sidecars, UnusedSidecars(oldest.value_or(0)));
    names.insert(names.end(), sidecars.begin(), sidecars.end());
    return names;
  }

 private:
  // The newest checkpoint that can be read and whose version was committed before the cutoff;
  // nothing when there is none.
  Result<std::optional<long>> FindOldestNeeded(std::int64_t cutoff_ms) const {
    for (auto checkpoint = listing_.checkpoints.rbegin(); checkpoint != listing_.checkpoints.rend();
         ++checkpoint) {
      std::int64_t committed_ms = checkpoint->modified_us / kMicrosPerMilli;
      if (const CommitFile* commit = listing_.FindCommit(checkpoint->version)) {
        LEAT_ASSIGN(const CommitInfo info, reader_.ReadInfo(*commit));
        committed_ms = info.timestamp_ms;
      }
      if (committed_ms >= cutoff_ms) continue;
      if (Before(checkpoint->version).empty()) return std::optional<long>();  // nothing to remove
      const auto state = reader_.Load(checkpoint->version);
      if (state.ok() && !(*state)->head().checkpoint_damage) {
        return std::optional(checkpoint->version);
      }
    }
    return std::optional<long>();
  }

  // What lies before the checkpoint of that version, oldest first.
  std::vector<std::string> Before(long oldest) const {
    std::vector<std::pair<long, std::string>> expired;
    const auto add = [&](long version, const std::string& name) {
      if (version < oldest) expired.emplace_back(version, name);
    };
    for (const CommitFile& commit : listing_.commits) {
      add(commit.version, CommitFileName(commit.version));
    }
    for (const long version : listing_.checksums) add(version, ChecksumFileName(version));
    for (const CheckpointFiles& checkpoint : listing_.checkpoints) {
      for (const std::string& name : checkpoint.names) add(checkpoint.version, name);
    }
    // One that begins at or before the checkpoint stands for none of the entries after it.
    for (const CompactedFile& compacted : listing_.compacted) {
      add(compacted.first - 1, CompactedFileName(compacted.first, compacted.last));
    }
    std::sort(expired.begin(), expired.end());
    std::vector<std::string> names;
    for (auto& [version, name] : expired) names.push_back(std::move(name));
    return names;
  }

  // Those that no checkpoint from `oldest` on names. None when one cannot be read: it may name any.
  Result<std::vector<std::string>> UnusedSidecars(long oldest) const {
    std::vector<std::string> unused;
    const auto there =
        environment_.files.List(io::JoinPath(reader_.table_path(), std::string(kSidecarDirectory)));
    if (!there.ok() && there.error().kind() == ErrorKind::kNotFound) return unused;
    if (!there.ok()) return there.error();
    std::unordered_set<std::string> used;
    for (const CheckpointFiles& checkpoint : listing_.checkpoints) {
      if (checkpoint.version < oldest) continue;
      const auto sidecars = reader_.SidecarsOf(checkpoint);
      if (!sidecars.ok()) return unused;
      for (const std::string& path : *sidecars) used.insert(io::FileName(path));
    }
    const std::int64_t cutoff_us = (now_ms_ - kUnusedSidecarRetentionMs) * kMicrosPerMilli;
    for (const io::FileInfo& file : *there) {
      const std::string name = io::FileName(file.path);
      if (file.is_directory || file.modified_us >= cutoff_us || used.contains(name)) continue;
      unused.push_back(io::JoinPath(io::FileName(kSidecarDirectory), name));
    }
    return unused;
  }

  const io::Environment& environment_;
  const LogReader& reader_;
  LogListing listing_;
  std::int64_t now_ms_ = 0;
};

}  // namespace

Result<std::vector<std::string>> CleanLog(const io::Environment& environment,
                                          const LogReader& reader, std::int64_t retention_ms,
                                          bool dry_run) {
  LEAT_ASSIGN(std::vector<std::string> names, CleanUp(environment, reader).Find(retention_ms));
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
