#include "engine/work_connection.h"

namespace leat::engine {
namespace {

constexpr const char* kKey = "leat-work";

// Registered with the connection.
struct WorkState final : duckdb::ClientContextState {
  std::shared_ptr<io::Work> work;  // shared with the connection
};

}  // namespace

WorkConnection::WorkConnection(duckdb::DuckDB& database)
    : work_(io::CurrentWork()), connection_(database) {
  if (work_ == nullptr) return;
  connection_.context->registered_state->GetOrCreate<WorkState>(kKey)->work = work_;
  work_->Add(this, [this] { connection_.Interrupt(); });
}

WorkConnection::~WorkConnection() {
  if (work_ != nullptr) work_->Remove(this);
}

Status WorkConnection::RefuseIfStopped() const {
  return work_ != nullptr && work_->stopped() ? Status(Cancelled("interrupted")) : Ok();
}

std::shared_ptr<io::Work> WorkOf(duckdb::ClientContext& context) {
  const auto state = context.registered_state->Get<WorkState>(kKey);
  return state ? state->work : nullptr;
}

}  // namespace leat::engine
