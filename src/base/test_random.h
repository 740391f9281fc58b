// Random numbers for tests that can be had again: the same for the same seed.
#pragma once

#include <cstdint>

namespace leat {

// Knuth's MMIX generator; a UniformRandomBitGenerator of its upper bits.
class TestRandom {
 public:
  using result_type = std::uint64_t;
  explicit TestRandom(std::uint64_t seed) : state_(seed) {}
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return 0xFFFFFFFFULL; }
  result_type operator()() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return state_ >> 32U;
  }

 private:
  std::uint64_t state_;
};

}  // namespace leat
