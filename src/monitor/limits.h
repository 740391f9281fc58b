// Every limit of monitor/.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace leat::monitor {

// All notifications together delay the end of a run by at most this time, and half a second for a
// slow machine.
constexpr std::int64_t kNotifyLimitUs = 4 * kMicrosPerSecond;
constexpr std::int64_t kNotifyAttemptUs = 2 * kMicrosPerSecond;
constexpr int kNotifyAttempts = 3;
constexpr std::int64_t kNotifyFirstDelayUs = 250 * kMicrosPerMilli;  // doubles, with jitter
constexpr std::size_t kMaxSinks = 16;

// Slack's own limits: 150 characters in a header, 3,000 in a section, 10 fields in a section.
constexpr std::size_t kMaxHeaderBytes = 140;
constexpr std::size_t kMaxSectionBytes = 2'800;
constexpr std::size_t kMaxListed = 8;  // failures named in a message
constexpr std::size_t kMaxListedErrorBytes = 250;

}  // namespace leat::monitor
