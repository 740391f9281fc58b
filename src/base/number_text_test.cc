#include "base/number_text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace leat {
namespace {

TEST(FormatRealTest, NumbersReadBack) {
  EXPECT_EQ(FormatReal(1.0), "1");
  EXPECT_EQ(FormatReal(-0.0), "-0.0");
  EXPECT_EQ(FormatReal(0.1), "0.1");
  EXPECT_EQ(FormatReal(0.1F), "0.1");
  EXPECT_EQ(FormatReal(1e16), "1e+16");
  EXPECT_EQ(FormatReal(std::nan("")), "NaN");
  EXPECT_EQ(FormatReal(-HUGE_VAL), "-Infinity");
}

}  // namespace
}  // namespace leat
