#include "project/yaml.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/duration.h"
#include "project/limits.h"
#include "project/sql_scan.h"
#include "project/substitution.h"
#include "project/yaml_map.h"

namespace leat::project {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Parsed {
  std::optional<YamlNode> root;
  std::vector<std::string> errors;
};

Parsed Parse(const std::string& text, int first_line = 1) {
  Diagnostics diagnostics;
  Reporter reporter("f.yml", diagnostics);
  Parsed parsed{.root = ParseYaml(text, first_line, reporter), .errors = {}};
  for (const Error& error : diagnostics.errors) {
    parsed.errors.push_back(error.location()->ToString() + ": " + error.message());
  }
  return parsed;
}

TEST(YamlTest, NodesKnowTheirPlace) {
  const Parsed parsed = Parse("a: 1\nb:\n  - x\n  - {c: \"y\"}\n", 10);
  ASSERT_TRUE(parsed.root.has_value());
  const YamlNode& list = parsed.root->children.at(1);
  EXPECT_EQ(list.key, "b");
  EXPECT_EQ(list.key_line, 11);
  EXPECT_EQ(list.key_column, 1);
  const YamlNode& c = list.children.at(1).children.at(0);
  EXPECT_EQ(c.text, "y");
  EXPECT_FALSE(c.plain);
  EXPECT_EQ(c.line, 13);
  EXPECT_EQ(c.column, 9);
}

TEST(YamlTest, ColumnsCountCharacters) {
  const Parsed parsed = Parse("# é\n{größe: \"日本\", b: x, sql: select 1}\n");
  ASSERT_TRUE(parsed.root.has_value());
  const YamlNode& b = parsed.root->children.at(1);
  EXPECT_EQ(b.key_column, 15);
  EXPECT_EQ(b.column, 18);
  EXPECT_THAT(Parse("{é: ü, é: y}\n").errors,
              ElementsAre("f.yml:1:8: key 'é' is given twice (first in line 1)"));
  const SourceText source{.file = "f.yml", .text = "{größe: \"日本\", b: x, sql: select 1}\n"};
  YamlNode sql = parsed.root->children.at(2);
  sql.line = 1;
  EXPECT_EQ(PlaceInScalar(source, sql, {.file = "", .line = 1, .column = 8}).column, 33);
}

TEST(YamlTest, ScalarsKeepTheirKind) {
  const Parsed parsed = Parse("[1, 1.5, true, no, '1', null, ~, 2026-01-01, 0x1F, {a: [1]}]");
  const auto& items = parsed.root->children;
  EXPECT_EQ(items.at(0).ToValue(), data::Value(std::int64_t{1}));
  EXPECT_EQ(items.at(1).ToValue(), data::Value(1.5));
  EXPECT_EQ(items.at(2).ToValue(), data::Value(true));
  EXPECT_EQ(items.at(3).ToValue(), data::Value("no"));
  EXPECT_EQ(items.at(4).ToValue(), data::Value("1"));
  EXPECT_TRUE(items.at(5).is_null());
  EXPECT_TRUE(items.at(6).is_null());
  EXPECT_EQ(items.at(7).ToValue(), data::Value("2026-01-01"));
  EXPECT_EQ(items.at(8).ToValue(), data::Value("0x1F"));
  EXPECT_EQ(items.at(9).ToValue(), data::Value("{\"a\":[1]}"));
}

TEST(YamlTest, EveryTabInIndentationIsReported) {
  EXPECT_THAT(Parse("a:\n\tb: 1\n  \tc: 2\n").errors,
              ElementsAre("f.yml:2:1: a tab indents this line; YAML allows only spaces",
                          "f.yml:3:3: a tab indents this line; YAML allows only spaces"));
}

TEST(YamlTest, TabsInsideTextBlocksAreContent) {
  const Parsed parsed = Parse("sql: |\n  select\n  \t1\nother: a\tb\n");
  EXPECT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(parsed.root->children.at(0).text, "select\n\t1\n");
}

TEST(YamlTest, DuplicateKeysAreReportedAndTheFirstCounts) {
  const Parsed parsed = Parse("a: 1\nb: 2\na: 3\n");
  EXPECT_THAT(parsed.errors, ElementsAre("f.yml:3:1: key 'a' is given twice (first in line 1)"));
  EXPECT_EQ(parsed.root->children.at(0).text, "1");
}

TEST(YamlTest, SyntaxErrorsHaveTheirPlace) {
  EXPECT_THAT(Parse("a: [1, 2\n").errors,
              ElementsAre(HasSubstr("f.yml:2:1: cannot read the YAML")));
  EXPECT_THAT(Parse("a: b: c\n").errors, ElementsAre(HasSubstr("f.yml:1:5: cannot read the YAML")));
  EXPECT_THAT(Parse("a: *nobody\n").errors, ElementsAre(HasSubstr("f.yml:1:4: cannot read")));
  EXPECT_THAT(Parse("a: 1\n---\nb: 2\n").errors,
              ElementsAre(HasSubstr("f.yml:2:1: a second YAML document begins here")));
  EXPECT_THAT(Parse("{a: 1}: b\n").errors, ElementsAre(HasSubstr("a key must be text, not a map")));
  EXPECT_THAT(Parse("a: !!python/object x\n").errors, ElementsAre(HasSubstr("YAML tags such as")));
}

TEST(YamlTest, AliasesWorkWithinLimits) {
  const Parsed parsed = Parse("a: &x {k: [1, 2]}\nb: *x\n");
  ASSERT_TRUE(parsed.root.has_value());
  EXPECT_EQ(parsed.root->children.at(1).key, "b");
  EXPECT_EQ(parsed.root->children.at(1).children.at(0).children.size(), 2U);
  EXPECT_THAT(Parse("a: &x [*x]\n").errors, ElementsAre(HasSubstr("inside its own anchor")));
}

TEST(YamlTest, AliasBombsAndDeepNestingStopAtTheirLimit) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; i++) {
    bomb += fmt::format("a{0}: &a{0} [", i);
    for (int j = 0; j < 10; j++) bomb += fmt::format("*a{},", i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(Parse(bomb).errors, ElementsAre(HasSubstr("more than 100000 values")));
  EXPECT_THAT(Parse(std::string(33, '[') + std::string(33, ']')).errors,
              ElementsAre("f.yml:1:33: lists and maps are nested deeper than 32 levels"));
  EXPECT_EQ(Parse(std::string(200'000, '[')).errors.size(), 1U);
  EXPECT_EQ(Parse(std::string(200'000, '-')).errors.size(), 0U);
  std::string blocks;
  for (int i = 0; i < 100'000; i++) blocks += "- ";
  EXPECT_EQ(Parse(blocks).errors.size(), 1U);
}

TEST(YamlMapTest, WrongKindsAndUnknownKeysAreReportedTogether) {
  Diagnostics diagnostics;
  Reporter reporter("f.yml", diagnostics);
  const auto root =
      ParseYaml("count: x\nflag: maybe\nnames: {a: 1}\nage: 5 parsecs\ntgas: [a]\n", 1, reporter);
  YamlMap map(*root, "thing", reporter);
  EXPECT_FALSE(map.Integer("count", 0, 10));
  EXPECT_FALSE(map.Boolean("flag"));
  EXPECT_THAT(map.Texts("names"), IsEmpty());
  EXPECT_FALSE(map.DurationUs("age"));
  EXPECT_THAT(map.Texts("tags"), IsEmpty());
  map.ReportUnknownKeys();
  std::vector<std::string> errors;
  for (const Error& error : diagnostics.errors) errors.push_back(error.ToString());
  EXPECT_THAT(errors,
              ElementsAre("f.yml:1:8: 'count' must be a whole number from 0 to 10",
                          "f.yml:2:7: 'flag' must be true or false",
                          "f.yml:3:8: 'names' must be a list of texts, not a map",
                          HasSubstr("f.yml:4:6: 'age': '5 parsecs' is not a duration"),
                          "f.yml:5:1: unknown key 'tgas' in thing\n  hint: did you mean 'tags'?"));
}

TEST(DurationTest, UnitsAreReadAndNonsenseIsNot) {
  EXPECT_EQ(ParseDuration("250ms").value(), 250'000);
  EXPECT_EQ(ParseDuration("90s").value(), 90 * kMicrosPerSecond);
  EXPECT_EQ(ParseDuration("15m").value(), 900 * kMicrosPerSecond);
  EXPECT_EQ(ParseDuration("2h").value(), 2 * kMicrosPerHour);
  EXPECT_EQ(ParseDuration("1d").value(), kMicrosPerDay);
  for (const char* text : {"", "s", "-1s", "1.5h", "1 h", "99999999d", "10"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(SubstitutionTest, DollarsAreOnlySpecialBeforeBraces) {
  std::vector<std::string> secrets;
  const VariableLookup variables = [](const std::string&) { return std::optional<std::string>(); };
  EXPECT_EQ(SubstituteEnvironment("a $b $${c} $", variables, secrets).value(), "a $b ${c} $");
  EXPECT_THAT(secrets, IsEmpty());
  EXPECT_FALSE(SubstituteEnvironment("${", variables, secrets).ok());
  EXPECT_FALSE(SubstituteEnvironment("${}", variables, secrets).ok());
}

TEST(SqlScanTest, CommentsAndQuotedTextAreNoCode) {
  const std::string sql = "select '$a', \"$a\", $$ $a $$ -- $a\n/* $a /* */ $a */ , $A";
  EXPECT_EQ(FindParameter(sql, "a"), sql.size() - 2);
  EXPECT_EQ(FindParameter(sql, "b"), std::string::npos);
  EXPECT_EQ(EndOfSql("select 1 ; ; -- end ;"), 8U);
  EXPECT_EQ(EndOfSql(" -- nothing\n/* at all */ ;"), 0U);
  EXPECT_EQ(EndOfSql("select ';' "), 10U);
  EXPECT_THAT(WordsOfSql("select Cents(x), \"my macro\"(1) -- other"),
              ElementsAre("1", "cents", "my macro", "select", "x"));
}

}  // namespace
}  // namespace leat::project
