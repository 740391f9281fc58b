#include "cli/notify.h"

#include "cli/execute.h"
#include "io/http_client.h"
#include "monitor/notifier.h"

namespace leat::cli {
namespace {

void Add(const orchestrate::TaskResult& task, monitor::RunSummary& summary) {
  switch (task.status) {
    case state::TaskStatus::kSucceeded: summary.tasks_succeeded++; break;
    case state::TaskStatus::kSkipped: summary.tasks_skipped++; break;
    case state::TaskStatus::kCancelled: summary.tasks_cancelled++; break;
    case state::TaskStatus::kFailed:
    case state::TaskStatus::kRunning: summary.tasks_failed++; break;
  }
  summary.rows_written += task.rows_written;
  summary.rows_quarantined += task.rows_quarantined;
  if (task.status == state::TaskStatus::kFailed && task.error) {
    summary.failed_tasks.push_back({task.asset, task.error->ToString()});
  }
  for (const quality::CheckOutcome& check : task.checks) {
    const bool is_error = check.status == quality::CheckStatus::kError;
    if (!is_error && check.status != quality::CheckStatus::kFailed) continue;
    summary.failed_checks.push_back({.asset = task.asset,
                                     .name = check.name,
                                     .column = check.column,
                                     .failing_rows = check.failing_rows,
                                     .on_fail = quality::ToString(check.on_fail),
                                     .error = is_error ? check.message : ""});
  }
}

}  // namespace

monitor::RunSummary SummaryOf(const project::Project& project, const orchestrate::RunResult& result,
                              const std::string& command) {
  monitor::RunSummary summary{.id = result.id,
                              .project = project.name,
                              .environment = project.environment,
                              .command = command,
                              .status = result.status,
                              .started_us = result.started_us,
                              .ended_us = result.started_us + result.duration_us};
  for (const orchestrate::TaskResult& task : result.tasks) Add(task, summary);
  return summary;
}

void SendNotifications(App& app, const project::Project& project,
                       const orchestrate::RunResult& result) {
  if (project.notifications.empty()) return;
  monitor::Notifier notifier(app.environment().clock, app.environment().random,
                             io::SystemHttpClient(), project.notifications, project.secrets);
  const auto summary = SummaryOf(project, result, app.command_line());
  for (const std::string& warning : notifier.Notify(summary, CancelledByUser())) {
    app.Warn(RetryLater(warning));
  }
}

}  // namespace leat::cli
