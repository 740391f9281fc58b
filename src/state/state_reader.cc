#include "state/state_reader.h"

#include <algorithm>

#include "state/limits.h"

namespace leat::state {
namespace {

std::optional<Interval> IntervalAt(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return Interval{row.Integer(column), row.Integer(column + 1)};
}

constexpr char kSelectRuns[] = R"sql(
select id, status, started_us, ended_us, command, selection, interval_start_us, interval_end_us,
       full_refresh, error, pid, process_token, first_started_us
from runs )sql";

Result<RunRecord> ReadRun(const Statement& row, TimestampUs now) {
  LEAT_ASSIGN(const RunStatus status, ParseRunStatus(row.Text(1)));
  RunRecord run{.id = RunId(row.Text(0)),
                .status = status,
                .started_us = row.Integer(2),
                .ended_us = row.OptionalInteger(3),
                .command = row.Text(4),
                .selection = row.Text(5),
                .interval = IntervalAt(row, 6),
                .full_refresh = row.Integer(8) != 0,
                .error = row.Text(9),
                .first_started_us = row.OptionalInteger(12),
                .process = {static_cast<int>(row.Integer(10)), row.Text(11)}};
  if (run.status == RunStatus::kRunning && HasVanished(run.process, run.started_us, now)) {
    run.status = RunStatus::kFailed;
    run.error = kInterrupted;
  }
  return run;
}

constexpr char kSelectTasks[] = R"sql(
select t.run_id, t.asset, t.interval_start_us, t.interval_end_us, t.attempt, t.status, t.started_us,
       t.ended_us, t.rows_read, t.rows_written, t.rows_quarantined, t.bytes_written, t.version,
       t.error, ifnull(r.status, 'failed') = 'running', r.started_us, r.pid, r.process_token
from tasks t left join runs r on r.id = t.run_id )sql";

Result<TaskRecord> ReadTask(const Statement& row, TimestampUs now) {
  LEAT_ASSIGN(const TaskStatus status, ParseTaskStatus(row.Text(5)));
  TaskRecord task{.run = RunId(row.Text(0)),
                  .asset = AssetName(row.Text(1)),
                  .interval = IntervalAt(row, 2),
                  .attempt = static_cast<int>(row.Integer(4)),
                  .status = status,
                  .started_us = row.Integer(6),
                  .ended_us = row.OptionalInteger(7),
                  .rows_read = row.Integer(8),
                  .rows_written = row.Integer(9),
                  .rows_quarantined = row.Integer(10),
                  .bytes_written = row.Integer(11),
                  .error = row.Text(13)};
  if (const auto version = row.OptionalInteger(12)) task.version = TableVersion(*version);
  if (task.status == TaskStatus::kRunning) {
    const io::ProcessIdentity process{static_cast<int>(row.Integer(16)), row.Text(17)};
    const bool run_goes_on = row.Integer(14) != 0 && !HasVanished(process, row.Integer(15), now);
    if (!run_goes_on) {
      task.status = TaskStatus::kFailed;
      task.error = kInterrupted;
    }
  }
  return task;
}

constexpr char kSelectChecks[] = R"sql(
select run_id, asset, interval_start_us, interval_end_us, name, column_name, status, failing_rows,
       sample_json, on_fail, message, checked_us
from checks )sql";

Result<CheckRecord> ReadCheck(const Statement& row) {
  LEAT_ASSIGN(const CheckStatus status, ParseCheckStatus(row.Text(6)));
  return CheckRecord{.run = RunId(row.Text(0)),
                     .asset = AssetName(row.Text(1)),
                     .interval = IntervalAt(row, 2),
                     .name = row.Text(4),
                     .column = row.Text(5),
                     .status = status,
                     .failing_rows = row.Integer(7),
                     .sample_json = row.Text(8),
                     .on_fail = row.Text(9),
                     .message = row.Text(10),
                     .checked_us = row.Integer(11)};
}

// The words of stored records are known: others mean a damaged file.
Error AsCorrupt(Error error, const std::string& path) {
  if (error.kind() != ErrorKind::kInvalidInput) return error;
  return Corrupt("state database " + path + ": " + error.message());
}

}  // namespace

StateReader::StateReader(const io::Environment& environment, OpenedDatabase opened)
    : environment_(environment),
      connection_(std::move(opened.connection)),
      warning_(std::move(opened.warning)) {}

Result<std::unique_ptr<StateReader>> StateReader::Open(const io::Environment& environment,
                                                       const std::string& path) {
  LEAT_ASSIGN(OpenedDatabase opened, OpenForReading(environment, path));
  return std::unique_ptr<StateReader>(new StateReader(environment, std::move(opened)));
}

Result<std::vector<RunRecord>> StateReader::Runs(std::size_t limit) {
  return ReadRuns("order by seq desc limit ?2", "", static_cast<std::int64_t>(limit));
}

Result<RunRecord> StateReader::Run(const std::string& reference) {
  constexpr std::int64_t kMaxShown = 5;
  if (reference == "latest") {
    LEAT_ASSIGN(auto newest, Runs(1));
    if (!newest.empty()) return newest.front();
    return NotFound("no run was recorded yet").WithHint("start one with: leat run");
  }
  // Ids are hexadecimal digits and hyphens, all of which sort before '~'.
  LEAT_ASSIGN(auto found, ReadRuns("where id >= ?1 and id < ?1 || '~' order by id limit ?2",
                                   reference, kMaxShown));
  if (found.empty() || reference.empty()) {
    return NotFound("there is no run '" + reference + "'").WithHint("leat status lists the runs");
  }
  if (found.size() > 1 && found.front().id.value() != reference) {
    std::string ids;
    for (const RunRecord& run : found) ids += (ids.empty() ? "" : ", ") + run.id.value();
    return InvalidInput("several runs begin with '" + reference + "': " + ids)
        .WithHint("give more of the id");
  }
  return found.front();
}

Result<std::vector<TaskRecord>> StateReader::Tasks(const RunId& run) {
  LEAT_ASSIGN(auto tasks, ReadTasks("where t.run_id = ?1 order by t.seq", run.value()));
  LEAT_ASSIGN(const auto unbegun, ReadUnbegun(run));
  tasks.insert(tasks.end(), unbegun.begin(), unbegun.end());
  return tasks;
}

Result<std::vector<TaskRecord>> StateReader::LatestTaskPerAsset() {
  // Steps through the index from name to name instead of reading all of it.
  LEAT_ASSIGN(auto tasks, ReadTasks(R"sql(
where t.seq in (
  with recursive names (asset) as (
    select min(asset) from tasks
    union all
    select (select min(asset) from tasks where asset > names.asset) from names
    where names.asset is not null)
  select (select max(seq) from tasks where tasks.asset = names.asset) from names)
and ?1 = '' order by t.asset)sql",
                                    ""));
  std::map<AssetName, TaskRecord> latest;
  for (TaskRecord& task : tasks) latest.insert_or_assign(task.asset, std::move(task));
  LEAT_ASSIGN(auto unbegun, ReadUnbegun(std::nullopt));
  for (TaskRecord& task : unbegun) {
    const auto known = latest.find(task.asset);
    const bool is_newer = known == latest.end() || known->second.started_us <= task.started_us;
    if (is_newer) latest.insert_or_assign(task.asset, std::move(task));
  }
  tasks.clear();
  for (auto& [asset, task] : latest) tasks.push_back(std::move(task));
  return tasks;
}

Result<std::vector<CheckRecord>> StateReader::Checks(const RunId& run) {
  return ReadChecks("where run_id = ?1 order by seq", run.value());
}

Result<std::vector<CheckRecord>> StateReader::LatestChecksPerAsset() {
  return ReadChecks(R"sql(
where (asset, run_id) in (
  with recursive names (asset) as (
    select min(asset) from checks
    union all
    select (select min(asset) from checks where asset > names.asset) from names
    where names.asset is not null)
  select names.asset, (select run_id from checks where checks.asset = names.asset
                       order by seq desc limit 1) from names)
and ?1 = '' order by asset, seq)sql",
                    "");
}

Result<std::vector<LogRecord>> StateReader::Logs(const RunId& run,
                                                 const std::optional<AssetName>& asset) {
  const std::scoped_lock lock(mutex_);
  std::vector<LogRecord> lines;
  LEAT_TRY(connection_->Query(
      "select asset, time_us, level, message from logs "
      "where run_id = ?1 and (?2 is null or asset = ?2) order by seq desc limit ?3",
      [&](Statement& row) -> Status {
        auto level = ParseLogLevel(row.Text(2));
        if (!level.ok()) return AsCorrupt(level.error(), connection_->path());
        lines.push_back({.run = run,
                         .asset = AssetName(row.Text(0)),
                         .time_us = row.Integer(1),
                         .level = *level,
                         .message = row.Text(3)});
        return Ok();
      },
      run, asset, kMaxLogsRead));
  std::reverse(lines.begin(), lines.end());
  return lines;
}

Result<std::map<AssetName, std::string>> StateReader::Definitions() {
  const std::scoped_lock lock(mutex_);
  std::map<AssetName, std::string> fingerprints;
  LEAT_TRY(connection_->Query("select asset, fingerprint from definitions", [&](Statement& row) {
    fingerprints.emplace(AssetName(row.Text(0)), row.Text(1));
    return Ok();
  }));
  return fingerprints;
}

Result<std::vector<std::int64_t>> StateReader::RowCounts(const AssetName& asset,
                                                         std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::int64_t> counts;
  LEAT_TRY(connection_->Query(
      "select rows_written from tasks where asset = ?1 and status = 'succeeded' "
      "and version is not null order by seq desc limit ?2",
      [&](Statement& row) {
        counts.push_back(row.Integer(0));
        return Ok();
      },
      asset, static_cast<std::int64_t>(limit)));
  return counts;
}

Result<std::vector<RunRecord>> StateReader::ReadRuns(const std::string& condition,
                                                     const std::string& argument,
                                                     std::int64_t limit) {
  const std::scoped_lock lock(mutex_);
  const TimestampUs now = environment_.clock.Now();
  std::vector<RunRecord> runs;
  LEAT_TRY(connection_->Query(
      kSelectRuns + condition,
      [&](Statement& row) -> Status {
        auto run = ReadRun(row, now);
        if (!run.ok()) return AsCorrupt(run.error(), connection_->path());
        runs.push_back(std::move(run).value());
        return Ok();
      },
      argument, limit));
  return runs;
}

Result<std::vector<TaskRecord>> StateReader::ReadTasks(const std::string& condition,
                                                       const std::string& argument) {
  const std::scoped_lock lock(mutex_);
  const TimestampUs now = environment_.clock.Now();
  std::vector<TaskRecord> tasks;
  LEAT_TRY(connection_->Query(
      kSelectTasks + condition,
      [&](Statement& row) -> Status {
        auto task = ReadTask(row, now);
        if (!task.ok()) return AsCorrupt(task.error(), connection_->path());
        tasks.push_back(std::move(task).value());
        return Ok();
      },
      argument));
  return tasks;
}

Result<std::vector<TaskRecord>> StateReader::ReadUnbegun(const std::optional<RunId>& run) {
  const std::scoped_lock lock(mutex_);
  const TimestampUs now = environment_.clock.Now();
  std::vector<TaskRecord> tasks;
  LEAT_TRY(connection_->Query(
      R"sql(
select p.run_id, p.asset, p.interval_start_us, p.interval_end_us, r.started_us, r.pid, r.process_token
from planned p join runs r on r.id = p.run_id
where (?1 is null or p.run_id = ?1) and r.status = 'running' and not exists (
  select 1 from tasks t where t.run_id = p.run_id and t.asset = p.asset
                          and t.interval_start_us is p.interval_start_us)
order by p.seq)sql",
      [&](Statement& row) {
        const io::ProcessIdentity process{static_cast<int>(row.Integer(5)), row.Text(6)};
        if (!HasVanished(process, row.Integer(4), now)) return Ok();
        tasks.push_back({.run = RunId(row.Text(0)),
                         .asset = AssetName(row.Text(1)),
                         .interval = IntervalAt(row, 2),
                         .status = TaskStatus::kCancelled,
                         .started_us = row.Integer(4),
                         .error = kInterrupted});
        return Ok();
      },
      run));
  return tasks;
}

Result<std::vector<CheckRecord>> StateReader::ReadChecks(const std::string& condition,
                                                         const std::string& argument) {
  const std::scoped_lock lock(mutex_);
  std::vector<CheckRecord> checks;
  LEAT_TRY(connection_->Query(
      kSelectChecks + condition,
      [&](Statement& row) -> Status {
        auto check = ReadCheck(row);
        if (!check.ok()) return AsCorrupt(check.error(), connection_->path());
        checks.push_back(std::move(check).value());
        return Ok();
      },
      argument));
  return checks;
}

}  // namespace leat::state
