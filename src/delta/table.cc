#include "delta/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "delta/checkpoint.h"
#include "delta/checksum.h"
#include "delta/conflict.h"
#include "delta/limits.h"
#include "delta/log_cleanup.h"
#include "delta/log_compaction.h"
#include "delta/log_path.h"
#include "delta/log_reader.h"
#include "delta/protocol.h"
#include "delta/row_tracking.h"
#include "delta/table_properties.h"
#include "delta/transaction_check.h"

namespace leat::delta {

namespace {

using SnapshotPointer = std::shared_ptr<const LogSnapshot>;

// Whether the table, as the entry leaves it, keeps its commits' times in the entries.
Result<bool> HasInCommitTimestamps(const Transaction& transaction, const LogEntry& entry) {
  const Protocol& protocol = entry.protocol ? *entry.protocol : transaction.base->protocol();
  const Metadata& metadata = entry.metadata ? *entry.metadata : transaction.base->metadata();
  LEAT_ASSIGN(const TableProperties properties, ParseTableProperties(metadata));
  return properties.in_commit_timestamps &&
         std::find(protocol.writer_features.begin(), protocol.writer_features.end(),
                   "inCommitTimestamp") != protocol.writer_features.end();
}

// Since when a table that is older has timestamps within its commits.
void NoteFirstTimestamp(long version, std::int64_t timestamp_ms, Metadata& metadata) {
  metadata.configuration["delta.inCommitTimestampEnablementVersion"] = std::to_string(version);
  metadata.configuration["delta.inCommitTimestampEnablementTimestamp"] =
      std::to_string(timestamp_ms);
}

}  // namespace

class Table::Impl {
 public:
  Impl(const io::Environment& environment, ParquetHandler& parquet, const std::string& path,
       FileRoots roots)
      : environment_(environment),
        parquet_(parquet),
        reader_(environment.files, parquet, io::AbsolutePath(path.empty() ? "." : path),
                std::move(roots)) {}

  const std::string& path() const { return reader_.table_path(); }

  Result<SnapshotPointer> Load(std::optional<TableVersion> version) {
    if (!version) return Refresh();
    if (IsLatestKnown(*version)) {
      LEAT_ASSIGN(SnapshotPointer latest, Refresh());
      if (latest->version() == *version) return latest;
    }
    return reader_.Load(version->value());
  }

  Result<SnapshotPointer> LoadAt(TimestampUs instant);
  Result<std::vector<HistoryEntry>> History(std::size_t limit);
  Result<std::vector<VersionChanges>> Changes(long first, long last);
  Result<CommitOutcome> Commit(Transaction transaction);

  Status Checkpoint() {
    LEAT_ASSIGN(const SnapshotPointer latest, Refresh());
    LEAT_TRY(CheckWritable(latest->protocol(), latest->metadata(), path()));
    return WriteCheckpoint(*latest);
  }

  Result<std::optional<std::string>> CompactLog(bool dry_run) {
    LEAT_ASSIGN(const SnapshotPointer latest, Refresh());
    LEAT_TRY(CheckWritable(latest->protocol(), latest->metadata(), path()));
    return delta::CompactLog(environment_, reader_, dry_run);
  }

  Result<std::vector<std::string>> CleanLog(bool dry_run) {
    LEAT_ASSIGN(const SnapshotPointer latest, Refresh());
    LEAT_TRY(CheckWritable(latest->protocol(), latest->metadata(), path()));
    LEAT_ASSIGN(const TableProperties properties, ParseTableProperties(latest->metadata()));
    if (lacks_checkpoint_ && !dry_run) LEAT_TRY(WriteCheckpoint(*latest));
    if (!properties.cleans_log) return std::vector<std::string>();
    return delta::CleanLog(environment_, reader_, properties.log_retention_ms, dry_run);
  }

 private:
  Status WriteCheckpoint(const LogSnapshot& snapshot) {
    LEAT_TRY(delta::WriteCheckpoint(environment_, parquet_, reader_.log_directory(), snapshot));
    lacks_checkpoint_ = false;
    return Ok();
  }

  // What one attempt to write a version came to.
  enum class Attempt { kWritten, kLost };
  // Whose entry a version has.
  enum class Owner { kOurs, kTheirs, kNobody };

  bool IsLatestKnown(TableVersion version) {
    const std::lock_guard lock(mutex_);
    return latest_ != nullptr && latest_->version() == version;
  }

  Result<SnapshotPointer> Refresh();
  Result<SnapshotPointer> Advance(SnapshotPointer latest);
  Result<SnapshotPointer> Reload();
  void Remember(SnapshotPointer latest, std::optional<io::FileInfo> entry);
  void RememberOwn(const SnapshotPointer& before, const SnapshotPointer& after);

  Result<std::int64_t> TimestampOf(const CommitFile& commit);
  Result<SnapshotPointer> LatestFor(const Transaction& transaction);
  Result<std::optional<CommitConflict>> CheckWinners(const Transaction& transaction, long first,
                                                     long last);
  Result<Attempt> Write(long version, const std::string& content, const std::string& txn_id);
  Result<Owner> ReadBack(long version, const std::string& txn_id);
  Result<Attempt> Confirm(long version);
  Error NotCommitted(long version, const Error& failure) const;
  Error Unknown(long version, const Error& failure, const Error& reason) const;
  CommitInfo InfoFor(const Transaction& transaction, const SnapshotPointer& latest,
                     bool in_commit_timestamps);
  Committed Finish(const SnapshotPointer& before, LogEntry entry);

  const io::Environment environment_;
  ParquetHandler& parquet_;
  const LogReader reader_;

  ChecksumWriter checksums_;
  std::atomic<bool> lacks_checkpoint_{false};  // the newest one is damaged: the next commit has one

  std::mutex mutex_;        // guards what follows; held while the log is refreshed
  SnapshotPointer latest_;  // shared with all who loaded it
  std::optional<io::FileInfo>
      latest_entry_;  // of latest_'s log entry: tells a table made anew at the path
  std::map<long, std::pair<std::int64_t, std::int64_t>>
      timestamps_ms_;  // version: file's time (us), commit's
};

// The latest snapshot again if no newer entry is there, else it plus the new entries.
Result<SnapshotPointer> Table::Impl::Refresh() {
  const std::lock_guard lock(mutex_);
  if (latest_ == nullptr || !latest_entry_) return Reload();
  const auto entry = environment_.files.Stat(latest_entry_->path);
  if (!entry.ok() || entry->modified_us != latest_entry_->modified_us ||
      entry->size_bytes != latest_entry_->size_bytes) {
    return Reload();
  }
  return Advance(latest_);
}

Result<SnapshotPointer> Table::Impl::Reload() {
  latest_ = nullptr;
  LEAT_ASSIGN(SnapshotPointer loaded, reader_.Load(std::nullopt));
  if (loaded->head().checkpoint_damage) lacks_checkpoint_ = true;
  auto entry = environment_.files.Stat(reader_.CommitPath(loaded->version().value()));
  Remember(loaded, entry.ok() ? std::optional(std::move(*entry)) : std::nullopt);
  return loaded;
}

Result<SnapshotPointer> Table::Impl::Advance(SnapshotPointer latest) {
  const long start = latest->version().value();
  for (std::size_t read = 0;; read++) {
    if (read > kMaxTailEntries) return Reload();  // far behind: a checkpoint is nearer
    const long next = latest->version().value() + 1;
    auto entry = reader_.ReadEntry(next);
    if (!entry.ok() && entry.error().kind() == ErrorKind::kNotFound) break;
    if (!entry.ok()) return std::move(entry).error();
    // The rare cases are judged over the whole state: an unsafe path may be removed by the entry
    // after it.
    if (!CheckPaths(entry->adds, path(), reader_.roots()).ok()) return Reload();
    LEAT_ASSIGN(io::FileInfo info, environment_.files.Stat(reader_.CommitPath(next)));
    const bool timed = entry->info && entry->info->timestamp_ms != 0;
    const std::int64_t timestamp_ms =
        timed ? entry->info->timestamp_ms : info.modified_us / kMicrosPerMilli;
    const bool changes_table = entry->protocol || entry->metadata;
    latest = latest->After(std::make_shared<const LogEntry>(std::move(*entry)), timestamp_ms);
    if (changes_table && !CheckReadable(latest->protocol(), latest->metadata(), path()).ok()) {
      return Reload();
    }
    latest_entry_ = std::move(info);
  }
  if (latest->version().value() != start) latest_ = latest;
  return latest;
}

void Table::Impl::Remember(SnapshotPointer latest, std::optional<io::FileInfo> entry) {
  latest_ = std::move(latest);
  latest_entry_ = std::move(entry);
}

// Takes our own commit into the cache, unless somebody has refreshed it meanwhile.
void Table::Impl::RememberOwn(const SnapshotPointer& before, const SnapshotPointer& after) {
  const std::lock_guard lock(mutex_);
  if (latest_ != before) return;
  auto entry = environment_.files.Stat(reader_.CommitPath(after->version().value()));
  Remember(after, entry.ok() ? std::optional(std::move(*entry)) : std::nullopt);
}

Result<std::int64_t> Table::Impl::TimestampOf(const CommitFile& commit) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = timestamps_ms_.find(commit.version);
    if (known != timestamps_ms_.end() && known->second.first == commit.modified_us) {
      return known->second.second;
    }
  }
  LEAT_ASSIGN(const CommitInfo info, reader_.ReadInfo(commit));
  const std::lock_guard lock(mutex_);
  timestamps_ms_[commit.version] = {commit.modified_us, info.timestamp_ms};
  return info.timestamp_ms;
}

Result<SnapshotPointer> Table::Impl::LoadAt(TimestampUs instant) {
  LEAT_ASSIGN(const LogListing listing, reader_.List());
  const auto earliest = listing.earliest();
  if (!earliest) return reader_.Load(std::nullopt);  // fails, and says why
  std::optional<long> found;
  // Clocks of different writers disagree: each version counts as at least 1 ms after the one before
  // it.
  std::int64_t previous_ms = INT64_MIN;
  std::int64_t first_ms = 0;
  const auto visit = [&](long version, std::int64_t timestamp_ms) {
    if (previous_ms == INT64_MIN) first_ms = timestamp_ms;
    previous_ms = previous_ms == INT64_MIN ? timestamp_ms : std::max(timestamp_ms, previous_ms + 1);
    if (previous_ms <= instant / kMicrosPerMilli) found = version;
  };
  if (listing.FindCommit(*earliest) == nullptr) {
    visit(*earliest, listing.checkpoints.front().modified_us / kMicrosPerMilli);
  }
  for (const CommitFile& commit : listing.commits) {
    if (commit.version < *earliest) continue;
    LEAT_ASSIGN(const std::int64_t timestamp_ms, TimestampOf(commit));
    visit(commit.version, timestamp_ms);
  }
  if (found) return Load(TableVersion(*found));
  return NotFound(fmt::format("table {} has no version at {}: version {} of {} is its first",
                              path(), FormatTimestamp(instant), *earliest,
                              FormatTimestamp(first_ms * kMicrosPerMilli)));
}

Result<std::vector<HistoryEntry>> Table::Impl::History(std::size_t limit) {
  LEAT_ASSIGN(const LogListing listing, reader_.List());
  std::vector<HistoryEntry> history;
  for (auto commit = listing.commits.rbegin();
       commit != listing.commits.rend() && history.size() < limit; ++commit) {
    LEAT_ASSIGN(CommitInfo info, reader_.ReadInfo(*commit));
    history.push_back({.version = TableVersion(commit->version), .info = std::move(info)});
  }
  return history;
}

Result<std::vector<VersionChanges>> Table::Impl::Changes(long first, long last) {
  LEAT_ASSIGN(const LogListing listing, reader_.List());
  std::vector<VersionChanges> versions;
  for (long version = first; version <= last; version++) {
    const CommitFile* commit = listing.FindCommit(version);
    if (commit == nullptr) {
      const auto& commits = listing.commits;
      return NotFound(fmt::format(
          "table {}: the changes of version {} are not in its log{}", path(), version,
          commits.empty() ? ""
                          : fmt::format(", which has those of versions {} to {}",
                                        commits.front().version, commits.back().version)));
    }
    LEAT_ASSIGN(LogEntry entry, reader_.ReadEntry(version));
    std::erase_if(entry.adds, [](const AddFile& file) { return !file.data_change; });
    std::erase_if(entry.removes, [](const RemoveFile& file) { return !file.data_change; });
    LEAT_TRY(CheckPaths(entry.adds, path(), reader_.roots()));
    LEAT_TRY(CheckPaths(entry.removes, path(), reader_.roots()));
    for (const ChangeFile& file : entry.changes) LEAT_TRY(CheckInsideTable(file.path));
    const bool timed = entry.info && entry.info->timestamp_ms != 0;
    versions.push_back(
        {.version = TableVersion(version),
         .timestamp_ms = timed ? entry.info->timestamp_ms : commit->modified_us / kMicrosPerMilli,
         .adds = std::move(entry.adds),
         .removes = std::move(entry.removes),
         .changes = std::move(entry.changes)});
  }
  return versions;
}

// The state to commit upon; null when the transaction creates the table and there is none yet.
Result<SnapshotPointer> Table::Impl::LatestFor(const Transaction& transaction) {
  auto latest = Refresh();
  const bool no_table = !latest.ok() && latest.error().kind() == ErrorKind::kNotFound;
  if (no_table && transaction.base == nullptr) return SnapshotPointer();
  return latest;
}

// Looks at versions `first` to `last`, which others have committed since the transaction's base.
Result<std::optional<CommitConflict>> Table::Impl::CheckWinners(const Transaction& transaction,
                                                                long first, long last) {
  for (long version = first; version <= last; version++) {
    auto winner = reader_.ReadEntry(version);
    if (!winner.ok() && winner.error().kind() == ErrorKind::kNotFound) {
      return std::optional(
          CommitConflict{TableVersion(version), "its log entry was cleaned up since"});
    }
    if (!winner.ok()) return std::move(winner).error();
    if (auto reason = FindConflict(transaction, *winner)) {
      return std::optional(CommitConflict{TableVersion(version), std::move(*reason)});
    }
  }
  return std::optional<CommitConflict>();
}

CommitInfo Table::Impl::InfoFor(const Transaction& transaction, const SnapshotPointer& latest,
                                bool in_commit_timestamps) {
  CommitInfo info = transaction.info;
  const std::int64_t now_ms = environment_.clock.Now() / kMicrosPerMilli;
  info.timestamp_ms = latest == nullptr ? now_ms : std::max(now_ms, latest->timestamp_ms() + 1);
  info.in_commit_timestamp_ms.reset();
  if (in_commit_timestamps) info.in_commit_timestamp_ms = info.timestamp_ms;
  info.extra.erase("readVersion");
  if (transaction.base != nullptr) {
    info.extra["readVersion"] = std::to_string(transaction.base->version().value());
  }
  const bool blind = transaction.scope == ReadScope::kNothing && transaction.removes.empty();
  info.extra["isBlindAppend"] = blind ? "true" : "false";
  return info;
}

Result<CommitOutcome> Table::Impl::Commit(Transaction transaction) {
  LEAT_ASSIGN(LogEntry entry, PrepareEntry(transaction, environment_, path(), reader_.roots()));
  const bool tracks_rows =
      TracksRows(entry.protocol ? *entry.protocol : transaction.base->protocol());
  LEAT_ASSIGN(const bool in_commit_timestamps, HasInCommitTimestamps(transaction, entry));
  bool begins_timestamps = false;
  if (in_commit_timestamps && transaction.base != nullptr) {
    LEAT_ASSIGN(const TableProperties before, ParseTableProperties(transaction.base->metadata()));
    begins_timestamps = !before.in_commit_timestamps;
  }
  // What depends on the version is filled in for each attempt.
  const bool is_for_version = tracks_rows || begins_timestamps;
  const LogEntry prepared = is_for_version ? entry : LogEntry();
  LEAT_ASSIGN(std::string actions, FormatLogEntry(entry));
  transaction.info.txn_id = io::NewUuid(environment_.random);
  if (transaction.info.engine_info.empty()) transaction.info.engine_info = "Leat";
  long seen = transaction.base == nullptr ? -1 : transaction.base->version().value();
  for (int attempt = 1; attempt <= kMaxCommitAttempts; attempt++) {
    LEAT_ASSIGN(const SnapshotPointer latest, LatestFor(transaction));
    const long version = latest == nullptr ? 0 : latest->version().value() + 1;
    if (latest != nullptr && transaction.base == nullptr) {
      return CommitOutcome(CommitConflict{latest->version(), "the table exists already"});
    }
    LEAT_ASSIGN(auto conflict, CheckWinners(transaction, seen + 1, version - 1));
    if (conflict) return CommitOutcome(std::move(*conflict));
    seen = version - 1;
    if (latest == nullptr) LEAT_TRY(environment_.files.CreateDirectories(reader_.log_directory()));
    const CommitInfo info_now = InfoFor(transaction, latest, in_commit_timestamps);
    if (is_for_version) {
      entry = prepared;
      if (tracks_rows) LEAT_TRY(AssignRowIds(latest.get(), TableVersion(version), entry));
      if (begins_timestamps) NoteFirstTimestamp(version, info_now.timestamp_ms, *entry.metadata);
      LEAT_ASSIGN(actions, FormatLogEntry(entry));
    }
    entry.info = info_now;
    LEAT_ASSIGN(const std::string info, FormatLogEntry({.info = entry.info}));
    LEAT_ASSIGN(const Attempt outcome, Write(version, info + actions, transaction.info.txn_id));
    if (outcome == Attempt::kWritten) return CommitOutcome(Finish(latest, std::move(entry)));
    if (attempt > kCommitAttemptsWithoutPause) {
      environment_.clock.Sleep(
          static_cast<std::int64_t>(environment_.random.Next() % kMaxCommitPauseUs));
    }
  }
  return RetryLater(fmt::format("table {}: others committed first {} times in a row", path(),
                                kMaxCommitAttempts));
}

// A failed write may have happened; the entry that is there tells whose it is. Where an object
// store has not answered and none is there, the request may still be on its way. So the same entry
// is written again: of the two requests one comes first, and the store refuses the other.
Result<Table::Impl::Attempt> Table::Impl::Write(long version, const std::string& content,
                                                const std::string& txn_id) {
  std::optional<Error> in_doubt;  // why a request that was sent may be applied yet
  for (int attempt = 1;; attempt++) {
    const auto created = environment_.files.CreateFile(reader_.CommitPath(version), content);
    if (created.ok() && *created) return Attempt::kWritten;
    if (!created.ok() && created.error().kind() == ErrorKind::kOutcomeUnknown) {
      in_doubt = created.error();
    }
    const auto owner = ReadBack(version, txn_id);
    if (owner.ok() && *owner == Owner::kOurs) return Confirm(version);
    if (owner.ok() && *owner == Owner::kTheirs) return Attempt::kLost;
    if (created.ok() && !in_doubt) return Attempt::kLost;  // it was there, and was refused for that
    const Error& failure = in_doubt ? *in_doubt : created.error();
    if (!owner.ok()) return Unknown(version, failure, owner.error());
    if (!in_doubt) return NotCommitted(version, failure);
    if (attempt == kMaxWritesOfEntry) {
      return Unknown(version, failure, NotFound("its entry was not there"));
    }
  }
}

Result<Table::Impl::Owner> Table::Impl::ReadBack(long version, const std::string& txn_id) {
  const auto entry = reader_.ReadEntry(version);
  if (entry.ok()) {
    return entry->info && entry->info->txn_id == txn_id ? Owner::kOurs : Owner::kTheirs;
  }
  if (entry.error().kind() == ErrorKind::kNotFound) return Owner::kNobody;
  return entry.error();
}

// The entry is ours, and visible to all. It is acknowledged only if the disk now confirms the
// directory too: a journal that lost an entry refuses from then on.
Result<Table::Impl::Attempt> Table::Impl::Confirm(long version) {
  Status synced = environment_.files.SyncFile(reader_.CommitPath(version));
  if (synced.ok()) synced = environment_.files.SyncDirectory(reader_.log_directory());
  if (synced.ok()) return Attempt::kWritten;
  return Unknown(version, synced.error(), RetryLater("it was left at that"));
}

Error Table::Impl::NotCommitted(long version, const Error& failure) const {
  return Error(failure).WithContext(
      fmt::format("version {} of table {} was not committed", version, path()));
}

Error Table::Impl::Unknown(long version, const Error& failure, const Error& reason) const {
  return OutcomeUnknown(
             fmt::format("version {} of table {} may or may not be committed: {}; then {}", version,
                         path(), failure.message(), reason.message()))
      .WithHint("run again: the table tells then whether it happened");
}

// After a commit: keeps its state and writes a checkpoint when one is due.
Committed Table::Impl::Finish(const SnapshotPointer& before, LogEntry entry) {
  const std::int64_t timestamp_ms = entry.info->timestamp_ms;
  const CommitInfo info = *entry.info;
  SnapshotPointer after;
  if (before != nullptr) {
    after = before->After(std::make_shared<const LogEntry>(std::move(entry)), timestamp_ms);
  } else {
    SnapshotHead head{.version = TableVersion(0),
                      .timestamp_ms = timestamp_ms,
                      .protocol = std::make_shared<const Protocol>(*entry.protocol),
                      .metadata = std::make_shared<const Metadata>(*entry.metadata),
                      .totals = FileTotals::Of(entry.adds)};
    std::vector<LogEntry> entries;
    entries.push_back(std::move(entry));
    after = std::make_shared<const LogSnapshot>(
        std::move(head), std::make_shared<const Contents>(Replay({}, std::move(entries))),
        LogSnapshot::Tail());
  }
  RememberOwn(before, after);
  checksums_.Write(environment_.files, reader_.log_directory(), *after, info);
  Committed committed{.version = after->version()};
  const auto properties = ParseTableProperties(after->metadata());
  const long interval =
      properties.ok() ? properties->checkpoint_interval : kDefaultCheckpointInterval;
  const long version = committed.version.value();
  const bool is_due = version != 0 && version % interval == 0;
  if (!is_due && !lacks_checkpoint_) return committed;
  const Status written = WriteCheckpoint(*after);
  if (!written.ok()) committed.checkpoint_error = written.error();
  return committed;
}

Table::Table(const io::Environment& environment, ParquetHandler& parquet, std::string path,
             FileRoots roots)
    : impl_(std::make_unique<Impl>(environment, parquet, path, std::move(roots))) {}
Table::~Table() = default;

const std::string& Table::path() const { return impl_->path(); }

Result<std::shared_ptr<const Snapshot>> Table::Load(std::optional<TableVersion> version) {
  LEAT_ASSIGN(std::shared_ptr<const Snapshot> snapshot, impl_->Load(version));
  return snapshot;
}

Result<std::shared_ptr<const Snapshot>> Table::LoadAt(TimestampUs instant) {
  LEAT_ASSIGN(std::shared_ptr<const Snapshot> snapshot, impl_->LoadAt(instant));
  return snapshot;
}

Result<std::vector<HistoryEntry>> Table::History(std::size_t limit) {
  return impl_->History(limit);
}

Result<std::vector<VersionChanges>> Table::Changes(TableVersion first, TableVersion last) {
  return impl_->Changes(first.value(), last.value());
}

Result<CommitOutcome> Table::Commit(Transaction transaction) {
  return impl_->Commit(std::move(transaction));
}

Status Table::Checkpoint() { return impl_->Checkpoint(); }

Result<std::optional<std::string>> Table::CompactLog(bool dry_run) {
  return impl_->CompactLog(dry_run);
}

Result<std::vector<std::string>> Table::CleanLog(bool dry_run) { return impl_->CleanLog(dry_run); }

}  // namespace leat::delta
