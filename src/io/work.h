// What a thread is doing, as something that can be told to stop: a task, a run, a command.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "io/environment.h"

namespace leat::io {

// One unit of work. All that it starts belongs to it: statements, requests, pauses, in whichever
// thread. Thread-safe.
class Work {
 public:
  // It also stops when `all` is cancelled, which must outlive it.
  explicit Work(const CancelToken& all) : all_(all) {}
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  // Begin nothing more. What has begun goes on until Interrupt, or ends by itself.
  void Stop() { stopped_.store(true, std::memory_order_relaxed); }
  bool stopped() const { return stopped_.load(std::memory_order_relaxed) || all_.cancelled(); }
  // Whether it was stopped a while ago, so that even a request under way, which would end soon if
  // all were well, is given up. The first call after the stop begins the while.
  bool overdue() const;

  // Registers what ends a statement that is running; until Remove, which waits for a call of it.
  void Add(const void* owner, std::function<void()> interrupt);
  void Remove(const void* owner);
  // Calls all of these. A statement that begins meanwhile misses it: to be called again and again.
  void Interrupt();

 private:
  const CancelToken& all_;
  std::atomic<bool> stopped_{false};
  mutable std::atomic<std::int64_t> seen_stopped_us_{0};  // monotonic; 0: not yet
  std::mutex mutex_;
  std::map<const void*, std::function<void()>> interrupts_;  // guarded by mutex_
};

// Makes `work` that of this thread while it lives. Null: what is done cannot be stopped, as
// cleaning up.
class WorkScope {
 public:
  explicit WorkScope(std::shared_ptr<Work> work);
  ~WorkScope();
  WorkScope(const WorkScope&) = delete;
  WorkScope& operator=(const WorkScope&) = delete;

 private:
  std::shared_ptr<Work> before_;
};

// Of this thread; null: none. Shared with the threads that take a part of it.
const std::shared_ptr<Work>& CurrentWork();

// kCancelled when this thread's work is to stop.
Status RefuseIfStopped();

// Interrupts the work as soon as it is to stop, from a thread of its own, while it lives.
class WorkWatch {
 public:
  explicit WorkWatch(std::shared_ptr<Work> work);

 private:
  std::jthread watcher_;
};

}  // namespace leat::io
