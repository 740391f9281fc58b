#include <gmock/gmock.h>

#include <algorithm>

#include "quality/audit_fixture.h"

namespace leat::quality {
namespace {

using testing::UnorderedElementsAre;

// Of these, six rows in all, checks set some aside.
constexpr char kSomeBadRows[] =
    "SELECT * FROM (VALUES (1, 'a'), (NULL, 'b'), (3, NULL), (2, 'c'), (2, 'x'), (-1, 'z')) t(v, "
    "s)";

TEST_F(AuditTest, RowsWrittenApartAreSetAsideAndTheOtherFilesStayAsTheyAre) {
  AddCheck(project::NotNull{}, "v", OnFail::kDrop);
  AddCheck(project::Max{"2"}, "v", OnFail::kQuarantine);
  asset_.checks.push_back(Custom("select * from this where s = 'x'", OnFail::kQuarantine));
  AddCheck(project::Min{"0"}, "v", OnFail::kWarn);
  const AuditInput input = Apart(kSomeBadRows);
  const AuditResult result = Run(input);
  EXPECT_EQ(result.rows, 6);
  EXPECT_EQ(result.rows_quarantined, 2);
  EXPECT_EQ(result.rows_dropped, 1);
  EXPECT_EQ(result.checks[3].failing_rows, 1);
  EXPECT_THAT(RowsOf(result.files), UnorderedElementsAre("1|a", "2|c", "-1|z"));
  for (const auto& file : result.files) {
    EXPECT_TRUE(std::any_of(input.files.begin(), input.files.end(),
                            [&](const auto& written) { return written.path == file.path; }));
  }
  EXPECT_EQ(FilesIn(staging_).size(), result.files.size());
  EXPECT_THAT(Texts("SELECT raw FROM (" + result.quarantine_sql + ")"),
              UnorderedElementsAre("{\"v\":3,\"s\":null}", "{\"v\":2,\"s\":\"x\"}"));
}

TEST_F(AuditTest, RowsWrittenApartDoNotHideThoseThatAreSetAsideForTheirKey) {
  AddCheck(project::Max{"2"}, "v", OnFail::kQuarantine);
  AddCheck(project::Unique{}, "v", OnFail::kQuarantine);
  const AuditResult result = Run(Apart(kSomeBadRows));
  EXPECT_EQ(result.rows_quarantined, 2);
  EXPECT_EQ(RowsOf(result.files).size(), 4);
}

TEST_F(AuditTest, NoRowIsLostWhenAConditionJudgesARowDifferentlyLater) {
  asset_.checks.push_back(Custom("select * from this where v = 1 and random() < 2 and v < $limit",
                                 OnFail::kQuarantine));
  AuditInput input = Apart("SELECT unnest([1, 1, 2]) AS v", {{"limit", std::int64_t{9}}});
  input.parameters = {{"limit", std::int64_t{0}}};
  const AuditResult result = Run(input);
  EXPECT_EQ(result.rows_quarantined, 0);
  EXPECT_EQ(RowsOf(result.files).size(), 3);
}

TEST_F(AuditTest, NothingIsWrittenApartForChecksThatNeedOtherRowsOrOnlyWarn) {
  AddCheck(project::Unique{}, "v", OnFail::kQuarantine);
  AddCheck(project::NotNull{}, "v", OnFail::kWarn);
  AddCheck(project::NotNull{}, "v", OnFail::kFail);
  AddCheck(project::Relationships{.table = "silver.orders", .column = "v"}, "v",
           OnFail::kQuarantine);
  EXPECT_EQ(SetAsideCondition(asset_, session_->Bind("SELECT 1 AS v").value().schema), "");
}

}  // namespace
}  // namespace leat::quality
