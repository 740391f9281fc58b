#include "state/records.h"

#include <array>
#include <string_view>

#include "base/text.h"
#include "state/limits.h"

namespace leat::state {
namespace {

// Words in the order of the enumerators.
constexpr std::array kRunWords{"running", "succeeded", "failed", "partial", "cancelled"};
constexpr std::array kTaskWords{"running", "succeeded", "failed", "skipped", "cancelled"};
constexpr std::array kCheckWords{"passed", "failed", "warned", "error"};
constexpr std::array kLevelWords{"debug", "info", "warning", "error"};

template <typename Enum, std::size_t N>
Result<Enum> Parse(const std::array<const char*, N>& words, const std::string& text,
                   std::string_view what) {
  for (std::size_t i = 0; i < N; i++) {
    if (text == words[i]) return static_cast<Enum>(i);
  }
  return InvalidInput("unknown " + std::string(what) + " '" + text + "'")
      .WithHint(NearestHint(text, {words.begin(), words.end()}));
}

template <typename Enum, std::size_t N>
const char* Word(const std::array<const char*, N>& words, Enum value) {
  return words[static_cast<std::size_t>(value)];
}

}  // namespace

const char* ToString(RunStatus status) { return Word(kRunWords, status); }
const char* ToString(TaskStatus status) { return Word(kTaskWords, status); }
const char* ToString(CheckStatus status) { return Word(kCheckWords, status); }
const char* ToString(LogLevel level) { return Word(kLevelWords, level); }

Result<RunStatus> ParseRunStatus(const std::string& text) {
  return Parse<RunStatus>(kRunWords, text, "run status");
}
Result<TaskStatus> ParseTaskStatus(const std::string& text) {
  return Parse<TaskStatus>(kTaskWords, text, "task status");
}
Result<CheckStatus> ParseCheckStatus(const std::string& text) {
  return Parse<CheckStatus>(kCheckWords, text, "check status");
}
Result<LogLevel> ParseLogLevel(const std::string& text) {
  return Parse<LogLevel>(kLevelWords, text, "log level");
}

bool HasVanished(const io::ProcessIdentity& process, TimestampUs started_us, TimestampUs now) {
  switch (io::StateOf(process)) {
    case io::ProcessState::kRunning: return false;
    case io::ProcessState::kGone: return true;
    case io::ProcessState::kUnknown: return now - started_us > kUnknownProcessLimitUs;
  }
  return false;
}

}  // namespace leat::state
