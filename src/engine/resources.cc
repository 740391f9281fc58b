#include "engine/resources.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/text.h"
#include "engine/limits.h"
#include "io/machine.h"

namespace leat::engine {
namespace {

struct Amount {
  double number = 0;
  std::string unit;  // lower case
};

std::optional<Amount> AmountIn(std::string_view text) {
  text = Trim(text);
  Amount amount;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount.number);
  if (error != std::errc() || !std::isfinite(amount.number) || amount.number <= 0)
    return std::nullopt;
  amount.unit = ToLower(Trim(text.substr(static_cast<std::size_t>(end - text.data()))));
  return amount;
}

std::optional<double> BytesPer(const std::string& unit) {
  constexpr std::array kUnits = {std::pair{"kb", 1e3},           std::pair{"mb", 1e6},
                                 std::pair{"gb", 1e9},           std::pair{"tb", 1e12},
                                 std::pair{"kib", 1024.0},       std::pair{"mib", 1048576.0},
                                 std::pair{"gib", 1073741824.0}, std::pair{"tib", 1099511627776.0}};
  for (const auto& [name, bytes] : kUnits) {
    if (unit == name) return bytes;
  }
  return std::nullopt;
}

bool IsShare(const Amount& amount) { return amount.unit == "%" && amount.number <= 100; }

}  // namespace

Result<std::int64_t> MemoryOf(std::string_view text, std::int64_t total_bytes) {
  const auto amount = AmountIn(text);
  const auto unit = amount ? BytesPer(amount->unit) : std::nullopt;
  if (!unit && !(amount && IsShare(*amount))) {
    return InvalidInput(fmt::format("'{}' is not an amount of memory", text))
        .WithHint("write 4GiB, 1500MB, or a share of what the machine has: 70%");
  }
  const double bytes = amount->number * (unit ? *unit : static_cast<double>(total_bytes) / 100);
  if (bytes < static_cast<double>(kMinMemoryBytes) || bytes > 9e18) {
    return InvalidInput(
               fmt::format("'{}' is too {} memory", text, bytes > 9e18 ? "much" : "little"))
        .WithHint(fmt::format("the engine works with {} MiB or more", kMinMemoryBytes >> 20));
  }
  return static_cast<std::int64_t>(bytes);
}

Result<int> ThreadsOf(std::string_view text, int cores) {
  const auto amount = AmountIn(text);
  const bool is_count = amount && amount->unit.empty() && amount->number >= 1 &&
                        amount->number <= kMaxThreads &&
                        amount->number == std::floor(amount->number);
  if (is_count) return static_cast<int>(amount->number);
  if (amount && IsShare(*amount))
    return std::max(1, static_cast<int>(std::lround(cores * amount->number / 100)));
  return InvalidInput(fmt::format("'{}' is not a number of threads", text))
      .WithHint(fmt::format("write a number up to {}, or a share of the cores: 50%", kMaxThreads));
}

std::int64_t TotalMemory() {
  const auto memory = io::Memory();
  return memory.ok() ? memory->total_bytes : 0;
}

std::int64_t DefaultMemory() {
  return std::max(kMinDefaultMemoryBytes, TotalMemory() / 100 * kDefaultMemoryPercent);
}

int Cores() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

}  // namespace leat::engine
