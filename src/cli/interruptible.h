// Ends a session's running statement when the user asks to stop.
#pragma once

#include <memory>

#include "engine/engine.h"
#include "io/work.h"

namespace leat::cli {

// From construction to destruction, SIGINT, SIGTERM and SIGHUP interrupt `session`, whose statement
// then returns kCancelled, and what else this thread does (io/work.h). One at a time in a process.
class Interruptible {
 public:
  explicit Interruptible(engine::Session& session);
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  engine::Session& session_;
  const std::shared_ptr<io::Work> work_;  // shared with its watch
  const io::WorkScope scope_;
  const io::WorkWatch watch_;
};

}  // namespace leat::cli
