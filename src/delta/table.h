// A Delta table: open it, read a snapshot, commit a transaction. Source: Delta's PROTOCOL.md.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/strong.h"
#include "delta/actions.h"
#include "delta/file_list.h"
#include "delta/log_path.h"
#include "delta/parquet_handler.h"
#include "io/environment.h"

namespace leat::delta {

// An immutable state of a table at one version. Thread-safe.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual TableVersion version() const = 0;
  virtual std::int64_t timestamp_ms() const = 0;  // of the version's commit
  virtual const Protocol& protocol() const = 0;
  virtual const Metadata& metadata() const = 0;
  virtual const FileList& files() const = 0;  // live files, in log order
  // Removed files that a checkpoint still tells of, in log order.
  virtual const std::vector<RemoveFile>& tombstones() const = 0;
  virtual std::optional<std::int64_t> AppVersion(const std::string& app_id) const = 0;
  virtual const std::map<std::string, AppTransaction>& app_transactions() const = 0;
  virtual const std::map<std::string, DomainMetadata>& domain_metadata() const = 0;  // by domain

  const data::Schema& schema() const { return metadata().schema; }
};

struct Committed {
  TableVersion version;
  // A checkpoint was due and could not be written. The commit stands; the caller says so, and
  // readers go on from the checkpoint before until the next one is due.
  std::optional<Error> checkpoint_error = std::nullopt;
};
// Somebody else committed something that this transaction must not ignore. A value, not an error:
// the caller loads the table again and decides.
struct CommitConflict {
  TableVersion with;   // the winning version
  std::string reason;  // "file part-1.parquet was removed", "same application transaction 'x'"
};
using CommitOutcome = std::variant<Committed, CommitConflict>;

// What a transaction has read, and so what conflicts with it.
enum class ReadScope {
  kNothing,     // blind append: conflicts only on metadata, protocol and the same app_id
  kFiles,       // read the files it removes: conflicts when one of them is gone
  kWholeTable,  // conflicts also with any file added since
};

// Everything that one commit changes. Filled by the caller, then handed to Table::Commit.
struct Transaction {
  std::shared_ptr<const Snapshot> base;  // null: creates the table, `metadata` is required
  ReadScope scope = ReadScope::kNothing;
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;  // set when the schema or configuration changes
  std::vector<AddFile> adds;
  std::vector<RemoveFile> removes;
  std::vector<ChangeFile> changes;  // the change data feed's, where the table keeps one
  // Whether rows of removed files have taken their ids along into the added ones, where the table
  // keeps ids (row_tracking.h).
  bool copies_row_ids = false;
  std::vector<AppTransaction> app_transactions;
  std::vector<DomainMetadata> domain_metadata;
  CommitInfo info;  // timestamp, engine and txn_id are filled in by Commit
};

struct HistoryEntry {
  TableVersion version;
  CommitInfo info;
};

// What one commit did to the rows: of `changes`, if there are any, else of the files added and
// removed. Without files that were only rearranged.
struct VersionChanges {
  TableVersion version;
  std::int64_t timestamp_ms = 0;
  std::vector<AddFile> adds;
  std::vector<RemoveFile> removes;
  std::vector<ChangeFile> changes;  // written by programs that keep a change data feed
};

// One table by path. Thread-safe; keeps the latest snapshot and applies only the new log entries to
// it.
class Table {
 public:
  // Limits named in delta/limits.h. Data files lie in the table's folder or below the roots.
  Table(const io::Environment& environment, ParquetHandler& parquet, std::string path,
        FileRoots roots = {});
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const std::string& path() const;

  // The latest version, or the given one. kNotFound: no table at the path, or that version is not
  // there (the message says which versions are). kInvalidInput: the table needs a reader feature
  // that Leat lacks, by name.
  Result<std::shared_ptr<const Snapshot>> Load(std::optional<TableVersion> version = std::nullopt);
  // The latest version committed at or before the instant.
  Result<std::shared_ptr<const Snapshot>> LoadAt(TimestampUs instant);
  // Newest first, at most `limit`.
  Result<std::vector<HistoryEntry>> History(std::size_t limit);

  // What the versions `first` to `last` changed, oldest first. kNotFound: one of them is not in the
  // log, or no longer (says which are). kInvalidInput: a path leads out of the table.
  Result<std::vector<VersionChanges>> Changes(TableVersion first, TableVersion last);

  // Durable when it returns Committed. Data files must be synced before. Retries lost races within
  // limits when nothing conflicts. Writes a checkpoint every delta.checkpointInterval (10) commits;
  // a failed checkpoint is handed back in Committed, never an error of the commit. kOutcomeUnknown:
  // the commit may have happened and could not be read back.
  Result<CommitOutcome> Commit(Transaction transaction);

  // Writes a checkpoint of the latest version and _last_checkpoint.
  Status Checkpoint();

  // Writes one entry that stands for all those after the newest checkpoint, when they are many
  // enough for readers to gain by it. Its name, also with `dry_run`, which writes nothing.
  Result<std::optional<std::string>> CompactLog(bool dry_run);

  // Removes the entries and checkpoints that no version within delta.logRetentionDuration (30 days)
  // needs, unless delta.enableExpiredLogCleanup is false. Returns their names; with `dry_run`
  // nothing is removed. Versions before the oldest one kept can no longer be read then. Before
  // that, a checkpoint is written when the newest one is damaged.
  Result<std::vector<std::string>> CleanLog(bool dry_run);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leat::delta
