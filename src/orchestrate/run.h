// Runs assets in dependency order. A plan is data: what will run is decided in one place, and
// executed, printed or counted elsewhere.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "orchestrate/workspace.h"
#include "quality/audit.h"

namespace leat::orchestrate {

struct RunRequest {
  std::vector<std::string> select, exclude;  // dbt's selection syntax; empty: everything
  std::optional<Interval> window;            // --start and --end; aligned to each asset's grain
  bool full_refresh = false;
  int jobs = 0;                 // 0: two per core
  std::optional<RunId> resume;  // leat retry: only what failed or was skipped in that run
  std::string command;          // as typed, for the history
  // What does not bind, and why. Like assets whose file is broken it is left out, and so is what
  // reads it.
  std::map<AssetName, std::string> unbound;
};

// What one task does. A new kind does not compile until every user handles it.
struct LoadFiles {};  // source: new and changed files into bronze
struct LoadSeed {};
struct CreateView {};  // binds the view; stores nothing
struct BuildTable {};  // table, append, merge, scd2
// Interval model, before its missing intervals: says how far it is and what of it is out of date.
struct ReviewDone {};
struct BuildInterval {
  Interval interval;
};
using StepKind =
    std::variant<LoadFiles, LoadSeed, CreateView, BuildTable, ReviewDone, BuildInterval>;

struct Step {
  AssetName asset;
  StepKind kind;
  std::vector<std::size_t> after;  // indices of steps of this plan that must succeed first
};
// A selected asset that is not run.
struct LeftOut {
  AssetName asset;
  AssetName cause;     // the asset that is wrong: this one, or one that it reads
  std::string reason;  // an error with its place, or "reads silver.orders, which is left out"
};
struct Plan {
  std::vector<Step> steps;  // in an order that respects `after`
  std::vector<LeftOut> left_out;
  std::vector<AssetName> selected;  // all of them, also those that nothing is to be done for
};

struct TaskResult {
  AssetName asset;
  state::TaskStatus status = state::TaskStatus::kSucceeded;
  int attempt = 1;
  std::optional<Interval> interval;
  std::int64_t rows_read = 0, rows_written = 0, rows_quarantined = 0, bytes_written = 0;
  std::optional<TableVersion> version;  // committed; none when nothing changed or for views
  std::int64_t duration_us = 0;
  std::optional<Error> error;
  std::string warning;  // of a success: what did not go as it should; empty: nothing
  // What happened that is no fault, one line each without the asset's name: "new column client
  // (2.csv)". In the output, the run's log, and the history of the version it belongs to.
  std::vector<std::string> notes;
  std::vector<quality::CheckOutcome> checks;
};

struct RunResult {
  RunId id;
  state::RunStatus status = state::RunStatus::kSucceeded;  // partial: some tasks succeeded
  TimestampUs started_us = 0;
  std::int64_t duration_us = 0;
  std::vector<TaskResult> tasks;  // in the order in which they ended
  std::vector<std::string> warnings;
};

// Told of progress from worker threads; must be thread-safe.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void RunStarted(const RunId& run, const Plan& plan) = 0;
  virtual void TaskStarted(const Step& step) = 0;
  // fraction: 0 to 1, negative when unknown. A few times a second per running task.
  virtual void TaskProgressed(const Step& step, double fraction) = 0;
  virtual void TaskFinished(const Step& step, const TaskResult& result) = 0;
};

// What a request would run. kInvalidInput: unknown names in the selection.
Result<Plan> MakePlan(Workspace& workspace, const RunRequest& request);

// Runs a plan to its end. Failures of tasks are in the result; an error means that nothing ran, or
// that the run could not be recorded. When `cancel` is set, running queries are interrupted and the
// rest is cancelled.
Result<RunResult> Run(Workspace& workspace, const RunRequest& request, RunObserver& observer,
                      const io::CancelToken& cancel);

// `leat check`: all checks of the selected assets against their published tables. Changes nothing.
Result<RunResult> RunChecks(Workspace& workspace, const std::vector<std::string>& select,
                            const std::vector<std::string>& exclude, const io::CancelToken& cancel);

// `leat quarantine replay`: offers an asset's quarantined rows again. Exactly once, also across
// crashes.
struct ReplayResult {
  std::int64_t replayed = 0;       // rows now in the table
  std::int64_t still_failing = 0;  // rows that stay in quarantine
  std::optional<TableVersion> version;
};
Result<ReplayResult> Replay(Workspace& workspace, const AssetName& asset);

// `leat test`: the project's unit tests of models.
struct UnitTestResult {
  std::string name;
  AssetName model;
  bool passed = false;
  std::string message;  // the difference, or the error
  Location location;
  std::int64_t duration_us = 0;
};
Result<std::vector<UnitTestResult>> RunUnitTests(Workspace& workspace,
                                                 const std::vector<std::string>& select);

}  // namespace leat::orchestrate
