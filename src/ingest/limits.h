// Limits of ingest/.
#pragma once

#include <cstddef>

namespace leat::ingest {

// Files that one scan reads together; each scan writes one data file per thread at most.
constexpr std::size_t kMaxFilesPerScan = 1'000;
// Part of a load's rows that may be unreadable when the source declares no error_budget.
constexpr double kDefaultErrorFraction = 0.1;

}  // namespace leat::ingest
