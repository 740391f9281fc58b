// How much memory and how many threads the engine gets.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace leat::engine {

// "4GiB", "1500 MB", or a share of `total_bytes`: "70%". kInvalidInput for anything else, and for
// less than the engine works with.
Result<std::int64_t> MemoryOf(std::string_view text, std::int64_t total_bytes);
// "4", or a share of `cores`: "50%", at least one.
Result<int> ThreadsOf(std::string_view text, int cores);

// Of this machine or container: what is there, and what the engine gets unless it is told.
std::int64_t TotalMemory();
std::int64_t DefaultMemory();
int Cores();

}  // namespace leat::engine
