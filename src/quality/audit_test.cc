#include "quality/audit.h"

#include <fmt/format.h>

#include <thread>

#include "base/text.h"
#include "quality/audit_fixture.h"
#include "quality/limits.h"

namespace leat::quality {
namespace {

using project::Check;
using project::CheckKind;
using project::OnFail;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// --- every kind: good, bad, null, empty ---

TEST_F(AuditTest, NotNullFindsNulls) {
  EXPECT_EQ(FailingRows(project::NotNull{}, "1, 2"), 0);
  EXPECT_EQ(FailingRows(project::NotNull{}, "1, NULL, NULL"), 2);
  EXPECT_EQ(FailingRows(project::NotNull{}, ""), 0);
}

TEST_F(AuditTest, UniqueFailsAllRowsOfARepeatedKeyAndIgnoresNulls) {
  EXPECT_EQ(FailingRows(project::Unique{}, "1, 2, 3"), 0);
  EXPECT_EQ(FailingRows(project::Unique{}, "1, 2, 2, 2, 3, 3"), 5);
  EXPECT_EQ(FailingRows(project::Unique{}, "1, NULL, NULL"), 0);
  EXPECT_EQ(FailingRows(project::Unique{}, "NULL, NULL"), 0);
  EXPECT_EQ(FailingRows(project::Unique{}, ""), 0);
  EXPECT_EQ(FailingRows(project::Unique{}, "'a', 'b', 'a'", "VARCHAR"), 2);
  EXPECT_EQ(
      FailingRows(project::Unique{}, "-9223372036854775808, 9223372036854775807, 0", "BIGINT"), 0);
  EXPECT_EQ(
      FailingRows(project::Unique{},
                  "-9223372036854775808, 9223372036854775807, -9223372036854775808", "BIGINT"),
      2);
  EXPECT_EQ(FailingRows(project::Unique{}, "-128, 127, -128, 5", "TINYINT"), 2);
}

TEST_F(AuditTest, PositiveRefusesZeroAndNegatives) {
  EXPECT_EQ(FailingRows(project::Positive{}, "1, 2"), 0);
  EXPECT_EQ(FailingRows(project::Positive{}, "0, -1, 2, NULL"), 2);
  EXPECT_EQ(FailingRows(project::Positive{}, "NULL, NULL"), 0);
  EXPECT_EQ(FailingRows(project::Positive{}, ""), 0);
  EXPECT_EQ(FailingRows(project::Positive{}, "'nan', '-0.5', '1'", "DOUBLE"), 1);
  EXPECT_EQ(FailingRows(project::Positive{}, "'10', '-1'", "VARCHAR"), 1);
}

TEST_F(AuditTest, AcceptedValuesCompareInTheColumnsType) {
  const project::AcceptedValues kind{{"1", "2"}};
  EXPECT_EQ(FailingRows(kind, "1, 2, NULL"), 0);
  EXPECT_EQ(FailingRows(kind, "1, 3, 4"), 2);
  EXPECT_EQ(FailingRows(kind, ""), 0);
  EXPECT_EQ(FailingRows(kind, "'1', '01'", "VARCHAR"), 1);
  EXPECT_EQ(FailingRows(project::AcceptedValues{{"it's"}}, "'it''s', 'x'", "VARCHAR"), 1);
  EXPECT_EQ(
      FailingRows(project::AcceptedValues{{"2026-01-01"}}, "'2026-01-01', '2026-01-02'", "DATE"),
      1);
  EXPECT_EQ(FailingRows(project::AcceptedValues{{"1.50"}}, "1.5, 2.5", "DECIMAL(10,3)"), 1);
  project::AcceptedValues many;
  for (std::size_t i = 0; i <= kMaxListedValues; i++) many.values.push_back(std::to_string(i));
  EXPECT_EQ(FailingRows(many, "0, 32, 33, NULL"), 1);
}

TEST_F(AuditTest, RelationshipsFindValuesWithoutParent) {
  tables_["silver.customers"] = engine::QuerySource{"SELECT unnest([1, 2, NULL]) AS id"};
  const project::Relationships kind{.table = "silver.customers", .column = "id"};
  EXPECT_EQ(FailingRows(kind, "1, 2, NULL"), 0);
  EXPECT_EQ(FailingRows(kind, "1, 3, 3"), 2);
  EXPECT_EQ(FailingRows(kind, ""), 0);
}

TEST_F(AuditTest, RelationshipsToTheTableItselfLookAtTheStagedRows) {
  const Staged staged = Stage("SELECT * FROM (VALUES (1, NULL), (2, 1), (3, 9)) t(id, v)");
  AddCheck(project::Relationships{.table = "silver.orders", .column = "id"});
  EXPECT_EQ(Run(staged).checks[0].failing_rows, 1);
  AuditInput input = Input(staged);
  input.existing = engine::QuerySource{"SELECT 9 AS id"};
  EXPECT_EQ(Run(input).checks[0].failing_rows, 0);
}

TEST_F(AuditTest, PatternMatchesTheWholeValue) {
  const project::Pattern kind{"[A-Z]{3}"};
  EXPECT_EQ(FailingRows(kind, "'ABC', NULL", "VARCHAR"), 0);
  EXPECT_EQ(FailingRows(kind, "'ABCD', 'abc', ''", "VARCHAR"), 3);
  EXPECT_EQ(FailingRows(kind, "", "VARCHAR"), 0);
  EXPECT_EQ(FailingRows(project::Pattern{"[0-9]"}, "5, 55"), 1);
}

TEST_F(AuditTest, RangesAreInclusiveAndExact) {
  EXPECT_EQ(FailingRows(project::Min{"2"}, "1, 2, 3, NULL"), 1);
  EXPECT_EQ(FailingRows(project::Max{"2"}, "1, 2, 3, NULL"), 1);
  EXPECT_EQ(FailingRows(project::Between{.min = "2", .max = "3"}, "1, 2, 3, 4, NULL"), 2);
  EXPECT_EQ(FailingRows(project::Min{"1.5"}, "1, 2"), 1);
  EXPECT_EQ(FailingRows(project::Max{"1.5"}, "1, 2"), 1);
  EXPECT_EQ(FailingRows(project::Max{"0"}, ""), 0);
  EXPECT_EQ(FailingRows(project::Min{"'2026-01-02'"}, "'2026-01-01', '2026-01-02'", "DATE"), 1);
  EXPECT_EQ(FailingRows(project::Max{"'2026-01-01 12:00:00'"},
                        "'2026-01-01 12:00:00', '2026-01-01 12:00:00.000001'", "TIMESTAMPTZ"),
            1);
  EXPECT_EQ(FailingRows(project::Max{"10"}, "'9', '11'", "VARCHAR"), 1);
  EXPECT_EQ(FailingRows(project::Max{"'b'"}, "'a', 'c'", "VARCHAR"), 1);
  EXPECT_EQ(FailingRows(project::Max{"10"}, "'nan', '1'", "DOUBLE"), 1);
  EXPECT_EQ(FailingRows(project::Between{.min = "0", .max = "0.1"}, "0.1, 0.05", "FLOAT"), 0);
}

TEST_F(AuditTest, TypeAcceptsTextThatCasts) {
  const project::OfType kind{"BIGINT"};
  EXPECT_EQ(FailingRows(kind, "'1', '-2', NULL", "VARCHAR"), 0);
  EXPECT_EQ(FailingRows(kind, "'x', '', '1'", "VARCHAR"), 2);
  EXPECT_EQ(FailingRows(kind, "", "VARCHAR"), 0);
}

TEST_F(AuditTest, RowCountDecidesWhetherATableMayBeEmpty) {
  EXPECT_EQ(Judge(project::RowCount{.min = 1, .max = 2}, "1, 2", "INTEGER", "").status,
            CheckStatus::kPassed);
  const CheckOutcome empty = Judge(project::RowCount{.min = 1}, "", "INTEGER", "");
  EXPECT_EQ(empty.status, CheckStatus::kFailed);
  EXPECT_EQ(empty.message, "0 rows, at least 1 expected");
  EXPECT_EQ(Judge(project::RowCount{.max = 1}, "1, 2", "INTEGER", "").status, CheckStatus::kFailed);
}

TEST_F(AuditTest, FreshnessLooksAtTheNewestTime) {
  const project::Freshness kind{.column = "v", .max_age_us = kMicrosPerDay};
  EXPECT_EQ(Judge(kind, "'2025-01-01', '2025-12-31 12:00:00'", "TIMESTAMPTZ", "").status,
            CheckStatus::kPassed);
  const CheckOutcome old = Judge(kind, "'2025-12-30', NULL", "TIMESTAMPTZ", "");
  EXPECT_EQ(old.status, CheckStatus::kFailed);
  EXPECT_THAT(old.message, HasSubstr("2025-12-30T00:00:00Z"));
  EXPECT_EQ(Judge(kind, "'2025-12-31'", "DATE", "").status, CheckStatus::kPassed);
  EXPECT_EQ(Judge(kind, "NULL", "DATE", "").status, CheckStatus::kFailed);
  EXPECT_EQ(Judge(kind, "", "DATE", "").status, CheckStatus::kPassed);
  EXPECT_EQ(Judge(kind, "'2025-12-31'", "VARCHAR", "").status, CheckStatus::kPassed);
}

TEST_F(AuditTest, UniqueKeySpansColumns) {
  AddCheck(project::UniqueKey{{"a", "b"}}, "");
  EXPECT_EQ(Run(Stage("SELECT * FROM (VALUES (1, 'x'), (1, 'y'), (2, 'x')) t(a, b)"))
                .checks[0]
                .failing_rows,
            0);
  EXPECT_EQ(Run(Stage("SELECT * FROM (VALUES (1, 'x'), (1, 'x'), (1, NULL), (1, NULL)) t(a, b)"))
                .checks[0]
                .failing_rows,
            2);
  EXPECT_EQ(Run(Stage("SELECT 1 AS a, 2 AS b WHERE false")).checks[0].status, CheckStatus::kPassed);
}

TEST_F(AuditTest, VolumeAnomalyComparesWithEarlierRuns) {
  const project::VolumeAnomaly kind{.history = 4, .sensitivity = 3};
  EXPECT_THAT(Judge(kind, "1, 2", "INTEGER", "").message, HasSubstr("too few"));
  history_ = {900, 10, 10, 12, 10};  // only the last four count
  EXPECT_EQ(Judge(kind, "1,2,3,4,5,6,7,8,9,10,11", "INTEGER", "").status, CheckStatus::kPassed);
  EXPECT_EQ(Judge(kind, "1, 2", "INTEGER", "").status, CheckStatus::kFailed);
  EXPECT_EQ(Judge(kind, "", "INTEGER", "").status, CheckStatus::kFailed);
  history_ = {200, 200, 200};
  const std::string values = Join(std::vector<std::string>(201, "1"), ", ");
  EXPECT_EQ(Judge(kind, values, "INTEGER", "").status,
            CheckStatus::kPassed);  // equal counts so far: 1 % is normal
}

TEST_F(AuditTest, CustomSqlReturnsTheBadRows) {
  tables_["gold.limits"] = engine::QuerySource{"SELECT 2 AS most"};
  asset_.checks = {
      Custom("select * from this where v > (select most from gold.limits) -- too many")};
  AuditInput input = Input(Stage("SELECT unnest([1, 2, 3]) AS v"));
  const AuditResult result = Run(input);
  EXPECT_EQ(result.checks[0].failing_rows, 1);
  EXPECT_FALSE(result.publishable);
  asset_.checks = {Custom("select * from this where v > $most")};
  AddCheck(project::Pattern{"[0-9]"});
  input.parameters["most"] = std::int64_t{3};
  EXPECT_TRUE(Run(input).publishable);
}

// --- errors are no passes ---

TEST_F(AuditTest, AnErrorKeepsTheResultsOfOtherChecks) {
  AddCheck(project::Max{"2"});
  AddCheck(project::Max{"'abc'"});
  AddCheck(project::Pattern{"(("});
  AddCheck(project::NotNull{}, "w");
  AddCheck(project::Relationships{.table = "silver.nowhere", .column = "id"});
  asset_.checks.push_back(Custom("select *\nfrom this where w = 1"));
  AddCheck(project::Unique{});
  const AuditResult result = Run(Stage("SELECT unnest([1, 2, 3]) AS v"));
  EXPECT_EQ(result.checks[0].status, CheckStatus::kFailed);
  EXPECT_EQ(result.checks[0].failing_rows, 1);
  for (const int i : {1, 2, 3, 4, 5}) {
    EXPECT_EQ(result.checks[i].status, CheckStatus::kError)
        << i << ": " << result.checks[i].message;
  }
  EXPECT_THAT(result.checks[1].message, HasSubstr("abc"));
  EXPECT_THAT(result.checks[3].message, HasSubstr("no column 'w'"));
  EXPECT_THAT(result.checks[4].message, HasSubstr("nowhere"));
  EXPECT_THAT(result.checks[5].message, HasSubstr("line 2, column 17"));
  EXPECT_EQ(result.checks[6].status, CheckStatus::kPassed);
  EXPECT_FALSE(result.publishable);
}

TEST_F(AuditTest, ACheckWithWarnThatCannotBeEvaluatedBlocksAsWell) {
  AddCheck(project::Max{"10"}, "v", OnFail::kWarn);
  const AuditResult result = Run(Stage("SELECT 'x' AS v"));
  EXPECT_EQ(result.checks[0].status, CheckStatus::kError);
  EXPECT_FALSE(result.publishable);
}

TEST_F(AuditTest, AParentTableWithoutTheColumnIsAnErrorAlthoughTheTableHasIt) {
  tables_["silver.customers"] = engine::QuerySource{"SELECT 1 AS id"};
  EXPECT_EQ(Judge(project::Relationships{.table = "silver.customers", .column = "v"}, "1").status,
            CheckStatus::kError);
}

TEST_F(AuditTest, ChecksOfTheWholeTableCannotSetRowsAside) {
  AddCheck(project::RowCount{.min = 1}, "", OnFail::kQuarantine);
  EXPECT_EQ(Run(Stage("SELECT 1 AS v")).checks[0].status, CheckStatus::kError);
}

TEST_F(AuditTest, AnInterruptedAuditIsCancelled) {
  AddCheck(project::Pattern{"x"});
  AuditInput input = Input(Stage("SELECT 'x' AS v"));
  input.tables = nullptr;
  asset_.checks.push_back(Custom("select v from this, range(100000000000) r(i) where i < 0"));
  std::thread stop([this] {
    io::SystemClock().Sleep(300'000);
    session_->Interrupt();
  });
  const auto result = Audit(*session_, io::LocalFileSystem(), input, {.directory = staging_});
  stop.join();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind(), ErrorKind::kCancelled);
}

// --- what happens to bad rows ---

TEST_F(AuditTest, FailPublishesNothingAndLeavesTheFiles) {
  AddCheck(project::NotNull{}, "v", OnFail::kFail);
  AddCheck(project::Max{"1"}, "v", OnFail::kQuarantine);
  const Staged staged = Stage("SELECT unnest([1, NULL, 3]) AS v");
  const AuditResult result = Run(staged);
  EXPECT_FALSE(result.publishable);
  EXPECT_EQ(result.rows_quarantined, 0);
  EXPECT_EQ(result.checks[1].status, CheckStatus::kWarned);
  ASSERT_THAT(result.files, SizeIs(1));
  EXPECT_EQ(result.files[0].path, staged.files[0].path);
  EXPECT_TRUE(result.quarantine_sql.empty());
}

TEST_F(AuditTest, WarnPublishesEverything) {
  AddCheck(project::NotNull{}, "v", OnFail::kWarn);
  const AuditResult result = Run(Stage("SELECT unnest([1, NULL]) AS v"));
  EXPECT_TRUE(result.publishable);
  EXPECT_EQ(result.checks[0].status, CheckStatus::kWarned);
  EXPECT_EQ(result.files[0].row_count, 2);
}

TEST_F(AuditTest, QuarantineAndDropPublishTheRest) {
  AddCheck(project::NotNull{}, "v", OnFail::kDrop);
  AddCheck(project::Max{"2"}, "v", OnFail::kQuarantine);
  AddCheck(project::NotNull{}, "s", OnFail::kQuarantine);
  const Staged staged = Stage("SELECT * FROM (VALUES (1, 'a'), (NULL, 'b'), (3, NULL)) t(v, s)",
                              "SELECT * FROM (VALUES (2, 'c'), (4, 'd'), (NULL, NULL)) t(v, s)");
  const AuditResult result = Run(staged);
  EXPECT_TRUE(result.publishable);
  EXPECT_EQ(result.rows, 6);
  EXPECT_EQ(result.rows_quarantined, 3);  // quarantine goes before drop
  EXPECT_EQ(result.rows_dropped, 1);
  EXPECT_THAT(RowsOf(result.files), testing::UnorderedElementsAre("1|a", "2|c"));
  EXPECT_THAT(FilesIn(staging_), ElementsAre(io::FileName(result.files[0].path)));
  EXPECT_THAT(
      Texts("SELECT check_name, column_name, error, raw FROM (" + result.quarantine_sql + ")"),
      ElementsAre("check 1|v|v is above 2; s is null|{\"v\":3,\"s\":null}",
                  "check 1|v|v is above 2|{\"v\":4,\"s\":\"d\"}",
                  "check 2|s|v is null; s is null|{\"v\":null,\"s\":null}"));
}

TEST_F(AuditTest, UniqueWithQuarantineKeepsTheFirstRowOfAKey) {
  AddCheck(project::Unique{}, "v", OnFail::kQuarantine);
  const AuditResult result =
      Run(Stage("SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (NULL, 'n')) t(v, s)",
                "SELECT * FROM (VALUES (1, 'c'), (NULL, 'm'), (1, 'd')) t(v, s)"));
  EXPECT_EQ(result.checks[0].failing_rows, 2);
  EXPECT_EQ(result.rows_quarantined, 2);
  EXPECT_THAT(Texts("SELECT raw FROM (" + result.quarantine_sql + ")"),
              ElementsAre("{\"v\":1,\"s\":\"c\"}", "{\"v\":1,\"s\":\"d\"}"));
  EXPECT_EQ(result.files[0].row_count, 4);
}

TEST_F(AuditTest, UniqueKeyDropsLaterRowsAndThoseThatExistAlready) {
  AddCheck(project::UniqueKey{{"a", "b"}}, "", OnFail::kDrop);
  AuditInput input = Input(Stage(
      "SELECT * FROM (VALUES (1, 1, 'x'), (1, 1, 'y'), (1, 2, 'z'), (3, 3, 'w')) t(a, b, s)"));
  input.existing = engine::QuerySource{"SELECT 3 AS a, 3 AS b"};
  const AuditResult result = Run(input);
  EXPECT_EQ(result.checks[0].failing_rows, 2);
  EXPECT_EQ(result.rows_dropped, 2);
  EXPECT_TRUE(result.quarantine_sql.empty());
  EXPECT_THAT(RowsOf(result.files), ElementsAre("1|1|x", "1|2|z"));
}

TEST_F(AuditTest, CustomSqlSetsEqualRowsAside) {
  asset_.checks = {
      Custom("select *, 1 as extra from this where s is null or v[1] = 2", OnFail::kQuarantine)};
  const AuditResult result =
      Run(Stage("SELECT * FROM (VALUES ([1], 'a'), ([2], 'b'), ([2], 'b'), ([3], NULL)) t(v, s)"));
  EXPECT_EQ(result.checks[0].failing_rows, 3);
  EXPECT_EQ(result.rows_quarantined, 3);
  EXPECT_THAT(RowsOf(result.files), ElementsAre("[1]|a"));
}

TEST_F(AuditTest, CustomSqlThatReturnsOtherRowsCannotSetThemAside) {
  asset_.checks = {Custom("select v from this where v = 1", OnFail::kQuarantine),
                   Custom("select v, upper(s) as s from this where v = 1", OnFail::kDrop)};
  const AuditResult result = Run(Stage("SELECT 1 AS v, 'a' AS s"));
  EXPECT_EQ(result.checks[0].status, CheckStatus::kError);
  EXPECT_THAT(result.checks[0].message, HasSubstr("column 's'"));
  EXPECT_EQ(result.checks[1].status, CheckStatus::kError);
  EXPECT_THAT(result.checks[1].message, HasSubstr("no rows of this"));
}

TEST_F(AuditTest, RowCountCountsWhatWillBePublished) {
  AddCheck(project::NotNull{}, "v", OnFail::kQuarantine);
  AddCheck(project::RowCount{.min = 1}, "");
  const AuditResult result = Run(Stage("SELECT NULL::INTEGER AS v"));
  EXPECT_EQ(result.checks[1].status, CheckStatus::kFailed);
  EXPECT_FALSE(result.publishable);
}

TEST_F(AuditTest, AllRowsMayBeSetAside) {
  AddCheck(project::NotNull{}, "v", OnFail::kDrop);
  const AuditResult result = Run(Stage("SELECT NULL::INTEGER AS v"));
  EXPECT_TRUE(result.publishable);
  EXPECT_THAT(result.files, IsEmpty());
  EXPECT_THAT(FilesIn(staging_), IsEmpty());
}

TEST_F(AuditTest, ATableWithoutRowsPassesAllChecksOfRows) {
  tables_["silver.customers"] = engine::QuerySource{"SELECT 1 AS v"};
  for (const CheckKind& kind :
       std::vector<CheckKind>{project::NotNull{}, project::Unique{}, project::Positive{},
                              project::AcceptedValues{{"1"}},
                              project::Relationships{.table = "silver.customers", .column = "v"},
                              project::Pattern{"x"}, project::Min{"1"}, project::OfType{"BIGINT"},
                              project::UniqueKey{{"v"}}}) {
    AddCheck(kind, "v", OnFail::kQuarantine);
  }
  asset_.checks.push_back(Custom("select * from this", OnFail::kQuarantine));
  const AuditResult result = Run(Stage("SELECT 1 AS v WHERE false"));
  EXPECT_TRUE(result.publishable);
  for (const CheckOutcome& outcome : result.checks) {
    EXPECT_EQ(outcome.status, CheckStatus::kPassed) << outcome.name << ": " << outcome.message;
  }
}

TEST_F(AuditTest, ColumnsOfAnyNameAndTypeSurviveARewrite) {
  AddCheck(project::NotNull{}, "v", OnFail::kQuarantine);
  const AuditResult result =
      Run(Stage("SELECT 1 AS v, 'x' AS \"a/b~c \"\"d\"\" 'e'\", 1.50::DECIMAL(10,2) AS d, DATE "
                "'2026-01-02' AS t, "
                "{'a': [1.5::DECIMAL(5,2)]} AS n, '\\x00'::BLOB AS bin UNION ALL "
                "SELECT NULL, 'it''s', 2.25, NULL, NULL, NULL"));
  EXPECT_THAT(Texts("SELECT raw FROM (" + result.quarantine_sql + ")"),
              ElementsAre("{\"v\":null,\"a/b~c \\\"d\\\" "
                          "'e'\":\"it's\",\"d\":\"2.25\",\"t\":null,\"n\":null,\"bin\":null}"));
  EXPECT_THAT(RowsOf(result.files), ElementsAre("1|x|1.50|2026-01-02|{\"a\":[\"1.50\"]}|\\x00"));
}

TEST_F(AuditTest, ColumnsNamedLikeTheEnginesOwnAreTheUsers) {
  AddCheck(project::NotNull{}, "v", OnFail::kQuarantine);
  const AuditResult result = Run(
      Stage("SELECT i AS v, 7 AS file_row_number, 'f' AS filename, 9 AS file_index, 1 AS breaks_0, "
            "{'v': 0} AS this, 2 AS t, 3 AS row, 4 AS file FROM (VALUES (NULL), (5)) s(i)"));
  EXPECT_EQ(result.checks[0].status, CheckStatus::kWarned);
  EXPECT_THAT(RowsOf(result.files), ElementsAre("5|7|f|9|1|{\"v\":0}|2|3|4"));
}

TEST_F(AuditTest, SamplesShowFailingRowsWithinLimits) {
  AddCheck(project::Max{"10"}, "v", OnFail::kWarn);
  const AuditResult result =
      Run(Stage("SELECT i AS v, repeat('é', 2000) AS s FROM range(100) r(i)"));
  ASSERT_THAT(result.checks[0].samples.rows, SizeIs(kMaxSampleRows));
  EXPECT_EQ(result.checks[0].samples.schema.names(), (std::vector<std::string>{"v", "s"}));
  EXPECT_GT(std::get<std::int64_t>(result.checks[0].samples.rows[0][0]), 10);
  EXPECT_LE(std::get<std::string>(result.checks[0].samples.rows[0][1]).size(),
            kMaxSampleTextBytes + 3);
}

// --- published rows ---

TEST_F(AuditTest, PublishedRowsAreOnlyJudged) {
  const Staged staged = Stage("SELECT unnest([1, 2, 2, NULL]) AS v");
  AddCheck(project::Unique{}, "v", OnFail::kQuarantine);
  AddCheck(project::NotNull{}, "v", OnFail::kWarn);
  AddCheck(project::RowCount{.min = 5}, "");
  asset_.checks.push_back(Custom("select v from this where v = 1", OnFail::kDrop));
  AuditInput input = Input(staged);
  input.files.clear();
  input.published = engine::FilesSource{.paths = {staged.files[0].path}, .schema = staged.schema};
  const AuditResult result = Run(input);
  EXPECT_EQ(result.rows, 4);
  EXPECT_EQ(result.checks[0].status, CheckStatus::kFailed);
  EXPECT_EQ(result.checks[1].status, CheckStatus::kWarned);
  EXPECT_EQ(result.checks[2].message, "4 rows, at least 5 expected");
  EXPECT_EQ(result.checks[3].failing_rows, 1);
  EXPECT_EQ(result.rows_quarantined, 0);
  EXPECT_THAT(FilesIn(staging_), SizeIs(1));
}

TEST_F(AuditTest, AViewIsAuditedThroughItsQuery) {
  AddCheck(project::NotNull{}, "v");
  AddCheck(project::Freshness{.column = "t", .max_age_us = 1}, "");
  data::Schema schema = Stage("SELECT 1 AS v, DATE '2026-01-01' AS t").schema;
  AuditInput input{
      .asset = asset_,
      .schema = schema,
      .published = engine::QuerySource{"SELECT 1 AS v, DATE '2026-01-01' AS t WHERE false"},
      .tables = Tables(),
      .now = kNow};
  const AuditResult result = Run(input);
  EXPECT_EQ(result.checks[0].status, CheckStatus::kPassed);
  EXPECT_EQ(result.checks[1].status, CheckStatus::kFailed);  // published, and nothing is fresh
}

// --- passes over the data ---

TEST_F(AuditTest, AllChecksOfRowsTakeOneScan) {
  tables_["silver.customers"] = engine::QuerySource{"SELECT range AS id FROM range(1000)"};
  AddCheck(project::NotNull{}, "s");
  AddCheck(project::Unique{}, "v");
  AddCheck(project::Unique{}, "s");
  AddCheck(project::AcceptedValues{{"x1", "x2"}}, "s", OnFail::kWarn);
  AddCheck(project::Pattern{"x[0-9]+"}, "s");
  AddCheck(project::Relationships{.table = "silver.customers", .column = "id"}, "v");
  AddCheck(project::Between{.min = "'a'", .max = "'z'"}, "s");
  AddCheck(project::OfType{"BIGINT"}, "n");
  const Staged staged =
      Stage("SELECT i AS v, 'x' || i AS s, i::VARCHAR AS n FROM range(1, 3) r(i)");
  const AuditResult result = Run(staged);
  EXPECT_TRUE(result.publishable);
  EXPECT_EQ(scans_, 1);
}

TEST_F(AuditTest, StatisticsAnswerWithoutAScan) {
  AddCheck(project::NotNull{}, "v");
  AddCheck(project::Min{"0"}, "v");
  AddCheck(project::Between{.min = "0.5", .max = "100"}, "f");
  AddCheck(project::Positive{}, "d");
  AddCheck(project::Max{"'2026-12-31'"}, "t");
  AddCheck(project::RowCount{.min = 1}, "");
  AddCheck(project::Freshness{.column = "t", .max_age_us = kMicrosPerDay}, "");
  const AuditResult result =
      Run(Stage("SELECT i AS v, i + 0.5::DOUBLE AS f, (i + 1)::DECIMAL(10,2) AS d, TIMESTAMPTZ "
                "'2026-01-01' AS t FROM range(50) r(i)",
                "SELECT i AS v, i + 0.5::DOUBLE AS f, NULL::DECIMAL(10,2) AS d, TIMESTAMPTZ "
                "'2025-01-01' AS t FROM range(9) r(i)"));
  EXPECT_TRUE(result.publishable);
  EXPECT_EQ(scans_, 0);
}

TEST_F(AuditTest, BoundsThatDoNotCoverAllValuesAreNotTrusted) {
  AddCheck(project::Max{"10"}, "f");
  const AuditResult result = Run(Stage("SELECT unnest(['nan'::DOUBLE, 1]) AS f"));
  EXPECT_EQ(result.checks[0].failing_rows, 1);  // NaN is greater than every number
  EXPECT_GE(scans_, 1);
}

}  // namespace
}  // namespace leat::quality
