// Runs a request and shows everything about it: progress, result, notifications.
#pragma once

#include "cli/app.h"
#include "orchestrate/run.h"

namespace leat::cli {

constexpr std::int64_t kMaxJobs = 256;

// The process's cancellation, from SIGINT, SIGTERM and SIGHUP on. Lives as long as the process.
io::CancelToken& CancelledByUser();

// Refuses a project that does not bind, runs, reports, notifies. Returns the exit code.
int Execute(App& app, orchestrate::Workspace& workspace, orchestrate::RunRequest request,
            bool strict);

}  // namespace leat::cli
