// Distributions as integer tables. Floating-point functions (exp, log, pow) differ between C
// libraries in the last bit, which would change generated files from machine to machine.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "generate/random_stream.h"

namespace leat::generate {

// A distribution given by its quantiles: body[k] at k/256, and, because the last step of a long
// tail is far too wide for one line, tail[k] at 255/256 + k/16384. Both never decrease.
struct QuantileTable {
  std::array<std::int32_t, 257> body;
  std::array<std::int32_t, 65> tail;

  // The quantile at u / 2^32, on the line between its neighbours.
  std::int32_t At(std::uint32_t u) const;
};

// exp(0.35 · z), z standard normal, in units of 1/65536: median 1, mean 1.06.
const QuantileTable& LognormalFactor();

// Picks an index with a probability in proportion to its weight, to within 1/4096, with one table
// look-up.
class WeightedChoice {
 public:
  // Weights are positive; at most 4096 of them.
  explicit WeightedChoice(std::span<const std::uint32_t> weights);
  std::uint32_t Pick(RandomStream& random) const { return slots_[random.Next() >> 52U]; }

 private:
  std::vector<std::uint16_t> slots_;
};

// The instants of one day's events, in order: event `i` of `count` falls at a random place within
// its own share of the day, so that all come out sorted without being sorted.
class DayClock {
 public:
  // Relative traffic of the 24 hours.
  explicit DayClock(const std::array<std::uint32_t, 24>& hour_weights);
  // Seconds after midnight; grows with `i` when `count` stays.
  std::int32_t SecondOfEvent(std::int64_t i, std::int64_t count, std::uint32_t random) const;

 private:
  std::array<std::uint64_t, 25> cumulative_;
};

// How many of `total` events fall on each of `weights.size()` days, in proportion to the weights
// and summing to total.
std::vector<std::int64_t> Apportion(std::int64_t total, std::span<const std::uint32_t> weights);

}  // namespace leat::generate
