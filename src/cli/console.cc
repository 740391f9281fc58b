#include "cli/console.h"

#include "io/terminal.h"

namespace leat::cli {
namespace {

class ProcessConsole final : public Console {
 public:
  Result<bool> Write(int fd, std::string_view text) override { return io::WriteText(fd, text); }
  bool IsTerminal(int fd) const override { return io::IsTerminal(fd); }
  bool HasColor(int fd, bool no_color_asked) const override {
    return io::SupportsColor(fd, no_color_asked);
  }
  int Width(int fd) const override { return io::TerminalWidth(fd); }
};

}  // namespace

Console& SystemConsole() {
  static ProcessConsole console;
  return console;
}

}  // namespace leat::cli
