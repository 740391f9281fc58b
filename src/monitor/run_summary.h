// What monitoring needs to know of a run that has ended. The caller fills it from the run's result.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/strong.h"
#include "base/time.h"
#include "state/records.h"

namespace leat::monitor {

struct FailedTask {
  AssetName asset;
  std::string error;
};

// A check that kept rows from being published, or could not be evaluated. Those that set rows aside
// or only warned are none.
struct FailedCheck {
  AssetName asset;
  std::string name;
  std::string column;  // empty for checks on the table
  std::int64_t failing_rows = 0;
  std::string on_fail;  // "fail", "quarantine", "drop" or "warn"
  std::string error;    // why it could not be evaluated; empty when it was
};

struct RunSummary {
  RunId id;
  std::string project;
  std::string environment;  // "" is the default one
  std::string command;
  state::RunStatus status = state::RunStatus::kSucceeded;
  TimestampUs started_us = 0;
  TimestampUs ended_us = 0;
  std::int64_t tasks_succeeded = 0;
  std::int64_t tasks_failed = 0;
  std::int64_t tasks_skipped = 0;
  std::int64_t tasks_cancelled = 0;
  std::int64_t rows_written = 0;
  std::int64_t rows_quarantined = 0;
  std::vector<FailedTask> failed_tasks;
  std::vector<FailedCheck> failed_checks;
};

// What happened, in the words of leat.yml's `notify: on`: "failure" (failed or partial),
// "check_failed", "success". A cancelled run is none of the first and last.
std::vector<std::string> EventsOf(const RunSummary& run);

}  // namespace leat::monitor
