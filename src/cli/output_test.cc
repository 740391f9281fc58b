// Values and results as text.
#include <gmock/gmock.h>

#include <limits>

#include "cli/json_output.h"
#include "cli/rows_output.h"
#include "cli/run_request.h"

namespace leat::cli {
namespace {

using data::Type;
using data::TypeKind;

TEST(JsonOfValues, LargeNumbersDecimalsAndTimesAreStrings) {
  const Type integer{.kind = TypeKind::kLong};
  EXPECT_EQ(Dump(ToJson(data::Value(std::int64_t{9007199254740992}), integer)), "9007199254740992");
  EXPECT_EQ(Dump(ToJson(data::Value(std::int64_t{9007199254740993}), integer)),
            "\"9007199254740993\"");
  EXPECT_EQ(Dump(ToJson(data::Value(std::string("1.50")),
                        {.kind = TypeKind::kDecimal, .precision = 5, .scale = 2})),
            "\"1.50\"");
  EXPECT_EQ(Dump(ToJson(data::Value(data::Instant{0}), {.kind = TypeKind::kTimestamp})),
            "\"1970-01-01T00:00:00Z\"");
}

TEST(JsonOfValues, NumbersThatJsonLacksAreStrings) {
  const Type real{.kind = TypeKind::kDouble};
  EXPECT_EQ(Dump(ToJson(data::Value(std::numeric_limits<double>::quiet_NaN()), real)), "\"NaN\"");
  EXPECT_EQ(Dump(ToJson(data::Value(-std::numeric_limits<double>::infinity()), real)),
            "\"-Infinity\"");
  EXPECT_EQ(Dump(ToJson(data::Value(0.1), real)), "0.1");
}

TEST(JsonOfValues, NestedValuesAreJsonAndTextThatLooksLikeItIsNot) {
  const std::string text = R"({"a":[1,null]})";
  EXPECT_EQ(Dump(ToJson(data::Value(text), {.kind = TypeKind::kStruct})), text);
  EXPECT_EQ(Dump(ToJson(data::Value(text), {.kind = TypeKind::kString})), R"("{\"a\":[1,null]}")");
}

TEST(JsonOfValues, BrokenUtf8IsReplaced) {
  EXPECT_EQ(Dump(ToJson(data::Value(std::string("a\xff")), {})), "\"a\xef\xbf\xbd\"");
}

TEST(Csv, QuotesOnlyWhatNeedsItAndTellsNullFromTheEmptyText) {
  EXPECT_EQ(CsvHeader(TextColumns({"plain", "with,comma"})), "plain,\"with,comma\"\n");
  EXPECT_EQ(
      CsvLine({std::string("a"), std::string("say \"x\"\n"), std::string(), std::monostate{}}),
      "a,\"say \"\"x\"\"\n\",\"\",\n");
  EXPECT_EQ(CsvLine({std::monostate{}}), "\n");
}

orchestrate::RunResult FailedRun() {
  orchestrate::TaskResult loaded{.asset = AssetName("bronze.orders"),
                                 .rows_read = 3,
                                 .rows_written = 2,
                                 .rows_quarantined = 1,
                                 .bytes_written = 100,
                                 .version = TableVersion(4),
                                 .duration_us = 12'999};
  orchestrate::TaskResult failed{.asset = AssetName("gold.sales"),
                                 .status = state::TaskStatus::kFailed,
                                 .attempt = 2,
                                 .interval = Interval{0, kMicrosPerDay}};
  failed.error =
      InvalidInput("no such column").WithHint("did you mean 'x'?").At({"gold.sql", 3, 1});
  failed.checks = {{.name = "amount min",
                    .column = "amount",
                    .status = quality::CheckStatus::kFailed,
                    .failing_rows = 7}};
  return {.id = RunId("r1"),
          .status = state::RunStatus::kPartial,
          .started_us = 0,
          .duration_us = 1'500'000,
          .tasks = {loaded, failed}};
}

TEST(RunAsJson, HasTheDocumentedFields) {
  const Json run = ToJson(FailedRun());
  EXPECT_EQ(run["run_id"], "r1");
  EXPECT_EQ(run["status"], "partial");
  EXPECT_EQ(run["started_at"], "1970-01-01T00:00:00Z");
  EXPECT_EQ(run["duration_ms"], 1500);
  const Json& loaded = run["tasks"][0];
  EXPECT_EQ(loaded["asset"], "bronze.orders");
  EXPECT_EQ(loaded["status"], "succeeded");
  EXPECT_EQ(loaded["rows_written"], 2);
  EXPECT_EQ(loaded["rows_quarantined"], 1);
  EXPECT_EQ(loaded["version"], 4);
  EXPECT_EQ(loaded["duration_ms"], 12);
  EXPECT_TRUE(loaded["interval"].is_null());
  EXPECT_TRUE(loaded["error"].is_null());
}

TEST(RunAsJson, TellsWhereATaskFailedAndWhichChecks) {
  const Json task = ToJson(FailedRun())["tasks"][1];
  EXPECT_EQ(task["attempt"], 2);
  EXPECT_EQ(task["error"], "gold.sql:3:1: no such column");
  EXPECT_EQ(task["hint"], "did you mean 'x'?");
  EXPECT_TRUE(task["version"].is_null());
  EXPECT_EQ(Dump(task["interval"]),
            R"({"start":"1970-01-01T00:00:00Z","end":"1970-01-02T00:00:00Z"})");
  EXPECT_EQ(task["checks"][0]["status"], "failed");
  EXPECT_EQ(task["checks"][0]["failing_rows"], 7);
}

TEST(RunAsJson, ACancelledRunIsPartialOrFailed) {
  orchestrate::RunResult run = FailedRun();
  run.status = state::RunStatus::kCancelled;
  EXPECT_STREQ(StatusWord(run), "partial");
  run.tasks.erase(run.tasks.begin());
  EXPECT_STREQ(StatusWord(run), "failed");
}

TEST(Window, IsHalfOpenAndEndsNowWhenNoEndIsGiven) {
  EXPECT_FALSE(WindowOf({}, 5)->has_value());
  const auto open = WindowOf({.start = "1970-01-01", .end = ""}, 7);
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(**open, (Interval{0, 7}));
  const auto closed = WindowOf({.start = "1970-01-01", .end = "1970-01-02T00:00:00Z"}, 7);
  EXPECT_EQ(**closed, (Interval{0, kMicrosPerDay}));
}

TEST(Window, RefusesWhatIsNoIntervalAndSaysWhichOption) {
  EXPECT_EQ(WindowOf({.start = "", .end = "1970-01-02"}, 7).error().message(),
            "--end is given without --start");
  EXPECT_TRUE(WindowOf({.start = "soon", .end = ""}, 7).error().message().starts_with("--start"));
  EXPECT_FALSE(WindowOf({.start = "1970-01-02", .end = "1970-01-01"}, 7).ok());
  EXPECT_FALSE(WindowOf({.start = "1970-01-02", .end = "1970-01-02"}, 7).ok());
}

}  // namespace
}  // namespace leat::cli
