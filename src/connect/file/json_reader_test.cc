#include "connect/file/json_reader.h"

#include "connect/file/json_test_fixture.h"

namespace leat::connect {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Raws(const JsonLoad& load) {
  std::vector<std::string> raws;
  for (const Reject& reject : load.rejects)
    raws.push_back(std::to_string(reject.position) + ":" + reject.raw);
  return raws;
}

TEST_F(JsonTest, LinesAreRecordsAndBlankOnesAreCounted) {
  const JsonLoad load = Load("\xEF\xBB\xBF{\"a\":1}\r\n\n  \t\r\n{\"a\":2}\n{\"a\":3} ", "a long");
  EXPECT_THAT(load.rows, ElementsAre("1 @3", "2 @18", "3 @26"));
  EXPECT_EQ(load.counts.skipped_lines, 2);
}

TEST_F(JsonTest, ALineThatIsNoRecordIsARejectOfItsOwn) {
  const JsonLoad load = Load(
      "{\"a\":1}\n{\"a\":\n[1]\n7\nnull\n\"x\"\nx\n{\"a\":2}{\"a\":3}\n{\"a\":\"\xFF\"}\n"
      "{\"a\":4}",
      "a long");
  EXPECT_THAT(load.rows, ElementsAre("1 @0", testing::StartsWith("4 @")));
  EXPECT_THAT(load.errors, ElementsAre("not valid JSON", "not a JSON object", "not a JSON object",
                                       "not a JSON object", "not a JSON object", "not valid JSON",
                                       "not valid JSON", "not utf-8 encoded"));
  EXPECT_THAT(Raws(load), ElementsAre("8:{\"a\":", "14:[1]", "18:7", "20:null", "25:\"x\"", "29:x",
                                      "31:{\"a\":2}{\"a\":3}", "46:{\"a\":\"\xFF\"}"));
  EXPECT_EQ(load.rejects[0].line, 2);
  EXPECT_EQ(load.rejects[7].line, 9);
}

TEST_F(JsonTest, AllOfARecordIsValidated) {
  for (const char* record : {"{\"a\":1,}",
                             "{\"a\":1,,\"b\":2}",
                             "{\"a\":1 \"b\":2}",
                             "{\"b\":[1,]}",
                             "{\"b\":[1 2]}",
                             "{\"b\":[,1]}",
                             "{\"b\":NaN}",
                             "{\"b\":Infinity}",
                             "{\"b\":-Infinity}",
                             "{\"b\":01}",
                             "{\"b\":+1}",
                             "{\"b\":1.}",
                             "{\"b\":.5}",
                             "{\"b\":1e}",
                             "{\"b\":-}",
                             "{\"b\":1x}",
                             "{\"b\":tru}",
                             "{\"b\":truex}",
                             "{\"b\":nul}",
                             "{\"b\":TRUE}",
                             "{\"b\":'x'}",
                             "{b:1}",
                             "{\"b\"}",
                             "{\"b\":}",
                             "{\"b\":1:2}",
                             "{\"b\":\"x\":1}",
                             "{\"b\":\"\\x\"}",
                             "{\"b\":\"\\u12\"}",
                             "{\"b\":\"\\ud800\"}",
                             "{\"b\":\"\\udc00\"}",
                             "{\"b\":\"\\ud800\\u0041\"}",
                             "{\"b\\x\":1}",
                             "{\"b\":\"\t\"}",
                             "{\"b\":\"x}",
                             "{\"b\":[1}",
                             "{\"b\":{]}",
                             "{\"a\":1}}",
                             "{\"a\":1}]",
                             "{\"a\":1} x",
                             "{\"a\":1},",
                             "{\"a\":1}//",
                             "{\"b\":1\"x\"}",
                             "{\"b\":\"x\"1}",
                             "{\"b\":true\"x\"}",
                             "{\"b\":\"x\"\"y\"}",
                             "{\"a\":1\f}",
                             "{\"b\":{\"c\":{\"d\":[{\"e\":\"\\q\"}]}}}",
                             "{",
                             "{\"",
                             "{\"a",
                             "{\"a\":\"\\",
                             "}"}) {
    for (const char* schema : {"a long", "a long; b string", "b struct<c:string>",
                               "b map<string,string>", "b array<string>", "b long"}) {
      const JsonLoad load = Load(record, schema);
      EXPECT_THAT(load.rows, IsEmpty()) << record << " as " << schema;
      EXPECT_THAT(load.errors, ElementsAre("not valid JSON")) << record << " as " << schema;
    }
    EXPECT_THAT(Detect(record).columns, IsEmpty()) << record;
  }
}

TEST_F(JsonTest, NestingBeyondTheLimitIsNotRead) {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(Load(nested(63), "a string").rows.size(), 1U);
  EXPECT_THAT(Load(nested(70), "a string").errors, ElementsAre("nested more than 64 levels deep"));
  EXPECT_THAT(Load(nested(100'000), "b string").errors,
              ElementsAre("nested more than 64 levels deep"));
}

TEST_F(JsonTest, ChunksJoinWithoutAGap) {
  std::string text;
  for (int i = 0; i < 60'000; i++) {
    text += i % 1000 == 7
                ? "{\"a\":bad}\n"
                : "{\"a\":" + std::to_string(i) + ",\"s\":\"" + std::string(40, 'x') + "\"}\n";
  }
  const JsonLoad load = Load(text, "a long; s string");
  EXPECT_EQ(load.rows.size(), 59'940U);
  ASSERT_EQ(load.rejects.size(), 60U);
  for (std::size_t i = 0; i < load.rejects.size(); i++) {
    const Reject& reject = load.rejects[i];
    EXPECT_EQ(reject.line, static_cast<std::int64_t>(i) * 1000 + 8);
    EXPECT_EQ(text.substr(static_cast<std::size_t>(reject.position), reject.raw.size()),
              reject.raw);
  }
}

TEST_F(JsonTest, KeysInAnotherOrderAndMissingOnesAreFound) {
  EXPECT_THAT(
      Load("{\"a\":1,\"b\":2,\"c\":3}\n{\"c\":6,\"a\":4}\n{\"b\":8,\"c\":9,\"a\":7}\n{}",
           "a long; b long; c long")
          .rows,
      ElementsAre("1 | 2 | 3 @0", "4 | null | 6 @20", "7 | 8 | 9 @34", "null | null | null @54"));
}

// --- documents

TEST_F(JsonTest, AnArrayOfRecordsSpansLines) {
  const JsonLoad load =
      Load("\xEF\xBB\xBF [\n  {\"a\": 1,\n   \"s\": \"]}\\\"{[,\"},\n  {\"a\":2}\n]\n ",
           "a long; s string", Layout::kJsonDocument);
  EXPECT_THAT(load.rows, ElementsAre("1 | ']}\"{[,' @8", "2 | null @39"));
  EXPECT_THAT(load.errors, IsEmpty());
}

TEST_F(JsonTest, ValuesMayFollowOneAnother) {
  EXPECT_THAT(
      Load("{\"a\":1}{\"a\":2}\n\n{\n\"a\":3\n} {\"a\":4}", "a long", Layout::kJsonDocument).rows,
      ElementsAre("1 @0", "2 @7", "3 @16", "4 @26"));
  EXPECT_THAT(Load("{\n \"a\": 1\n}\n", "a long", Layout::kJsonDocument).rows, ElementsAre("1 @0"));
}

TEST_F(JsonTest, EmptyDocumentsHaveNoRecords) {
  for (const char* text : {"", " \n", "[]", " [ \n] ", "\xEF\xBB\xBF", "\xEF\xBB\xBF[]"}) {
    const JsonLoad load = Load(text, "a long", Layout::kJsonDocument);
    EXPECT_THAT(load.rows, IsEmpty()) << text;
    EXPECT_THAT(load.errors, IsEmpty()) << text;
  }
}

TEST_F(JsonTest, ElementsThatAreNoObjectsAreRejects) {
  const JsonLoad load =
      Load("[1, {\"a\":1}, null, \"x,]\", [2], tru, {\"a\":2}]", "a long", Layout::kJsonDocument);
  EXPECT_THAT(load.rows, ElementsAre("1 @4", "2 @36"));
  EXPECT_THAT(load.errors, ElementsAre("not a JSON object", "not a JSON object",
                                       "not a JSON object", "not a JSON object", "not valid JSON"));
  EXPECT_THAT(Raws(load), ElementsAre("1:1", "13:null", "19:\"x,]\"", "26:[2]", "31:tru"));
}

TEST_F(JsonTest, DamageBetweenRecordsIsARejectAndRecordsBeforeItAreKept) {
  const auto raws = [&](const std::string& text) {
    const JsonLoad load = Load(text, "a long", Layout::kJsonDocument);
    EXPECT_GE(load.rows.size(), 1U) << text;
    EXPECT_EQ(load.rows.at(0), "1 @" + std::to_string(text.find('{'))) << text;
    EXPECT_THAT(load.errors, Each("not valid JSON")) << text;
    return Raws(load);
  };
  EXPECT_THAT(raws("[{\"a\":1} {\"a\":2}]"), ElementsAre("9:{\"a\":2}"));
  EXPECT_THAT(raws("[{\"a\":1},]"), ElementsAre("8:,"));
  EXPECT_THAT(raws("[{\"a\":1},"), ElementsAre("8:,"));
  EXPECT_THAT(raws("[{\"a\":1},,{\"a\":2}]"), ElementsAre("9:,"));
  EXPECT_THAT(raws("[,{\"a\":1}]"), ElementsAre("1:,"));
  EXPECT_THAT(raws("[{\"a\":1}"), ElementsAre("8:"));
  EXPECT_THAT(raws("[{\"a\":1}, {\"a\":"), ElementsAre("10:{\"a\":", "15:"));
  EXPECT_THAT(raws("[{\"a\":1}] {\"a\":2} x"), ElementsAre("10:{\"a\":2}", "18:x"));
  EXPECT_THAT(raws("[{\"a\":1}]]"), ElementsAre("9:]"));
  EXPECT_THAT(raws("{\"a\":1},{\"a\":2}"), ElementsAre("7:,"));
  EXPECT_THAT(raws("{\"a\":1}\n{\"a\":\"x"), ElementsAre("8:{\"a\":\"x"));
  EXPECT_THAT(raws("[{\"a\":1}, {\"a\":2,}, {\"a\":3}]"), ElementsAre("10:{\"a\":2,}"));
}

TEST_F(JsonTest, AValueWithDamageRightBehindItIsOneReject) {
  const auto raws = [&](const std::string& text) {
    const JsonLoad load = Load(text, "a long", Layout::kJsonDocument);
    EXPECT_THAT(load.rows, IsEmpty()) << text;
    EXPECT_THAT(load.errors, Each("not valid JSON")) << text;
    return Raws(load);
  };
  EXPECT_THAT(raws("{\"a\":1}}"), ElementsAre("0:{\"a\":1}}"));
  EXPECT_THAT(raws("\xEF\xBB{\"a\":1}"), ElementsAre("0:\xEF\xBB{\"a\":1}"));
  EXPECT_THAT(raws("{\"a\":1}# x"), ElementsAre("0:{\"a\":1}#", "9:x"));
  EXPECT_THAT(raws("[{\"a\":1}/**/]"), ElementsAre("1:{\"a\":1}/**/"));
  EXPECT_THAT(raws("[{\"a\":1}},{\"a\":2}x"), ElementsAre("1:{\"a\":1}}", "10:{\"a\":2}x", "18:"));
}

TEST_F(JsonTest, ALargeDocumentComesInParts) {
  std::string text = "[";
  for (int i = 0; i < 50'000; i++) {
    text += (i == 0 ? "\n" : ",\n") + std::string("{\"a\": ") + std::to_string(i) +
            ",\n \"s\": \"" + std::string(static_cast<std::size_t>(i % 97), '\\') +
            std::string(i % 97 % 2 == 0 ? "" : "\\") + "\"}";
  }
  text += "\n";
  const JsonLoad load = Load(text, "a long; s string", Layout::kJsonDocument);
  ASSERT_EQ(load.rows.size(), 50'000U);
  EXPECT_TRUE(load.rows.back().starts_with("49999 | "));
  EXPECT_THAT(load.errors, ElementsAre("not valid JSON"));
  EXPECT_EQ(load.rejects[0].line, 100'002);
  EXPECT_EQ(load.rejects[0].position, static_cast<std::int64_t>(text.size()));
}

TEST_F(JsonTest, ARecordBeyondTheMaximumEndsTheLoad) {
  const std::string text = "[{\"a\":1},{\"a\":\"" + std::string(kMaxLineBytes + 10, 'x') + "\"}]";
  EXPECT_THAT(Load(text, "a string", Layout::kJsonDocument).failure,
              HasSubstr("landing/file.json: the value at byte 9 is longer than the maximum"));
}

// --- detection

TEST_F(JsonTest, ColumnsAreFoundInOrderWithTheirTypes) {
  const FileFormat format = Detect(
      "{\"id\":1,\"userId\":\"x\",\"o\":{\"a\":1.5,\"b\":[1]},\"n\":null}\nbroken\n"
      "{\"userid\":\"y\",\"id\":2,\"t\":\"2026-01-02T03:04:05Z\",\"o\":{\"c\":true}}\n[1]\n");
  std::vector<std::string> found;
  for (const auto& [name, type] : format.columns)
    found.push_back(name + " " + type.type().ToString());
  EXPECT_THAT(found,
              ElementsAre("id long", "userId string", "o struct<a:double,b:array<long>,c:boolean>",
                          "n string", "t timestamp"));
  EXPECT_TRUE(format.columns[3].second.is_unknown());
}

TEST_F(JsonTest, AFileWithoutObjectsHasNoColumns) {
  EXPECT_THAT(Detect("[]", Layout::kJsonDocument).columns, IsEmpty());
  EXPECT_THAT(Detect("").columns, IsEmpty());
  EXPECT_THAT(Detect("1\n2\n").columns, IsEmpty());
}

}  // namespace
}  // namespace leat::connect
