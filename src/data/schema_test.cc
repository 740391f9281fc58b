#include "data/schema.h"

#include <gtest/gtest.h>

namespace leat::data {
namespace {

TEST(SchemaTest, ParseTypeReadsSqlAndDeltaSpellings) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"bigint", "long"},
      {"LONG", "long"},
      {" varchar(20) ", "string"},
      {"double precision", "double"},
      {"decimal(10, 2)", "decimal(10,2)"},
      {"numeric(5)", "decimal(5,0)"},
      {"decimal", "decimal(18,3)"},
      {"timestamp", "timestamp"},
      {"timestamp with time zone", "timestamp"},
      {"timestamp without time zone", "timestamp_ntz"},
      {"int[][]", "array<array<integer>>"},
      {"array<string>", "array<string>"},
      {"map(varchar, int)", "map<string,integer>"},
      {"struct(a int, \"b c\" text[])", "struct<a:integer,`b c`:array<string>>"},
      {"struct<a:long,b:struct<c:date>>", "struct<a:long,b:struct<c:date>>"},
  };
  for (const auto& [text, name] : cases) {
    const auto type = ParseType(text);
    ASSERT_TRUE(type.ok()) << text << ": " << type.error().ToString();
    EXPECT_EQ(type->ToString(), name) << text;
    EXPECT_EQ(ParseType(type->ToString()).value(), *type) << "reads its own name back";
  }
}

TEST(SchemaTest, ParseTypeNamesTheNearestTypeForAMisspelling) {
  const auto type = ParseType("bigintt");
  ASSERT_FALSE(type.ok());
  EXPECT_EQ(type.error().kind(), ErrorKind::kInvalidInput);
  EXPECT_NE(type.error().hint().find("bigint"), std::string::npos) << type.error().ToString();
}

TEST(SchemaTest, ParseTypeRefusesBrokenText) {
  for (const char* text : {"", "int[", "decimal(39,1)", "decimal(3,4)", "decimal(99999999999,1)",
                           "struct(a)", "struct(a int, A int)", "map(int)", "int int", "varchar(x)",
                           "struct(\"a int)", "timestamp with"}) {
    EXPECT_FALSE(ParseType(text).ok()) << text;
  }
  std::string deep = "int";
  for (int i = 0; i < 10000; i++) deep += "[]";
  EXPECT_FALSE(ParseType(deep).ok());
  std::string deeper;
  for (int i = 0; i < 100000; i++) deeper += "array<";
  EXPECT_FALSE(ParseType(deeper).ok());
}

TEST(SchemaTest, ToSqlWritesDuckDbTypes) {
  EXPECT_EQ(ToSql(ParseType("struct(a int, \"b\"\"c\" timestamp)").value()),
            "STRUCT(\"a\" INTEGER, \"b\"\"c\" TIMESTAMP WITH TIME ZONE)");
  EXPECT_EQ(ToSql(ParseType("map(varchar, decimal(4,1)[])").value()),
            "MAP(VARCHAR, DECIMAL(4,1)[])");
}

TEST(SchemaTest, DeltaJsonRoundTripsWithFieldMetadata) {
  const std::string json =
      R"({"type":"struct","fields":[{"name":"id","type":"long","nullable":false,"metadata":{"z":1,"a":"x"}},)"
      R"({"name":"tags","type":{"type":"array","elementType":"string","containsNull":false},"nullable":true,"metadata":{}},)"
      R"j({"name":"m","type":{"type":"map","keyType":"string","valueType":{"type":"struct","fields":)j"
      R"j([{"name":"d","type":"decimal(38,18)","nullable":true,"metadata":{}}]},"valueContainsNull":true},)j"
      R"j("nullable":true,"metadata":{}}]})j";
  const auto schema = SchemaFromDeltaJson(json);
  ASSERT_TRUE(schema.ok()) << schema.error().ToString();
  EXPECT_EQ(ToDeltaJson(*schema), json);
  EXPECT_EQ(schema->Find("TAGS")->type.children[0].nullable, false);
  EXPECT_EQ(schema->Find("none"), nullptr);
  EXPECT_EQ(SchemaFromDeltaJson(ToDeltaJson(*schema)).value(), *schema);
}

TEST(SchemaTest, DeltaJsonNamesTheColumnWhoseTypeIsUnknown) {
  const auto schema = SchemaFromDeltaJson(
      R"({"type":"struct","fields":[{"name":"a","type":{"type":"struct","fields":[{"name":"v","type":"variant"}]}}]})");
  ASSERT_FALSE(schema.ok());
  EXPECT_EQ(schema.error().kind(), ErrorKind::kInvalidInput);
  EXPECT_NE(schema.error().message().find("a.v"), std::string::npos);
  EXPECT_NE(schema.error().message().find("variant"), std::string::npos);
}

TEST(SchemaTest, DeltaJsonRefusesBrokenSchemas) {
  for (const char* json :
       {"", "[]", "{}", "{\"type\":\"struct\"}", "{\"type\":7,\"fields\":[]}",
        R"({"type":"struct","fields":[1]})", R"({"type":"struct","fields":[{"type":"long"}]})",
        R"({"type":"struct","fields":[{"name":"a"}]})",
        R"({"type":"struct","fields":[{"name":"a","type":{"type":"array"}}]})",
        R"j({"type":"struct","fields":[{"name":"a","type":"decimal(40,1)"}]})j"}) {
    EXPECT_FALSE(SchemaFromDeltaJson(json).ok()) << json;
  }
}

}  // namespace
}  // namespace leat::data
