#include "base/shared_text.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace leat {
namespace {

TEST(SharedTextTest, AreEqualByTheirCharacters) {
  const SharedText text("numRecords");
  EXPECT_EQ(text, "numRecords");
  EXPECT_EQ(text, SharedText(std::string("numRecords")));
  EXPECT_FALSE(text == "numRecord");
  EXPECT_EQ(SharedText(), "");
  EXPECT_TRUE(SharedText("").empty());
  EXPECT_EQ(SharedText(std::string_view("a\0b", 3)).view().size(), 3U);
}

TEST(SharedTextTest, OutlivesItsPoolAndItsNeighbours) {
  std::optional<TextPool> pool(std::in_place);
  std::optional<SharedText> first = pool->Add("the first");
  const SharedText second = pool->Add("second");
  const SharedText third = pool->Add("third");
  EXPECT_EQ(second.view().data() + 6, third.view().data());
  first.reset();
  pool.reset();
  EXPECT_EQ(second, "second");
  EXPECT_EQ(third, "third");
}

TEST(SharedTextTest, TakesManyTextsAndSomeLargerThanABlock) {
  TextPool pool;
  const std::string large(1'000'000, 'x');
  std::vector<SharedText> texts;
  for (int i = 0; i < 1000; i++) texts.push_back(pool.Add(std::to_string(i)));
  texts.push_back(pool.Add(large));
  texts.push_back(pool.Add("end"));
  for (int i = 0; i < 1000; i++) EXPECT_EQ(texts[static_cast<std::size_t>(i)], std::to_string(i));
  EXPECT_EQ(texts[1000], large);
  EXPECT_EQ(texts[1001], "end");
}

}  // namespace
}  // namespace leat
