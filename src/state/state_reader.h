// Reads runs, tasks, checks and logs. Never changes the state database.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/environment.h"
#include "state/records.h"
#include "state/schema.h"

namespace leat::state {

// Thread-safe. Sees what any process has written up to each call, if the file was there when it was
// opened. A run whose process has vanished reads as failed, "interrupted", and so do its unfinished
// tasks; those that it never came to read as cancelled, "interrupted". Errors: kRetryLater,
// kDenied, kCorrupt.
class StateReader {
 public:
  // `path` is StatePath(root, environment). A missing file reads as empty.
  // kInvalidInput: a newer Leat wrote the file.
  static Result<std::unique_ptr<StateReader>> Open(const io::Environment& environment,
                                                   const std::string& path);

  // Says that the file is damaged and therefore reads as empty.
  const std::optional<std::string>& warning() const { return warning_; }

  // Newest first.
  Result<std::vector<RunRecord>> Runs(std::size_t limit);
  // By id, by the beginning of an id, or "latest". kNotFound; kInvalidInput when several ids begin
  // like that.
  Result<RunRecord> Run(const std::string& reference);

  // In the order in which they began.
  Result<std::vector<TaskRecord>> Tasks(const RunId& run);
  // The newest task of every asset, by name.
  Result<std::vector<TaskRecord>> LatestTaskPerAsset();

  // In the order in which they were recorded.
  Result<std::vector<CheckRecord>> Checks(const RunId& run);
  // Of the last run in which an asset was checked, for every asset, by name.
  Result<std::vector<CheckRecord>> LatestChecksPerAsset();

  // Oldest first; of one asset, or all lines of the run. At most the newest kMaxLogsRead.
  Result<std::vector<LogRecord>> Logs(const RunId& run,
                                      const std::optional<AssetName>& asset = std::nullopt);

  // Of the views that were bound, their fingerprints then.
  Result<std::map<AssetName, std::string>> Definitions();

  // Rows written by the asset's last `limit` tasks that published a version, newest first.
  Result<std::vector<std::int64_t>> RowCounts(const AssetName& asset, std::size_t limit);

 private:
  StateReader(const io::Environment& environment, OpenedDatabase opened);

  Result<std::vector<RunRecord>> ReadRuns(const std::string& condition, const std::string& argument,
                                          std::int64_t limit);
  Result<std::vector<TaskRecord>> ReadTasks(const std::string& condition,
                                            const std::string& argument);
  // What runs that have vanished never came to, in their order.
  Result<std::vector<TaskRecord>> ReadUnbegun(const std::optional<RunId>& run);
  Result<std::vector<CheckRecord>> ReadChecks(const std::string& condition,
                                              const std::string& argument);

  io::Environment environment_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;  // guarded by mutex_
  std::optional<std::string> warning_;
};

}  // namespace leat::state
