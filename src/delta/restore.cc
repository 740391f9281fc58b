#include "delta/restore.h"

#include <fmt/format.h>

#include <unordered_set>

#include "delta/deletion_vector.h"

namespace leat::delta {
namespace {

using FileKeys = std::unordered_set<FileKey, FileKeyHash>;

FileKeys KeysOf(const FileList& files) {
  FileKeys keys;
  for (const AddFile& file : files) keys.insert(FileKey(file));
  return keys;
}

Status CheckThere(io::FileSystem& files, const std::string& table_path, const std::string& path,
                  TableVersion version) {
  const auto info = files.Stat(io::JoinPath(table_path, path));
  if (info.ok()) return Ok();
  if (info.error().kind() != ErrorKind::kNotFound) return info.error();
  return NotFound(fmt::format("version {} of table {} cannot be restored: its file {} is gone",
                              version.value(), table_path, path))
      .WithHint("a vacuum has removed it; leat history lists the versions since");
}

// The target's schema and configuration, but what a table can only gain stays.
Metadata RestoredMetadata(const Metadata& latest, const Metadata& target) {
  Metadata metadata = target;
  for (const char* key :
       {"delta.columnMapping.mode", "delta.columnMapping.maxColumnId",
        "delta.enableInCommitTimestamps", "delta.inCommitTimestampEnablementVersion",
        "delta.inCommitTimestampEnablementTimestamp", "delta.enableRowTracking"}) {
    const auto found = latest.configuration.find(key);
    if (found == latest.configuration.end()) {
      metadata.configuration.erase(key);
    } else {
      metadata.configuration[key] = found->second;
    }
  }
  return metadata;
}

bool SameTable(const Metadata& a, const Metadata& b) {
  return a.name == b.name && a.description == b.description && a.schema == b.schema &&
         a.partition_columns == b.partition_columns && a.configuration == b.configuration;
}

}  // namespace

Result<Transaction> MakeRestore(io::FileSystem& files, const std::string& table_path,
                                std::shared_ptr<const Snapshot> latest, const Snapshot& target) {
  Transaction restore{.base = latest, .scope = ReadScope::kWholeTable};
  const FileKeys wanted = KeysOf(target.files());
  const FileKeys current = KeysOf(latest->files());
  for (const AddFile& file : latest->files()) {
    if (!wanted.contains(FileKey(file))) restore.removes.push_back(RemovalOf(file));
  }
  for (const AddFile& file : target.files()) {
    if (current.contains(FileKey(file))) continue;
    LEAT_TRY(CheckThere(files, table_path, file.path, target.version()));
    if (file.deletion_vector) {
      LEAT_ASSIGN(const std::string path, DeletionVectorPath(*file.deletion_vector, table_path));
      if (!path.empty()) LEAT_TRY(CheckThere(files, table_path, path, target.version()));
    }
    restore.adds.push_back(file);
    restore.adds.back().data_change = true;
  }
  Metadata metadata = RestoredMetadata(latest->metadata(), target.metadata());
  if (!SameTable(metadata, latest->metadata())) restore.metadata = std::move(metadata);
  restore.info.operation = "RESTORE";
  restore.info.operation_parameters = {{"version", std::to_string(target.version().value())}};
  restore.info.operation_metrics = {
      {"numRestoredFiles", std::to_string(restore.adds.size())},
      {"numRemovedFiles", std::to_string(restore.removes.size())},
      {"tableSizeAfterRestore", std::to_string(target.files().size())}};
  return restore;
}

}  // namespace leat::delta
