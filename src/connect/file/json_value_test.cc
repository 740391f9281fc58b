#include "connect/file/json_value.h"

#include "connect/file/json_test_fixture.h"

namespace leat::connect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(JsonTest, NumbersAreReadFromTheirOwnText) {
  EXPECT_THAT(Load(R"({"a":9223372036854775807,"d":12345678901234567890.123456789012345678})",
                   "a long; d decimal(38,18)")
                  .rows,
              ElementsAre("9223372036854775807 | 12345678901234567890123456789012345678e-18 @0"));
  EXPECT_THAT(Load("{\"a\":1000.0}\n{\"a\":1e3}\n{\"a\":-0}\n{\"a\": 7 }", "a long").rows,
              ElementsAre("1000 @0", "1000 @13", "0 @23", "7 @32"));
  EXPECT_THAT(Load(R"({"a":0.1,"b":0.5,"c":1.10})", "a double; b float; c string").rows,
              ElementsAre("0.1 | 0.5 | '1.10' @0"));
}

TEST_F(JsonTest, NumbersThatDoNotFitAreToldWithTheirText) {
  EXPECT_THAT(
      Load("{\"a\":1.5}\n{\"a\":9223372036854775808}\n{\"a\":1e400}\n{\"a\":200}", "a byte").errors,
      ElementsAre("column a: could not convert \"1.5\" to TINYINT",
                  "column a: could not convert \"9223372036854775808\" to TINYINT",
                  "column a: could not convert \"1e400\" to TINYINT",
                  "column a: could not convert \"200\" to TINYINT"));
  EXPECT_THAT(Load("{\"a\":1e400}\n{\"a\":12345678901234567.89}", "a double").rows, IsEmpty());
  EXPECT_THAT(Load(R"({"a":1.005})", "a decimal(10,2)").errors,
              ElementsAre("column a: could not convert \"1.005\" to DECIMAL(10,2)"));
  const JsonLoad load = Load(R"({"a":"x"})", "a long");
  EXPECT_EQ(load.rejects.at(0).column, "a");
  EXPECT_EQ(load.rejects.at(0).raw, R"({"a":"x"})");
}

TEST_F(JsonTest, TextsBecomeValuesByTheStrictConversions) {
  EXPECT_THAT(Load(R"({"a":"5","b":"yes","c":"2026-01-02","d":"1.50","e":"NaN","f":"a\\x00b"})",
                   "a long; b boolean; c date; d decimal(4,2); e double; f binary")
                  .rows,
              ElementsAre(testing::StartsWith("5 | true | 20455 | 150e-2 | nan | 'a")));
  EXPECT_THAT(Load(R"({"a":"1970-01-01T00:00:01Z","b":"1970-01-01 00:00:02"})",
                   "a timestamp; b timestamp_ntz")
                  .rows,
              ElementsAre("1000000 | 2000000 @0"));
}

TEST_F(JsonTest, AColumnsFormatReadsItsTexts) {
  plan_.columns = Columns("a date; b timestamp");
  plan_.columns[0].format = "%d.%m.%Y";
  plan_.columns[1].format = "%Y/%m/%d %H:%M";
  const std::string text = R"({"a":"02.01.1970","b":"1970/01/01 00:01"})";
  const FilePlan file{.file = Write(text), .format = Detect(text), .columns = {0, 1}};
  EXPECT_THAT(Read({file}, Layout::kJsonLines).rows, ElementsAre("1 | 60000000 @0"));
}

TEST_F(JsonTest, KindsOfValuesAreNotTakenForOneAnother) {
  EXPECT_THAT(Load("{\"a\":1}\n{\"a\":[]}\n{\"a\":{}}", "a boolean").errors,
              ElementsAre("column a: could not convert \"1\" to BOOLEAN",
                          "column a: could not convert \"[]\" to BOOLEAN",
                          "column a: could not convert \"{}\" to BOOLEAN"));
  EXPECT_THAT(Load("{\"a\":true}\n{\"a\":\"\"}", "a long").errors,
              ElementsAre("column a: could not convert \"true\" to BIGINT",
                          "column a: could not convert \"\" to BIGINT"));
  EXPECT_THAT(Load(R"({"a":20260101})", "a date").errors,
              ElementsAre("column a: could not convert \"20260101\" to DATE"));
  EXPECT_THAT(Load(R"({"a":1})", "a long[]").errors,
              ElementsAre("column a: could not convert \"1\" to BIGINT[]"));
  EXPECT_THAT(Load(R"({"a":"[1]"})", "a long[]").rows, IsEmpty());
}

TEST_F(JsonTest, ATextColumnKeepsWhatStandsInTheFile) {
  EXPECT_THAT(Load("{\"a\":1.0}\n{\"a\":true}\n{\"a\": {\"b\" : [1, \"\\u0041\"]} }\n{\"a\":[ ]}\n"
                   "{\"a\":\"\\u0041\\ud83d\\ude00\\n\"}\n{\"a\":null}",
                   "a string")
                  .rows,
              ElementsAre("'1.0' @0", "'true' @10", "'{\"b\" : [1, \"\\u0041\"]}' @21", "'[ ]' @51",
                          "'A\xF0\x9F\x98\x80\n' @61", "null @90"));
}

TEST_F(JsonTest, NestedValuesAreReadAndToldByTheirPath) {
  const std::string schema = "o struct<a:long,l:array<struct<x:decimal(4,1)>>>; m map<string,long>";
  EXPECT_THAT(Load("{\"o\":{\"l\":[{\"x\":1.5},null,{}],\"a\":1},\"m\":{\"\":1,\"b\":null}}\n"
                   "{\"o\":{},\"m\":{}}\n{\"m\":null}",
                   schema)
                  .rows,
              ElementsAre("{a: 1, l: [{x: 15e-1}, null, {x: null}]} | <'': 1, 'b': null> @0",
                          "{a: null, l: null} | <> @58", "null | null @74"));
  EXPECT_THAT(
      Load(
          "{\"o\":{\"a\":\"1.5\"}}\n{\"o\":{\"l\":[{\"x\":1},{\"x\":\"y\"}]}}\n{\"m\":{\"k\":1.5}}",
          schema)
          .errors,
      ElementsAre("column o.a: could not convert \"1.5\" to BIGINT",
                  "column o.l.x: could not convert \"y\" to DECIMAL(4,1)",
                  "column m: could not convert \"1.5\" to BIGINT"));
}

TEST_F(JsonTest, ABadRecordLeavesNoTrace) {
  EXPECT_THAT(
      Load("{\"l\":[1,2],\"m\":{\"a\":1},\"s\":\"x\"}\n{\"l\":[3,4],\"m\":{\"b\":2},\"s\":\"y\"\n"
           "{\"l\":[5,\"z\"],\"m\":{\"c\":2}}\n{\"m\":{\"d\":4},\"l\":[6]}",
           "l long[]; m map<string,long>; s string")
          .rows,
      ElementsAre("[1, 2] | <'a': 1> | 'x' @0", "[6] | <'d': 4> | null @89"));
}

TEST_F(JsonTest, KeysAreComparedWithoutCaseButNeverGuessed) {
  EXPECT_THAT(Load("{\"userId\":1}\n{\"USERID\":2}\n{\"user\\u0049d\":3}", "userid long").rows,
              ElementsAre("1 @0", "2 @13", "3 @26"));
  EXPECT_THAT(Load("{\"a\":1,\"A\":2}\n{\"a\":1,\"a\":1}\n{\"o\":{\"x\":1,\"X\":2}}\n"
                   "{\"z\":1,\"z\":2}\n{\"m\":{\"k\":1,\"k\":2}}",
                   "a long; o struct<x:long>; m map<string,long>")
                  .errors,
              ElementsAre("the keys a and A differ only in case", "the key a comes twice",
                          "the keys o.x and o.X differ only in case", "the key z comes twice",
                          "the key m.k comes twice"));
  EXPECT_THAT(Load(R"({"m":{"k":1,"K":2}})", "m map<string,long>").rows,
              ElementsAre("<'k': 1, 'K': 2> @0"));
}

TEST_F(JsonTest, KeysThatNoColumnCanHaveAreTold) {
  const std::string text =
      "{\"a\":1,\"\":2}\n{\"a\":1,\"b\\u0000\":2}\n{\"o\":{\"\":[]}}\n{\"\":null}";
  EXPECT_THAT(
      Load(text, "a long; o struct<x:long>").errors,
      ElementsAre("has a value under an empty key", "has a value under a key with a NUL byte",
                  "column o: has a value under an empty key"));
  const FileFormat format = Detect(text);
  ASSERT_EQ(format.columns.size(), 2U);
  EXPECT_EQ(format.columns[0].first, "a");
  EXPECT_EQ(format.columns[1].first, "o");
}

TEST_F(JsonTest, WhatTheTableLacksIsNoted) {
  const std::string text =
      "{\"a\":1,\"b\":null}\n{\"a\":2,\"b\":1.5,\"o\":{\"x\":1,\"y\":[true]},\"l\":[{\"u\":1}]}";
  const std::string schema = "a long; o struct<x:long>; l array<struct<t:long>>";
  const JsonLoad load = Load(text, schema);
  EXPECT_THAT(load.rows, ElementsAre("1 | null | null @0", "2 | {x: 1} | [{t: null}] @17"));
  EXPECT_EQ(load.surplus.type().ToString(),
            "struct<b:double,o:struct<y:array<boolean>>,l:array<struct<u:long>>>");
  plan_.reject_surplus = true;
  EXPECT_THAT(Load(text, schema).errors,
              ElementsAre("has a value in a column that the table lacks (b, o.y, l.u), and "
                          "schema_policy is discard_row"));
}

TEST_F(JsonTest, ValuesOfRecordsThatAreNotValidAreNotNoted) {
  EXPECT_TRUE(Load("{\"a\":1,\"b\":2", "a long").surplus.is_unknown());
  EXPECT_TRUE(Load("{\"b\":2,\"a\":\"x\"}", "a long").surplus.is_unknown());
}

TEST_F(JsonTest, BadValuesBecomeNullWhenThePlanSaysSo) {
  plan_.bad_values_as_null = true;
  const JsonLoad load = Load("{\"a\":\"x\",\"o\":{\"x\":1,\"l\":[1,\"y\"]},\"b\":3}\n{\"a\":1",
                             "a long; o struct<x:long,l:array<long>>; b long");
  EXPECT_THAT(load.rows, ElementsAre("null | null | 3 @0"));
  EXPECT_EQ(load.counts.nulled_values, 2);
  EXPECT_THAT(load.errors, ElementsAre("not valid JSON"));
}

TEST_F(JsonTest, AKeyThatTheSampleDidNotHaveStillFillsItsColumn) {
  plan_.columns = Columns("a long; late long");
  const FilePlan file{.file = Write("{\"a\":1}\n{\"Late\":2}"),
                      .format = Detect("{\"a\":1}"),
                      .columns = {0, FilePlan::kMissing}};
  const FilePlan whole{
      .file = Write("{\"a\":1}\n{\"Late\":2}"), .format = file.format, .columns = file.columns};
  EXPECT_THAT(Read({whole}, Layout::kJsonLines).rows, ElementsAre("1 | null @0", "null | 2 @8"));
}

TEST_F(JsonTest, ManyKeysOfOneRecordEachAreForgotten) {
  std::string text;
  for (int i = 0; i < 25'000; i++)
    text += "{\"k" + std::to_string(i) + "\":" + "null" + ",\"a\":" + std::to_string(i) + "}\n";
  const JsonLoad load = Load(text, "a long");
  EXPECT_EQ(load.rows.size(), 25'000U);
  EXPECT_TRUE(load.rows.back().starts_with("24999 @"));
}

std::string Cell(const std::string& json, const std::string& type) {
  const data::Type parsed = data::ParseType(type).value();
  std::vector<data::ArrowColumn> columns;
  columns.push_back(data::ArrowColumn::Of("c", parsed));
  EXPECT_FALSE(AppendJsonText("null", parsed, columns[0]));
  const auto reason = AppendJsonText(json, parsed, columns[0]);
  EXPECT_EQ(columns[0].row_count(), reason ? 1 : 2);
  if (reason) return *reason;
  const auto batch = data::ToArrowBatch(std::move(columns));
  return CellText(data::ArrowView::Of(batch).value().child(0), 1);
}

TEST(AppendJsonTextTest, ACellHoldsOneValue) {
  EXPECT_EQ(Cell("[1, 2]", "bigint[]"), "[1, 2]");
  EXPECT_EQ(Cell(" {\"x\":\"a\"} ", "struct<x:string>"), "{x: 'a'}");
  EXPECT_EQ(Cell("{\"k\":1.5}", "map<string,decimal(3,1)>"), "<'k': 15e-1>");
}

TEST(AppendJsonTextTest, WhatDoesNotFitIsToldAndLeavesTheColumn) {
  EXPECT_EQ(Cell("[1, \"x\"]", "bigint[]"), "column c: could not convert \"x\" to BIGINT");
  EXPECT_EQ(Cell("{\"x\":{\"y\":1.5}}", "struct<x:struct<y:bigint>>"),
            "column c.x.y: could not convert \"1.5\" to BIGINT");
  EXPECT_EQ(Cell("[1,]", "bigint[]"),
            "column c: could not convert \"[1,]\" to BIGINT[]: not valid JSON");
  EXPECT_EQ(Cell("[1],[2]", "bigint[]"),
            "column c: could not convert \"[1],[2]\" to BIGINT[]: not valid JSON");
  EXPECT_EQ(Cell("[1][2]", "bigint[]"),
            "column c: could not convert \"[1][2]\" to BIGINT[]: not valid JSON");
  EXPECT_EQ(Cell("", "bigint[]"), "column c: could not convert \"\" to BIGINT[]: not valid JSON");
  EXPECT_EQ(Cell("{\"z\":1}", "struct<x:bigint>"),
            "column c: has a value under a key that its type lacks (c.z)");
  EXPECT_EQ(Cell("{\"x\":1,\"X\":2}", "struct<x:bigint>"),
            "column c: the keys c.x and c.X differ only in case");
}

}  // namespace
}  // namespace leat::connect
