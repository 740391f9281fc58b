#include "delta/vacuum.h"

#include <fmt/format.h>

#include <set>
#include <unordered_set>

#include "delta/deletion_vector.h"
#include "delta/limits.h"
#include "delta/protocol.h"
#include "delta/table_properties.h"

namespace leat::delta {
namespace {

constexpr std::string_view kChangeDataFolder = "_change_data";

bool IsHidden(const std::string& name, bool is_directory) {
  const bool is_marked = name.starts_with('_') || name.starts_with('.');
  if (!is_marked) return false;
  const bool is_partition = is_directory && name.find('=') != std::string::npos;
  return !is_partition && !(is_directory && name == kChangeDataFolder);
}

// All data files below the table's folder that are older than the cutoff.
class OldFiles {
 public:
  OldFiles(io::FileSystem& files, std::string table_path, std::int64_t cutoff_us)
      : files_(files), table_path_(std::move(table_path)), cutoff_us_(cutoff_us) {}

  Status Find(const std::string& folder = "", int depth = 0) {
    if (depth > kMaxFolderDepth) {
      return InvalidInput(fmt::format("{}/{}: folders are nested too deeply", table_path_, folder));
    }
    LEAT_ASSIGN(const auto entries, files_.List(io::JoinPath(table_path_, folder)));
    for (const io::FileInfo& entry : entries) {
      const std::string name = io::FileName(entry.path);
      if (IsHidden(name, entry.is_directory) || entry.is_symlink || entry.is_special) continue;
      const std::string path = folder.empty() ? name : io::JoinPath(folder, name);
      if (entry.is_directory) {
        LEAT_TRY(Find(path, depth + 1));
      } else if (entry.modified_us < cutoff_us_) {
        found.push_back({.path = path, .size_bytes = entry.size_bytes});
      }
    }
    return Ok();
  }

  std::vector<UnusedFile> found;

 private:
  io::FileSystem& files_;
  const std::string table_path_;
  const std::int64_t cutoff_us_;
};

// The files that versions within the retention need.
class NeededFiles {
 public:
  explicit NeededFiles(const std::string& table_path) : table_path_(table_path) {}

  template <typename Action>
  Status Add(const Action& action) {
    paths_.insert(action.path);
    if (!action.deletion_vector) return Ok();
    LEAT_ASSIGN(std::string path, DeletionVectorPath(*action.deletion_vector, table_path_));
    paths_.insert(std::move(path));
    return Ok();
  }
  bool Contains(const std::string& path) const { return paths_.contains(path); }

 private:
  const std::string& table_path_;
  std::unordered_set<std::string> paths_;
};

Result<std::int64_t> RetentionMs(const Snapshot& snapshot, const std::string& table_path,
                                 const VacuumOptions& options) {
  LEAT_ASSIGN(const TableProperties properties, ParseTableProperties(snapshot.metadata()));
  if (!options.retention_ms) return properties.tombstone_retention_ms;
  if (*options.retention_ms < 0) return InvalidInput("the retention is negative");
  if (*options.retention_ms < properties.tombstone_retention_ms &&
      !options.allows_short_retention) {
    return InvalidInput(
               fmt::format("a retention below that of table {} ({} hours) would remove files that "
                           "readers of its earlier versions and running writers may need",
                           table_path, properties.tombstone_retention_ms / 3'600'000))
        .WithHint("force it when nothing else uses the table");
  }
  return *options.retention_ms;
}

// Tells in the history of the table that files are about to go, or have gone. The entry changes
// nothing, so that others only make it follow them.
Status Note(Table& table, const std::string& operation,
            const std::map<std::string, std::string>& parameters,
            const std::map<std::string, std::string>& metrics) {
  for (int attempt = 0; attempt < kMaxVacuumCommits; attempt++) {
    Transaction transaction;
    LEAT_ASSIGN(transaction.base, table.Load());
    transaction.info.operation = operation;
    transaction.info.operation_parameters = parameters;
    transaction.info.operation_metrics = metrics;
    LEAT_ASSIGN(const CommitOutcome outcome, table.Commit(std::move(transaction)));
    if (std::holds_alternative<Committed>(outcome)) return Ok();
  }
  return RetryLater(fmt::format("table {} is changed again and again by others: {} not committed",
                                table.path(), operation));
}

Status RemoveFiles(io::FileSystem& files, const std::string& table_path,
                   const std::vector<UnusedFile>& unused) {
  for (const UnusedFile& file : unused) {
    const Status removed = files.Remove(io::JoinPath(table_path, file.path));
    if (!removed.ok() && removed.error().kind() != ErrorKind::kNotFound) {
      return Error(removed.error()).WithContext(fmt::format("vacuuming table {}", table_path));
    }
  }
  return Ok();
}

// Removes the files between two entries like those of Spark: VACUUM START and VACUUM END.
Status RemoveAndNote(const io::Environment& environment, Table& table, const Snapshot& snapshot,
                     const VacuumOptions& options, const std::vector<UnusedFile>& unused) {
  LEAT_ASSIGN(const TableProperties properties, ParseTableProperties(snapshot.metadata()));
  std::map<std::string, std::string> parameters = {
      {"retentionCheckEnabled", options.allows_short_retention ? "false" : "true"},
      {"defaultRetentionMillis", std::to_string(properties.tombstone_retention_ms)}};
  if (options.retention_ms) {
    parameters["specifiedRetentionMillis"] = std::to_string(*options.retention_ms);
  }
  std::int64_t size_bytes = 0;
  std::set<std::string> folders;
  for (const UnusedFile& file : unused) {
    size_bytes += file.size_bytes;
    folders.insert(io::ParentPath(file.path));
  }
  LEAT_TRY(Note(table, "VACUUM START", parameters,
                {{"numFilesToDelete", std::to_string(unused.size())},
                 {"sizeOfDataToDelete", std::to_string(size_bytes)}}));
  const Status removed = RemoveFiles(environment.files, table.path(), unused);
  if (!removed.ok()) {
    const Status noted = Note(table, "VACUUM END", {{"status", "FAILED"}}, {});
    static_cast<void>(noted);  // the first error is the one to report
    return removed;
  }
  return Note(table, "VACUUM END", {{"status", "COMPLETED"}},
              {{"numDeletedFiles", std::to_string(unused.size())},
               {"numVacuumedDirectories", std::to_string(folders.size())}});
}

}  // namespace

Result<std::vector<UnusedFile>> Vacuum(const io::Environment& environment, Table& table,
                                       const VacuumOptions& options) {
  const std::string& root = table.path();
  LEAT_ASSIGN(std::shared_ptr<const Snapshot> snapshot, table.Load());
  LEAT_TRY(CheckWritable(snapshot->protocol(), snapshot->metadata(), root));
  LEAT_ASSIGN(const std::int64_t retention_ms, RetentionMs(*snapshot, root, options));
  const std::int64_t cutoff_ms = environment.clock.Now() / kMicrosPerMilli - retention_ms;
  OldFiles old(environment.files, root, cutoff_ms * kMicrosPerMilli);
  LEAT_TRY(old.Find());
  // Loaded after the folder was listed: a file that came back meanwhile (RESTORE) is seen.
  LEAT_ASSIGN(snapshot, table.Load());
  NeededFiles needed(root);
  for (const AddFile& file : snapshot->files()) LEAT_TRY(needed.Add(file));
  for (const RemoveFile& file : snapshot->tombstones()) {
    if (file.deleted_ms >= cutoff_ms) LEAT_TRY(needed.Add(file));
  }
  std::erase_if(old.found, [&](const UnusedFile& file) { return needed.Contains(file.path); });
  if (!options.dry_run && !old.found.empty()) {
    LEAT_TRY(RemoveAndNote(environment, table, *snapshot, options, old.found));
  }
  return std::move(old.found);
}

}  // namespace leat::delta
