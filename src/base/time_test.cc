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
