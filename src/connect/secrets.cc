#include "connect/secrets.h"

#include <fmt/format.h>

#include "io/process.h"

namespace leat::connect {
namespace {

constexpr std::int64_t kMostFileBytes = 64 * 1024;
constexpr std::int64_t kCommandUs = 30'000'000;

Error For(const project::Connection& connection, const std::string& key, Error error) {
  return std::move(error)
      .WithContext(fmt::format("connection '{}', {}", connection.name, key))
      .At(connection.location);
}

}  // namespace

Result<project::Connection> WithSecrets(const io::Environment& environment,
                                        const std::string& project_root,
                                        const project::Connection& connection) {
  if (!connection.broken.empty()) {
    return InvalidInput(
        fmt::format("connection '{}' cannot be used: {}", connection.name, connection.broken));
  }
  project::Connection filled = connection;
  for (const auto& [key, path] : connection.secret_files) {
    const std::string file = path.starts_with('/') ? path : io::JoinPath(project_root, path);
    auto content = environment.files.ReadRange(file, 0, kMostFileBytes);
    if (!content.ok()) return For(connection, key, std::move(content).error());
    if (content->ends_with('\n')) content->pop_back();
    filled.options[key] = std::move(*content);
  }
  for (const auto& [key, command] : connection.secret_commands) {
    auto output = io::OutputOf(command, kCommandUs);
    if (!output.ok()) {
      return For(connection, key,
                 std::move(output).error().WithContext(fmt::format("command '{}'", command)));
    }
    filled.options[key] = std::move(*output);
  }
  filled.secret_files.clear();
  filled.secret_commands.clear();
  return filled;
}

}  // namespace leat::connect
