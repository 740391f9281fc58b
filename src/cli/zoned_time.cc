#include "cli/zoned_time.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>

namespace leat::cli {
namespace {

constexpr TimestampUs kFirst = -62'135'596'800 * kMicrosPerSecond;  // 0001-01-01
constexpr TimestampUs kLast = 253'402'214'400 * kMicrosPerSecond;   // 9999-12-31

const date::time_zone* FindZone(const std::string& zone) {
  try {
    return date::locate_zone(zone);
  } catch (const std::runtime_error&) {
    return nullptr;  // leat doctor tells
  }
}

}  // namespace

std::string FormatInZone(TimestampUs time, const std::string& zone) {
  if (zone == "UTC" || time < kFirst || time > kLast) return FormatTimestamp(time);
  const date::time_zone* const known = FindZone(zone);
  if (known == nullptr) return FormatTimestamp(time);
  const date::sys_time<std::chrono::microseconds> instant{std::chrono::microseconds{time}};
  const std::int64_t offset_s = known->get_info(instant).offset.count();
  std::string text = FormatTimestamp(time + offset_s * kMicrosPerSecond);
  text.pop_back();  // the Z
  const std::int64_t size = std::abs(offset_s);
  text += fmt::format("{}{:02}:{:02}", offset_s < 0 ? '-' : '+', size / 3600, size / 60 % 60);
  if (size % 60 != 0) text += fmt::format(":{:02}", size % 60);  // local mean time
  return text;
}

}  // namespace leat::cli
