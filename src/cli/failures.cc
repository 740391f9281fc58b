#include "cli/failures.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/limits.h"
#include "cli/output.h"
#include "cli/run_progress.h"
#include "cli/text_width.h"
#include "io/terminal.h"

namespace leat::cli {
namespace {

bool IsBroken(const quality::CheckOutcome& check) {
  return check.status == quality::CheckStatus::kFailed ||
         check.status == quality::CheckStatus::kError;
}

std::int64_t CountBroken(const orchestrate::TaskResult& task) {
  return std::count_if(task.checks.begin(), task.checks.end(), IsBroken);
}

std::string CheckLine(const quality::CheckOutcome& check) {
  const std::string message = check.message.empty() ? "failed" : check.message;
  return fmt::format("{}: check '{}': {}", check.location.ToString(), check.name, message);
}

std::string CheckFailures(const App& app, const orchestrate::TaskResult& task,
                          std::size_t& sampled_checks) {
  std::string text;
  for (const quality::CheckOutcome& check : task.checks) {
    if (!IsBroken(check)) continue;
    text += "  " + CheckLine(check) + "\n";
    if (check.samples.rows.empty() || sampled_checks++ >= kMaxSampledChecks) continue;
    text += IndentedRows(app, check.samples);
  }
  return text;
}

}  // namespace

std::string Failures(const App& app, const orchestrate::RunResult& result) {
  const std::string word = app.Styled(io::kStandardOutput, TextStyle::kRed, "failed:");
  std::size_t sampled_checks = 0;
  std::string text;
  for (const orchestrate::TaskResult& task : result.tasks) {
    if (task.status != state::TaskStatus::kFailed) continue;
    const std::string name = TaskName(task.asset, task.interval);
    const std::int64_t broken = CountBroken(task);
    if (broken == 0 && task.error) {
      text += fmt::format("{} {}: {}\n", word, name, task.error->ToString());
    } else if (broken > 0) {
      text += fmt::format("{} {}: {} of {}\n", word, name, broken,
                          Counted(std::ssize(task.checks), "check"));
      text += CheckFailures(app, task, sampled_checks);
      const std::string hint = task.error ? task.error->hint() : "";
      if (!hint.empty()) text += "  hint: " + hint + "\n";
    }
  }
  return text;
}

void PrintFailures(App& app, const orchestrate::RunResult& result) {
  for (const orchestrate::TaskResult& task : result.tasks) {
    if (task.status != state::TaskStatus::kFailed) continue;
    const std::string name = TaskName(task.asset, task.interval);
    if (CountBroken(task) == 0 && task.error) app.Fail(Error(*task.error).WithContext(name));
    for (const quality::CheckOutcome& check : task.checks) {
      if (!IsBroken(check)) continue;
      const std::string message = check.message.empty() ? "failed" : check.message;
      app.Fail(InvalidInput(fmt::format("{}: check '{}': {}", name, check.name, message))
                   .At(check.location));
    }
  }
}

}  // namespace leat::cli
