#include "base/time.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/date_text.h"

namespace leat {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

std::int64_t FloorDiv(std::int64_t a, std::int64_t b) {
  return a / b - ((a % b != 0 && (a % b < 0) != (b < 0)) ? 1 : 0);
}

year_month_day DateOf(TimestampUs t) {
  return year_month_day{sys_days{days{FloorDiv(t, kMicrosPerDay)}}};
}

TimestampUs MidnightOf(year_month_day date) {
  return sys_days{date}.time_since_epoch().count() * kMicrosPerDay;
}

// Reads exactly `digits` decimal digits at `at`; -1 if they are not there.
int ReadDigits(std::string_view text, std::size_t& at, int digits) {
  int value = 0;
  for (int i = 0; i < digits; i++, at++) {
    if (at >= text.size() || text[at] < '0' || text[at] > '9') return -1;
    value = value * 10 + (text[at] - '0');
  }
  return value;
}

bool Skip(std::string_view text, std::size_t& at, char c) {
  if (at >= text.size() || text[at] != c) return false;
  at++;
  return true;
}

// "hh:mm[:ss[.ffffff]]" after the date; advances `at`.
std::optional<TimestampUs> ReadTimeOfDay(std::string_view text, std::size_t& at) {
  const int hour = ReadDigits(text, at, 2);
  if (hour < 0 || hour > 23 || !Skip(text, at, ':')) return std::nullopt;
  const int minute = ReadDigits(text, at, 2);
  if (minute < 0 || minute > 59) return std::nullopt;
  TimestampUs t = hour * kMicrosPerHour + minute * 60 * kMicrosPerSecond;
  if (!Skip(text, at, ':')) return t;
  const int second = ReadDigits(text, at, 2);
  if (second < 0 || second > 59) return std::nullopt;
  t += second * kMicrosPerSecond;
  if (!Skip(text, at, '.')) return t;
  TimestampUs unit = kMicrosPerSecond / 10;
  const std::size_t begin = at;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; at++, unit /= 10) {
    t += (text[at] - '0') * unit;
  }
  if (at == begin) return std::nullopt;
  return t;
}

// "Z", "+02:00", "-0700" or nothing.
std::optional<TimestampUs> ReadOffset(std::string_view text, std::size_t& at) {
  if (at == text.size()) return 0;
  if (Skip(text, at, 'Z') || Skip(text, at, 'z')) return 0;
  const bool negative = text[at] == '-';
  if (!Skip(text, at, negative ? '-' : '+')) return std::nullopt;
  const int hour = ReadDigits(text, at, 2);
  Skip(text, at, ':');
  const int minute = at < text.size() ? ReadDigits(text, at, 2) : 0;
  if (hour < 0 || minute < 0) return std::nullopt;
  const TimestampUs offset = hour * kMicrosPerHour + minute * 60 * kMicrosPerSecond;
  return negative ? -offset : offset;
}

}  // namespace

std::string FormatTimestamp(TimestampUs t) {
  if (t == INT64_MAX) return "infinity";
  if (t == -INT64_MAX) return "-infinity";
  const std::int64_t day = FloorDiv(t, kMicrosPerDay);
  // Not t - day * kMicrosPerDay, which the first day of all does not have room for.
  const TimestampUs rest = t % kMicrosPerDay;
  const TimestampUs in_day = rest < 0 ? rest + kMicrosPerDay : rest;
  const std::int64_t seconds = in_day / kMicrosPerSecond;
  const std::int64_t micros = in_day % kMicrosPerSecond;
  std::string text = fmt::format("{}T{:02}:{:02}:{:02}", FormatDate(day), seconds / 3600,
                                 seconds / 60 % 60, seconds % 60);
  if (micros % 1000 != 0) {
    text += fmt::format(".{:06}", micros);
  } else if (micros != 0) {
    text += fmt::format(".{:03}", micros / 1000);
  }
  return text + "Z";
}

Result<TimestampUs> ParseTimestamp(std::string_view text) {
  const auto wrong = [&] {
    return InvalidInput(fmt::format("'{}' is not a date or time", text))
        .WithHint("write it like 2026-11-01 or 2026-11-01T06:00:00Z");
  };
  std::size_t at = 0;
  const int year = ReadDigits(text, at, 4);
  if (year < 0 || !Skip(text, at, '-')) return wrong();
  const int month = ReadDigits(text, at, 2);
  if (month < 0 || !Skip(text, at, '-')) return wrong();
  const int day = ReadDigits(text, at, 2);
  const year_month_day date{std::chrono::year{year}, std::chrono::month(unsigned(month)),
                            std::chrono::day(unsigned(day))};
  if (day < 0 || !date.ok()) return wrong();
  TimestampUs t = MidnightOf(date);
  if (at == text.size()) return t;
  if (!Skip(text, at, 'T') && !Skip(text, at, ' ')) return wrong();
  const auto time_of_day = ReadTimeOfDay(text, at);
  if (!time_of_day) return wrong();
  const auto offset = ReadOffset(text, at);
  if (!offset || at != text.size()) return wrong();
  return t + *time_of_day - *offset;
}

void IntervalSet::Add(Interval added) {
  if (added.start >= added.end) return;
  std::vector<Interval> merged;
  for (const Interval& interval : intervals_) {
    if (interval.end < added.start || interval.start > added.end) {
      merged.push_back(interval);
    } else {
      added.start = std::min(added.start, interval.start);
      added.end = std::max(added.end, interval.end);
    }
  }
  merged.insert(std::upper_bound(merged.begin(), merged.end(), added), added);
  intervals_ = std::move(merged);
}

void IntervalSet::Remove(Interval removed) {
  std::vector<Interval> left;
  for (const Interval& interval : intervals_) {
    const Interval before{interval.start, std::min(interval.end, removed.start)};
    const Interval after{std::max(interval.start, removed.end), interval.end};
    if (before.start < before.end) left.push_back(before);
    if (after.start < after.end && after != before) left.push_back(after);
  }
  intervals_ = std::move(left);
}

bool IntervalSet::Contains(Interval interval) const { return Gaps(interval).empty(); }

std::vector<Interval> IntervalSet::Gaps(Interval within) const {
  std::vector<Interval> gaps;
  TimestampUs at = within.start;
  for (const Interval& interval : intervals_) {
    if (interval.end <= at) continue;
    if (interval.start >= within.end) break;
    if (interval.start > at) gaps.push_back({at, interval.start});
    at = interval.end;
  }
  if (at < within.end) gaps.push_back({at, within.end});
  return gaps;
}

std::optional<Grain> ParseGrain(std::string_view schedule) {
  if (schedule == "@minutely") return Grain::kMinute;
  if (schedule == "@hourly") return Grain::kHour;
  if (schedule == "@daily" || schedule == "@midnight") return Grain::kDay;
  if (schedule == "@weekly") return Grain::kWeek;
  if (schedule == "@monthly") return Grain::kMonth;
  if (schedule == "@yearly" || schedule == "@annually") return Grain::kYear;
  return std::nullopt;
}

const char* ToString(Grain grain) {
  switch (grain) {
    case Grain::kMinute: return "minute";
    case Grain::kHour: return "hour";
    case Grain::kDay: return "day";
    case Grain::kWeek: return "week";
    case Grain::kMonth: return "month";
    case Grain::kYear: return "year";
  }
  return "day";
}

TimestampUs FloorTo(Grain grain, TimestampUs t) {
  constexpr TimestampUs kMicrosPerMinute = 60 * kMicrosPerSecond;
  constexpr TimestampUs kFirstMonday = 4 * kMicrosPerDay;  // 1970-01-05
  const year_month_day date = DateOf(t);
  switch (grain) {
    case Grain::kMinute: return FloorDiv(t, kMicrosPerMinute) * kMicrosPerMinute;
    case Grain::kHour: return FloorDiv(t, kMicrosPerHour) * kMicrosPerHour;
    case Grain::kDay: return FloorDiv(t, kMicrosPerDay) * kMicrosPerDay;
    case Grain::kWeek:
      return FloorDiv(t - kFirstMonday, 7 * kMicrosPerDay) * 7 * kMicrosPerDay + kFirstMonday;
    case Grain::kMonth: return MidnightOf(date.year() / date.month() / 1);
    case Grain::kYear: return MidnightOf(date.year() / 1 / 1);
  }
  return t;
}

TimestampUs NextAfter(Grain grain, TimestampUs t) {
  const TimestampUs floor = FloorTo(grain, t);
  const year_month_day date = DateOf(floor);
  switch (grain) {
    case Grain::kMinute: return floor + 60 * kMicrosPerSecond;
    case Grain::kHour: return floor + kMicrosPerHour;
    case Grain::kDay: return floor + kMicrosPerDay;
    case Grain::kWeek: return floor + 7 * kMicrosPerDay;
    case Grain::kMonth: return MidnightOf(date + std::chrono::months(1));
    case Grain::kYear: return MidnightOf(date + std::chrono::years(1));
  }
  return floor;
}

}  // namespace leat
