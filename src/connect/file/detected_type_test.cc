#include "connect/file/detected_type.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/test_random.h"
#include "io/environment.h"

namespace leat::connect {
namespace {

DetectedType Of(const std::vector<std::string>& texts) {
  DetectedType type;
  for (const std::string& text : texts) type.AddText(text);
  return type;
}
std::string TypeOf(const std::vector<std::string>& texts) { return Of(texts).type().ToString(); }

TEST(DetectedTypeTest, NothingIsCertainThatAValueContradicts) {
  EXPECT_EQ(TypeOf({}), "string");
  EXPECT_EQ(TypeOf({"1", "-2"}), "long");
  EXPECT_EQ(TypeOf({"1", "2.5"}), "double");
  EXPECT_EQ(TypeOf({"9007199254740993", "1.5"}), "string");
  EXPECT_EQ(TypeOf({"90210", "00501"}), "string");
  EXPECT_EQ(TypeOf({"+49123"}), "string");
  EXPECT_EQ(TypeOf({"12345678901234567.89"}), "string");
  EXPECT_EQ(TypeOf({"true", "FALSE"}), "boolean");
  EXPECT_EQ(TypeOf({"true", "1"}), "string");
  EXPECT_EQ(TypeOf({"2026-01-31"}), "date");
  EXPECT_EQ(TypeOf({"2026-01-31", "2026-01-31 10:00:00"}), "timestamp");
  EXPECT_EQ(TypeOf({"10:30"}), "string");
  EXPECT_EQ(TypeOf({"1.5", "NaN"}), "double");
}

TEST(DetectedTypeTest, DatesOfEitherOrderStayTextUntilOneSettlesIt) {
  DetectedType type = Of({"02/03/2026"});
  EXPECT_TRUE(type.is_ambiguous());
  EXPECT_EQ(type.type().ToString(), "string");
  type.Join(Of({"01/31/2026"}));
  EXPECT_EQ(type.type().ToString(), "date");
  EXPECT_EQ(type.format(), "%-m/%-d/%Y");
  type.Join(Of({"31/01/2026"}));
  EXPECT_EQ(type.type().ToString(), "string");
}

TEST(DetectedTypeTest, TheOrderAndGroupingOfValuesDoNotMatter) {
  const std::vector<std::string> values = {"1",          "2.5",
                                           "00501",      "2026-01-31",
                                           "01/02/2026", "31/01/2026",
                                           "01/31/2026", "true",
                                           "x",          "2026-01-31 10:00:00",
                                           "NaN",        "1.2.2026",
                                           "13.2.2026",  "9007199254740993",
                                           "-7",         "1e5"};
  const std::uint64_t seed = io::SystemRandom().Next() % 100'000;
  TestRandom random(seed);
  for (int round = 0; round < 2000; round++) {
    std::vector<std::string> some;
    for (std::size_t i = 0; i < 1 + random() % 4; i++)
      some.push_back(values[random() % values.size()]);
    const std::string all = Of(some).ToJson();
    std::shuffle(some.begin(), some.end(), random);
    DetectedType joined;
    for (std::size_t i = 0; i < some.size();) {
      const std::size_t count = 1 + random() % (some.size() - i);
      joined.Join(Of({some.begin() + static_cast<std::ptrdiff_t>(i),
                      some.begin() + static_cast<std::ptrdiff_t>(i + count)}));
      joined = DetectedType::FromJson(joined.ToJson()).value();  // as a table remembers it
      i += count;
    }
    ASSERT_EQ(joined.ToJson(), all) << "seed " << seed;
  }
}

TEST(DetectedTypeTest, NestedTypesJoinFieldByField) {
  DetectedType a, b;
  a.AddStruct();
  a.field("name").AddJsonText("Ada");
  b.AddStruct();
  b.field("Name").AddJsonText("Ben");
  b.field("age").AddJsonNumber("7");
  a.Join(b);
  EXPECT_EQ(a.type().ToString(), "struct<name:string,age:long>");
  DetectedType list;
  list.AddList();
  EXPECT_EQ(list.type().ToString(), "array<string>");
  list.element().AddJsonNumber("1");
  list.element().AddJsonNumber("1.5");
  EXPECT_EQ(list.type().ToString(), "array<double>");
  a.Join(list);
  EXPECT_EQ(a.type().ToString(), "string");
}

TEST(DetectedTypeTest, TypedFilesHaveTheTypeOfBoth) {
  const auto common = [](const std::string& a, const std::string& b) {
    return CommonType(data::ParseType(a).value(), data::ParseType(b).value()).ToString();
  };
  EXPECT_EQ(common("decimal(10,2)", "decimal(12,4)"), "decimal(12,4)");
  EXPECT_EQ(common("bigint", "double"), "double");
  EXPECT_EQ(common("bigint", "decimal(10,2)"), "decimal(21,2)");
  EXPECT_EQ(common("date", "timestamp"), "timestamp");
  EXPECT_EQ(common("boolean", "bigint"), "string");
}

}  // namespace
}  // namespace leat::connect
