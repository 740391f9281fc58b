// Ends a session's running statement when the user asks to stop.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/engine.h"
#include "io/environment.h"

namespace leat::cli {

// From construction to destruction, SIGINT, SIGTERM and SIGHUP interrupt `session`, whose statement
// then returns kCancelled. One at a time in a process.
class Interruptible {
 public:
  explicit Interruptible(engine::Session& session);
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  void Watch(engine::Session& session, const io::CancelToken& token);

  std::mutex mutex_;
  std::condition_variable done_changed_;
  bool done_ = false;  // guarded by mutex_
  std::thread watcher_;
};

}  // namespace leat::cli
