// The actions of Delta's transaction log, as plain data. Source: Delta's PROTOCOL.md, "Actions".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "data/schema.h"

namespace leat::delta {

struct AddFile {
  std::string path;  // relative to the table, percent-decoded; in a snapshot never outside of it
  std::map<std::string, std::optional<std::string>> partition_values;
  std::int64_t size_bytes = 0;
  std::int64_t modified_ms = 0;
  bool data_change = true;
  std::string stats_json;  // as in the log; empty when there are none
  std::map<std::string, std::optional<std::string>>
      tags;  // other writers' notes, kept in checkpoints
};

struct RemoveFile {
  std::string path;
  std::int64_t deleted_ms = 0;
  bool data_change = true;
  std::map<std::string, std::optional<std::string>> partition_values;
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

// Provenance of one version. `extra` holds further keys with raw JSON values ("leat": {...}).
struct CommitInfo {
  std::int64_t timestamp_ms = 0;
  std::string operation;  // WRITE, MERGE, CREATE TABLE, ...
  std::map<std::string, std::string> operation_parameters;
  std::map<std::string, std::string> operation_metrics;
  std::map<std::string, std::string> extra;
  std::string engine_info;
  std::string txn_id;  // our UUID: tells our own commit from another's after a lost reply
};

}  // namespace leat::delta
