#include "generate/flights.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "generate/csv_file.h"
#include "generate/distributions.h"
#include "generate/flight_tables.h"
#include "generate/random_stream.h"

namespace leat::generate {
namespace {

constexpr std::uint64_t kFlightDomain = 200;
constexpr std::int32_t kSecondsPerMinute = 60;
constexpr std::int32_t kEarliestMinutes =
    -60;  // no shift makes a flight earlier than real ones are

Status Validate(const FlightsOptions& options) {
  if (options.path.empty()) return InvalidInput("the file to generate is missing");
  if (options.rows < 0 || options.rows > kMaxFlightRows) {
    return InvalidInput(
        fmt::format("rows is {}, but must be 0 to {}", options.rows, kMaxFlightRows));
  }
  if (options.start != FloorTo(Grain::kDay, options.start)) {
    return InvalidInput("start is " + FormatTimestamp(options.start) + ", but must be a date");
  }
  return Ok();
}

WeightedChoice RouteChoice() {
  std::vector<std::uint32_t> weights;
  for (const Route& route : BusiestRoutes()) weights.push_back(route.flights);
  return WeightedChoice(weights);
}

class FlightsWriter {
 public:
  FlightsWriter(const FlightsOptions& options, const ProgressCallback& progress,
                const io::CancelToken& cancel, CsvFile file)
      : options_(options), progress_(progress), cancel_(cancel), file_(std::move(file)) {}

  Result<FlightsSummary> Run() && {
    FlightsSummary summary;
    for (; summary.rows < options_.rows; summary.days++) {
      const TimestampUs day = options_.start + summary.days * kMicrosPerDay;
      // 1970-01-01 was a Thursday, 4 days after a Sunday.
      const auto weekday = static_cast<std::size_t>(((day / kMicrosPerDay + 4) % 7 + 7) % 7);
      const std::int64_t flights = kFlightsByWeekday[weekday];
      LEAT_TRY(WriteDay(day, summary.rows, flights));
      summary.rows = std::min(options_.rows, summary.rows + flights);
    }
    LEAT_ASSIGN(summary.size_bytes, std::move(file_).Close());
    if (progress_) progress_({summary.rows, options_.rows});
    return summary;
  }

 private:
  Status WriteDay(TimestampUs day, std::int64_t first_row, std::int64_t flights) {
    TimestampText departure(FormatTimestamp(day).substr(0, 10), ' ', "");
    const std::int64_t end = std::min(flights, options_.rows - first_row);
    for (std::int64_t i = 0; i < end; i++) {
      const std::int64_t row = first_row + i;
      if (row % kRowsPerReport == 0) LEAT_TRY(Report(row));
      RandomStream random(options_.seed, kFlightDomain, static_cast<std::uint64_t>(row));
      const std::int32_t second = clock_.SecondOfEvent(i, flights, random.Next32());
      const Route& route = BusiestRoutes()[routes_.Pick(random)];
      const std::int32_t shift = kDelayShiftByHour[static_cast<std::size_t>(second / 3'600)];
      file_.Text(departure.At(second - second % kSecondsPerMinute));
      file_.Integer(std::max(kEarliestMinutes, DelayMinutes().At(random.Next32()) + shift));
      file_.Integer(route.distance_miles);
      file_.Text(route.origin);
      file_.Text(route.destination);
      LEAT_TRY(file_.EndRow());
    }
    return Ok();
  }

  Status Report(std::int64_t rows_done) const {
    if (progress_) progress_({rows_done, options_.rows});
    if (cancel_.cancelled()) {
      return Cancelled("generating " + options_.path + " was cancelled; no file remains");
    }
    return Ok();
  }

  const FlightsOptions& options_;
  const ProgressCallback& progress_;
  const io::CancelToken& cancel_;
  CsvFile file_;
  const WeightedChoice routes_ = RouteChoice();
  const DayClock clock_ = DayClock(kFlightsByHour);
};

}  // namespace

Result<FlightsSummary> GenerateFlights(const io::Environment& environment,
                                       const FlightsOptions& options,
                                       const ProgressCallback& progress,
                                       const io::CancelToken& cancel) {
  LEAT_TRY(Validate(options));
  LEAT_ASSIGN(CsvFile file, CsvFile::Create(environment.files, options.path,
                                            "date,delay,distance,origin,destination"));
  return FlightsWriter(options, progress, cancel, std::move(file)).Run();
}

}  // namespace leat::generate
