// What people read of tasks that failed: where, why, and of checks some of the rows.
#pragma once

#include <string>

#include "cli/app.h"
#include "orchestrate/run.h"

namespace leat::cli {

// Failed tasks, one below the other; "" when there are none. A check that failed stands at the
// place of its declaration, with its samples; of more than kMaxSampledChecks only the places are
// told.
std::string Failures(const App& app, const orchestrate::RunResult& result);

// The same as errors on standard error, one line each: all that --quiet leaves.
void PrintFailures(App& app, const orchestrate::RunResult& result);

}  // namespace leat::cli
