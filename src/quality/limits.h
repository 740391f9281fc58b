// Limits and defaults of quality/.
#pragma once

#include <cstddef>
#include <cstdint>

namespace leat::quality {

// Failing rows that a check's outcome shows, and the bytes of one text cell in them.
constexpr std::size_t kMaxSampleRows = 5;
constexpr std::size_t kMaxSampleTextBytes = 1'000;

// volume_anomaly says nothing before it knows this many runs.
constexpr std::size_t kMinAnomalyRuns = 3;
// Its standard deviation counts as at least this part of the mean: a history of equal counts must
// not make one row more an anomaly.
constexpr double kMinRelativeDeviation = 0.01;

// Uniqueness of an integer column is measured with a bitmap over its range when that is small: at
// most so many bits per thread (32 MiB), and so many per row.
constexpr std::int64_t kMaxBitmapBits = 1LL << 28;
constexpr std::int64_t kMaxBitmapBitsPerRow = 64;

// Accepted values beyond this number are looked up in a hash table.
constexpr std::size_t kMaxListedValues = 32;

// With more staged files than this, statistics are not asked: their bounds would make a very long
// statement.
constexpr std::size_t kMaxFilesForStatistics = 256;

// Lost races that one change of a quarantine table takes before it gives up.
constexpr int kMaxQuarantineAttempts = 100;

}  // namespace leat::quality
