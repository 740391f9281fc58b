// The state of a table at one version, built from a checkpoint and log entries.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "delta/log_entry.h"
#include "delta/table.h"

namespace leat::delta {

// All that a checkpoint holds besides protocol and metadata.
struct Contents {
  FileList files;                // live, in log order
  bool has_plain_paths = false;  // of the files, as in LogEntry
  std::vector<RemoveFile>
      tombstones;  // removed and not added again, in log order; old ones are dropped later
  std::map<std::string, AppTransaction> app_transactions;
  std::map<std::string, DomainMetadata> domain_metadata;  // without the removed ones
};

// `base` with the entries (oldest first) applied: per file, application and domain the newest
// action wins.
Contents Replay(Contents base, std::vector<LogEntry> entries);

// Sums over the live files of a version.
struct FileTotals {
  std::int64_t files = 0;
  std::int64_t size_bytes = 0;
  std::int64_t deletion_vectors = 0;
  std::int64_t deleted_rows = 0;

  static FileTotals Of(const FileList& files);
  // With the entry's files added and removed; nothing when that cannot be told without the files: a
  // removal without a size, or files named again only to change what is known of them.
  std::optional<FileTotals> After(const LogEntry& entry) const;
  bool operator==(const FileTotals&) const = default;
};

// What is known of a version without its files.
struct SnapshotHead {
  TableVersion version;
  std::int64_t timestamp_ms = 0;
  std::shared_ptr<const Protocol> protocol;  // shared with the snapshots before and after
  std::shared_ptr<const Metadata> metadata;
  std::optional<FileTotals> totals;  // where they are known
  // Of the newest checkpoint, when it could not be read and others stood in for it.
  std::optional<Error> checkpoint_damage;
};

// Keeps a base and a short tail of entries; merges them when somebody asks for the files. So a
// refresh by one small commit costs nothing per file of the table. Thread-safe.
class LogSnapshot final : public Snapshot {
 public:
  using Tail =
      std::vector<std::shared_ptr<const LogEntry>>;  // oldest first; shared with later snapshots

  LogSnapshot(SnapshotHead head, std::shared_ptr<const Contents> base, Tail tail);

  TableVersion version() const override { return head_.version; }
  std::int64_t timestamp_ms() const override { return head_.timestamp_ms; }
  const Protocol& protocol() const override { return *head_.protocol; }
  const Metadata& metadata() const override { return *head_.metadata; }
  const FileList& files() const override { return contents().files; }
  const std::vector<RemoveFile>& tombstones() const override { return contents().tombstones; }
  std::optional<std::int64_t> AppVersion(const std::string& app_id) const override;
  const std::map<std::string, AppTransaction>& app_transactions() const override {
    return contents().app_transactions;
  }

  const std::map<std::string, DomainMetadata>& domain_metadata() const override {
    return contents().domain_metadata;
  }

  const Contents& contents() const;
  const SnapshotHead& head() const { return head_; }

  // Of all files; nothing when they would have to be merged for it.
  std::optional<FileTotals> totals() const;
  // Applications and domains, if there are at most so many; nothing otherwise. Without the files.
  std::optional<std::map<std::string, AppTransaction>> AppTransactions(std::size_t max) const;
  std::optional<std::map<std::string, DomainMetadata>> Domains(std::size_t max) const;

  // The snapshot after one more entry.
  std::shared_ptr<const LogSnapshot> After(std::shared_ptr<const LogEntry> entry,
                                           std::int64_t timestamp_ms) const;

 private:
  SnapshotHead head_;
  std::shared_ptr<const Contents> base_;  // shared with the snapshots before and after
  Tail tail_;
  mutable std::once_flag merge_once_;
  mutable std::shared_ptr<const Contents> merged_;  // set once, by contents(), when there is a tail
  mutable std::atomic<bool> is_merged_{false};
};

}  // namespace leat::delta
