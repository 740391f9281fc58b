#include "delta/log_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "delta/checkpoint.h"
#include "delta/checksum.h"
#include "delta/deletion_vector.h"
#include "delta/limits.h"
#include "delta/log_path.h"
#include "delta/parallel.h"
#include "delta/protocol.h"

namespace leat::delta {

namespace {

template <typename Action>
Status CheckFile(const Action& file, std::string_view table_path, const FileRoots& roots) {
  LEAT_TRY(CheckDataPath(file.path, roots));
  if (!file.deletion_vector) return Ok();
  LEAT_ASSIGN(const std::string path, DeletionVectorPath(*file.deletion_vector, table_path));
  return path.empty() ? Ok() : CheckDataPath(path, roots);
}

template <typename Action>
Status CheckFiles(const std::vector<Action>& files, std::string_view table_path,
                  const FileRoots& roots) {
  for (const Action& file : files) LEAT_TRY(CheckFile(file, table_path, roots));
  return Ok();
}

// The newest action for a file is the only one that a compacted entry may hold. With two, nothing
// tells which is the newer.
bool NamesAFileTwice(const LogEntry& compacted) {
  std::unordered_set<FileKey, FileKeyHash> seen;
  const auto is_new = [&seen](const auto& action) { return seen.insert(FileKey(action)).second; };
  return !std::all_of(compacted.adds.begin(), compacted.adds.end(), is_new) ||
         !std::all_of(compacted.removes.begin(), compacted.removes.end(), is_new);
}

}  // namespace

Status CheckPaths(const FileList& files, std::string_view table_path, const FileRoots& roots) {
  const auto& blocks = files.blocks();
  return ForEachPart(blocks.size(), LogThreads(/*answers_late=*/false),
                     [&](std::size_t i) { return CheckFiles(*blocks[i], table_path, roots); });
}

Status CheckPaths(const std::vector<AddFile>& files, std::string_view table_path,
                  const FileRoots& roots) {
  return CheckFiles(files, table_path, roots);
}

Status CheckPaths(const std::vector<RemoveFile>& files, std::string_view table_path,
                  const FileRoots& roots) {
  return CheckFiles(files, table_path, roots);
}

LogReader::LogReader(io::FileSystem& files, ParquetHandler& parquet, std::string table_path,
                     FileRoots roots)
    : files_(files),
      parquet_(parquet),
      table_path_(std::move(table_path)),
      log_directory_(io::JoinPath(table_path_, kLogDirectory)),
      roots_(std::move(roots)) {}

std::string LogReader::CommitPath(long version) const {
  return io::JoinPath(log_directory_, CommitFileName(version));
}

Result<LogListing> LogReader::List() const { return ListLog(files_, log_directory_); }

Result<std::shared_ptr<const LogSnapshot>> LogReader::Load(std::optional<long> version) const {
  for (int attempt = 1;; attempt++) {
    LEAT_ASSIGN(const LogListing listing, List());
    const bool is_last = attempt >= kMaxListAttempts;
    auto snapshot = LoadListed(listing, version, is_last);
    // A file that was listed and is gone was cleaned up meanwhile; the state lives on in newer
    // files.
    const bool vanished = !snapshot.ok() && snapshot.error().kind() == ErrorKind::kNotFound;
    if (!vanished || is_last) return snapshot;
  }
}

// A checkpoint that is damaged is left out for an older one, as long as all entries after that are
// there: then the state is the same. The first damage is the error to tell when it is not. A part
// of a checkpoint that is missing counts as damage once listing again does not help.
Result<std::shared_ptr<const LogSnapshot>> LogReader::LoadListed(const LogListing& listing,
                                                                 std::optional<long> version,
                                                                 bool missing_is_damage) const {
  std::optional<Error> damage;
  for (std::size_t skipped = 0;; skipped++) {
    auto segment = SegmentOf(listing, version, table_path_, skipped);
    if (!segment.ok()) return damage ? *damage : std::move(segment).error();
    CheckpointState state;
    if (segment->checkpoint) {
      auto read = ReadState(*segment->checkpoint);
      if (!read.ok()) {
        const ErrorKind kind = read.error().kind();
        const bool is_damage = kind == ErrorKind::kCorrupt || kind == ErrorKind::kInvalidInput ||
                               (kind == ErrorKind::kNotFound && missing_is_damage);
        if (!is_damage) return std::move(read).error();
        if (!damage) damage = std::move(read).error();
        continue;
      }
      state = std::move(*read);
    }
    auto built = Build(listing, *segment, std::move(state), damage);
    if (!built.ok() && built.error().kind() == ErrorKind::kCorrupt && segment->checkpoint) {
      if (!damage) damage = std::move(built).error();  // by its checksum, say
      continue;
    }
    if (!built.ok() && damage && built.error().kind() != ErrorKind::kNotFound) return *damage;
    return built;
  }
}

Result<CheckpointState> LogReader::ReadState(const CheckpointFiles& checkpoint) const {
  std::vector<std::string> paths;
  for (const std::string& name : checkpoint.names) {
    paths.push_back(io::JoinPath(log_directory_, name));
  }
  constexpr const char* kHint =
      "restore it from a backup: the entries before it, which would do as well, are not all there";
  auto state = ReadCheckpoint(files_, parquet_, paths, table_path_);
  if (!state.ok()) {
    // What is not supported, a type say, a backup has as well.
    const bool is_damaged = state.error().kind() != ErrorKind::kInvalidInput;
    return is_damaged && state.error().hint().empty() ? Error(state.error()).WithHint(kHint)
                                                      : state.error();
  }
  if (state->protocol && state->metadata) return state;
  return Corrupt(fmt::format("checkpoint {} lacks the table's {}", paths[0],
                             state->protocol ? "metadata" : "protocol"))
      .WithHint(kHint);
}

Result<std::vector<std::string>> LogReader::SidecarsOf(const CheckpointFiles& checkpoint) const {
  std::vector<std::string> sidecars;
  for (const std::string& name : checkpoint.names) {
    const std::string path = io::JoinPath(log_directory_, name);
    LEAT_ASSIGN(const auto found, ReadSidecars(files_, parquet_, path, table_path_));
    sidecars.insert(sidecars.end(), found.begin(), found.end());
  }
  return sidecars;
}

Result<LogEntry> LogReader::ReadEntry(long version) const {
  return ReadEntryFile(CommitFileName(version));
}

Result<LogEntry> LogReader::ReadEntryFile(const std::string& name) const {
  const std::string path = io::JoinPath(log_directory_, name);
  LEAT_ASSIGN(const std::string content, files_.ReadFile(path));
  return ParseLogEntry(content, path, table_path_);
}

// By several threads: parsing takes time, and an object store answers late.
Result<std::vector<LogEntry>> LogReader::ReadEntries(const std::vector<std::string>& names) const {
  std::vector<LogEntry> entries(names.size());
  const std::size_t helpers = std::min(names.size() / kEntriesPerThread,
                                       LogThreads(/*answers_late=*/io::IsS3Path(log_directory_)));
  LEAT_TRY(ForEachPart(names.size(), helpers, [&](std::size_t i) -> Status {
    LEAT_ASSIGN(entries[i], ReadEntryFile(names[i]));
    return Ok();
  }));
  return entries;
}

Result<std::vector<LogEntry>> LogReader::ReadSegment(const LogListing& listing,
                                                     const LogSegment& segment) const {
  LEAT_ASSIGN(std::vector<LogEntry> entries, ReadEntries(segment.entries));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < entries.size(); i++) {
    const std::string& name = segment.entries[i];
    const auto parsed = ParseLogFileName(name);
    const bool is_compacted = parsed && parsed->kind == LogFileName::Kind::kCompacted;
    if (!is_compacted || !NamesAFileTwice(entries[i])) {
      names.push_back(name);
      continue;
    }
    for (long version = parsed->version; version <= parsed->last; version++) {
      names.push_back(CommitFileName(version));
      if (listing.FindCommit(version) != nullptr) continue;
      return Corrupt(fmt::format("the compacted log entry {} names a file twice, and the entries "
                                 "that it stands for are not all there: {} is missing",
                                 io::JoinPath(log_directory_, name), names.back()))
          .WithHint("restore " + names.back() + " from a backup");
    }
  }
  if (names == segment.entries) return entries;
  return ReadEntries(names);
}

Result<CommitInfo> LogReader::ReadInfo(const CommitFile& commit) const {
  const std::string path = CommitPath(commit.version);
  LEAT_ASSIGN(std::string head, files_.ReadRange(path, 0, kCommitInfoProbeBytes));
  const bool whole = static_cast<std::int64_t>(head.size()) < kCommitInfoProbeBytes;
  if (whole && !head.ends_with('\n')) head += '\n';
  LEAT_ASSIGN(std::optional<CommitInfo> info, FindCommitInfo(head, path));
  if (!info && !whole) {
    LEAT_ASSIGN(LogEntry entry, ReadEntry(commit.version));
    info = std::move(entry.info);
  }
  if (!info) info.emplace();
  if (info->timestamp_ms == 0) info->timestamp_ms = commit.modified_us / kMicrosPerMilli;
  return std::move(*info);
}

Result<std::int64_t> LogReader::TimestampOf(const LogListing& listing, const LogSegment& segment,
                                            const std::vector<LogEntry>& entries) const {
  if (!entries.empty()) {
    const auto& info = entries.back().info;
    if (info && info->timestamp_ms != 0) return info->timestamp_ms;
  }
  const CommitFile* commit = listing.FindCommit(segment.version);
  if (commit == nullptr) return segment.modified_us / kMicrosPerMilli;
  LEAT_ASSIGN(const CommitInfo info, ReadInfo(*commit));
  return info.timestamp_ms;
}

Result<std::shared_ptr<const LogSnapshot>> LogReader::Build(const LogListing& listing,
                                                            const LogSegment& segment,
                                                            CheckpointState state,
                                                            std::optional<Error> damage) const {
  LEAT_ASSIGN(std::vector<LogEntry> entries, ReadSegment(listing, segment));
  for (const LogEntry& entry : entries) {
    if (entry.protocol) state.protocol = entry.protocol;
    if (entry.metadata) state.metadata = entry.metadata;
  }
  if (!state.protocol || !state.metadata) {
    return Corrupt(fmt::format("the log of table {} up to version {} has no {} action", table_path_,
                               segment.version, state.protocol ? "metaData" : "protocol"));
  }
  LEAT_TRY(CheckReadable(*state.protocol, *state.metadata, table_path_));
  LEAT_ASSIGN(const std::int64_t timestamp_ms, TimestampOf(listing, segment, entries));
  auto contents =
      std::make_shared<const Contents>(Replay(std::move(state.contents), std::move(entries)));
  if (!contents->has_plain_paths) LEAT_TRY(CheckPaths(contents->files, table_path_, roots_));
  SnapshotHead head{.version = TableVersion(segment.version),
                    .timestamp_ms = timestamp_ms,
                    .protocol = std::make_shared<const Protocol>(std::move(*state.protocol)),
                    .metadata = std::make_shared<const Metadata>(std::move(*state.metadata)),
                    .totals = FileTotals::Of(contents->files),
                    .checkpoint_damage = std::move(damage)};
  auto snapshot = std::make_shared<const LogSnapshot>(std::move(head), std::move(contents),
                                                      LogSnapshot::Tail());
  LEAT_TRY(CheckChecksum(listing, *snapshot));
  return snapshot;
}

// A version without a checksum file, or with one that cannot be read, stands as it is.
Status LogReader::CheckChecksum(const LogListing& listing, const LogSnapshot& snapshot) const {
  const long version = snapshot.version().value();
  if (!std::binary_search(listing.checksums.begin(), listing.checksums.end(), version)) return Ok();
  const std::string path = io::JoinPath(log_directory_, ChecksumFileName(version));
  const auto content = files_.ReadFile(path);
  if (!content.ok()) return Ok();
  return CheckAgainstChecksum(snapshot, *content, path, table_path_);
}

}  // namespace leat::delta
