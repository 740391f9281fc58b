// What notifications are told of a run.
#include "cli/notify.h"

#include <gmock/gmock.h>

namespace leat::cli {
namespace {

using testing::ElementsAre;

orchestrate::RunResult Succeeded(std::vector<quality::CheckOutcome> checks) {
  orchestrate::TaskResult task{.asset = AssetName("silver.orders")};
  task.rows_quarantined = 2;
  task.checks = std::move(checks);
  orchestrate::RunResult result;
  result.tasks.push_back(std::move(task));
  return result;
}

TEST(NotifyTest, ChecksThatSetRowsAsideOrWarnHaveNotFailed) {
  const auto result = Succeeded({{.name = "a", .status = quality::CheckStatus::kPassed},
                                 {.name = "b", .status = quality::CheckStatus::kWarned}});
  const monitor::RunSummary summary = SummaryOf({}, result, "run");
  EXPECT_EQ(summary.rows_quarantined, 2);
  EXPECT_THAT(monitor::EventsOf(summary), ElementsAre("success"));
}

TEST(NotifyTest, ChecksThatFailOrCannotBeEvaluatedAreToldOf) {
  const auto result = Succeeded(
      {{.name = "a", .status = quality::CheckStatus::kFailed, .failing_rows = 3},
       {.name = "b", .status = quality::CheckStatus::kError, .message = "no such column"}});
  const monitor::RunSummary summary = SummaryOf({}, result, "run");
  ASSERT_EQ(summary.failed_checks.size(), 2U);
  EXPECT_EQ(summary.failed_checks[0].failing_rows, 3);
  EXPECT_EQ(summary.failed_checks[1].error, "no such column");
  EXPECT_THAT(monitor::EventsOf(summary), ElementsAre("check_failed", "success"));
}

}  // namespace
}  // namespace leat::cli
