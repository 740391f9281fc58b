#include "io/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "io/environment.h"
#include "io/work.h"

namespace leat::io {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;
constexpr int kPollMilliseconds = 50;

// One end of a pipe.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// By posix_spawn: a fork runs the handlers of every library. In a process group of its own, so that
// what it starts ends with it.
Result<pid_t> Spawn(const std::string& command, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  std::string shell = "sh", option = "-c", text = command;
  std::array<char*, 4> arguments = {shell.data(), option.data(), text.data(), nullptr};
  pid_t child = -1;
  const int failed =
      posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return RetryLater(fmt::format("cannot start sh: {}", std::strerror(failed)));
  return child;
}

// All that comes until the other end is closed.
Status ReadAll(int fd, std::int64_t timeout_us, std::string& text) {
  const std::int64_t end = SystemClock().MonotonicUs() + timeout_us;
  while (true) {
    LEAT_TRY(RefuseIfStopped());
    if (SystemClock().MonotonicUs() > end)
      return Cancelled(fmt::format("it did not end within {} s", timeout_us / 1'000'000));
    pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, kPollMilliseconds) <= 0) continue;
    std::array<char, 4096> buffer{};
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Ok();
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kMostBytes) return InvalidInput("it printed more than 1 MiB");
  }
}

}  // namespace

Result<std::string> OutputOf(const std::string& command, std::int64_t timeout_us) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return RetryLater(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  const Descriptor in(ends[0]);
  Descriptor out(ends[1]);
  LEAT_ASSIGN(const pid_t child, Spawn(command, out.get()));
  out.Close();
  std::string text;
  const Status read = ReadAll(in.get(), timeout_us, text);
  if (!read.ok()) kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!read.ok()) return read.error();
  if (WIFSIGNALED(status))
    return InvalidInput(fmt::format("it was ended by signal {}", WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    return InvalidInput(fmt::format("it ended with code {}", WEXITSTATUS(status)));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace leat::io
