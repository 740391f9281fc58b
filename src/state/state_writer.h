// Records runs, tasks, checks and logs. The only writer of the state database.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "io/environment.h"
#include "state/records.h"
#include "state/schema.h"

namespace leat::state {

// Thread-safe. Several processes may each have one: they take turns. Each call is one transaction,
// without an fsync: what a power failure loses can be read again from the tables. A file found
// damaged is moved aside and begun anew at once, see TakeWarnings. Errors: kRetryLater (disk full
// or failing, another process wrote for longer than kBusyTimeoutMs), kDenied.
class StateWriter {
 public:
  // `path` is StatePath(root, environment). Marks the runs whose process has vanished as failed,
  // "interrupted". kInvalidInput: a newer Leat wrote the file.
  static Result<std::unique_ptr<StateWriter>> Open(const io::Environment& environment,
                                                   const std::string& path);
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  // What the user should know and was not told yet.
  std::vector<std::string> TakeWarnings();

  // Begin and End take the whole record, and each writes it whole; only the order of runs and tasks
  // is that of their first call. BeginRun records the calling process, and what the run is to do:
  // of a run that does not come to EndRun, what has no record by then was interrupted too. EndRun
  // also forgets runs beyond kRunsKept.
  Status BeginRun(const RunRecord& run, const std::vector<PlannedTask>& planned = {});
  Status EndRun(const RunRecord& run);
  Status BeginTask(const TaskRecord& task);
  Status EndTask(const TaskRecord& task);
  // For tasks that never start (skipped, cancelled), all in one transaction.
  Status AddTasks(const std::vector<TaskRecord>& tasks);

  Status AddChecks(const std::vector<CheckRecord>& checks);
  Status AddLog(const LogRecord& line);
  Status AddLogs(const std::vector<LogRecord>& lines);

  // Of a view that has been bound and checked.
  Status PutDefinition(const AssetName& view, const std::string& fingerprint);

 private:
  StateWriter(const io::Environment& environment, std::string path)
      : environment_(environment), path_(std::move(path)) {}

  // Runs the body in a transaction; when the file turns out damaged, begins a new one and runs it
  // again.
  Status Write(const std::function<Status()>& body);

  const io::Environment environment_;
  const std::string path_;
  std::mutex mutex_;  // guards all below
  std::unique_ptr<Connection> connection_;
  struct ActiveRun {
    RunRecord record;
    std::vector<PlannedTask> planned;
  };
  std::unordered_map<RunId, ActiveRun>
      active_runs_;  // begun here and not ended: survive a damaged file
  std::vector<std::string> warnings_;
};

}  // namespace leat::state
