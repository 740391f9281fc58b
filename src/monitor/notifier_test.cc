#include "monitor/notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/http_test_server.h"
#include "monitor/limits.h"
#include "monitor/slack_message.h"

namespace leat::monitor {
namespace {

using io::HttpTestServer;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

RunSummary FailedRun() {
  return {
      .id = RunId("run-1"),
      .project = "shop",
      .environment = "prod",
      .command = "leat run",
      .status = state::RunStatus::kPartial,
      .started_us = 1'700'000'000 * kMicrosPerSecond,
      .ended_us = 1'700'000'002 * kMicrosPerSecond,
      .tasks_succeeded = 3,
      .tasks_failed = 1,
      .failed_tasks = {{AssetName("gold.sales"), "cannot read s3://user:hunter22@lake: <gone>"}},
      .failed_checks = {{AssetName("silver.orders"), "not_null", "order_id", 7, "fail", ""}}};
}

RunSummary GoodRun() { return {.id = RunId("run-2"), .project = "shop"}; }

class NotifierTest : public testing::Test {
 protected:
  void SetUp() override { io::IgnoreProxies(); }

  Notifier MakeNotifier(std::vector<project::Notification> notifications) {
    return {io::SystemClock(),
            io::SystemRandom(),
            io::SystemHttpClient(),
            std::move(notifications),
            {"hunter22"}};
  }
  static std::string Ok200(const std::string&) { return HttpTestServer::Answer("200 OK", "ok"); }
  static nlohmann::json BodyOf(const std::string& request) {
    return nlohmann::json::parse(request.substr(request.find("\r\n\r\n") + 4));
  }

  io::CancelToken cancel_;
};

TEST_F(NotifierTest, AFailedRunIsToldWithItsFailuresAndWithoutSecrets) {
  HttpTestServer server(Ok200);
  Notifier notifier = MakeNotifier({{server.url("/T0/B0"), {"failure"}}});
  EXPECT_THAT(notifier.Notify(FailedRun(), cancel_), IsEmpty());
  ASSERT_THAT(server.requests(), SizeIs(1));
  const std::string request = server.requests()[0];
  EXPECT_THAT(request, HasSubstr("POST /T0/B0 "));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json"));
  EXPECT_THAT(request, Not(HasSubstr("hunter22")));
  const auto message = BodyOf(request);
  EXPECT_EQ(message["text"], "shop (prod): run partial, 1 task failed, 1 check failed");
  EXPECT_EQ(message["blocks"][0]["text"]["text"], message["text"]);
  const std::string text = message.dump();
  EXPECT_THAT(text, HasSubstr("`gold.sales` cannot read s3://user:***@lake: &lt;gone&gt;"));
  EXPECT_THAT(text, HasSubstr("`silver.orders.order_id` not_null: 7 bad rows (fail)"));
  EXPECT_THAT(text, HasSubstr("leat logs run-1"));
}

TEST_F(NotifierTest, EachSinkGetsOnlyTheEventsItAskedForAndOneMessagePerRun) {
  HttpTestServer failures(Ok200);
  HttpTestServer checks(Ok200);
  HttpTestServer successes(Ok200);
  Notifier notifier = MakeNotifier({{failures.url(), {"failure", "check_failed"}},
                                    {checks.url(), {"check_failed"}},
                                    {successes.url(), {"success"}}});
  EXPECT_THAT(notifier.Notify(FailedRun(), cancel_), IsEmpty());
  EXPECT_THAT(failures.requests(), SizeIs(1));
  EXPECT_THAT(checks.requests(), SizeIs(1));
  EXPECT_THAT(successes.requests(), IsEmpty());
  EXPECT_THAT(notifier.Notify(GoodRun(), cancel_), IsEmpty());
  EXPECT_THAT(failures.requests(), SizeIs(1));
  EXPECT_THAT(successes.requests(), SizeIs(1));
}

TEST_F(NotifierTest, APassingErrorIsTriedAgain) {
  std::atomic<int> calls{0};
  HttpTestServer server([&](const std::string&) {
    return ++calls < 3 ? HttpTestServer::Answer("503 Busy", "later") : Ok200("");
  });
  Notifier notifier = MakeNotifier({{server.url(), {"success"}}});
  EXPECT_THAT(notifier.Notify(GoodRun(), cancel_), IsEmpty());
  EXPECT_EQ(calls, 3);
}

TEST_F(NotifierTest, ARefusedMessageIsNotRepeatedAndReportedWithoutTheAddress) {
  HttpTestServer server([](const std::string& request) {
    return HttpTestServer::Answer("403 Forbidden", "bad token in " + request.substr(5, 14));
  });
  Notifier notifier = MakeNotifier({{server.url("/secret-token"), {"success"}},
                                    {"http://127.0.0.1:1/secret-token", {"success"}}});
  const auto warnings = notifier.Notify(GoodRun(), cancel_);
  ASSERT_THAT(warnings, SizeIs(2));
  EXPECT_THAT(warnings[0], HasSubstr("notification 1 of 2 to Slack was lost"));
  EXPECT_THAT(warnings[0], HasSubstr("it answered 403"));
  EXPECT_THAT(warnings, Each(Not(HasSubstr("secret-token"))));
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(NotifierTest, SinksThatNeverAnswerDelayTheRunByAtMostTheLimitAndStopNoOther) {
  std::atomic<bool> done{false};
  HttpTestServer dead([&](const std::string&) {
    while (!done) io::SystemClock().Sleep(10 * kMicrosPerMilli);
    return std::string();
  });
  HttpTestServer alive(Ok200);
  Notifier notifier = MakeNotifier({{dead.url(), {"success"}}, {alive.url(), {"success"}}});
  const std::int64_t begin_us = io::SystemClock().MonotonicUs();
  const auto warnings = notifier.Notify(GoodRun(), cancel_);
  const std::int64_t took_us = io::SystemClock().MonotonicUs() - begin_us;
  done = true;
  EXPECT_THAT(warnings, SizeIs(1));
  EXPECT_LT(took_us, kNotifyLimitUs + kMicrosPerSecond / 2);
  EXPECT_THAT(alive.requests(), SizeIs(1));
}

TEST_F(NotifierTest, CancellationEndsTheWaiting) {
  HttpTestServer server([](const std::string&) { return HttpTestServer::Answer("503 Busy", ""); });
  Notifier notifier = MakeNotifier({{server.url(), {"success"}}});
  cancel_.Cancel();
  const std::int64_t begin_us = io::SystemClock().MonotonicUs();
  EXPECT_THAT(notifier.Notify(GoodRun(), cancel_), SizeIs(1));
  EXPECT_LT(io::SystemClock().MonotonicUs() - begin_us, kMicrosPerSecond);
}

TEST(RunSummaryTest, EventsFollowFromTheRun) {
  EXPECT_THAT(EventsOf(FailedRun()), ElementsAre("failure", "check_failed"));
  EXPECT_THAT(EventsOf(GoodRun()), ElementsAre("success"));
  EXPECT_THAT(EventsOf({.status = state::RunStatus::kCancelled}), IsEmpty());
}

TEST(SlackMessageTest, HugeRunsStayWithinSlacksLimits) {
  RunSummary run = FailedRun();
  run.project = std::string(1000, 'p');
  for (int i = 0; i < 500; i++) {
    run.failed_tasks.push_back({AssetName("a" + std::to_string(i)), std::string(5000, '<')});
    run.failed_checks.push_back({AssetName("a"), "\xFF", "", i, "warn", "no such column"});
  }
  const auto message = nlohmann::json::parse(SlackMessage(run, Redactor()));
  EXPECT_LE(message["blocks"][0]["text"]["text"].get<std::string>().size(), 150U);
  for (const auto& block : message["blocks"]) {
    if (block["type"] != "section" || !block.contains("text")) continue;
    const std::string text = block["text"]["text"];
    EXPECT_LE(text.size(), 3000U);
  }
  EXPECT_THAT(message.dump(), HasSubstr("493 more"));
}

}  // namespace
}  // namespace leat::monitor
