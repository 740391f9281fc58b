#include "io/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "io/environment.h"

namespace leat::io {
namespace {

// Sets environment variables and puts the old ones back.
class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    // A real terminal, seen from its other end.
    controller_ = posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(controller_, 0);
    ASSERT_EQ(grantpt(controller_), 0);
    ASSERT_EQ(unlockpt(controller_), 0);
    terminal_ = open(ptsname(controller_), O_RDWR | O_NOCTTY);
    ASSERT_GE(terminal_, 0);
    ASSERT_EQ(pipe(pipe_), 0);
    for (const std::string name : {"TERM", "NO_COLOR", "COLUMNS"}) before_[name] = GetEnv(name);
    Set("TERM", "xterm-256color");
    Set("NO_COLOR", std::nullopt);
    Set("COLUMNS", std::nullopt);
  }
  void TearDown() override {
    for (const auto& [name, value] : before_) Set(name, value);
    for (const int fd : {terminal_, controller_, pipe_[0], pipe_[1]}) close(fd);
  }
  static void Set(const std::string& name, const std::optional<std::string>& value) {
    if (value) {
      setenv(name.c_str(), value->c_str(), 1);
    } else {
      unsetenv(name.c_str());
    }
  }

  int controller_ = -1;
  int terminal_ = -1;
  int pipe_[2] = {-1, -1};
  std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(TerminalTest, ATerminalIsToldFromAPipe) {
  EXPECT_TRUE(IsTerminal(terminal_));
  EXPECT_FALSE(IsTerminal(pipe_[1]));
}

TEST_F(TerminalTest, TheWidthFollowsTheWindowThenColumnsThenTheDefault) {
  winsize size{};
  size.ws_col = 123;
  ASSERT_EQ(ioctl(controller_, TIOCSWINSZ, &size), 0);
  EXPECT_EQ(TerminalWidth(terminal_), 123);
  EXPECT_EQ(TerminalWidth(pipe_[1]), kDefaultTerminalWidth);
  Set("COLUMNS", "60");
  EXPECT_EQ(TerminalWidth(pipe_[1]), 60);
  Set("COLUMNS", "wide");
  EXPECT_EQ(TerminalWidth(pipe_[1]), kDefaultTerminalWidth);
}

TEST_F(TerminalTest, ColourNeedsACapableTerminalAndNobodyAgainstIt) {
  EXPECT_TRUE(SupportsColor(terminal_, false));
  EXPECT_FALSE(SupportsColor(pipe_[1], false));
  EXPECT_FALSE(SupportsColor(terminal_, true));
  Set("NO_COLOR", "");
  EXPECT_TRUE(SupportsColor(terminal_, false));
  Set("NO_COLOR", "1");
  EXPECT_FALSE(SupportsColor(terminal_, false));
  EXPECT_TRUE(SupportsEscapes(terminal_));
  Set("TERM", "dumb");
  EXPECT_FALSE(SupportsEscapes(terminal_));
}

TEST_F(TerminalTest, TextIsWrittenWholeAndAFullDiskIsAnError) {
  EXPECT_TRUE(WriteText(pipe_[1], "hello").value());
  std::array<char, 16> buffer{};
  EXPECT_EQ(read(pipe_[0], buffer.data(), buffer.size()), 5);
  const int full = open("/dev/full", O_WRONLY);
  EXPECT_EQ(WriteText(full, "lost").error().message(), "No space left on device");
  close(full);
}

TEST_F(TerminalTest, AReaderThatLeftIsToldFromAnError) {
  PrepareStandardStreams();
  int left[2] = {-1, -1};
  ASSERT_EQ(pipe(left), 0);
  close(left[0]);
  EXPECT_FALSE(WriteText(left[1], "lost").value());
  close(left[1]);
}

}  // namespace
}  // namespace leat::io
