// What the state database holds, as plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"
#include "io/process_identity.h"

namespace leat::state {

enum class RunStatus { kRunning, kSucceeded, kFailed, kPartial, kCancelled };
enum class TaskStatus { kRunning, kSucceeded, kFailed, kSkipped, kCancelled };
enum class CheckStatus { kPassed, kFailed, kWarned, kError };
enum class LogLevel { kDebug, kInfo, kWarning, kError };

// "running", "succeeded", "passed", "info", ...: the words of the result formats.
const char* ToString(RunStatus status);
const char* ToString(TaskStatus status);
const char* ToString(CheckStatus status);
const char* ToString(LogLevel level);
// The reverse; kInvalidInput names the known words.
Result<RunStatus> ParseRunStatus(const std::string& text);
Result<TaskStatus> ParseTaskStatus(const std::string& text);
Result<CheckStatus> ParseCheckStatus(const std::string& text);
Result<LogLevel> ParseLogLevel(const std::string& text);

// The error text of runs and tasks whose process ended without saying how.
constexpr char kInterrupted[] = "interrupted";

// Whether the process that began a run at `started_us` can no longer end it.
bool HasVanished(const io::ProcessIdentity& process, TimestampUs started_us, TimestampUs now);

struct RunRecord {
  RunId id;
  RunStatus status = RunStatus::kRunning;
  TimestampUs started_us = 0;
  std::optional<TimestampUs> ended_us;
  std::string command;               // "run -s silver.orders", without secrets
  std::string selection;             // of assets, as given; empty: all
  std::optional<Interval> interval;  // --start and --end
  bool full_refresh = false;
  std::string error;  // why the run itself failed, or kInterrupted
  // When the first of the runs began that this one resumes, one after the other; else its own
  // begin.
  std::optional<TimestampUs> first_started_us;
  io::ProcessIdentity process;  // filled in by BeginRun
};

// One attempt at one asset, or at one interval of it. Identified by run, asset, interval and
// attempt.
struct TaskRecord {
  RunId run;
  AssetName asset;
  std::optional<Interval> interval;
  int attempt = 1;
  TaskStatus status = TaskStatus::kRunning;
  TimestampUs started_us = 0;
  std::optional<TimestampUs> ended_us;
  std::int64_t rows_read = 0;
  std::int64_t rows_written = 0;
  std::int64_t rows_quarantined = 0;
  std::int64_t bytes_written = 0;
  std::optional<TableVersion> version;  // that the task committed; none when it published nothing
  std::string error;
};

// One result of one check. Identified by run, asset, interval, column and name; recording it again
// replaces it.
struct CheckRecord {
  RunId run;
  AssetName asset;
  std::optional<Interval> interval;
  std::string name;
  std::string column;  // empty for checks on the table
  CheckStatus status = CheckStatus::kPassed;
  std::int64_t failing_rows = 0;
  std::string sample_json = "[]";  // JSON array of failing rows as objects, at most kMaxSampleBytes
  std::string on_fail;             // "fail", "quarantine", "drop" or "warn"
  std::string message;
  TimestampUs checked_us = 0;
};

struct LogRecord {
  RunId run;
  AssetName asset;  // empty for the run itself
  TimestampUs time_us = 0;
  LogLevel level = LogLevel::kInfo;
  std::string message;  // at most kMaxMessageBytes
};

// What a run is going to do.
struct PlannedTask {
  AssetName asset;
  std::optional<Interval> interval;
};

}  // namespace leat::state
