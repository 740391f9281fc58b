// Every limit of the state database.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace leat::state {

// How long a call waits for another process that is writing. A write takes well under a
// millisecond.
constexpr int kBusyTimeoutMs = 5'000;
// Older runs are removed with their tasks, checks and logs when a run ends.
constexpr std::int64_t kRunsKept = 20'000;
// Longer texts are cut; sample rows are dropped from the end until the rest fits.
constexpr std::size_t kMaxMessageBytes = 64 * 1024;
constexpr std::size_t kMaxSampleBytes = 64 * 1024;
// The newest lines of a run that Logs returns.
constexpr std::int64_t kMaxLogsRead = 100'000;
// A run in another container cannot be looked up: after this time it counts as interrupted.
constexpr TimestampUs kUnknownProcessLimitUs = kMicrosPerDay;

}  // namespace leat::state
