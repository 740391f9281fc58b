#include "data/convert.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "base/test_random.h"

namespace leat::data {
namespace {

constexpr TimestampUs kSecond = 1'000'000;

TEST(ConvertTest, IntegersAreExactOrNone) {
  EXPECT_EQ(ToInteger("0"), 0);
  EXPECT_EQ(ToInteger("-12"), -12);
  EXPECT_EQ(ToInteger(" +7 "), 7);
  EXPECT_EQ(ToInteger("1000.0"), 1000);
  EXPECT_EQ(ToInteger("1e3"), 1000);
  EXPECT_EQ(ToInteger("1.5e1"), 15);
  EXPECT_EQ(ToInteger("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(ToInteger("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(ToInteger("0e999999999999"), 0);
  for (const char* text : {"", " ", "-", "+", "1.5", "1e-1", "9223372036854775808", "1e400", "0x10",
                           "1 2", "1,000", "١", "--1", "1e", "."}) {
    EXPECT_FALSE(ToInteger(text)) << text;
  }
}

TEST(ConvertTest, NarrowIntegersHaveTheirLimits) {
  EXPECT_TRUE(FitsInteger(-128, TypeKind::kByte));
  EXPECT_FALSE(FitsInteger(128, TypeKind::kByte));
  EXPECT_TRUE(FitsInteger(32767, TypeKind::kShort));
  EXPECT_FALSE(FitsInteger(-2147483649LL, TypeKind::kInteger));
}

TEST(ConvertTest, DecimalsKeepEveryDigit) {
  EXPECT_TRUE(ToDecimal("0.00001", 12, 6) == Int128{10});
  EXPECT_TRUE(ToDecimal("1.50", 3, 1) == Int128{15});
  EXPECT_TRUE(ToDecimal("-1e2", 5, 2) == Int128{-10000});
  EXPECT_TRUE(ToDecimal("99999999999999999999999999999999999999", 38, 0).has_value());
  EXPECT_FALSE(ToDecimal("100000000000000000000000000000000000000", 38, 0));
  EXPECT_FALSE(ToDecimal("0.1234567", 12, 6));
  EXPECT_FALSE(ToDecimal("12345678901.5", 12, 6));
  EXPECT_FALSE(ToDecimal("nan", 12, 6));
}

TEST(ConvertTest, ADoubleKeepsTheDigitsOfItsText) {
  EXPECT_EQ(ToDouble("0.1"), 0.1);
  EXPECT_EQ(ToDouble("0.10000000000000001"), 0.1);
  EXPECT_EQ(ToDouble("0.1000000000000000055511151231257827021181583404541015625"), 0.1);
  EXPECT_EQ(ToDouble("123456789012345678.000000"), std::nullopt);
  EXPECT_EQ(ToDouble("9007199254740992"), 9007199254740992.0);
  EXPECT_EQ(ToDouble("1e308"), 1e308);
  EXPECT_EQ(ToDouble("5e-324"), 5e-324);
  EXPECT_TRUE(std::isnan(ToDouble("NaN").value()));
  EXPECT_EQ(ToDouble("-inf"), -std::numeric_limits<double>::infinity());
  for (const char* text : {"9007199254740993", "12345678901234567.89", "1e400", "1e-400", "",
                           "1.2.3", "0x1p3", "1_000", "infinit"}) {
    EXPECT_FALSE(ToDouble(text)) << text;
  }
  EXPECT_FALSE(ToFloat("16777217"));
  EXPECT_EQ(ToFloat("16777216"), 16777216.0F);
  EXPECT_FALSE(ToFloat("1767657600000"));
}

TEST(ConvertTest, WhatPrintsADoubleReadsAsThatDouble) {
  TestRandom random(20261130);
  for (int i = 0; i < 20'000; i++) {
    const std::uint64_t bits = random() << 32U | random();
    double value = 0;
    static_assert(sizeof(value) == sizeof(bits));
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isfinite(value)) continue;
    char text[64];
    std::snprintf(text, sizeof(text), "%.17g", value);
    ASSERT_EQ(ToDouble(text), value) << text;
  }
}

TEST(ConvertTest, DatesAreDaysOfTheCalendar) {
  EXPECT_EQ(ToDate("1970-01-01"), 0);
  EXPECT_EQ(ToDate("2026-01-06"), 20459);
  EXPECT_EQ(ToDate("2024-02-29"), 19782);
  EXPECT_EQ(ToDate("0001-01-01"), -719162);
  EXPECT_EQ(ToDate("2026-01-06T00:00:00"), 20459);
  for (const char* text : {"2026-02-30", "2026-13-01", "2026-1-6", "20260106", "2026-01-06abc",
                           "2026-01-06 23:30:00", "2026-01-06T23:30:00-05:00", "", "2026-00-10"}) {
    EXPECT_FALSE(ToDate(text)) << text;
  }
}

TEST(ConvertTest, TimesHaveTheirOwnZone) {
  const TimestampUs noon = 1785153600 * kSecond;  // 2026-07-27T12:00:00Z
  EXPECT_EQ(ToTimestamp("2026-07-27 12:00:00"), noon);
  EXPECT_EQ(ToTimestamp("2026-07-27T12:00:00Z"), noon);
  EXPECT_EQ(ToTimestamp("2026-07-27 14:00:00+02"), noon);
  EXPECT_EQ(ToTimestamp("2026-07-27 21:00:00 Asia/Tokyo"), noon);
  EXPECT_EQ(ToTimestamp("2026-07-27 12:00:00"), noon);
  EXPECT_EQ(ToTimestamp("2026-07-27 12:00:00.123456"), noon + 123456);
  EXPECT_EQ(ToTimestamp("2026-07-27 12:00:00.123456000"), noon + 123456);
  EXPECT_FALSE(ToTimestampNtz("2026-07-27T12:00:00Z"));
  for (const char* text :
       {"2026-07-27 12:00:00.1234567", "2026-07-27 24:00:00", "2026-07-27 12:00:60",
        "2026-07-27 12:00:00 CET", "2026-07-27 12:00:00 Mars/Olympus", "2026-07-27 12",
        "2026-03-29 02:30:00 Europe/Berlin", "2026-10-25 02:30:00 Europe/Berlin", "noon"}) {
    EXPECT_FALSE(ToTimestamp(text)) << text;
  }
}

TEST(ConvertTest, FormatsMatchTheWholeText) {
  EXPECT_EQ(ToDate("31.01.2026", "%d.%m.%Y"), ToDate("2026-01-31"));
  EXPECT_EQ(ToDate("1/2/2026", "%-d/%-m/%Y"), ToDate("2026-02-01"));
  EXPECT_EQ(ToDate("Feb 3, 2026", "%b %-d, %Y"), ToDate("2026-02-03"));
  EXPECT_EQ(ToDate("Tue 03 February 2026", "%a %d %B %Y"), ToDate("2026-02-03"));
  EXPECT_FALSE(ToDate("Mon 03 February 2026", "%a %d %B %Y"));  // it was a Tuesday
  EXPECT_FALSE(ToDate("31.01.2026x", "%d.%m.%Y"));
  EXPECT_FALSE(ToDate("31.02.2026", "%d.%m.%Y"));
  EXPECT_EQ(ToTimestamp("01/31/2026 01:05 PM", "%m/%d/%Y %I:%M %p"),
            ToTimestamp("2026-01-31 13:05"));
  EXPECT_FALSE(ToTimestamp("01/31/2026 13:05 AM", "%m/%d/%Y %H:%M %p"));
}

TEST(ConvertTest, BooleansAndBytes) {
  EXPECT_EQ(ToBoolean("TRUE"), true);
  EXPECT_EQ(ToBoolean(" no "), false);
  EXPECT_FALSE(ToBoolean("7"));
  EXPECT_EQ(ToBinary("a\\x00\\xFF"), std::string("a\0\xFF", 3));
  EXPECT_FALSE(ToBinary("\\x0"));
  EXPECT_FALSE(ToBinary("é"));
}

}  // namespace
}  // namespace leat::data
