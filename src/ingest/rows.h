// Rows of a connector to bronze: reads what a table of another system has into staged Parquet
// files. Nothing is published here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connect/connector.h"
#include "engine/engine.h"
#include "project/definition.h"

namespace leat::ingest {

struct RowsInput {
  const project::Asset& asset;  // a source with TableSourceOptions
  const project::Connection& connection;
  connect::Connector& connector;
  std::string table_path;
  std::shared_ptr<const delta::Snapshot> table;  // null: the table does not exist yet
  bool reads_all = false;                        // as with --full-refresh
  std::string staging_directory;                 // exists; the table's own folder
  RunId run;
};

struct StagedRows {
  std::vector<engine::WrittenFile> files;
  data::Schema schema;
  std::int64_t rows_read = 0;  // good and bad
  std::int64_t rows_rejected = 0;
  std::string rejects_sql;  // as StagedLoad has it
  std::vector<std::string> notes;
  // How far the source is read, for the commit.
  std::vector<delta::AppTransaction> position;
  // Neither rows nor a position that the table does not have.
  bool nothing_new = false;
};

// Errors: what the connector says; an exceeded error budget; columns that schema_policy freeze
// forbids; a cursor or key that the source does not have. No staged file is left then.
Result<StagedRows> StageRows(const io::Environment& environment, engine::Session& session,
                             const RowsInput& input);

}  // namespace leat::ingest
