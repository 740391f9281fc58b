// The result formats of docs/guide/reference as JSON. Fields are only ever added.
#pragma once

#include "cli/rows_output.h"
#include "orchestrate/run.h"

namespace leat::cli {

// `leat run`, `retry` and `check`: schemas/run.json.
Json ToJson(const orchestrate::RunResult& result);
Json ToJson(const orchestrate::TaskResult& task);
// `leat plan`: schemas/plan.json.
Json ToJson(const orchestrate::Plan& plan);

// "load_files", "build_interval", ...
const char* ActionOf(const orchestrate::StepKind& kind);
Json ToJson(const std::optional<Interval>& interval);
// A cancelled run is "partial" when something was finished, else "failed".
const char* StatusWord(const orchestrate::RunResult& result);

}  // namespace leat::cli
