#include "io/process_identity.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <sstream>

#include "base/text.h"

namespace leat::io {
namespace {

// Files below /proc have no size, so they are read until they end; one page holds each of those
// read here.
std::string ReadProcFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  std::array<char, 4096> buffer{};
  const ssize_t n = read(fd, buffer.data(), buffer.size());
  close(fd);
  return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : "";
}

// What this process shares with every process whose id it can look up: "<boot id>/<pid
// namespace>/".
std::string TokenPrefix() {
  const std::string boot(Trim(ReadProcFile("/proc/sys/kernel/random/boot_id")));
  std::array<char, 64> name_space{};
  const ssize_t n = readlink("/proc/self/ns/pid", name_space.data(), name_space.size());
  if (boot.empty() || n <= 0) return "";
  return boot + "/" + std::string(name_space.data(), static_cast<std::size_t>(n)) + "/";
}

// The start time in clock ticks since boot, from proc(5) stat; empty for a process that is gone or
// a zombie.
std::string StartTime(int pid) {
  constexpr int kFieldsFromStateToStartTime = 19;
  const std::string stat = ReadProcFile("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end =
      stat.rfind(')');  // the name before it may hold blanks and parentheses
  if (name_end == std::string::npos) return "";
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  fields >> field;
  if (field == "Z" || field == "X") return "";
  for (int i = 0; i < kFieldsFromStateToStartTime; i++) fields >> field;
  return fields ? field : "";
}

}  // namespace

ProcessIdentity CurrentProcess() {
  const int pid = getpid();
  const std::string prefix = TokenPrefix();
  const std::string start = StartTime(pid);
  return {.pid = pid, .start_token = prefix.empty() || start.empty() ? "" : prefix + start};
}

ProcessState StateOf(const ProcessIdentity& process) {
  const std::string prefix = TokenPrefix();
  if (process.start_token.empty() || prefix.empty()) return ProcessState::kUnknown;
  const std::string boot = prefix.substr(0, prefix.find('/'));
  if (!process.start_token.starts_with(boot + "/")) return ProcessState::kGone;
  if (!process.start_token.starts_with(prefix)) return ProcessState::kUnknown;
  return process.start_token == prefix + StartTime(process.pid) ? ProcessState::kRunning
                                                                : ProcessState::kGone;
}

}  // namespace leat::io
