#include "engine/sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat::engine {
namespace {

using testing::ElementsAre;

std::vector<std::string> TablesOf(const char* sql) {
  std::vector<std::string> names;
  for (const TableReference& table : AnalyzeSelect(sql).value().tables) {
    names.push_back(table.pin.empty() ? table.name : table.name + "@" + table.pin);
  }
  return names;
}

TEST(AnalyzeSelectTest, FindsTablesOutsideCommonTableExpressions) {
  EXPECT_THAT(TablesOf("with a as (select * from silver.x) select * from a join gold.y using (id)"),
              ElementsAre("gold.y", "silver.x"));
  EXPECT_THAT(TablesOf("select (select max(v) from s.sub where s.sub.k = t.k) from s.t"),
              ElementsAre("s.sub", "s.t"));
  EXPECT_THAT(
      TablesOf("select * from s.a union all select * from s.b order by (select 1 from s.c)"),
      ElementsAre("s.a", "s.b", "s.c"));
  EXPECT_THAT(
      TablesOf("with recursive r as (select 1 n union all select n + 1 from r, s.l) from r"),
      ElementsAre("s.l"));
  EXPECT_THAT(TablesOf("select * from \"odd schema\".\"a \"\"b\"\" c\" where x in (from s.u)"),
              ElementsAre("odd schema.a \"b\" c", "s.u"));
}

TEST(AnalyzeSelectTest, FindsPinsOutsideStringsAndComments) {
  EXPECT_THAT(
      TablesOf("select 'x@v1' from silver.orders@v12 /* a@v1 */ join s.b@'2026-11-01' on 1=1"),
      ElementsAre("s.b@2026-11-01", "silver.orders@v12"));
}

TEST(AnalyzeSelectTest, FindsParameters) {
  EXPECT_THAT(AnalyzeSelect("select $a from t where d >= $start and d < $end and e > $a")
                  .value()
                  .parameters,
              ElementsAre("a", "end", "start"));
}

TEST(AnalyzeSelectTest, RefusesWritesAndSeveralStatements) {
  for (const char* sql : {"drop table x", "", "select 1; select 2", "insert into a select 1",
                          "copy t to 'x'", "attach 'x'", "set threads = 1", "pragma version"}) {
    EXPECT_FALSE(AnalyzeSelect(sql).ok()) << sql;
  }
  EXPECT_EQ(AnalyzeSelect("select 1;\n drop table x").error().location()->line, 2);
}

TEST(AnalyzeSelectTest, SyntaxErrorsHaveLineAndColumn) {
  const Error error = AnalyzeSelect("select a,\n  from where").error();
  ASSERT_TRUE(error.location().has_value());
  EXPECT_EQ(error.location()->line, 2);
}

TEST(AnalyzeSelectTest, PinsDoNotShiftPlaces) {
  const auto facts =
      AnalyzeSelect("select * from s.a@v1 join s.\"b\"@'2026-11-01' using (x), s.c").value();
  std::vector<std::size_t> offsets;
  for (const TableReference& table : facts.tables) offsets.push_back(table.offset);
  EXPECT_THAT(offsets, ElementsAre(14, 26, 56));
  const Error error = AnalyzeSelect("select * from s.a@v1 whre x > 1 )").error();
  EXPECT_EQ(error.location()->column, 27);
  EXPECT_EQ(AnalyzeSelect("from s.a@v1, s.b@v2; drop table x").error().location()->column, 22);
}

TEST(FilterOfTest, KnowsQueriesThatJudgeEachRowByItself) {
  EXPECT_EQ(FilterOf("select * from this where a > 1 and b is null;", "this"),
            "((a > 1) AND (b IS NULL))");
  for (const char* sql :
       {"select * from this", "select a from this where a > 1",
        "select * from this where a > 1 limit 3", "select * from this where a in (select b from t)",
        "select * from other where a > 1", "select * from this join t using (a) where a > 1",
        "select * exclude (a) from this where a > 1",
        "select * from this where a > 1 qualify row_number() over () = 1", "drop table this"}) {
    EXPECT_EQ(FilterOf(sql, "this"), std::nullopt) << sql;
  }
}

TEST(AnalyzeMacrosTest, AcceptsOnlyMacros) {
  const auto macros =
      AnalyzeMacros("create macro cents(x) as x * 100; create macro t() as table select 1").value();
  ASSERT_EQ(macros.size(), 2U);
  EXPECT_EQ(macros[0].name, "cents");
  EXPECT_FALSE(AnalyzeMacros("create table t (a int)").ok());
}

TEST(AnalyzeMacrosTest, RefusesNamesThatLeatsOwnStatementsCall) {
  for (const char* name : {"leat_keep", "LEAT_anything", "count", "Count", "delta_scan"}) {
    const auto macros =
        AnalyzeMacros("create macro fine() as 1;\ncreate macro " + std::string(name) + "(x) as x");
    ASSERT_FALSE(macros.ok()) << name;
    EXPECT_EQ(macros.error().location()->line, 2) << name;
  }
}

}  // namespace
}  // namespace leat::engine
