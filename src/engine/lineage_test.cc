// Where the columns of a query come from. Lineage may say too much, never too little.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace leat::engine {
namespace {

using Columns = std::set<std::string>;

class LineageTest : public testing::Test {
 protected:
  LineageTest() {
    session_->SetResolver([](const std::string& schema,
                             const std::string& table) -> Result<std::optional<TableSource>> {
      if (schema != "s") return std::optional<TableSource>();
      const data::Type number{.kind = data::TypeKind::kLong};
      const data::Type list{.kind = data::TypeKind::kArray,
                            .children = {{.name = "element", .type = number}}};
      return std::optional<TableSource>(SchemaSource{.asset = AssetName("s." + table),
                                                     .schema = {{{.name = "k", .type = number},
                                                                 {.name = "v", .type = number},
                                                                 {.name = "l", .type = list}}}});
    });
  }

  // "t.v" of each column of the result.
  std::vector<Columns> Of(const std::string& sql) {
    auto bound = session_->Bind(sql);
    EXPECT_TRUE(bound.ok()) << sql << ": " << bound.error().message();
    std::vector<Columns> columns;
    if (!bound.ok()) return columns;
    for (const ColumnLineage& column : bound->lineage) {
      auto& sources = columns.emplace_back();
      for (const auto& [asset, name] : column.sources)
        sources.insert(asset.value().substr(2) + "." + name);
    }
    return columns;
  }
  Columns First(const std::string& sql) {
    const auto all = Of(sql);
    return all.empty() ? Columns{"(none)"} : all[0];
  }

  std::unique_ptr<Engine> engine_ = Engine::Open(io::SystemEnvironment(), {.threads = 1}).value();
  std::unique_ptr<Session> session_ = engine_->NewSession();
};

TEST_F(LineageTest, ColumnsOfOuterQueriesAreFollowedIntoInnerOnes) {
  EXPECT_EQ(First("select (select t.v * 2) from s.t t"), Columns({"t.v"}));
  EXPECT_EQ(First("select (select (select t.v)) from s.t t"), Columns({"t.v"}));
  EXPECT_EQ(First("select (select max(u.k) + t.v from s.u u where u.k = t.k) from s.t t"),
            Columns({"u.k", "t.v"}));
  EXPECT_EQ(First("select (select sum(t.v + u.v) from s.u u) from s.t t"), Columns({"t.v", "u.v"}));
  EXPECT_EQ(First("select x.n from s.t t, lateral (select t.v + 1 as n) x"), Columns({"t.v"}));
  EXPECT_EQ(First("select x.n from s.t t, (select t.v + u.v as n from s.u u where u.k = t.k) x"),
            Columns({"t.v", "u.v"}));
  EXPECT_EQ(First("select y.m from s.t t, (select t.v as n) x, (select x.n + t.k as m) y"),
            Columns({"t.v", "t.k"}));
  EXPECT_EQ(First("select y.m from s.t t, lateral (select z.m from (select t.v as n) x, lateral "
                  "(select x.n * t.k as m) z) y"),
            Columns({"t.v", "t.k"}));
  EXPECT_EQ(First("select x.n from s.t t left join lateral (select t.v as n) x on true"),
            Columns({"t.v"}));
}

TEST_F(LineageTest, TableFunctionsOverColumnsHaveTheirSources) {
  EXPECT_EQ(First("select u.item from s.t t, unnest(t.l) u(item)"), Columns({"t.l"}));
  EXPECT_EQ(First("select unnest(l) from s.t"), Columns({"t.l"}));
  EXPECT_EQ(First("select u.item from (select l as m from s.t) x, unnest(x.m) u(item)"),
            Columns({"t.l"}));
  EXPECT_TRUE(First("select g from s.t t, generate_series(1, t.v) r(g)").contains("t.v"));
  EXPECT_TRUE(First("select g from s.t t, range(t.k, t.v) r(g)").contains("t.k"));
  EXPECT_EQ(First("select (select list(x * t.v) from unnest(t.l) u(x)) from s.t t"),
            Columns({"t.l", "t.v"}));
  EXPECT_EQ(First("select v.x from s.t t, (values (t.v), (t.k)) v(x)"), Columns({"t.v", "t.k"}));
}

TEST_F(LineageTest, SubqueriesThatJudgeHaveTheirSources) {
  EXPECT_TRUE(
      First("select exists (select 1 from s.u u where u.k = t.v) from s.t t").contains("t.v"));
  const auto in = First("select t.v in (select u.k from s.u u) from s.t t");
  EXPECT_TRUE(in.contains("t.v") && in.contains("u.k"));
  const auto any = First("select t.v > all (select u.k from s.u u where u.v = t.k) from s.t t");
  EXPECT_TRUE(any.contains("t.v") && any.contains("u.k"));
}

TEST_F(LineageTest, CommonTableExpressionsAreFollowedWhereverTheyAreRead) {
  EXPECT_EQ(First("with c as materialized (select v as a from s.t) select a from c"),
            Columns({"t.v"}));
  EXPECT_EQ(First("select x.n from s.t t, lateral (with c as materialized (select t.v as a) select "
                  "a + 1 as n from c) x"),
            Columns({"t.v"}));
  EXPECT_EQ(First("with c as materialized (select v as a from s.t) select (select c.a + u.k from "
                  "s.u u limit 1) from c"),
            Columns({"t.v", "u.k"}));
  const auto recursive = First(
      "with recursive r as (select k as id, v from s.t union all select u.v, r.v from r join "
      "s.u u on u.k = r.id) select id from r");
  EXPECT_TRUE(recursive.contains("t.k") && recursive.contains("u.v"));
}

TEST_F(LineageTest, OtherShapesStayExact) {
  EXPECT_EQ(First("select sum(v) filter (where k > 0) from s.t"), Columns({"t.v", "t.k"}));
  EXPECT_EQ(First("select sum(v) over (partition by k) from s.t"), Columns({"t.v", "t.k"}));
  EXPECT_EQ(First("select v from s.t union all select k from s.u"), Columns({"t.v", "u.k"}));
  EXPECT_EQ(First("select list_transform(l, x -> x + v) from s.t"), Columns({"t.l", "t.v"}));
  EXPECT_TRUE(First("select grouping(k) from s.t group by rollup (k)").contains("t.k"));
  EXPECT_EQ(First("select k from s.t"), Columns({"t.k"}));
  EXPECT_EQ(First("select 1 from s.t"), Columns());
}

}  // namespace
}  // namespace leat::engine
