// A clock for tests: sleeping costs no time, and moves it on.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "io/environment.h"

namespace leat::io {

// 2026-11-01T12:00:00Z, in microseconds.
constexpr TimestampUs kTestNow = 1'793'534'400'000'000;

// Thread-safe.
class TestClock final : public Clock {
 public:
  TimestampUs Now() override { return now_us_; }
  std::int64_t MonotonicUs() override { return now_us_; }
  void Sleep(std::int64_t duration_us) override { Advance(duration_us); }

  void Advance(std::int64_t duration_us) {
    now_us_ += duration_us;
    slept_us_ += duration_us;
  }
  std::int64_t slept_us() const { return slept_us_; }

 private:
  std::atomic<TimestampUs> now_us_{kTestNow};
  std::atomic<std::int64_t> slept_us_{0};
};

}  // namespace leat::io
