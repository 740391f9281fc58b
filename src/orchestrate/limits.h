// Limits of orchestrate/.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace leat::orchestrate {

// How often running tasks are looked at: for cancellation, timeouts and progress.
constexpr std::int64_t kSupervisePeriodUs = 20'000;
// Workers, unless -j says how many: while one of them waits for the disk, another one computes.
constexpr std::size_t kWorkersPerCore = 2;
// The longest wait between two attempts, however often they fail.
constexpr std::int64_t kMaxRetryDelayUs = 5 * 60 * kMicrosPerSecond;
// Earlier row counts that volume_anomaly is given.
constexpr std::size_t kMaxRowCountHistory = 100;

// Versions looked through for the newest one that a task made.
constexpr std::size_t kMaxOriginVersions = 100;
// Ranges of intervals with late rows that are told one by one.
constexpr std::size_t kShownLateIntervals = 5;

// Files of one partition, all of them small, that a run brings together; and how large they are
// then at most, so that no run takes long for it. `leat maintain` goes on from there.
constexpr std::size_t kFilesToCompactAfterRun = 32;
constexpr std::int64_t kFileBytesAfterRun = 32LL << 20;

// Times that a restoration is computed anew after another process has committed.
constexpr int kMaxRestoreAttempts = 10;

}  // namespace leat::orchestrate
