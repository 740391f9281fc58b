#include "state/state_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "state/limits.h"

namespace leat::state {
namespace {

constexpr char kPutRun[] = R"sql(
insert into runs (id, status, started_us, ended_us, command, selection, interval_start_us,
                  interval_end_us, full_refresh, error, pid, process_token, first_started_us)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
on conflict (id) do update set status = ?2, started_us = ?3, ended_us = ?4, command = ?5,
  selection = ?6, interval_start_us = ?7, interval_end_us = ?8, full_refresh = ?9, error = ?10,
  pid = ?11, process_token = ?12, first_started_us = ?13)sql";

constexpr char kPutTask[] = R"sql(
insert into tasks (run_id, asset, interval_start_us, interval_end_us, attempt, status, started_us,
                   ended_us, rows_read, rows_written, rows_quarantined, bytes_written, version, error)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
on conflict (run_id, asset, ifnull(interval_start_us, -9223372036854775808), attempt)
do update set interval_end_us = ?4, status = ?6, started_us = ?7, ended_us = ?8, rows_read = ?9,
  rows_written = ?10, rows_quarantined = ?11, bytes_written = ?12, version = ?13, error = ?14)sql";

constexpr char kPutCheck[] = R"sql(
insert or replace into checks (run_id, asset, interval_start_us, interval_end_us, name, column_name,
                               status, failing_rows, sample_json, on_fail, message, checked_us)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12))sql";

constexpr char kPutLog[] = R"sql(
insert into logs (run_id, asset, time_us, level, message) values (?1, ?2, ?3, ?4, ?5))sql";

std::optional<TimestampUs> StartOf(const std::optional<Interval>& interval) {
  return interval ? std::optional(interval->start) : std::nullopt;
}

std::optional<TimestampUs> EndOf(const std::optional<Interval>& interval) {
  return interval ? std::optional(interval->end) : std::nullopt;
}

Status PutRun(Connection& connection, const RunRecord& run) {
  return connection.Run(kPutRun, run.id, ToString(run.status), run.started_us, run.ended_us,
                        run.command, run.selection, StartOf(run.interval), EndOf(run.interval),
                        run.full_refresh, Shorten(run.error, kMaxMessageBytes), run.process.pid,
                        run.process.start_token, run.first_started_us);
}

Status PutPlanned(Connection& connection, const RunId& run,
                  const std::vector<PlannedTask>& planned) {
  for (const PlannedTask& task : planned) {
    LEAT_TRY(
        connection.Run("insert into planned (run_id, asset, interval_start_us, interval_end_us) "
                       "values (?1, ?2, ?3, ?4)",
                       run, task.asset, StartOf(task.interval), EndOf(task.interval)));
  }
  return Ok();
}

Status PutTask(Connection& connection, const TaskRecord& task) {
  return connection.Run(kPutTask, task.run, task.asset, StartOf(task.interval),
                        EndOf(task.interval), task.attempt, ToString(task.status), task.started_us,
                        task.ended_us, task.rows_read, task.rows_written, task.rows_quarantined,
                        task.bytes_written, task.version, Shorten(task.error, kMaxMessageBytes));
}

// Drops rows from the end of a JSON array until it fits.
Result<std::string> LimitSample(const CheckRecord& check) {
  if (check.sample_json.size() <= kMaxSampleBytes) return check.sample_json;
  auto rows = ParseJson(check.sample_json);
  if (!rows.is_array()) {
    return Bug("the sample rows of check '" + check.name + "' of " + check.asset.value() +
               " are no JSON array");
  }
  while (rows.size() > 1) {
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2), rows.end());
    std::string text = JsonText(rows);
    if (text.size() <= kMaxSampleBytes) return text;
  }
  return std::string("[]");
}

Status PutCheck(Connection& connection, const CheckRecord& check) {
  LEAT_ASSIGN(const std::string sample, LimitSample(check));
  return connection.Run(kPutCheck, check.run, check.asset, StartOf(check.interval),
                        EndOf(check.interval), check.name, check.column, ToString(check.status),
                        check.failing_rows, sample, check.on_fail,
                        Shorten(check.message, kMaxMessageBytes), check.checked_us);
}

Status PutLog(Connection& connection, const LogRecord& line) {
  return connection.Run(kPutLog, line.run, line.asset, line.time_us, ToString(line.level),
                        Shorten(line.message, kMaxMessageBytes));
}

constexpr char kCancelUnbegun[] = R"sql(
insert into tasks (run_id, asset, interval_start_us, interval_end_us, attempt, status, started_us,
                   ended_us, rows_read, rows_written, rows_quarantined, bytes_written, version, error)
select p.run_id, p.asset, p.interval_start_us, p.interval_end_us, 1, 'cancelled', ?3, ?3, 0, 0, 0, 0,
       null, ?2
from planned p where p.run_id = ?1 and not exists (
  select 1 from tasks t where t.run_id = p.run_id and t.asset = p.asset
                          and t.interval_start_us is p.interval_start_us)
order by p.seq)sql";

// Ends a run whose process has vanished at the last moment it is known to have lived.
Status CloseRun(Connection& connection, const std::string& run) {
  LEAT_ASSIGN(const auto last_seen_us, connection.QueryInteger(R"sql(
select max(t) from (
  select started_us as t from runs where id = ?1
  union all select max(ifnull(ended_us, started_us)) from tasks where run_id = ?1
  union all select max(time_us) from logs where run_id = ?1))sql",
                                                               run));
  LEAT_TRY(
      connection.Run("update tasks set status = 'failed', error = ?2, ended_us = ?3 "
                     "where run_id = ?1 and status = 'running'",
                     run, kInterrupted, last_seen_us));
  LEAT_TRY(connection.Run(kCancelUnbegun, run, kInterrupted, last_seen_us));
  LEAT_TRY(connection.Run("delete from planned where run_id = ?1", run));
  return connection.Run(
      "update runs set status = 'failed', error = ?2, ended_us = ?3 where id = ?1", run,
      kInterrupted, last_seen_us);
}

Status CloseInterruptedRuns(Connection& connection, TimestampUs now) {
  std::vector<std::string> vanished;
  LEAT_TRY(connection.Query(
      "select id, started_us, pid, process_token from runs where status = 'running'",
      [&](Statement& row) {
        const io::ProcessIdentity process{static_cast<int>(row.Integer(2)), row.Text(3)};
        if (HasVanished(process, row.Integer(1), now)) vanished.push_back(row.Text(0));
        return Ok();
      }));
  for (const std::string& run : vanished) LEAT_TRY(CloseRun(connection, run));
  return Ok();
}

Status ForgetOldRuns(Connection& connection) {
  LEAT_ASSIGN(const auto oldest, connection.QueryInteger("select min(seq) from runs"));
  LEAT_ASSIGN(const auto newest, connection.QueryInteger("select max(seq) from runs"));
  if (!oldest || !newest) return Ok();
  const std::int64_t last_forgotten = *newest - kRunsKept;
  if (*oldest > last_forgotten) return Ok();
  for (const std::string table : {"tasks", "checks", "logs", "planned"}) {
    LEAT_TRY(connection.Run(
        "delete from " + table + " where run_id in (select id from runs where seq <= ?1)",
        last_forgotten));
  }
  return connection.Run("delete from runs where seq <= ?1", last_forgotten);
}

}  // namespace

Result<std::unique_ptr<StateWriter>> StateWriter::Open(const io::Environment& environment,
                                                       const std::string& path) {
  std::unique_ptr<StateWriter> writer(new StateWriter(environment, path));
  const std::scoped_lock lock(writer->mutex_);
  LEAT_ASSIGN(OpenedDatabase opened, OpenForWriting(environment, path));
  writer->connection_ = std::move(opened.connection);
  if (opened.warning) writer->warnings_.push_back(*opened.warning);
  LEAT_TRY(writer->Write(
      [&] { return CloseInterruptedRuns(*writer->connection_, environment.clock.Now()); }));
  return writer;
}

std::vector<std::string> StateWriter::TakeWarnings() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(warnings_, {});
}

Status StateWriter::BeginRun(const RunRecord& run, const std::vector<PlannedTask>& planned) {
  const std::scoped_lock lock(mutex_);
  RunRecord begun = run;
  begun.process = io::CurrentProcess();
  active_runs_[run.id] = {.record = begun, .planned = planned};
  return Write([&]() -> Status {
    LEAT_TRY(PutRun(*connection_, begun));
    return PutPlanned(*connection_, run.id, planned);
  });
}

Status StateWriter::EndRun(const RunRecord& run) {
  const std::scoped_lock lock(mutex_);
  RunRecord ended = run;
  ended.process = io::CurrentProcess();
  Status status = Write([&]() -> Status {
    LEAT_TRY(PutRun(*connection_, ended));
    LEAT_TRY(connection_->Run("delete from planned where run_id = ?1", run.id));
    return ForgetOldRuns(*connection_);
  });
  if (status.ok()) active_runs_.erase(run.id);
  return status;
}

Status StateWriter::BeginTask(const TaskRecord& task) { return AddTasks({task}); }

Status StateWriter::EndTask(const TaskRecord& task) { return AddTasks({task}); }

Status StateWriter::AddTasks(const std::vector<TaskRecord>& tasks) {
  const std::scoped_lock lock(mutex_);
  return Write([&]() -> Status {
    for (const TaskRecord& task : tasks) LEAT_TRY(PutTask(*connection_, task));
    return Ok();
  });
}

Status StateWriter::AddChecks(const std::vector<CheckRecord>& checks) {
  const std::scoped_lock lock(mutex_);
  return Write([&]() -> Status {
    for (const CheckRecord& check : checks) LEAT_TRY(PutCheck(*connection_, check));
    return Ok();
  });
}

Status StateWriter::AddLog(const LogRecord& line) { return AddLogs({line}); }

Status StateWriter::AddLogs(const std::vector<LogRecord>& lines) {
  const std::scoped_lock lock(mutex_);
  return Write([&]() -> Status {
    for (const LogRecord& line : lines) LEAT_TRY(PutLog(*connection_, line));
    return Ok();
  });
}

Status StateWriter::PutDefinition(const AssetName& view, const std::string& fingerprint) {
  const std::scoped_lock lock(mutex_);
  return Write([&] {
    return connection_->Run(
        "insert or replace into definitions (asset, fingerprint) values (?1, ?2)", view,
        fingerprint);
  });
}

Status StateWriter::Write(const std::function<Status()>& body) {
  Status status = connection_->InTransaction(body);
  if (status.ok() || status.error().kind() != ErrorKind::kCorrupt) return status;
  // When the name leads to another file by now, another process has replaced the damaged one.
  const bool replaced_by_other = connection_->HasMoved();
  connection_.reset();
  LEAT_ASSIGN(OpenedDatabase opened,
              replaced_by_other ? OpenForWriting(environment_, path_)
                                : ReplaceDamaged(environment_, path_, status.error().message()));
  connection_ = std::move(opened.connection);
  if (opened.warning) warnings_.push_back(*opened.warning);
  return connection_->InTransaction([&]() -> Status {
    for (const auto& [id, run] : active_runs_) {
      LEAT_TRY(PutRun(*connection_, run.record));
      LEAT_TRY(connection_->Run("delete from planned where run_id = ?1", id));
      LEAT_TRY(PutPlanned(*connection_, id, run.planned));
    }
    return body();
  });
}

}  // namespace leat::state
