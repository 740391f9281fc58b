// Tells people about a run that has ended, as leat.yml asks for.
#pragma once

#include "cli/app.h"
#include "monitor/run_summary.h"
#include "orchestrate/run.h"

namespace leat::cli {

// What of a result monitoring needs.
monitor::RunSummary SummaryOf(const project::Project& project, const orchestrate::RunResult& result,
                              const std::string& command);

// A message that cannot be delivered is a warning; it never changes the run's result.
void SendNotifications(App& app, const project::Project& project,
                       const orchestrate::RunResult& result);

}  // namespace leat::cli
