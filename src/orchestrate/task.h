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
  // Told of the session once it exists, whose progress a supervisor shows; told null before it
  // ends.
  std::function<void(engine::Session*)> use_session;
};

// Fills everything of the result but attempt and duration. A failed audit leaves the table as it
// was. Ends soon, cancelled, when the thread's work (io/work.h) is stopped. Throws nothing: an
// exception is the task's failure.
TaskResult RunTask(const TaskContext& context, const StepKind& kind);

}  // namespace leat::orchestrate
