// Returns quarantined rows to their table, exactly once although two tables take part:
//
//   1. BeginReplay    marks pending rows with a fresh replay id                    (commit of the
//   quarantine)
//   2. StageReplay    reads them again, checks them, returns those that still fail to pending
//                     (commit of the quarantine), and writes the others as files of the table
//   3. the caller     adds these files in a commit that carries ReplayTransaction  (commit of the
//   table)
//   4. FinishReplay   marks the rows as replayed                                   (commit of the
//   quarantine)
//
// After a crash FindUnfinishedReplay tells the id: if the table knows its transaction (IsReplayed),
// go on with 4, else with 2 and the same id. The rows decided upon in 2 cannot change between 3 and
// 4, whatever happens to the checks: those that failed have lost the mark before.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "quality/audit.h"
#include "quality/quarantine.h"

namespace leat::quality {

struct Replay {
  std::string id;
  std::int64_t rows = 0;  // marked
};

// The transaction that the table's commit carries, and whether it has happened.
delta::AppTransaction ReplayTransaction(const std::string& replay_id);
bool IsReplayed(const delta::Snapshot& table, const std::string& replay_id);

// A replay that began and did not end. Nothing when there is none.
Result<std::optional<Replay>> FindUnfinishedReplay(engine::Engine& engine, engine::Session& session,
                                                   const std::string& quarantine_path);

// Marks the pending rows of the stages. Nothing when there are none.
Result<std::optional<Replay>> BeginReplay(engine::Engine& engine, engine::Session& session,
                                          const io::Environment& environment,
                                          const std::string& quarantine_path,
                                          const std::vector<QuarantineStage>& stages);

// Reads raw text again. Given a query of quarantine_id, source VARCHAR, position BIGINT, raw
// VARCHAR; returns a query in the same session of quarantine_id, replay_error VARCHAR (null when
// the text could be read) and all columns of the table. Rows that it leaves out stay in quarantine.
using Reparse =
    std::function<Result<std::string>(engine::Session& session, const std::string& rows_sql)>;

struct ReplayInput {
  const project::Asset& asset;
  data::Schema schema;                       // of the asset's table
  std::optional<engine::TableSource> table;  // its rows: replayed ones must not repeat their keys
  engine::TableResolver tables;              // see AuditInput
  engine::Parameters parameters = {};
  TimestampUs now = 0;
  Reparse reparse = nullptr;  // none: rows of the ingest stage stay in quarantine
};

struct StagedReplay {
  std::vector<engine::WrittenFile> files;  // not synced; empty when no row passed
  std::int64_t accepted = 0;
  std::int64_t rejected = 0;  // returned to pending, with the new reason
};

// Checks of rows with fail, quarantine or drop all keep a failing row in quarantine; warn lets it
// pass. Checks of the whole table are left out: they judge a run. A check that cannot be evaluated,
// or a custom one that does not return rows of the table, keeps all rows back when it fails.
// `write.directory` is the table's folder. Replaces the session's resolver; afterwards it is
// `input.tables`.
Result<StagedReplay> StageReplay(engine::Engine& engine, engine::Session& session,
                                 const io::Environment& environment,
                                 const std::string& quarantine_path, const std::string& replay_id,
                                 const ReplayInput& input, const engine::WriteOptions& write);

// Returns how many rows are now marked as replayed. Safe to repeat.
Result<std::int64_t> FinishReplay(engine::Engine& engine, engine::Session& session,
                                  const io::Environment& environment,
                                  const std::string& quarantine_path, const std::string& replay_id);

}  // namespace leat::quality
