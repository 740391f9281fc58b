// Rejected records, offered to the table's types again once the cause is fixed.
#pragma once

#include <string>

#include "engine/engine.h"
#include "io/environment.h"
#include "project/definition.h"

namespace leat::ingest {

struct ReparseInput {
  const project::Asset& asset;  // a source
  std::string project_root;
  data::Schema schema;  // of its table
  RunId run;            // the replay, as _leat_run_id of the rows
};

// `rows_sql` yields quarantine_id, source, position and raw. Returns a query of quarantine_id,
// replay_error and all columns of the table, for the rows that can be read now; the others are left
// out. The dialect is that of the file the record came from while it is there, else delimiter,
// quote and so on of the source, and the table's columns.
Result<std::string> ReparseSql(const io::Environment& environment, engine::Session& session,
                               const ReparseInput& input, const std::string& rows_sql);

}  // namespace leat::ingest
