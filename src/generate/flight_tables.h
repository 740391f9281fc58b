// What the generated flights imitate: figures of the US Department of Transportation for January to
// June 2001.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "generate/distributions.h"

namespace leat::generate {

struct Route {
  std::string_view origin, destination;
  std::int32_t distance_miles;
  std::uint32_t flights;  // in the half year
};
// The 240 busiest routes.
std::span<const Route> BusiestRoutes();

// Arrival delays in minutes; early arrivals are negative.
const QuantileTable& DelayMinutes();

// Per hour of departure: flights in the half year, and minutes to add to a delay drawn from
// DelayMinutes.
extern const std::array<std::uint32_t, 24> kFlightsByHour;
extern const std::array<std::int32_t, 24> kDelayShiftByHour;

// Flights a day, from Sunday.
extern const std::array<std::int32_t, 7> kFlightsByWeekday;

}  // namespace leat::generate
