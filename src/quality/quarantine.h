// The quarantine of an asset: a Delta table beside its own, with the rows that could not be loaded
// or that checks set aside, until they are replayed.
//
// Every row has an id made of what it is and where it comes from, so that the same rejection found
// again (after a crash between the commit of the quarantine and that of the table, or by a second
// run) is not kept twice. Hence the order: quarantine first, then the table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/strong.h"
#include "engine/engine.h"
#include "io/environment.h"

namespace leat::quality {

// "silver.orders" → "silver.orders_quarantine".
AssetName QuarantineName(const AssetName& asset);

// quarantine_id string (32 hexadecimal digits), status string ("pending", "replayed"), run_id
// string, quarantined_at timestamp, stage string ("ingest", "check"), check_name, column_name,
// error string, source string (file), position long, raw string (the raw line, or the row as a JSON
// object), interval_start, interval_end timestamp, replay_id string (set while and after a replay
// takes the row).
const data::Schema& QuarantineSchema();

enum class QuarantineStage { kIngest, kCheck };

// Which rows of the same stage in the table this batch replaces.
enum class QuarantineScope {
  kNewRows,   // none: rows that the table does not know by their id are added
  kSources,   // those of `sources`: these files are loaded again, in place of their earlier rows
  kTable,     // all: the asset is computed anew as a whole
  kInterval,  // those of the same interval
};

struct QuarantineBatch {
  AssetName asset;
  RunId run;
  TimestampUs now = 0;
  QuarantineStage stage = QuarantineStage::kCheck;
  QuarantineScope scope = QuarantineScope::kNewRows;
  std::optional<Interval> interval = std::nullopt;  // required for kInterval
  std::vector<std::string> sources = {};            // for kSources
  // Selects, in the given session, check_name, column_name, error, source, raw VARCHAR, position
  // BIGINT and identity VARCHAR: what makes the row the same as one met before; null: raw. Empty:
  // no rows.
  std::string sql;
  engine::Parameters parameters = {};
};

// Puts the rows of the batch into the quarantine table at `path` and returns how many it holds of
// them afterwards, new or known. Rows in scope that the batch does not have any more are removed
// while they are pending; rows replayed before that come again are pending again, except with
// kNewRows. Creates the table for its first row. Durable when it returns. Safe to repeat, and with
// other writers.
Result<std::int64_t> WriteQuarantine(engine::Engine& engine, engine::Session& session,
                                     const io::Environment& environment, const std::string& path,
                                     const QuarantineBatch& batch);

struct QuarantineCount {
  QuarantineStage stage = QuarantineStage::kCheck;
  std::string check_name;  // empty for rows that could not be read
  std::int64_t pending = 0;
  std::int64_t replayed = 0;
  TimestampUs latest = 0;  // quarantined_at of the last of them
};
// By stage and check. Empty when there is no quarantine table.
Result<std::vector<QuarantineCount>> CountQuarantine(engine::Engine& engine,
                                                     engine::Session& session,
                                                     const std::string& path);

// Pending rows, the latest first. Without columns when there is no quarantine table.
Result<data::Rows> ShowQuarantine(engine::Engine& engine, engine::Session& session,
                                  const std::string& path, std::size_t limit);

}  // namespace leat::quality
