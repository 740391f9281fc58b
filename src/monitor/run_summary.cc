#include "monitor/run_summary.h"

namespace leat::monitor {

std::vector<std::string> EventsOf(const RunSummary& run) {
  std::vector<std::string> events;
  const bool failed =
      run.status == state::RunStatus::kFailed || run.status == state::RunStatus::kPartial;
  if (failed) events.emplace_back("failure");
  if (!run.failed_checks.empty()) events.emplace_back("check_failed");
  if (run.status == state::RunStatus::kSucceeded) events.emplace_back("success");
  return events;
}

}  // namespace leat::monitor
