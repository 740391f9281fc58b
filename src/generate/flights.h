// One tall CSV file of flights, shaped like the US flights of 2001: for benchmarks of any size.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "generate/progress.h"
#include "io/environment.h"

namespace leat::generate {

constexpr std::int64_t kMaxFlightRows = 100'000'000'000;

struct FlightsOptions {
  std::string path;  // the file; an existing one is replaced
  std::int64_t rows = 1'000'000;
  std::uint64_t seed = 1;
  TimestampUs start = 978'307'200 * kMicrosPerSecond;  // 2001-01-01; the first day, at midnight UTC
};

struct FlightsSummary {
  std::int64_t rows = 0;
  std::int64_t size_bytes = 0;
  std::int64_t days = 0;  // that the rows span
};

// Columns: date (local time of departure to the minute, ascending), delay (minutes), distance
// (miles), origin, destination. About 16,600 rows a day on 240 real routes, with the real
// distribution of delays, which grow through the day. The same options give the same bytes on every
// machine. Memory does not grow with rows. The file appears when it is complete and durable; on an
// error or cancellation (kCancelled) there is none.
Result<FlightsSummary> GenerateFlights(const io::Environment& environment,
                                       const FlightsOptions& options,
                                       const ProgressCallback& progress,
                                       const io::CancelToken& cancel);

}  // namespace leat::generate
