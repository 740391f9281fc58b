// Publishes staged and audited files as one Delta commit: appended, in place of all rows, of some
// sources' rows, of an interval, merged by key, or as history.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/engine.h"

namespace leat::transform {

struct ReplaceAll {};
struct Append {};
struct ReplaceSources {
  std::vector<std::string> sources;
};  // rows by their _leat_source
struct ReplaceInterval {
  std::string time_column;
  Interval interval;
};
struct MergeByKey {
  std::vector<std::string> key;
};  // nulls in keys are equal to each other
// Slowly changing dimension, type 2: adds valid_from, valid_to and is_current. A key's row is
// closed and a new one begun when another column differs; see AddToHistory.
struct TrackHistory {
  std::vector<std::string> key;
  std::string time_column;  // valid_from of a row; empty: `now`
  TimestampUs now = 0;
  bool closes_missing = false;  // keys that no longer come; if not, they stay current
  bool begins_anew = false;     // in place of all rows of a table that keeps no history
};
using PublishMode =
    std::variant<ReplaceAll, Append, ReplaceSources, ReplaceInterval, MergeByKey, TrackHistory>;

struct PublishInput {
  std::string table_path;
  // The table as it was when the caller decided what to publish; null: it did not exist. What
  // another run has recorded since then under one of app_transactions is a conflict.
  std::shared_ptr<const delta::Snapshot> read;
  data::Schema schema;  // of the staged files
  std::vector<engine::WrittenFile> files;
  PublishMode mode;
  std::vector<delta::AppTransaction> app_transactions;
  std::map<std::string, std::string> configuration;  // table properties to set
  // The columns that partition the table: of a new one, and of one that is replaced; of others they
  // must be so already. Empty: as it is.
  std::vector<std::string> partition_by = {};
  std::map<std::string, std::string> commit_extra;  // raw JSON by key, into commitInfo
};

// What happened to a history besides new states that follow the ones before.
struct HistoryRemarks {
  std::int64_t late = 0;      // states that took a place before the current one
  std::int64_t replaced = 0;  // states that came again with their time, and other values
  std::int64_t closed = 0;    // keys that no longer came
};

struct Published {
  std::optional<TableVersion> version;  // none: nothing to commit
  // The staged files belong to the table; else their rows were written anew, in the form that the
  // table asks for, and the files are still the caller's.
  bool took_staged = false;
  std::int64_t bytes_written = 0;
  std::int64_t rows_rewritten = 0;  // rows of the table that were copied to new files
  HistoryRemarks history = {};
  std::optional<Error> checkpoint_error;  // see delta::Committed
};

// Durable when it returns: data files, folder and log entry are synced in that order. When another
// process commits in between, the publication is computed again on its result. Errors: duplicate
// keys, a schema that does not fit, kConflict after limits.h's attempts or when another run already
// recorded one of the app_transactions, kCancelled when the thread's work is stopped before the
// commit. After a failure the staged files are the caller's, and the table does not name them,
// unless it is kOutcomeUnknown.
Result<Published> Publish(const io::Environment& environment, engine::Engine& engine,
                          const PublishInput& input);

}  // namespace leat::transform
