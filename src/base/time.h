// Time as data: UTC instants in microseconds since 1970-01-01, half-open intervals, and their text
// forms.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leat {

// Microseconds since 1970-01-01T00:00:00Z. The unit of Delta and DuckDB timestamps.
using TimestampUs = std::int64_t;

constexpr TimestampUs kMicrosPerMilli = 1'000;
constexpr TimestampUs kMicrosPerSecond = 1'000'000;
constexpr TimestampUs kMicrosPerHour = 3'600 * kMicrosPerSecond;
constexpr TimestampUs kMicrosPerDay = 24 * kMicrosPerHour;

// RFC 3339 in UTC: "2026-11-01T00:00:00Z"; a fraction (3 or 6 digits) only when there is one.
std::string FormatTimestamp(TimestampUs t);

// Accepts "2026-11-01", "2026-11-01T10:00[:00[.ffffff]]" and a blank for the T, each with Z, ±hh:mm
// or nothing (UTC).
Result<TimestampUs> ParseTimestamp(std::string_view text);

// [start, end) in UTC. Empty when start == end; never reversed.
struct Interval {
  TimestampUs start = 0;
  TimestampUs end = 0;
  auto operator<=>(const Interval&) const = default;
};

// A set of instants as sorted, disjoint, non-touching intervals: 100,000 daily runs without a gap
// are one entry.
class IntervalSet {
 public:
  void Add(Interval interval);
  void Remove(Interval interval);
  bool Contains(Interval interval) const;
  // The parts of `within` that the set does not cover.
  std::vector<Interval> Gaps(Interval within) const;
  const std::vector<Interval>& intervals() const { return intervals_; }

 private:
  std::vector<Interval> intervals_;
};

// The length of an asset's intervals, from its schedule: months and years follow the calendar in
// UTC.
enum class Grain { kMinute, kHour, kDay, kWeek, kMonth, kYear };

// "@hourly" → kHour and so on; nothing for other text.
std::optional<Grain> ParseGrain(std::string_view schedule);
const char* ToString(Grain grain);
// The start of the grain that holds t (weeks start on Monday), and the start of the one after it.
TimestampUs FloorTo(Grain grain, TimestampUs t);
TimestampUs NextAfter(Grain grain, TimestampUs t);

}  // namespace leat
