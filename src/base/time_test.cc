#include "base/time.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

TimestampUs At(const char* text) { return ParseTimestamp(text).value(); }

TEST(TimeTest, TextRoundTrips) {
  for (const char* text :
       {"1969-12-31T23:59:59.999Z", "2026-11-01T00:00:00Z", "2024-02-29T12:30:15.000001Z"}) {
    EXPECT_EQ(FormatTimestamp(At(text)), text);
  }
  EXPECT_EQ(At("2026-11-01"), At("2026-11-01 00:00"));
  EXPECT_EQ(At("2026-11-01T02:00:00+02:00"), At("2026-11-01"));
}

TEST(TimeTest, TimesFarAwayAndBeforeYearZeroHaveTheirOwnYears) {
  constexpr std::int64_t kDay = kMicrosPerDay;
  EXPECT_EQ(FormatTimestamp(2'932'896 * kDay), "9999-12-31T00:00:00Z");
  EXPECT_EQ(FormatTimestamp(2'932'897 * kDay), "10000-01-01T00:00:00Z");
  EXPECT_EQ(FormatTimestamp(11'248'737 * kDay + 1), "32767-12-31T00:00:00.000001Z");
  EXPECT_EQ(FormatTimestamp(11'248'738 * kDay), "32768-01-01T00:00:00Z");
  EXPECT_EQ(FormatTimestamp(-719'528 * kDay), "0000-01-01T00:00:00Z");
  EXPECT_EQ(FormatTimestamp(-719'529 * kDay), "-0001-12-31T00:00:00Z");
  EXPECT_EQ(FormatTimestamp(INT64_MAX - 1), "294247-01-10T04:00:54.775806Z");
  EXPECT_EQ(FormatTimestamp(-INT64_MAX + 1), "-290308-12-21T19:59:05.224194Z");
  EXPECT_EQ(FormatTimestamp(INT64_MAX), "infinity");
  EXPECT_EQ(FormatTimestamp(-INT64_MAX), "-infinity");
}

TEST(TimeTest, WrongTextIsRefused) {
  for (const char* text :
       {"", "2026-13-01", "2026-02-30", "2026-11-01T25:00", "2026-11-01x", "yesterday"}) {
    EXPECT_FALSE(ParseTimestamp(text).ok()) << text;
  }
}

TEST(TimeTest, IntervalSetMergesNeighboursAndFindsGaps) {
  IntervalSet set;
  set.Add({0, 10});
  set.Add({20, 30});
  set.Add({10, 20});
  EXPECT_EQ(set.intervals(), (std::vector<Interval>{{0, 30}}));
  set.Remove({5, 7});
  EXPECT_EQ(set.intervals(), (std::vector<Interval>{{0, 5}, {7, 30}}));
  EXPECT_EQ(set.Gaps({-2, 40}), (std::vector<Interval>{{-2, 0}, {5, 7}, {30, 40}}));
  EXPECT_TRUE(set.Contains({8, 30}));
}

TEST(TimeTest, GrainsFollowTheCalendar) {
  const TimestampUs t = At("2024-02-29T13:45:10Z");
  EXPECT_EQ(FloorTo(Grain::kMonth, t), At("2024-02-01"));
  EXPECT_EQ(NextAfter(Grain::kMonth, t), At("2024-03-01"));
  EXPECT_EQ(FloorTo(Grain::kWeek, t), At("2024-02-26"));
  EXPECT_EQ(NextAfter(Grain::kYear, t), At("2025-01-01"));
  EXPECT_EQ(FloorTo(Grain::kHour, At("1969-12-31T23:30:00Z")), At("1969-12-31T23:00:00Z"));
}

}  // namespace
}  // namespace leat
