// Durations as people write them: "250ms", "90s", "15m", "2h", "1d", "1w".
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace leat::project {

// Microseconds; a whole number from 0 with its unit. kInvalidInput for other text and beyond
// kMaxDurationDays.
Result<std::int64_t> ParseDuration(std::string_view text);

}  // namespace leat::project
