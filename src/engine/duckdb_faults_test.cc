// Faults of DuckDB that Leat works around. Each test shows that Leat is right, and that DuckDB
// still is not: when the latter fails after an upgrade, the work-around named there can go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "duckdb.hpp"
#include "engine/engine.h"

namespace leat::engine {
namespace {

constexpr const char* kTimes =
    "select count(distinct x::timestamptz) from (values ('2026-07-27 12:00:00'), ('2026-07-27 "
    "12:00:00 Asia/Tokyo'), ('2026-07-27 12:00:00')) v(x)";
constexpr const char* kParsedTimes =
    "select count(distinct try_strptime(x, ['%Y-%m-%d %H:%M:%S %Z', '%Y-%m-%d %H:%M:%S'])) from "
    "(values ('2026-07-27 12:00:00'), ('2026-07-27 12:00:00 Asia/Tokyo'), ('2026-07-27 12:00:00'), "
    "('2026-07-27 12:00:00 UTC'), ('2026-07-27 12:00:00')) v(x)";

std::int64_t InLeat(const std::string& sql) {
  const auto engine = Engine::Open(io::SystemEnvironment(), {.threads = 1}).value();
  return std::get<std::int64_t>(engine->NewSession()->Query(sql).value().rows.at(0).at(0));
}

// The rows' places in time, of which there are two: noon in UTC, and noon in Tokyo.
std::string InDuckDb(const std::string& sql) {
  duckdb::DuckDB database(nullptr);
  duckdb::Connection connection(database);
  const auto zone = connection.Query("SET TimeZone = 'UTC'");
  EXPECT_FALSE(zone->HasError());
  return connection.Query(sql)->GetValue(0, 0).ToString();
}

TEST(DuckDbFaults, TheZoneOfOneTextIsNotThatOfTheNext) {
  const std::string third =
      "select (array_agg(x::timestamptz))[3] = timestamptz '2026-07-27 "
      "12:00:00+00' from (values ('2026-07-27 12:00:00'), ('2026-07-27 "
      "12:00:00 Asia/Tokyo'), ('2026-07-27 12:00:00')) v(x)";
  EXPECT_EQ(InLeat("select (" + third + ")::bigint"), 1);
  EXPECT_EQ(InDuckDb(third), "false")
      << "DuckDB keeps zones apart now: remove BindZoneCast from zone_casts.cc";
  EXPECT_EQ(InLeat(kTimes), 2);
}

TEST(DuckDbFaults, TheZoneOfOneParsedTextIsNotThatOfTheNext) {
  EXPECT_EQ(InLeat(kParsedTimes), 2);
  const std::string third =
      "select (array_agg(try_strptime(x, ['%Y-%m-%d %H:%M:%S %Z', '%Y-%m-%d %H:%M:%S'])))[2] = "
      "timestamptz '2026-07-27 12:00:00+00' from (values ('2026-07-27 12:00:00 Asia/Tokyo'), "
      "('2026-07-27 12:00:00')) v(x)";
  EXPECT_EQ(InLeat("select (" + third + ")::bigint"), 1);
  EXPECT_EQ(InDuckDb(third), "false")
      << "DuckDB keeps zones apart now: remove BindStrptime from zone_casts.cc";
}

// tests/data/decimal256.parquet: id 1, v 1.5 as decimal(50, 1), written by pyarrow.
TEST(DuckDbFaults, DecimalsOfMoreThan38DigitsAreRefused) {
  const std::string file = std::string(LEAT_TEST_DATA) + "/decimal256.parquet";
  const std::string sql = "select v = 1.5 from read_parquet('" + file + "')";
  const auto engine = Engine::Open(io::SystemEnvironment(), {.threads = 1}).value();
  const auto read = engine->NewSession()->Query(sql);
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message(), testing::HasSubstr("column 'v' is decimal(50,1)"));
  EXPECT_EQ(InDuckDb(sql), "false") << "DuckDB reads long decimals now: remove RefuseLongDecimals";
}

}  // namespace
}  // namespace leat::engine
