// Files to bronze: reads what is new in a source's files into staged Parquet files, sets unreadable
// rows aside. Nothing is published here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connect/file/file_source.h"
#include "engine/engine.h"
#include "project/definition.h"

namespace leat::ingest {

struct LoadInput {
  const project::Asset& asset;  // a source
  std::string project_root;
  std::shared_ptr<const delta::Snapshot> table;  // null: the table does not exist yet
  std::string staging_directory;                 // exists; the table's own folder
  RunId run;
};

struct StagedLoad {
  std::vector<engine::WrittenFile> files;
  data::Schema schema;  // of the table after the load; empty: no schema known yet
  std::vector<connect::SourceFile> loaded;  // every file to enter in the manifest
  std::vector<std::string> replaced;        // _leat_source values whose earlier rows must go
  // The staged rows take the place of all: a column has another type than before, and all files
  // were read again.
  bool replaces_all = false;
  std::map<std::string, std::string> configuration;  // table properties to set
  std::int64_t rows_read = 0;                        // good and bad
  std::int64_t rows_rejected = 0;
  // Over the load's session, until it ends: source, position, line, raw, column_name, error. Empty
  // without rejects.
  std::string rejects_sql;
  std::vector<std::string> notes;  // one line each: changes of shape, skipped lines

  bool nothing_new() const { return loaded.empty(); }
};

// Errors: an unreadable file, an exceeded error budget, a schema that schema_policy freeze forbids.
// Staged files of a failed load are removed.
Result<StagedLoad> StageFiles(const io::Environment& environment, engine::Session& session,
                              const LoadInput& input, const io::CancelToken& cancel);

// Reads seeds/<name>.csv whole, without _leat_ columns; any bad row is an error.
Result<StagedLoad> StageSeed(const io::Environment& environment, engine::Session& session,
                             const LoadInput& input);

}  // namespace leat::ingest
