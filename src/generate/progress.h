// What every generator tells its caller while it works.
#pragma once

#include <cstdint>
#include <functional>

namespace leat::generate {

struct Progress {
  std::int64_t rows_done = 0;
  std::int64_t rows_total = 0;
};

// Called from the generating thread, every kRowsPerReport rows and at the end. May be empty.
using ProgressCallback = std::function<void(const Progress&)>;

// Cancellation is looked at as often as progress is reported.
constexpr std::int64_t kRowsPerReport = 65'536;

}  // namespace leat::generate
