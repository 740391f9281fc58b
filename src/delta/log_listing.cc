#include "delta/log_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "delta/log_path.h"

namespace leat::delta {
namespace {

// Gathers the parts of checkpoints; a version can have several: single ones, multi-part ones of
// different part counts, version 2 ones by different writers.
class CheckpointCollector {
 public:
  void Add(const LogFileName& name, const io::FileInfo& info) {
    const std::string file = io::FileName(info.path);
    const bool is_v2 = name.kind == LogFileName::Kind::kV2Checkpoint;
    CheckpointFiles& files = found_[{name.version, name.parts, is_v2 ? file : ""}];
    files.version = name.version;
    files.names.push_back(file);
    files.modified_us = std::max(files.modified_us, info.modified_us);
  }

  // Parts are in order because the listing is sorted.
  std::vector<CheckpointFiles> Complete() && {
    std::vector<CheckpointFiles> complete;
    for (auto& [key, files] : found_) {
      const auto expected = static_cast<std::size_t>(std::max(std::get<1>(key), 1));
      if (files.names.size() != expected) continue;
      complete.push_back(std::move(files));
    }
    return complete;
  }

 private:
  // By version, number of parts (0 for one file), and name if it is a version 2 checkpoint.
  std::map<std::tuple<long, int, std::string>, CheckpointFiles> found_;
};

// The compacted file that begins at `first` and reaches furthest, but not beyond `last`.
const CompactedFile* FindCompacted(const LogListing& listing, long first, long last) {
  const auto begin =
      std::lower_bound(listing.compacted.begin(), listing.compacted.end(), first,
                       [](const CompactedFile& file, long wanted) { return file.first < wanted; });
  const CompactedFile* best = nullptr;
  for (auto file = begin; file != listing.compacted.end() && file->first == first; ++file) {
    if (file->last > first && file->last <= last) best = &*file;
  }
  return best;
}

// The checkpoint to build the version upon: the newest one that is not newer, of one version the
// first; the next best when some are skipped; null when none is left.
const CheckpointFiles* FindCheckpoint(const LogListing& listing, long version,
                                      std::size_t skipped) {
  std::vector<const CheckpointFiles*> candidates;
  for (const CheckpointFiles& checkpoint : listing.checkpoints) {
    if (checkpoint.version <= version) candidates.push_back(&checkpoint);
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto* a, const auto* b) { return a->version > b->version; });
  return skipped < candidates.size() ? candidates[skipped] : nullptr;
}

Error NoSuchVersion(const LogListing& listing, long version, const std::string& table_path) {
  const auto earliest = listing.earliest();
  const std::string there =
      !earliest ? "no version can be loaded"
                : fmt::format("it has the versions {} to {}", *earliest, listing.latest());
  return NotFound(fmt::format("table {} has no version {}: {}", table_path, version, there));
}

}  // namespace

long LogListing::latest() const {
  const long commit = commits.empty() ? -1 : commits.back().version;
  const long checkpoint = checkpoints.empty() ? -1 : checkpoints.back().version;
  return std::max(commit, checkpoint);
}

std::optional<long> LogListing::earliest() const {
  if (!commits.empty() && commits.front().version == 0) return 0;
  if (!checkpoints.empty()) return checkpoints.front().version;
  return std::nullopt;
}

const CommitFile* LogListing::FindCommit(long version) const {
  const auto found = std::lower_bound(
      commits.begin(), commits.end(), version,
      [](const CommitFile& commit, long wanted) { return commit.version < wanted; });
  return found != commits.end() && found->version == version ? &*found : nullptr;
}

Result<LogListing> ListLog(io::FileSystem& files, const std::string& log_directory) {
  const auto no_table = [&] {
    return NotFound(fmt::format("there is no Delta table at {}", io::ParentPath(log_directory)));
  };
  auto entries = files.List(log_directory);
  if (!entries.ok()) {
    if (entries.error().kind() == ErrorKind::kNotFound) return no_table();
    return std::move(entries).error();
  }
  LogListing listing;
  CheckpointCollector checkpoints;
  for (const io::FileInfo& info : *entries) {
    const auto name = ParseLogFileName(io::FileName(info.path));
    if (!name || info.is_directory) continue;
    switch (name->kind) {
      case LogFileName::Kind::kCommit:
        listing.commits.push_back({.version = name->version,
                                   .modified_us = info.modified_us,
                                   .size_bytes = info.size_bytes});
        break;
      case LogFileName::Kind::kCompacted:
        listing.compacted.push_back(
            {.first = name->version, .last = name->last, .modified_us = info.modified_us});
        break;
      case LogFileName::Kind::kChecksum: listing.checksums.push_back(name->version); break;
      case LogFileName::Kind::kCheckpoint:
      case LogFileName::Kind::kCheckpointPart:
      case LogFileName::Kind::kV2Checkpoint: checkpoints.Add(*name, info); break;
    }
  }
  listing.checkpoints = std::move(checkpoints).Complete();
  if (listing.empty()) return no_table();
  return listing;
}

Result<LogSegment> SegmentOf(const LogListing& listing, std::optional<long> version,
                             const std::string& table_path, std::size_t skipped) {
  LogSegment segment{.version = version.value_or(listing.latest())};
  if (segment.version < 0 || segment.version > listing.latest()) {
    return NoSuchVersion(listing, segment.version, table_path);
  }
  if (const CheckpointFiles* best = FindCheckpoint(listing, segment.version, skipped)) {
    segment.checkpoint = *best;
    segment.modified_us = best->modified_us;
  }
  const long first = segment.checkpoint ? segment.checkpoint->version + 1 : 0;
  for (long wanted = first; wanted <= segment.version; wanted++) {
    if (const CompactedFile* compacted = FindCompacted(listing, wanted, segment.version)) {
      segment.entries.push_back(CompactedFileName(compacted->first, compacted->last));
      segment.modified_us = compacted->modified_us;
      wanted = compacted->last;
      continue;
    }
    if (const CommitFile* commit = listing.FindCommit(wanted)) {
      segment.entries.push_back(CommitFileName(wanted));
      segment.modified_us = commit->modified_us;
      continue;
    }
    const auto earliest = listing.earliest();
    if (wanted == 0 && earliest && segment.version < *earliest) {
      return NoSuchVersion(listing, segment.version, table_path);  // cleaned up
    }
    return Corrupt(fmt::format("the log of table {} has a gap: version {} is missing, {} is there",
                               table_path, wanted, listing.latest()))
        .WithHint("restore " + CommitFileName(wanted) + " below _delta_log from a backup");
  }
  return segment;
}

}  // namespace leat::delta
