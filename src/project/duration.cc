#include "project/duration.h"

#include <fmt/format.h>

#include <charconv>

#include "base/time.h"
#include "project/limits.h"

namespace leat::project {
namespace {

std::int64_t MicrosPer(std::string_view unit) {
  if (unit == "ms") return kMicrosPerMilli;
  if (unit == "s") return kMicrosPerSecond;
  if (unit == "m") return 60 * kMicrosPerSecond;
  if (unit == "h") return kMicrosPerHour;
  if (unit == "d") return kMicrosPerDay;
  if (unit == "w") return 7 * kMicrosPerDay;
  return 0;
}

}  // namespace

Result<std::int64_t> ParseDuration(std::string_view text) {
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, count);
  const std::int64_t unit_us = MicrosPer({stop, static_cast<std::size_t>(end - stop)});
  if (error != std::errc() || count < 0 || unit_us == 0) {
    return InvalidInput(fmt::format("'{}' is not a duration", text))
        .WithHint("write a whole number and a unit: 500ms, 90s, 15m, 2h, 1d, 1w");
  }
  if (count > kMaxDurationDays * kMicrosPerDay / unit_us) {
    return InvalidInput(fmt::format("'{}' is longer than {} days", text, kMaxDurationDays));
  }
  return count * unit_us;
}

}  // namespace leat::project
