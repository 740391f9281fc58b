#include "base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace leat {
namespace {

TEST(JsonTest, WhatIsNoDocumentIsDiscarded) {
  EXPECT_TRUE(ParseJson(R"({"a": )").is_discarded());
  EXPECT_TRUE(ParseJson("1 2").is_discarded());
  EXPECT_TRUE(ParseOrderedJson("").is_discarded());
}

TEST(JsonTest, KeysAreSortedOrInTheirOrder) {
  EXPECT_EQ(JsonText(ParseJson(R"({"b": 1, "a": [2]})")), R"({"a":[2],"b":1})");
  EXPECT_EQ(JsonText(ParseOrderedJson(R"({"b": 1, "a": [2]})")), R"({"b":1,"a":[2]})");
  EXPECT_EQ(JsonText(ParseOrderedJson(R"({"b":1})"), 2), "{\n  \"b\": 1\n}");
}

TEST(JsonTest, BrokenUtf8IsReplacedOrThrows) {
  EXPECT_EQ(JsonTextOfAny(nlohmann::json("a\xff")), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(JsonTextOfAny(nlohmann::ordered_json("a\xff")), "\"a\xEF\xBF\xBD\"");
  EXPECT_THROW(JsonText(nlohmann::json("a\xff")), nlohmann::json::type_error);
}

}  // namespace
}  // namespace leat
