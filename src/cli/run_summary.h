// What people read after a run: its tasks, the quality of the data, and what to do next.
#pragma once

#include <string>

#include "cli/app.h"
#include "orchestrate/run.h"

namespace leat::cli {

// Without `with_tasks`, the quality report alone (leat check).
std::string RunSummary(const App& app, const orchestrate::RunResult& result, bool with_tasks);
// One row per task, for CSV.
data::Rows TaskRows(const orchestrate::RunResult& result);
// One row per check, for CSV.
data::Rows CheckRows(const orchestrate::RunResult& result);

// Prints the result in the format that is asked for, and returns the exit code. With `strict`,
// warnings alone give kWarnings.
int FinishRun(App& app, const orchestrate::RunResult& result, bool strict);
int FinishChecks(App& app, const orchestrate::RunResult& result, bool strict);

}  // namespace leat::cli
