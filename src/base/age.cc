#include "base/age.h"

#include "base/time.h"

namespace leat {

std::string AgeText(std::int64_t age_us) {
  constexpr std::int64_t kMinute = 60 * kMicrosPerSecond;
  const auto ago = [&](std::int64_t unit, const char* name) {
    return std::to_string(age_us / unit) + " " + name + " ago";
  };
  if (age_us < kMicrosPerSecond) return "just now";
  if (age_us < kMinute) return ago(kMicrosPerSecond, "s");
  if (age_us < kMicrosPerHour) return ago(kMinute, "min");
  if (age_us < kMicrosPerDay) return ago(kMicrosPerHour, "h");
  return ago(kMicrosPerDay, "d");
}

}  // namespace leat
