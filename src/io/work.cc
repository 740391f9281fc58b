#include "io/work.h"

#include <chrono>
#include <condition_variable>
#include <utility>

namespace leat::io {
namespace {

// How long requests under way may go on after a stop.
constexpr std::int64_t kGraceUs = 500 * kMicrosPerMilli;
constexpr std::int64_t kWatchPeriodUs = 20 * kMicrosPerMilli;

std::shared_ptr<Work>& ThreadsWork() {
  thread_local std::shared_ptr<Work> work;
  return work;
}

}  // namespace

bool Work::overdue() const {
  if (!stopped()) return false;
  const std::int64_t now_us = SystemClock().MonotonicUs();
  std::int64_t seen_us = 0;
  if (seen_stopped_us_.compare_exchange_strong(seen_us, now_us)) return false;
  return now_us - seen_us > kGraceUs;
}

void Work::Add(const void* owner, std::function<void()> interrupt) {
  const std::scoped_lock lock(mutex_);
  interrupts_[owner] = std::move(interrupt);
}

void Work::Remove(const void* owner) {
  const std::scoped_lock lock(mutex_);
  interrupts_.erase(owner);
}

void Work::Interrupt() {
  const bool noted = overdue();  // begins the while
  (void)noted;
  const std::scoped_lock lock(mutex_);
  for (const auto& [owner, interrupt] : interrupts_) interrupt();
}

WorkScope::WorkScope(std::shared_ptr<Work> work)
    : before_(std::exchange(ThreadsWork(), std::move(work))) {}

WorkScope::~WorkScope() { ThreadsWork() = std::move(before_); }

const std::shared_ptr<Work>& CurrentWork() { return ThreadsWork(); }

Status RefuseIfStopped() {
  const std::shared_ptr<Work>& work = ThreadsWork();
  if (work == nullptr || !work->stopped()) return Ok();
  return Cancelled("interrupted");
}

WorkWatch::WorkWatch(std::shared_ptr<Work> work)
    : watcher_([work = std::move(work)](const std::stop_token& done) {
        std::mutex mutex;
        std::condition_variable_any ended;
        std::unique_lock lock(mutex);
        while (!ended.wait_for(lock, done, std::chrono::microseconds(kWatchPeriodUs),
                               [&] { return done.stop_requested(); })) {
          if (work->stopped()) work->Interrupt();
        }
      }) {}

}  // namespace leat::io
