#include "cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "base/text.h"
#include "cli/text_width.h"

namespace leat::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ManualClock final : public io::Clock {
 public:
  TimestampUs Now() override { return now_us_; }
  std::int64_t MonotonicUs() override { return now_us_; }
  void Sleep(std::int64_t duration_us) override { now_us_ += duration_us; }

 private:
  std::atomic<std::int64_t> now_us_{1'000'000};
};

// Shows what a terminal of endless height would: text, line feeds, "up n lines" and "clear to the
// end".
class Screen {
 public:
  void Write(std::string_view text) {
    while (!text.empty()) {
      if (text.starts_with("\x1b[J")) {
        lines_.resize(row_ + 1);
        lines_[row_].clear();
        text.remove_prefix(3);
      } else if (text.starts_with("\x1b[")) {
        const std::size_t end = text.find('A');
        row_ -= std::stoul(std::string(text.substr(2, end - 2)));
        text.remove_prefix(end + 1);
      } else if (text[0] == '\n') {
        row_++;
        if (lines_.size() <= row_) lines_.emplace_back();
        text.remove_prefix(1);
      } else {
        lines_[row_] += text[0];
        text.remove_prefix(1);
      }
    }
  }
  std::string text() const { return Join(lines_, "\n"); }
  bool cursor_at_the_end() const { return row_ + 1 == lines_.size() && lines_[row_].empty(); }

 private:
  std::vector<std::string> lines_ = std::vector<std::string>(1);
  std::size_t row_ = 0;
};

class ProgressTest : public testing::Test {
 protected:
  ProgressOptions Options(bool live) {
    return {.live = live,
            .total_tasks = 3,
            .width = [this] { return width_.load(); },
            .write =
                [this](std::string_view text) {
                  const std::scoped_lock lock(mutex_);
                  screen_.Write(text);
                  EXPECT_TRUE(screen_.cursor_at_the_end());
                  writes_++;
                  return true;
                }};
  }
  std::string Shown() {
    const std::scoped_lock lock(mutex_);
    return screen_.text();
  }
  // What the screen shows once it holds `part`; the redrawing thread needs a moment for it.
  std::string ShownWith(const std::string& part) {
    for (int i = 0; i < 500 && Shown().find(part) == std::string::npos; i++) {
      io::SystemClock().Sleep(10 * kMicrosPerMilli);
    }
    return Shown();
  }

  ManualClock clock_;
  std::atomic<int> width_{100};
  std::mutex mutex_;
  Screen screen_;
  int writes_ = 0;
};

TEST_F(ProgressTest, InAPipeEachFinishedTaskIsOneLineWithoutEscapes) {
  Progress progress(Options(false), clock_);
  progress.Started("bronze.flights");
  progress.Started("silver.flights");
  progress.Progressed("bronze.flights", {.fraction = 0.5});
  progress.Finished("bronze.flights",
                    {.rows_written = 3'000'000, .rows_quarantined = 7, .duration_us = 1'200'000});
  progress.Finished("silver.flights", {.status = TaskOutcome::Status::kFailed,
                                       .duration_us = 20'000,
                                       .message = "no space left\nsecond line"});
  progress.Finished("gold.delays",
                    {.status = TaskOutcome::Status::kSkipped, .message = "silver.flights failed"});
  EXPECT_EQ(Shown(),
            "succeeded  bronze.flights            3,000,000 rows  7 rows quarantined  1.2 s\n"
            "failed     silver.flights            20 ms  no space left\n"
            "skipped    gold.delays               silver.flights failed\n");
}

TEST_F(ProgressTest, InAPipeALongTaskReportsNowAndThen) {
  Progress progress(Options(false), clock_);
  progress.Started("a");
  for (int i = 1; i <= 70; i++) {
    clock_.Sleep(kMicrosPerSecond);
    progress.Progressed("a", {.rows_done = i * 1000, .rows_total = 100'000});
  }
  EXPECT_EQ(Shown(),
            "running    a   30 %  1 min 10 s left  30,000/100,000 rows  1000 rows/s\n"
            "running    a   60 %  40.0 s left  60,000/100,000 rows  1000 rows/s\n");
}

TEST_F(ProgressTest, TheBlockShowsRunningTasksBelowTheFinishedOnes) {
  Progress progress(Options(true), clock_);
  progress.Started("bronze.flights");
  progress.Started("silver.orders");
  clock_.Sleep(2 * kMicrosPerSecond);
  progress.Progressed("bronze.flights", {.rows_done = 1'500'000, .rows_total = 3'000'000});
  progress.Finished("seeds.airports", {.rows_written = 1, .duration_us = 3'000});
  EXPECT_EQ(
      ShownWith("50 %"),
      "✓ seeds.airports            1 row  3 ms\n"
      "  bronze.flights            ██████░░░░░░  50 %  2.0 s left  1,500,000/3,000,000 rows  750 k "
      "rows/s\n"
      "  silver.orders             2.0 s\n"
      "  1 of 3 done, 2 running, 2.0 s\n");
  width_ = 40;
  EXPECT_THAT(ShownWith("fligh…"), HasSubstr("\n  silver.orders  2.0 s\n"));
  progress.Finished("bronze.flights", {.duration_us = 2'000'000});
  progress.Finished("silver.orders", {.status = TaskOutcome::Status::kCancelled});
  progress.Stop();
  EXPECT_EQ(Shown(),
            "✓ seeds.airports            1 row  3 ms\n"
            "✓ bronze.flights            2.0 s\n"
            "– silver.orders\n");
}

TEST_F(ProgressTest, ManyRunningTasksDoNotFillTheScreen) {
  Progress progress(Options(true), clock_);
  for (std::size_t i = 0; i < kMaxLiveTasks + 2; i++) progress.Started("task" + std::to_string(i));
  EXPECT_THAT(ShownWith("(2 not shown)"), Not(HasSubstr("task9")));
}

TEST_F(ProgressTest, ThousandsOfEventsAreDrawnAtMostTenTimesASecond) {
  const std::int64_t begin_us = io::SystemClock().MonotonicUs();
  {
    Progress progress(Options(true), clock_);
    for (int i = 0; i < 20'000; i++) {
      progress.Progressed("a", {.fraction = i / 20'000.0});
      if (i % 100 == 0) progress.Finished("b" + std::to_string(i), {});
    }
  }
  const std::int64_t took_us = io::SystemClock().MonotonicUs() - begin_us;
  EXPECT_LE(writes_, took_us / kRedrawUs + 2);
  EXPECT_THAT(Shown(), HasSubstr("✓ b19900"));
}

TEST_F(ProgressTest, EventsFromManyThreadsAllArrive) {
  Progress progress(Options(true), clock_);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; i++) {
        const std::string task = "t" + std::to_string(t) + "." + std::to_string(i);
        progress.Started(task);
        progress.Progressed(task, {.fraction = 0.5});
        progress.Finished(task, {});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  progress.Stop();
  const std::string shown = Shown();
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 200);
}

TEST_F(ProgressTest, RemarksStandAboveTheBlockAndAfterStopEverythingIsPlain) {
  Progress progress(Options(true), clock_);
  progress.Started("a");
  progress.Print("warning: slow disk\n");
  EXPECT_THAT(ShownWith("0 of 3 done"), StartsWith("warning: slow disk\n  a "));
  progress.Stop();
  progress.Stop();
  progress.Print("bye");
  EXPECT_EQ(Shown(), "warning: slow disk\nbye\n");
}

TEST_F(ProgressTest, LinesAreAlignedToTheWidthOfNamesThatTheCallerKnows) {
  ProgressOptions options = Options(false);
  options.name_width = 4;
  Progress progress(std::move(options), clock_);
  progress.Finished("a", {.duration_us = 1'000});
  progress.Finished("bb.c", {.duration_us = 2'000});
  EXPECT_EQ(Shown(), "succeeded  a     1 ms\nsucceeded  bb.c  2 ms\n");
}

TEST_F(ProgressTest, NamesAndMessagesCannotSteerTheTerminal) {
  Progress progress(Options(false), clock_);
  progress.Finished("a\x1b[2J", {.status = TaskOutcome::Status::kFailed, .message = "b\x1b[2J"});
  EXPECT_THAT(Shown(), HasSubstr("a\\x1b[2J"));
  EXPECT_THAT(Shown(), EndsWith("b\\x1b[2J\n"));
}

}  // namespace
}  // namespace leat::cli
