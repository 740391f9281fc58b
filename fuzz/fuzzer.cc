// libFuzzer's entry, built once per target: LEAT_FUZZ_TARGET is one of targets.h.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  leat::fuzz::LEAT_FUZZ_TARGET(input);
  return 0;
}
