#include "io/process_identity.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace leat::io {
namespace {

TEST(ProcessIdentityTest, ThisProcessRuns) {
  const ProcessIdentity self = CurrentProcess();
  EXPECT_EQ(self.pid, getpid());
  EXPECT_EQ(StateOf(self), ProcessState::kRunning);
}

TEST(ProcessIdentityTest, AnEndedProcessIsGoneEvenBeforeItsParentHasWaitedForIt) {
  int channel[2];
  ASSERT_EQ(pipe(channel), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string token = CurrentProcess().start_token;
    const ssize_t written = write(channel[1], token.data(), token.size());
    _exit(written == static_cast<ssize_t>(token.size()) ? 0 : 1);
  }
  char token[256];
  const ssize_t n = read(channel[0], token, sizeof(token));
  close(channel[0]);
  close(channel[1]);
  ASSERT_GT(n, 0);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  const ProcessIdentity ended{child, std::string(token, static_cast<std::size_t>(n))};
  EXPECT_EQ(StateOf(ended), ProcessState::kGone);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_EQ(StateOf(ended), ProcessState::kGone);
}

TEST(ProcessIdentityTest, ARecycledProcessIdAnotherBootAndAnotherNamespaceAreToldApart) {
  ProcessIdentity process = CurrentProcess();
  const std::string token = process.start_token;
  process.start_token = token + "1";
  EXPECT_EQ(StateOf(process), ProcessState::kGone);
  process.start_token = "other-boot" + token.substr(token.find('/'));
  EXPECT_EQ(StateOf(process), ProcessState::kGone);
  process.start_token = token.substr(0, token.find('/')) + "/pid:[1]/1";
  EXPECT_EQ(StateOf(process), ProcessState::kUnknown);
  process.start_token = "";
  EXPECT_EQ(StateOf(process), ProcessState::kUnknown);
}

}  // namespace
}  // namespace leat::io
