// The seam for everything else outside the program: clock, randomness, environment variables,
// cancellation.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "io/file_system.h"

namespace leat::io {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimestampUs Now() = 0;           // wall clock, UTC
  virtual std::int64_t MonotonicUs() = 0;  // never goes back
  virtual void Sleep(std::int64_t duration_us) = 0;
};
Clock& SystemClock();

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Next() = 0;  // uniform over 64 bits; thread-safe
};
Random& SystemRandom();
// Version 4 UUID, lower case with hyphens. Run ids, table ids, data file names.
std::string NewUuid(Random& random);

std::optional<std::string> GetEnv(const std::string& name);

// What a module that touches the world gets handed. References outlive every user.
struct Environment {
  FileSystem& files;
  Clock& clock;
  Random& random;
};
// The real world: the disk, object stores for paths "s3://...", the clock, the kernel's randomness.
Environment& SystemEnvironment();

// Set once, read often; thread-safe and safe to set from a signal handler.
class CancelToken {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};
};

// Routes SIGINT, SIGTERM and, unless it is ignored (nohup), SIGHUP to the token. A second signal
// ends the process at once; not a second SIGHUP, since a closed terminal sends several.
void CancelOnSignals(CancelToken& token);

}  // namespace leat::io
