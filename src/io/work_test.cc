#include "io/work.h"

#include <gtest/gtest.h>

namespace leat::io {
namespace {

TEST(WorkTest, StopsByItselfOrWithAll) {
  CancelToken all;
  Work one(all), other(all);
  one.Stop();
  EXPECT_TRUE(one.stopped());
  EXPECT_FALSE(other.stopped());
  all.Cancel();
  EXPECT_TRUE(other.stopped());
}

TEST(WorkTest, IsOverdueSomeTimeAfterItWasStopped) {
  CancelToken all;
  Work work(all);
  EXPECT_FALSE(work.overdue());
  work.Stop();
  EXPECT_FALSE(work.overdue());
  const std::int64_t begin_us = SystemClock().MonotonicUs();
  while (!work.overdue()) SystemClock().Sleep(10'000);
  EXPECT_LT(SystemClock().MonotonicUs() - begin_us, 5 * kMicrosPerSecond);
}

TEST(WorkTest, InterruptsWhatIsRegistered) {
  CancelToken all;
  Work work(all);
  int calls = 0;
  work.Add(&calls, [&] { calls++; });
  work.Interrupt();
  work.Interrupt();
  work.Remove(&calls);
  work.Interrupt();
  EXPECT_EQ(calls, 2);
}

TEST(WorkTest, BelongsToTheThreadWhileItsScopeLives) {
  EXPECT_EQ(CurrentWork(), nullptr);
  EXPECT_TRUE(RefuseIfStopped().ok());
  CancelToken all;
  const auto work = std::make_shared<Work>(all);
  {
    const WorkScope scope(work);
    EXPECT_EQ(CurrentWork(), work);
    work->Stop();
    EXPECT_EQ(RefuseIfStopped().error().kind(), ErrorKind::kCancelled);
    const WorkScope cleaning_up(nullptr);
    EXPECT_TRUE(RefuseIfStopped().ok());
  }
  EXPECT_EQ(CurrentWork(), nullptr);
}

TEST(WorkTest, AWatchInterruptsWhenAllIsCancelled) {
  CancelToken all;
  const auto work = std::make_shared<Work>(all);
  std::atomic<bool> interrupted{false};
  work->Add(&interrupted, [&] { interrupted = true; });
  const WorkWatch watch(work);
  all.Cancel();
  while (!interrupted) SystemClock().Sleep(1'000);
  work->Remove(&interrupted);
}

}  // namespace
}  // namespace leat::io
