#include "cli/interruptible.h"

#include <chrono>

#include "cli/execute.h"

namespace leat::cli {
namespace {

constexpr std::chrono::milliseconds kLookEvery(50);

}  // namespace

Interruptible::Interruptible(engine::Session& session) {
  watcher_ = std::thread([this, &session, &token = CancelledByUser()] { Watch(session, token); });
}

Interruptible::~Interruptible() {
  {
    const std::scoped_lock lock(mutex_);
    done_ = true;
  }
  done_changed_.notify_one();
  watcher_.join();
}

void Interruptible::Watch(engine::Session& session, const io::CancelToken& token) {
  std::unique_lock lock(mutex_);
  while (!done_changed_.wait_for(lock, kLookEvery, [this] { return done_; })) {
    if (token.cancelled()) session.Interrupt();
  }
}

}  // namespace leat::cli
