#include "base/text.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

TEST(TextTest, NearestFindsTyposButNotStrangers) {
  const std::vector<std::string> keys = {"materialized", "schedule", "time_column"};
  EXPECT_EQ(Nearest("materialised", keys), "materialized");
  EXPECT_EQ(Nearest("shcedule", keys), "schedule");
  EXPECT_EQ(Nearest("colour", keys), std::nullopt);
  EXPECT_EQ(NearestHint("colour", keys), "known: materialized, schedule, time_column");
}

TEST(TextTest, QuotingDoublesQuotes) {
  EXPECT_EQ(QuoteIdentifier("a \"b\" c"), "\"a \"\"b\"\" c\"");
  EXPECT_EQ(QuoteLiteral("it's"), "'it''s'");
}

TEST(TextTest, ShortenCutsBetweenCharacters) {
  EXPECT_EQ(Shorten("abc", 3), "abc");
  EXPECT_EQ(Shorten("aé", 2), "a…");
}

TEST(TextTest, SplitKeepsEmptyParts) {
  EXPECT_EQ(Split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
}

}  // namespace
}  // namespace leat
