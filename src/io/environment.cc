#include "io/environment.h"

#include <signal.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

#include "io/file_system_by_scheme.h"

namespace leat::io {
namespace {

constexpr std::int64_t kNanosPerMicro = 1'000;

std::int64_t ReadClockUs(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return t.tv_sec * kMicrosPerSecond + t.tv_nsec / kNanosPerMicro;
}

class RealClock final : public Clock {
 public:
  TimestampUs Now() override { return ReadClockUs(CLOCK_REALTIME); }
  std::int64_t MonotonicUs() override { return ReadClockUs(CLOCK_MONOTONIC); }
  void Sleep(std::int64_t duration_us) override {
    const timespec t{.tv_sec = duration_us / kMicrosPerSecond,
                     .tv_nsec = duration_us % kMicrosPerSecond * kNanosPerMicro};
    nanosleep(&t, nullptr);
  }
};

class RealRandom final : public Random {
 public:
  std::uint64_t Next() override {
    std::uint64_t value = 0;
    // getrandom of 8 bytes cannot be cut short or interrupted once the pool is ready.
    while (getrandom(&value, sizeof(value), 0) != sizeof(value)) {
    }
    return value;
  }
};

std::atomic<CancelToken*> g_cancel_token{nullptr};

extern "C" void OnSignal(int signal_number) {
  CancelToken* token = g_cancel_token.load();
  const bool is_repeated = token != nullptr && token->cancelled() && signal_number != SIGHUP;
  if (token == nullptr || is_repeated) _exit(128 + signal_number);
  token->Cancel();
}

}  // namespace

Clock& SystemClock() {
  static RealClock clock;
  return clock;
}

Random& SystemRandom() {
  static RealRandom random;
  return random;
}

std::string NewUuid(Random& random) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string uuid;
  for (int half = 0; half < 2; half++) {
    std::uint64_t bits = random.Next();
    for (int i = 0; i < 16; i++, bits >>= 4U) uuid += kHex[bits & 15U];
  }
  uuid[12] = '4';
  uuid[16] = "89ab"[(uuid[16] - '0') & 3];
  for (const std::size_t at : {8U, 13U, 18U, 23U}) uuid.insert(at, "-");
  return uuid;
}

std::optional<std::string> GetEnv(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

Environment& SystemEnvironment() {
  static Environment environment{LocalAndS3FileSystem(), SystemClock(), SystemRandom()};
  return environment;
}

void CancelOnSignals(CancelToken& token) {
  g_cancel_token.store(&token);
  struct sigaction action{};
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction hang_up{};
  sigaction(SIGHUP, nullptr, &hang_up);
  if (hang_up.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

}  // namespace leat::io
