#include "connect/connector.h"

#include <fmt/format.h>

#include "base/text.h"
#include "connect/file/limits.h"

namespace leat::connect {

Status RejectLog::Add(Reject reject) {
  const std::lock_guard lock(mutex_);
  bytes_ += std::ssize(reject.raw);
  if (bytes_ > kMaxRejectBytes) {
    return InvalidInput(fmt::format("{}: more than {} MiB of rows cannot be stored; the first: {}",
                                    reject.source, kMaxRejectBytes >> 20, rejects_[0].error))
        .WithHint("correct them in the source, or select them out with a query");
  }
  rejects_.push_back(std::move(reject));
  return Ok();
}

std::vector<Reject> RejectLog::Take() {
  const std::lock_guard lock(mutex_);
  return std::move(rejects_);
}

void Connectors::Add(std::string type, std::unique_ptr<Connector> connector) {
  connectors_[std::move(type)] = std::move(connector);
}

Result<Connector*> Connectors::For(const project::Connection& connection) const {
  const auto found = connectors_.find(connection.type);
  if (found != connectors_.end()) return found->second.get();
  return InvalidInput(fmt::format("connection '{}': sources of type {} are not available in this "
                                  "release",
                                  connection.name, connection.type))
      .At(connection.location)
      .WithHint("this release reads from " + Join(types(), ", "));
}

std::vector<std::string> Connectors::types() const {
  std::vector<std::string> types;
  for (const auto& entry : connectors_) types.push_back(entry.first);
  return types;
}

}  // namespace leat::connect
