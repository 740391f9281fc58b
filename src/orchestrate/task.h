// One attempt at one step: stage, audit, quarantine, publish.
#pragma once

#include <functional>

#include "orchestrate/run.h"

namespace leat::orchestrate {

struct TaskContext {
  Workspace& workspace;
  const project::Asset& asset;
  RunId run;
  TimestampUs run_started_us = 0;  // of the first run when this one resumes it
  bool full_refresh = false;
  const io::CancelToken& cancel;
  // Told of the session once it exists, so that a supervisor can interrupt it; told null before it
  // ends.
  std::function<void(engine::Session*)> use_session;
};

// Fills everything of the result but attempt and duration. A failed audit leaves the table as it
// was.
TaskResult RunTask(const TaskContext& context, const StepKind& kind);

}  // namespace leat::orchestrate
