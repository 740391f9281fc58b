// How long ago something was, in words.
#pragma once

#include <cstdint>
#include <string>

namespace leat {

// "just now", "12 s ago", "5 min ago", "3 h ago", "4 d ago".
std::string AgeText(std::int64_t age_us);

}  // namespace leat
