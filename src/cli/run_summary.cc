#include "cli/run_summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/failures.h"
#include "cli/json_output.h"
#include "cli/output.h"
#include "cli/run_progress.h"
#include "cli/text_width.h"
#include "io/terminal.h"

namespace leat::cli {
namespace {

data::Value VersionOf(const orchestrate::TaskResult& task) {
  data::Value version;
  if (task.version) version = static_cast<std::int64_t>(task.version->value());
  return version;
}

data::Value TextOrNull(const std::string& text) {
  data::Value value;
  if (!text.empty()) value = text;
  return value;
}

data::Value NumberIf(bool is_known, std::int64_t number) {
  data::Value value;
  if (is_known) value = number;
  return value;
}

std::string IntervalOf(const orchestrate::TaskResult& task) {
  return task.interval ? IntervalText(*task.interval) : "";
}

bool HasInterval(const orchestrate::RunResult& result) {
  return std::any_of(result.tasks.begin(), result.tasks.end(),
                     [](const auto& task) { return task.interval.has_value(); });
}

data::Rows PlainTasks(const orchestrate::RunResult& result) {
  const bool with_interval = HasInterval(result);
  data::Rows rows{.schema = TextColumns({"asset"}), .rows = {}};
  if (with_interval) rows.schema.fields.push_back({.name = "interval"});
  for (const char* name : {"status", "rows", "quarantined", "version", "duration"}) {
    rows.schema.fields.push_back({.name = name});
  }
  for (const orchestrate::TaskResult& task : result.tasks) {
    std::vector<data::Value> row = {task.asset.value()};
    if (with_interval) row.emplace_back(IntervalOf(task));
    const bool has_run = task.status == state::TaskStatus::kSucceeded;
    row.emplace_back(std::string(state::ToString(task.status)));
    row.push_back(NumberIf(has_run, task.rows_written));
    row.push_back(NumberIf(task.rows_quarantined > 0, task.rows_quarantined));
    row.push_back(VersionOf(task));
    row.push_back(TextOrNull(task.attempt > 0 ? FormatDuration(task.duration_us) : ""));
    rows.rows.push_back(std::move(row));
  }
  return rows;
}

struct CheckTotals {
  int passed = 0, failed = 0, warned = 0, error = 0;
  std::int64_t rows_quarantined = 0;
};

CheckTotals TotalsOf(const orchestrate::RunResult& result) {
  CheckTotals totals;
  for (const orchestrate::TaskResult& task : result.tasks) {
    totals.rows_quarantined += task.rows_quarantined;
    for (const quality::CheckOutcome& check : task.checks) {
      totals.passed += check.status == quality::CheckStatus::kPassed ? 1 : 0;
      totals.failed += check.status == quality::CheckStatus::kFailed ? 1 : 0;
      totals.warned += check.status == quality::CheckStatus::kWarned ? 1 : 0;
      totals.error += check.status == quality::CheckStatus::kError ? 1 : 0;
    }
  }
  return totals;
}

// What happened to the rows that a broken check found.
std::string ConsequenceOf(const orchestrate::TaskResult& task, const quality::CheckOutcome& check) {
  if (check.status == quality::CheckStatus::kError) return "could not be evaluated";
  if (check.status == quality::CheckStatus::kFailed) return "not published";
  const bool is_published = task.status == state::TaskStatus::kSucceeded;
  switch (check.on_fail) {
    case project::OnFail::kQuarantine: return is_published ? "quarantined" : "would quarantine";
    case project::OnFail::kDrop: return is_published ? "dropped" : "would drop";
    case project::OnFail::kWarn: return "warning only";
    case project::OnFail::kFail: return "not published";
  }
  return "";
}

std::string QualityReport(const App& app, const orchestrate::RunResult& result, bool with_tasks) {
  const CheckTotals totals = TotalsOf(result);
  const int all = totals.passed + totals.failed + totals.warned + totals.error;
  if (all == 0 && totals.rows_quarantined == 0) return "";
  std::vector<std::string> parts;
  if (all > 0)
    parts.push_back(fmt::format("{} of {} passed", totals.passed, Counted(all, "check")));
  if (totals.failed > 0) parts.push_back(fmt::format("{} failed", totals.failed));
  if (totals.warned > 0) parts.push_back(fmt::format("{} warned", totals.warned));
  if (totals.error > 0) parts.push_back(fmt::format("{} could not be evaluated", totals.error));
  if (totals.rows_quarantined > 0) {
    parts.push_back(Counted(totals.rows_quarantined, "row") + " quarantined");
  }
  const std::string text = "Quality: " + Join(parts, ", ");
  data::Rows rows{.schema = TextColumns({"asset", "check", "status", "rows"}), .rows = {}};
  if (with_tasks) rows.schema.fields.push_back({.name = "result"});
  rows.schema.fields.push_back({.name = "message"});
  for (const orchestrate::TaskResult& task : result.tasks) {
    for (const quality::CheckOutcome& check : task.checks) {
      if (check.status == quality::CheckStatus::kPassed) continue;
      std::vector<data::Value> row = {task.asset.value(), check.name,
                                      std::string(quality::ToString(check.status)),
                                      check.failing_rows};
      if (with_tasks) row.emplace_back(ConsequenceOf(task, check));
      row.push_back(TextOrNull(check.message));
      rows.rows.push_back(std::move(row));
    }
  }
  return text + "\n" + (rows.rows.empty() ? "" : PlainTable(app, rows));
}

// The commands that help most after this result.
std::string NextSteps(const orchestrate::RunResult& result) {
  std::string text;
  const auto add = [&](const std::string& command, const char* why) {
    text += fmt::format("  {:40} {}\n", command, why);
  };
  const std::string short_id = result.id.value().substr(0, 8);
  if (result.status != state::RunStatus::kSucceeded) {
    add("leat logs " + short_id, "what happened");
    add("leat retry " + short_id, "run again what failed, once the cause is fixed");
  }
  const CheckTotals totals = TotalsOf(result);
  if (totals.rows_quarantined > 0) {
    for (const orchestrate::TaskResult& task : result.tasks) {
      if (task.rows_quarantined == 0) continue;
      add("leat quarantine show " + task.asset.value(), "the rejected rows");
      break;
    }
  }
  if (result.status == state::RunStatus::kSucceeded && !result.tasks.empty()) {
    add("leat query \"from " + result.tasks.back().asset.value() + "\"", "look at the rows");
  }
  return text.empty() ? "" : "Next:\n" + text;
}

bool HasWarnings(const orchestrate::RunResult& result) {
  const CheckTotals totals = TotalsOf(result);
  return totals.warned > 0 || totals.rows_quarantined > 0 || !result.warnings.empty();
}

int ExitCodeOf(const orchestrate::RunResult& result, bool strict) {
  if (result.status != state::RunStatus::kSucceeded) return kFailed;
  return strict && HasWarnings(result) ? kWarnings : kDone;
}

}  // namespace

std::string RunSummary(const App& app, const orchestrate::RunResult& result, bool with_tasks) {
  std::string text;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : "\n") + part;
  };
  if (with_tasks && !result.tasks.empty()) add(PlainTable(app, PlainTasks(result)));
  add(Failures(app, result));
  add(QualityReport(app, result, with_tasks));
  if (!with_tasks) return text;
  std::size_t succeeded = 0;
  for (const orchestrate::TaskResult& task : result.tasks) {
    succeeded += task.status == state::TaskStatus::kSucceeded ? 1 : 0;
  }
  const bool ok = result.status == state::RunStatus::kSucceeded;
  const std::string word = app.Styled(io::kStandardOutput, ok ? TextStyle::kGreen : TextStyle::kRed,
                                      state::ToString(result.status));
  add(fmt::format("Run {} {}: {} of {} in {}\n", result.id.value(), word, succeeded,
                  Counted(std::ssize(result.tasks), "task"), FormatDuration(result.duration_us)));
  add(NextSteps(result));
  return text;
}

data::Rows TaskRows(const orchestrate::RunResult& result) {
  data::Rows rows{
      .schema = TextColumns({"run_id", "asset", "status", "attempt", "interval_start",
                             "interval_end", "rows_read", "rows_written", "rows_quarantined",
                             "bytes_written", "version", "duration_ms", "error"}),
      .rows = {}};
  for (const orchestrate::TaskResult& task : result.tasks) {
    const auto bound = [&](TimestampUs Interval::* member) {
      data::Value value;
      if (task.interval) value = data::Instant{(*task.interval).*member};
      return value;
    };
    rows.rows.push_back(
        {result.id.value(), task.asset.value(), std::string(state::ToString(task.status)),
         static_cast<std::int64_t>(task.attempt), bound(&Interval::start), bound(&Interval::end),
         task.rows_read, task.rows_written, task.rows_quarantined, task.bytes_written,
         VersionOf(task), task.duration_us / kMicrosPerMilli,
         TextOrNull(task.error ? task.error->message() : "")});
  }
  return rows;
}

data::Rows CheckRows(const orchestrate::RunResult& result) {
  data::Rows rows{
      .schema = TextColumns({"asset", "check", "column", "status", "failing_rows", "message"}),
      .rows = {}};
  for (const orchestrate::TaskResult& task : result.tasks) {
    for (const quality::CheckOutcome& check : task.checks) {
      rows.rows.push_back({task.asset.value(), check.name, TextOrNull(check.column),
                           std::string(quality::ToString(check.status)), check.failing_rows,
                           TextOrNull(check.message)});
    }
  }
  return rows;
}

int FinishRun(App& app, const orchestrate::RunResult& result, bool strict) {
  for (const std::string& warning : result.warnings) app.Warn(RetryLater(warning));
  PrintReport(app, {.json = [&] { return ToJson(result); },
                    .csv = [&] { return TaskRows(result); },
                    .plain = [&] { return RunSummary(app, result, true); },
                    .is_remark = true});
  if (app.plain() && app.options().quiet) PrintFailures(app, result);
  return ExitCodeOf(result, strict);
}

int FinishChecks(App& app, const orchestrate::RunResult& result, bool strict) {
  for (const std::string& warning : result.warnings) app.Warn(RetryLater(warning));
  PrintReport(app, {.json = [&] { return ToJson(result); },
                    .csv = [&] { return CheckRows(result); },
                    .plain =
                        [&] {
                          const std::string text = RunSummary(app, result, false);
                          return text.empty() ? std::string("No checks are declared.\n") : text;
                        },
                    .is_remark = true});
  if (app.plain() && app.options().quiet) PrintFailures(app, result);
  return ExitCodeOf(result, strict);
}

}  // namespace leat::cli
