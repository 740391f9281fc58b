// Limits of cli/.
#pragma once

#include <cstddef>
#include <cstdint>

namespace leat::cli {

constexpr std::size_t kPlainQueryRows = 1'000;           // shown by `leat query` without --limit
constexpr std::size_t kMaxQueryBytes = 1024UL * 1024UL;  // of a query on standard input
constexpr std::int64_t kDefaultHistoryVersions = 20;
constexpr std::int64_t kDefaultStatusRuns = 5;
constexpr std::int64_t kDefaultQuarantineRows = 20;
constexpr std::int64_t kMaxListedRows = 10'000;  // --limit of history and status
constexpr std::int64_t kCopyChunkBytes = 4LL * 1024 * 1024;
constexpr std::size_t kMaxTaskNameWidth = 60;  // longer names shift their line of progress
constexpr std::size_t kPipeWidth = 120;        // of samples and raw lines, where no terminal is
constexpr std::size_t kMinRawWidth = 30;       // to which a rejected raw line is cut, at least
constexpr std::size_t kMaxSampledChecks = 20;  // failed checks of a run whose rows are shown
// Files of a source whose columns are looked at before a run.
constexpr std::size_t kBindFirstFiles = 1;
constexpr std::size_t kBindLastFiles = 3;
// Below these, `leat doctor` warns.
constexpr std::int64_t kLowMemoryBytes = 2LL * 1024 * 1024 * 1024;
constexpr std::int64_t kLowDiskBytes = 1LL * 1024 * 1024 * 1024;

// Rows that `leat connect browse` shows of a table.
constexpr int kPreviewRows = 5;

}  // namespace leat::cli
