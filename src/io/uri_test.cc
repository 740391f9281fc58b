#include "io/uri.h"

#include <gtest/gtest.h>

namespace leat::io {
namespace {

TEST(UriTest, EveryByteSurvivesEncodingAndDecoding) {
  std::string all;
  for (int byte = 0; byte < 256; byte++) all += static_cast<char>(byte);
  EXPECT_EQ(DecodeUri(EncodeUri(all, false)), all);
  EXPECT_EQ(EncodeUri("a/b c", true), "a/b%20c");
  EXPECT_EQ(EncodeUri("a/b c", false), "a%2Fb%20c");
  EXPECT_EQ(DecodeUri("100%"), "100%");
  EXPECT_EQ(DecodeUri("%zz%4"), "%zz%4");
}

}  // namespace
}  // namespace leat::io
