#include "delta/clone.h"

#include "delta/deletion_vector.h"
#include "delta/log_path.h"
#include "io/file_system.h"

namespace leat::delta {
namespace {

// The file as another table names it.
Result<AddFile> FromElsewhere(AddFile file, const std::string& source_path) {
  file.path = io::JoinPath(source_path, file.path);
  file.path_in_log.reset();
  file.data_change = true;
  if (!file.deletion_vector) return file;
  LEAT_ASSIGN(const std::string path, DeletionVectorPath(*file.deletion_vector, source_path));
  if (path.empty()) return file;  // inline
  file.deletion_vector->storage = DeletionVectorDescriptor::Storage::kFileByPath;
  file.deletion_vector->path_or_inline = EncodePath(io::JoinPath(source_path, path));
  return file;
}

}  // namespace

Result<Transaction> MakeClone(const Snapshot& source, const std::string& source_path) {
  Transaction clone{.protocol = source.protocol(), .metadata = source.metadata()};
  clone.metadata->id.clear();
  clone.metadata->created_ms = 0;
  // Of the source's history, which the clone does not have.
  clone.metadata->configuration.erase("delta.inCommitTimestampEnablementVersion");
  clone.metadata->configuration.erase("delta.inCommitTimestampEnablementTimestamp");
  std::int64_t size_bytes = 0;
  for (const AddFile& file : source.files()) {
    LEAT_ASSIGN(clone.adds.emplace_back(), FromElsewhere(file, source_path));
    size_bytes += file.size_bytes;
  }
  for (const auto& [app_id, transaction] : source.app_transactions()) {
    clone.app_transactions.push_back(transaction);
  }
  for (const auto& [domain, metadata] : source.domain_metadata()) {
    clone.domain_metadata.push_back(metadata);
  }
  clone.info.operation = "CLONE";
  clone.info.operation_parameters = {{"source", source_path},
                                     {"sourceVersion", std::to_string(source.version().value())}};
  clone.info.operation_metrics = {{"sourceNumOfFiles", std::to_string(source.files().size())},
                                  {"sourceTableSize", std::to_string(size_bytes)},
                                  {"numCopiedFiles", "0"},
                                  {"copiedFilesSize", "0"},
                                  {"numRemovedFiles", "0"},
                                  {"removedFilesSize", "0"}};
  return clone;
}

}  // namespace leat::delta
