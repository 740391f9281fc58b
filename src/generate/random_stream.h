// Reproducible randomness: the same numbers on every machine, compiler and library, from integer
// arithmetic alone.
#pragma once

#include <cstdint>

namespace leat::generate {

// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
// 2014).
constexpr std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

// SplitMix64. Each thing that is generated (an order, a customer) draws from its own stream, so
// that it can be made again at any time, in any order, without keeping it.
class RandomStream {
 public:
  // `domain` tells kinds of things apart, `index` the things of one kind.
  constexpr RandomStream(std::uint64_t seed, std::uint64_t domain, std::uint64_t index)
      : state_(Mix(Mix(seed + kStep) + domain * kStep) + Mix(index * kStep + domain)) {}

  constexpr std::uint64_t Next() {
    state_ += kStep;
    return Mix(state_);
  }
  // Uniform over 32 bits.
  constexpr std::uint32_t Next32() { return static_cast<std::uint32_t>(Next() >> 32U); }
  // Uniform over [0, count), count > 0. The bias is below count / 2^32.
  constexpr std::uint32_t Below(std::uint32_t count) {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(Next32()) * count) >> 32U);
  }
  // True in `share` of 10,000 cases.
  constexpr bool OneIn10000(std::uint32_t share) { return Below(10'000) < share; }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15U;  // 2^64 divided by the golden ratio
  std::uint64_t state_;
};

}  // namespace leat::generate
