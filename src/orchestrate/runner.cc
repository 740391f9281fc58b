// Executes a plan: workers take ready steps, a supervisor watches for cancellation and timeouts and
// reports progress.
#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <utility>

#include "base/json.h"
#include "io/work.h"
#include "orchestrate/limits.h"
#include "orchestrate/maintenance.h"
#include "orchestrate/run.h"
#include "orchestrate/task.h"

namespace leat::orchestrate {
namespace {

state::CheckStatus ToState(quality::CheckStatus status) {
  switch (status) {
    case quality::CheckStatus::kPassed: return state::CheckStatus::kPassed;
    case quality::CheckStatus::kFailed: return state::CheckStatus::kFailed;
    case quality::CheckStatus::kWarned: return state::CheckStatus::kWarned;
    case quality::CheckStatus::kError: return state::CheckStatus::kError;
  }
  return state::CheckStatus::kError;
}

nlohmann::json CellToJson(const data::Value& value) {
  struct Visitor {
    nlohmann::json operator()(std::monostate) const { return nullptr; }
    nlohmann::json operator()(bool flag) const { return flag; }
    nlohmann::json operator()(std::int64_t number) const { return number; }
    nlohmann::json operator()(double number) const {
      if (std::isfinite(number)) return number;
      if (std::isnan(number)) return "NaN";  // JSON has no such numbers
      return number > 0 ? "Infinity" : "-Infinity";
    }
    nlohmann::json operator()(const std::string& text) const { return text; }
    nlohmann::json operator()(data::Instant instant) const { return FormatTimestamp(instant.us); }
  };
  return std::visit(Visitor(), value);
}

std::string SamplesToJson(const data::Rows& samples) {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& cells : samples.rows) {
    nlohmann::json row = nlohmann::json::object();
    for (std::size_t i = 0; i < cells.size(); i++)
      row[samples.schema.fields[i].name] = CellToJson(cells[i]);
    rows.push_back(std::move(row));
  }
  return JsonTextOfAny(rows);
}

bool MayBeRetried(const Error& error) {
  return error.kind() == ErrorKind::kRetryLater || error.kind() == ErrorKind::kConflict;
}

class Runner {
 public:
  Runner(Workspace& workspace, const RunRequest& request, RunObserver& observer,
         const io::CancelToken& cancel)
      : workspace_(workspace), request_(request), observer_(observer), cancel_(cancel) {}

  Result<RunResult> Run() {
    const io::WorkScope scope(work_);
    LEAT_ASSIGN(plan_, MakePlan(workspace_, request_));
    LEAT_ASSIGN(writer_, workspace_.writer());
    LEAT_TRY(Begin());
    MakeFolders();
    observer_.RunStarted(result_.id, plan_);
    RecordLeftOut();
    states_ = std::vector<State>(plan_.steps.size());
    waiting_ = plan_.steps.size();
    QueueReady();
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t most =
        request_.jobs > 0 ? static_cast<std::size_t>(request_.jobs) : cores * kWorkersPerCore;
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i < std::min(most, plan_.steps.size()); i++)
      workers.emplace_back([this] { Work(); });
    Supervise();
    for (std::thread& worker : workers) worker.join();
    return End();
  }

 private:
  enum class Progress { kWaiting, kQueued, kRunning, kSucceeded, kUnsuccessful };

  struct State {
    Progress progress = Progress::kWaiting;
    engine::Session* session = nullptr;  // while a query may run
    std::shared_ptr<io::Work> work;      // shared with the task; null: none is running
    std::int64_t deadline_us = 0;        // monotonic; 0: none
    bool timed_out = false;
  };

  Status Begin() {
    const io::Environment& environment = workspace_.environment();
    result_.id = RunId(io::NewUuid(environment.random));
    result_.started_us = environment.clock.Now();
    begun_us_ = environment.clock.MonotonicUs();
    first_started_us_ = result_.started_us;
    if (request_.resume) {
      LEAT_ASSIGN(state::StateReader* const reader, workspace_.reader());
      LEAT_ASSIGN(const auto resumed, reader->Run(request_.resume->value()));
      first_started_us_ = resumed.first_started_us.value_or(resumed.started_us);
    }
    record_ = {.id = result_.id,
               .status = state::RunStatus::kRunning,
               .started_us = result_.started_us,
               .command = request_.command,
               .selection = SelectionText(),
               .interval = request_.window,
               .full_refresh = request_.full_refresh};
    if (request_.resume) record_.first_started_us = first_started_us_;
    std::vector<state::PlannedTask> planned;
    for (const Step& step : plan_.steps) {
      const auto* interval = std::get_if<BuildInterval>(&step.kind);
      planned.push_back({.asset = step.asset,
                         .interval = interval ? std::optional(interval->interval) : std::nullopt});
    }
    for (const LeftOut& out : plan_.left_out)
      planned.push_back({.asset = out.asset, .interval = {}});
    return writer_->BeginRun(record_, planned);
  }

  // Of all tables at once: one by one, each would wait for the disk.
  void MakeFolders() {
    std::vector<std::string> folders;
    for (const Step& step : plan_.steps) {
      if (std::holds_alternative<CreateView>(step.kind)) continue;
      folders.push_back(workspace_.TablePath(step.asset));
    }
    const Status made = workspace_.environment().files.CreateAllDirectories(folders);
    (void)made;  // each task that misses its folder tries again, and tells what is wrong
  }

  std::string SelectionText() const {
    std::string text;
    for (const std::string& part : request_.select) text += (text.empty() ? "" : " ") + part;
    return text;
  }

  // --- the queue; mutex_ is held
  // -----------------------------------------------------------------------------

  void QueueReady() {
    for (std::size_t i = 0; i < states_.size(); i++) {
      if (states_[i].progress != Progress::kWaiting) continue;
      bool ready = true, hopeless = false;
      for (const std::size_t before : plan_.steps[i].after) {
        ready &= states_[before].progress == Progress::kSucceeded;
        hopeless |= states_[before].progress == Progress::kUnsuccessful;
      }
      if (hopeless || (cancel_.cancelled() && ready)) {
        Skip(i);
      } else if (ready) {
        states_[i].progress = Progress::kQueued;
        ready_.push_back(i);
      }
    }
  }

  void Skip(std::size_t i) {
    states_[i].progress = Progress::kUnsuccessful;
    TaskResult skipped{.asset = plan_.steps[i].asset};
    skipped.status =
        cancel_.cancelled() ? state::TaskStatus::kCancelled : state::TaskStatus::kSkipped;
    skipped.attempt = 0;
    if (const auto* step = std::get_if<BuildInterval>(&plan_.steps[i].kind))
      skipped.interval = step->interval;
    observer_.TaskFinished(plan_.steps[i], skipped);
    Record(writer_->AddTasks({ToRecord(skipped, result_.started_us)}));
    result_.tasks.push_back(std::move(skipped));
    waiting_--;
  }

  // They count as skipped, so that the run is no success and a retry runs them.
  void RecordLeftOut() {
    std::vector<state::TaskRecord> records;
    for (const LeftOut& out : plan_.left_out) {
      TaskResult skipped{.asset = out.asset,
                         .status = state::TaskStatus::kSkipped,
                         .attempt = 0,
                         .error = InvalidInput("left out: " + out.reason)};
      records.push_back(ToRecord(skipped, result_.started_us));
      result_.tasks.push_back(std::move(skipped));
    }
    if (!records.empty()) Record(writer_->AddTasks(records));
  }

  // --- workers
  // -------------------------------------------------------------------------------------------------

  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !ready_.empty() || waiting_ == 0; });
      if (ready_.empty()) return;
      const std::size_t i = ready_.front();
      ready_.pop_front();
      states_[i].progress = Progress::kRunning;
      lock.unlock();
      TaskResult result = AttemptOrBug(i);
      lock.lock();
      states_[i].progress = result.status == state::TaskStatus::kSucceeded
                                ? Progress::kSucceeded
                                : Progress::kUnsuccessful;
      result_.tasks.push_back(std::move(result));
      waiting_--;
      QueueReady();
      changed_.notify_all();
    }
  }

  // No exception leaves a worker: it would end the process, and the other tasks with it.
  TaskResult AttemptOrBug(std::size_t i) {
    try {
      return Attempt(i);
    } catch (const std::exception& e) {
      return {.asset = plan_.steps[i].asset,
              .status = state::TaskStatus::kFailed,
              .error = Bug(e.what())};
    }
  }

  TaskResult Attempt(std::size_t i) {
    const Step& step = plan_.steps[i];
    const project::Asset& asset = *workspace_.project().Find(step.asset);
    io::Clock& clock = workspace_.environment().clock;
    const std::int64_t begun = clock.MonotonicUs();
    observer_.TaskStarted(step);
    TaskResult result;
    for (int attempt = 1;; attempt++) {
      const TimestampUs started = clock.Now();
      result = RunOnce(i, asset, attempt);
      result.attempt = attempt;
      result.duration_us = clock.MonotonicUs() - begun;
      RecordTask(result, started);
      const bool again = result.status == state::TaskStatus::kFailed &&
                         MayBeRetried(*result.error) && attempt < asset.retry.attempts &&
                         !cancel_.cancelled();
      if (!again) break;
      Wait(asset.retry, attempt);
      if (cancel_.cancelled()) break;
    }
    observer_.TaskFinished(step, result);
    return result;
  }

  TaskResult RunOnce(std::size_t i, const project::Asset& asset, int attempt) {
    const auto work = std::make_shared<io::Work>(cancel_);
    {
      const std::lock_guard lock(mutex_);
      states_[i].work = work;
      states_[i].timed_out = false;
      states_[i].deadline_us =
          asset.timeout_us == 0 ? 0
                                : workspace_.environment().clock.MonotonicUs() + asset.timeout_us;
    }
    TaskResult running{
        .asset = asset.name, .status = state::TaskStatus::kRunning, .attempt = attempt};
    if (const auto* step = std::get_if<BuildInterval>(&plan_.steps[i].kind))
      running.interval = step->interval;
    Record(writer_->BeginTask(ToRecord(running, workspace_.environment().clock.Now())));
    const TaskContext context{.workspace = workspace_,
                              .asset = asset,
                              .run = result_.id,
                              .run_started_us = first_started_us_,
                              .full_refresh = request_.full_refresh,
                              .cancel = cancel_,
                              .use_session = [this, i](engine::Session* session) {
                                const std::lock_guard lock(mutex_);
                                states_[i].session = session;
                              }};
    const io::WorkScope scope(work);
    TaskResult result = RunTask(context, plan_.steps[i].kind);
    if (!result.warning.empty()) Warn(result.warning);
    if (result.status == state::TaskStatus::kSucceeded && asset.is_view())
      Record(writer_->PutDefinition(asset.name, asset.fingerprint));
    const std::lock_guard lock(mutex_);
    states_[i].deadline_us = 0;
    states_[i].work = nullptr;
    if (states_[i].timed_out && result.status == state::TaskStatus::kCancelled &&
        !cancel_.cancelled()) {
      result.status = state::TaskStatus::kFailed;
      result.error =
          RetryLater("timed out").At(asset.location).WithHint("raise `timeout` of the asset");
    }
    return result;
  }

  // Exponential backoff with jitter: half of the delay is random, so that tasks do not retry in
  // step.
  void Wait(const project::Retry& retry, int attempt) {
    std::int64_t delay = std::min(retry.delay_us << std::min(attempt - 1, 20), kMaxRetryDelayUs);
    const auto half = static_cast<std::uint64_t>(std::max<std::int64_t>(1, delay / 2));
    delay = static_cast<std::int64_t>(half + workspace_.environment().random.Next() % half);
    for (std::int64_t waited = 0; waited < delay && !cancel_.cancelled();
         waited += kSupervisePeriodUs) {
      workspace_.environment().clock.Sleep(std::min(kSupervisePeriodUs, delay - waited));
    }
  }

  // --- supervisor
  // ----------------------------------------------------------------------------------------------

  void Supervise() {
    std::unique_lock lock(mutex_);
    const auto period = std::chrono::microseconds(kSupervisePeriodUs);
    while (!changed_.wait_for(lock, period, [this] { return waiting_ == 0; })) {
      if (cancel_.cancelled()) CancelQueued();
      const std::int64_t now = workspace_.environment().clock.MonotonicUs();
      for (std::size_t i = 0; i < states_.size(); i++) {
        State& state = states_[i];
        if (state.work == nullptr) continue;
        if (state.deadline_us != 0 && now > state.deadline_us) {
          state.timed_out = true;
          state.work->Stop();
        }
        if (state.work->stopped()) {
          state.work->Interrupt();
        } else if (state.session != nullptr) {
          observer_.TaskProgressed(plan_.steps[i], state.session->Progress().fraction);
        }
      }
    }
    changed_.notify_all();
  }

  void CancelQueued() {
    while (!ready_.empty()) {
      Skip(ready_.front());
      ready_.pop_front();
    }
    QueueReady();
    changed_.notify_all();
  }

  // --- records
  // -------------------------------------------------------------------------------------------------

  state::TaskRecord ToRecord(const TaskResult& result, TimestampUs started) const {
    state::TaskRecord record{.run = result_.id,
                             .asset = result.asset,
                             .interval = result.interval,
                             .attempt = std::max(1, result.attempt),
                             .status = result.status,
                             .started_us = started,
                             .rows_read = result.rows_read,
                             .rows_written = result.rows_written,
                             .rows_quarantined = result.rows_quarantined,
                             .bytes_written = result.bytes_written,
                             .version = result.version};
    if (result.status != state::TaskStatus::kRunning)
      record.ended_us = workspace_.environment().clock.Now();
    if (result.error) record.error = result.error->ToString();
    return record;
  }

  void RecordTask(const TaskResult& result, TimestampUs started) {
    Record(writer_->EndTask(ToRecord(result, started)));
    std::vector<state::CheckRecord> checks;
    for (const quality::CheckOutcome& check : result.checks) {
      checks.push_back({.run = result_.id,
                        .asset = result.asset,
                        .interval = result.interval,
                        .name = check.name,
                        .column = check.column,
                        .status = ToState(check.status),
                        .failing_rows = check.failing_rows,
                        .sample_json = SamplesToJson(check.samples),
                        .on_fail = quality::ToString(check.on_fail),
                        .message = check.message,
                        .checked_us = workspace_.environment().clock.Now()});
    }
    if (!checks.empty()) Record(writer_->AddChecks(checks));
    std::vector<state::LogRecord> lines;
    const auto add = [&](state::LogLevel level, const std::string& text) {
      lines.push_back({.run = result_.id,
                       .asset = result.asset,
                       .time_us = workspace_.environment().clock.Now(),
                       .level = level,
                       .message = text});
    };
    for (const std::string& note : result.notes) add(state::LogLevel::kInfo, note);
    if (result.error) add(state::LogLevel::kError, result.error->ToString());
    if (!lines.empty()) Record(writer_->AddLogs(lines));
  }

  // The state database is an index: failing to write it is said, and never fails a task whose rows
  // are in the lake.
  void Record(const Status& status) {
    if (!status.ok()) Warn("the history is incomplete: " + status.error().message());
  }

  void Warn(const std::string& text) {
    const std::lock_guard lock(warnings_mutex_);
    if (std::find(result_.warnings.begin(), result_.warnings.end(), text) ==
        result_.warnings.end()) {
      result_.warnings.push_back(text);
    }
  }

  void CompactPublished() {
    std::set<AssetName> published;
    for (const TaskResult& task : result_.tasks) {
      if (task.version) published.insert(task.asset);
    }
    const io::WorkWatch watch(work_);
    Status compacted;
    try {
      compacted = orchestrate::CompactPublished(workspace_, {published.begin(), published.end()});
    } catch (const std::exception& e) {
      compacted = Bug(e.what());
    }
    if (!compacted.ok() && compacted.error().kind() != ErrorKind::kCancelled) {
      Warn("small files stay as they are: " + compacted.error().message());
    }
  }

  RunResult End() {
    if (!cancel_.cancelled()) CompactPublished();
    std::size_t succeeded = 0, cancelled = 0;
    for (const TaskResult& task : result_.tasks) {
      succeeded += task.status == state::TaskStatus::kSucceeded ? 1 : 0;
      cancelled += task.status == state::TaskStatus::kCancelled ? 1 : 0;
    }
    if (succeeded == result_.tasks.size()) {
      result_.status = state::RunStatus::kSucceeded;
    } else if (cancelled > 0) {
      result_.status = state::RunStatus::kCancelled;
    } else {
      result_.status = succeeded > 0 ? state::RunStatus::kPartial : state::RunStatus::kFailed;
    }
    result_.duration_us = workspace_.environment().clock.MonotonicUs() - begun_us_;
    record_.status = result_.status;
    record_.ended_us = workspace_.environment().clock.Now();
    Record(writer_->EndRun(record_));
    for (std::string& warning : writer_->TakeWarnings())
      result_.warnings.push_back(std::move(warning));
    return std::move(result_);
  }

  Workspace& workspace_;
  const RunRequest& request_;
  RunObserver& observer_;
  const io::CancelToken& cancel_;
  const std::shared_ptr<io::Work> work_ = std::make_shared<io::Work>(cancel_);  // of the run itself
  state::StateWriter* writer_ = nullptr;
  Plan plan_;
  state::RunRecord record_;
  std::int64_t begun_us_ = 0;
  TimestampUs first_started_us_ = 0;

  std::mutex mutex_;  // guards all below but warnings
  std::condition_variable changed_;
  std::vector<State> states_;  // by step
  std::deque<std::size_t> ready_;
  std::size_t waiting_ = 0;  // steps without a result
  RunResult result_;
  std::mutex warnings_mutex_;  // guards result_.warnings
};

}  // namespace

Result<RunResult> Run(Workspace& workspace, const RunRequest& request, RunObserver& observer,
                      const io::CancelToken& cancel) {
  return Runner(workspace, request, observer, cancel).Run();
}

}  // namespace leat::orchestrate
