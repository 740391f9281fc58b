#include "cli/interruptible.h"

#include "cli/execute.h"

namespace leat::cli {

Interruptible::Interruptible(engine::Session& session)
    : session_(session),
      work_(std::make_shared<io::Work>(CancelledByUser())),
      scope_(work_),
      watch_(work_) {
  work_->Add(&session_, [this] { session_.Interrupt(); });
}

Interruptible::~Interruptible() { work_->Remove(&session_); }

}  // namespace leat::cli
