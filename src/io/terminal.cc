#include "io/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

#include "io/environment.h"

namespace leat::io {

bool IsTerminal(int fd) { return isatty(fd) == 1; }

int TerminalWidth(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const std::string columns = GetEnv("COLUMNS").value_or("");
  int width = 0;
  const auto parsed = std::from_chars(columns.data(), columns.data() + columns.size(), width);
  const bool valid =
      parsed.ec == std::errc() && parsed.ptr == columns.data() + columns.size() && width > 0;
  return valid ? width : kDefaultTerminalWidth;
}

bool SupportsEscapes(int fd) {
  const std::string kind = GetEnv("TERM").value_or("");
  return IsTerminal(fd) && !kind.empty() && kind != "dumb";
}

bool SupportsColor(int fd, bool no_color_asked) {
  return !no_color_asked && GetEnv("NO_COLOR").value_or("").empty() && SupportsEscapes(fd);
}

Result<bool> WriteText(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return false;
    if (written < 0) return RetryLater(std::generic_category().message(errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void PrepareStandardStreams() {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
  for (const int fd : {0, kStandardOutput, kStandardError}) {
    if (fcntl(fd, F_GETFD) != -1) continue;
    // Takes the lowest free number, which is `fd`. Results that get lost are an error, remarks not.
    const int opened = open("/dev/null", fd == kStandardError ? O_WRONLY : O_RDONLY);
    (void)opened;  // without /dev/null there is nothing better
  }
}

}  // namespace leat::io
