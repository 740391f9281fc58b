// The actions of Delta's transaction log, as plain data. Source: Delta's PROTOCOL.md, "Actions".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/boxed.h"
#include "base/shared_text.h"
#include "base/time.h"
#include "data/schema.h"

namespace leat::delta {

// Where the positions of a file's deleted rows are. Source: PROTOCOL.md, "Deletion Vector
// Descriptor Schema".
struct DeletionVectorDescriptor {
  enum class Storage : char { kFileByUuid = 'u', kFileByPath = 'p', kInline = 'i' };
  Storage storage = Storage::kFileByUuid;
  std::string path_or_inline;          // as in the log
  std::optional<std::int32_t> offset;  // of the vector in its file
  std::int32_t size_bytes = 0;         // of the serialized vector
  std::int64_t cardinality = 0;        // rows deleted

  bool operator==(const DeletionVectorDescriptor&) const = default;
};

// By name; partition values, say, by physical column name.
using NullableTexts = std::map<std::string, std::optional<std::string>>;

// A snapshot has one for each file: what few of them have is boxed.
struct AddFile {
  std::string path;  // relative to the table, percent-decoded; in a snapshot never outside of it
  // As the log has it, where that is not EncodePath(path): others compare the text.
  Boxed<std::string> path_in_log;
  NullableTexts partition_values;
  std::int64_t size_bytes = 0;
  std::int64_t modified_ms = 0;
  bool data_change = true;
  SharedText stats_json;      // as in the log; empty when there are none
  Boxed<NullableTexts> tags;  // other writers' notes, kept in checkpoints
  Boxed<DeletionVectorDescriptor> deletion_vector;
  std::optional<std::int64_t> base_row_id;                 // row tracking
  std::optional<std::int64_t> default_row_commit_version;  // row tracking
  Boxed<std::string> clustering_provider;
};

struct RemoveFile {
  std::string path;
  Boxed<std::string> path_in_log;  // see AddFile
  std::int64_t deleted_ms = 0;
  bool data_change = true;
  NullableTexts partition_values;
  std::int64_t size_bytes = 0;
  Boxed<DeletionVectorDescriptor> deletion_vector;
  std::optional<std::int64_t> base_row_id;
  std::optional<std::int64_t> default_row_commit_version;
};

// The removal of a file as the snapshot has it; its time is filled in by the commit.
RemoveFile RemovalOf(const AddFile& file);

// What tells one entry for a file from another: the protocol lets a file's deletion vector be
// replaced by removing (path, old vector) and adding (path, new vector). Views into an action.
struct FileKey {
  std::string_view path;
  const DeletionVectorDescriptor* deletion_vector = nullptr;

  FileKey() = default;
  template <typename Action>
  explicit FileKey(const Action& action)
      : path(action.path),
        deletion_vector(action.deletion_vector ? &*action.deletion_vector : nullptr) {}
  bool operator==(const FileKey& other) const;
};
struct FileKeyHash {
  std::size_t operator()(const FileKey& key) const;
};

// Rows changed by a commit, for readers of the change data feed.
struct ChangeFile {
  std::string path;
  NullableTexts partition_values;
  std::int64_t size_bytes = 0;
};

struct Metadata {
  std::string id;  // UUID of the table
  std::string name;
  std::string description;
  data::Schema schema;
  std::vector<std::string> partition_columns;
  std::map<std::string, std::string> configuration;
  std::int64_t created_ms = 0;
  // Whether the log says it in the very words in which Leat writes it: a checksum file repeats
  // them.
  bool is_verbatim = true;
};

struct Protocol {
  int reader_version = 1;
  int writer_version = 2;
  std::vector<std::string> reader_features;
  std::vector<std::string> writer_features;
};

// Progress of one application in this table: a source position, an interval sequence, a file's
// fingerprint.
struct AppTransaction {
  std::string app_id;
  std::int64_t version = 0;
  std::int64_t updated_ms = 0;
};

// A named piece of a feature's metadata: delta.rowTracking, delta.clustering, or a user's.
struct DomainMetadata {
  std::string domain;
  std::string configuration;  // JSON
  bool removed = false;
};

// A file of a version 2 checkpoint with its add and remove actions.
struct SidecarFile {
  std::string path;  // a name below _delta_log/_sidecars, or as in the log
  std::int64_t size_bytes = 0;
  std::int64_t modified_ms = 0;
};

// Provenance of one version. `extra` holds further keys with raw JSON values ("leat": {...}).
struct CommitInfo {
  std::int64_t timestamp_ms = 0;  // the in-commit timestamp where there is one
  std::string operation;          // WRITE, MERGE, CREATE TABLE, ...
  std::map<std::string, std::string> operation_parameters;
  std::map<std::string, std::string> operation_metrics;
  std::map<std::string, std::string> extra;
  std::string engine_info;
  std::optional<std::int64_t> in_commit_timestamp_ms;
  std::string txn_id;  // our UUID: tells our own commit from another's after a lost reply
};

}  // namespace leat::delta
