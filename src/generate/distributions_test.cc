#include "generate/distributions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace leat::generate {
namespace {

TEST(RandomStreamTest, NumbersAreFixedForever) {
  RandomStream random(42, 1, 7);
  EXPECT_EQ(random.Next(), 2289750661560405455U);
  EXPECT_EQ(random.Next(), 18174149133452849591U);
}

TEST(RandomStreamTest, SeedDomainAndIndexEachGiveAnotherStream) {
  const std::uint64_t first = RandomStream(1, 1, 1).Next();
  EXPECT_NE(first, RandomStream(2, 1, 1).Next());
  EXPECT_NE(first, RandomStream(1, 2, 1).Next());
  EXPECT_NE(first, RandomStream(1, 1, 2).Next());
}

TEST(RandomStreamTest, BelowIsUniform) {
  RandomStream random(1, 1, 1);
  std::array<int, 10> counts{};
  for (int i = 0; i < 100'000; i++) counts[random.Below(10)]++;
  EXPECT_THAT(counts, testing::Each(testing::AllOf(testing::Gt(9'600), testing::Lt(10'400))));
}

TEST(QuantileTableTest, RisesFromFirstToLastEntry) {
  const QuantileTable& table = LognormalFactor();
  EXPECT_EQ(table.At(0), table.body.front());
  EXPECT_EQ(table.At(0x80000000U), 65'536);  // the median of a lognormal factor is 1
  EXPECT_LE(table.At(0xffffffffU), table.tail.back());
  std::int32_t last = 0;
  for (std::uint64_t u = 0; u <= 0xffffffffU; u += 65'535) {
    const std::int32_t value = table.At(static_cast<std::uint32_t>(u));
    ASSERT_GE(value, last);
    last = value;
  }
}

TEST(WeightedChoiceTest, PicksInProportionToTheWeights) {
  const std::array<std::uint32_t, 3> weights = {1, 2, 5};
  const WeightedChoice choice(weights);
  RandomStream random(1, 1, 1);
  std::array<int, 3> counts{};
  for (int i = 0; i < 80'000; i++) counts[choice.Pick(random)]++;
  EXPECT_NEAR(counts[0], 10'000, 400);
  EXPECT_NEAR(counts[1], 20'000, 600);
  EXPECT_NEAR(counts[2], 50'000, 800);
}

TEST(DayClockTest, EventsComeInOrderAndFollowTheHours) {
  std::array<std::uint32_t, 24> hours{};
  hours.fill(1);
  hours[12] = 77;  // of 100
  const DayClock clock(hours);
  RandomStream random(1, 1, 1);
  int at_noon = 0;
  std::int32_t last = 0;
  for (int i = 0; i < 10'000; i++) {
    const std::int32_t second = clock.SecondOfEvent(i, 10'000, random.Next32());
    ASSERT_GE(second, last);
    ASSERT_LT(second, 86'400);
    at_noon += second / 3'600 == 12 ? 1 : 0;
    last = second;
  }
  EXPECT_NEAR(at_noon, 7'700, 2);
}

TEST(DayClockTest, ABillionEventsADayDoNotOverflow) {
  std::array<std::uint32_t, 24> hours{};
  hours.fill(95);
  const std::int32_t second =
      DayClock(hours).SecondOfEvent(999'999'999, 1'000'000'000, 0xffffffffU);
  EXPECT_EQ(second, 86'399);
}

TEST(ApportionTest, SharesFollowTheWeightsAndSumToTheTotal) {
  const std::array<std::uint32_t, 4> weights = {1, 0, 3, 3};
  EXPECT_THAT(Apportion(70, weights), testing::ElementsAre(10, 0, 30, 30));
  const auto shares = Apportion(1'000'000'001, weights);
  EXPECT_EQ(std::accumulate(shares.begin(), shares.end(), std::int64_t{0}), 1'000'000'001);
  EXPECT_THAT(Apportion(0, weights), testing::Each(0));
}

}  // namespace
}  // namespace leat::generate
