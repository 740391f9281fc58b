#include "base/result.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return InvalidInput("odd number " + std::to_string(n));
  return n / 2;
}

Result<int> Quarter(int n) {
  LEAT_ASSIGN(const int half, Half(n));
  return Half(half);
}

TEST(ResultTest, AssignPassesValuesAndErrorsOn) {
  EXPECT_EQ(*Quarter(12), 3);
  ASSERT_FALSE(Quarter(6).ok());
  EXPECT_EQ(Quarter(6).error().message(), "odd number 3");
  EXPECT_EQ(Quarter(6).error().kind(), ErrorKind::kInvalidInput);
}

TEST(ResultTest, ErrorTextSaysWhereWhatAndWhatNext) {
  const Error error = InvalidInput("unknown key 'colour'")
                          .WithContext("asset silver.orders")
                          .At({.file = "leat.yml", .line = 3, .column = 5})
                          .WithHint("did you mean 'color'?");
  EXPECT_EQ(
      error.ToString(),
      "leat.yml:3:5: asset silver.orders: unknown key 'colour'\n  hint: did you mean 'color'?");
}

TEST(ErrorTest, ShowsNoPlaceOfATextThatNobodySees) {
  EXPECT_EQ(InvalidInput("x").At({"", 3, 4}).ToString(), "x");
  EXPECT_EQ(InvalidInput("x").At({"a.sql", 3, 4}).WithHint("y").ToString(),
            "a.sql:3:4: x\n  hint: y");
  EXPECT_EQ(InvalidInput("x").At({"a.sql", 3, 0}).WithHint("y").PlacedMessage(), "a.sql:3: x");
}

}  // namespace
}  // namespace leat
