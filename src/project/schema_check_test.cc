#include "project/schema_check.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/test_project.h"

namespace leat::project {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

class SchemaCheckTest : public ProjectTest {
 protected:
  void SetUp() override {
    ProjectTest::SetUp();
    engine_ = engine::Engine::Open(io::SystemEnvironment(), {.threads = 1}).value();
    Write("assets/bronze/orders.yml", "type: source\nfrom: {file: x.csv}\n");
  }

  BindResult Bind() {
    project_ = LoadValid();
    const auto session = engine_->NewSession();
    return BindProject(project_, *session, [this](const Asset& source) {
      const auto found = sources_.find(source.name.value());
      return found == sources_.end() ? std::nullopt : std::optional<data::Schema>(found->second);
    });
  }
  std::vector<std::string> Errors() { return Lines(Bind().diagnostics.errors); }

  static data::Field Field(const char* name, data::TypeKind kind) {
    return {.name = name, .type = {.kind = kind}};
  }

  std::unique_ptr<engine::Engine> engine_;
  std::map<std::string, data::Schema> sources_ = {
      {"bronze.orders",
       {.fields = {Field("order_id", data::TypeKind::kLong),
                   Field("amount", data::TypeKind::kDouble),
                   Field("ordered_at", data::TypeKind::kTimestamp)}}}};
  Project project_;
};

TEST_F(SchemaCheckTest, SchemasAndLineageFollowTheGraph) {
  Write("leat.yml", "name: shop\nstorage: ./lake\nvars: {least: 1}\n");
  Write("macros/m.sql", "create macro cents(x) as x * 100;");
  Write("assets/silver/orders.sql",
        "select order_id, cents(amount) as cents, ordered_at from bronze.orders where amount > "
        "$least");
  Write("assets/gold/days.sql",
        "/* @leat\nmaterialized: interval\ntime_column: day\nschedule: \"@daily\"\n"
        "start: 2026-01-01\n"
        "columns: {day: {type: date}}\n"
        "checks: [{name: own, sql: select * from this where total < $least}]\n@leat */\n"
        "select cast(ordered_at as date) as day, sum(cents) as total from silver.orders\n"
        "where ordered_at >= $start and ordered_at < $end group by all");
  const BindResult result = Bind();
  EXPECT_THAT(Lines(result.diagnostics.errors), IsEmpty());
  EXPECT_THAT(Lines(result.diagnostics.warnings), IsEmpty());
  const engine::BoundQuery& days = result.bound.at(AssetName("gold.days"));
  EXPECT_THAT(days.schema.names(), ElementsAre("day", "total"));
  EXPECT_EQ(days.schema.fields[0].type.kind, data::TypeKind::kDate);
  ASSERT_EQ(days.lineage.size(), 2U);
  EXPECT_THAT(days.lineage[1].sources, ElementsAre(Pair(AssetName("silver.orders"), "cents")));
}

TEST_F(SchemaCheckTest, UnknownColumnsAndFunctionsHavePlaceAndNearestSpelling) {
  Write("assets/s/a.sql",
        "/* @leat\nowner: me\n@leat */\nselect order_id,\n  amuont from bronze.orders");
  Write("assets/s/b.sql", "select o.order_idd from bronze.orders o");
  Write("assets/s/c.sql", "select lenght('x') as x");
  Write("assets/s/d.sql", "select order_id + ordered_at as x from bronze.orders");
  Write("assets/s/behind.sql", "select nothing from s.a");
  EXPECT_THAT(Errors(),
              ElementsAre(AllOf(StartsWith("assets/s/a.sql:5:3: "), HasSubstr("amuont"),
                                HasSubstr("| did you mean 'amount'?")),
                          AllOf(StartsWith("assets/s/b.sql:1:8: "), HasSubstr("order_idd"),
                                HasSubstr("| did you mean 'order_id'?")),
                          AllOf(StartsWith("assets/s/c.sql:1:8: "), HasSubstr("lenght"),
                                HasSubstr("length")),
                          StartsWith("assets/s/d.sql:1:17: ")));
}

TEST_F(SchemaCheckTest, KeysAndDeclaredColumnsMustBeInTheQuery) {
  Write("assets/s/a.sql",
        "/* @leat\nmaterialized: scd2\nkey: order\ncolumns:\n  order_id: {type: int}\n"
        "  amout: {}\n  is_current: {checks: [not_null]}\n@leat */\n"
        "select order_id, amount, 1 as AMOUNT from bronze.orders");
  Write("assets/s/b.sql",
        "/* @leat\nmaterialized: interval\nschedule: \"@daily\"\ntime_column: order_id\n"
        "start: 2026-01-01\n@leat */\n"
        "select * from bronze.orders where ordered_at >= $start");
  EXPECT_THAT(
      Errors(),
      ElementsAre(
          StartsWith("assets/s/a.sql:3:6: the query has no column 'order' for 'key'"),
          StartsWith("assets/s/a.sql:5:3: column 'order_id' is declared as integer, and the query "
                     "gives long"),
          "assets/s/a.sql:6:3: the query has no column 'amout' | did you mean 'amount'?",
          StartsWith("assets/s/a.sql:9:1: the query has a second column 'AMOUNT'"),
          StartsWith("assets/s/b.sql:4:14: 'time_column' order_id must be a date or timestamp, not "
                     "long")));
}

TEST_F(SchemaCheckTest, ChecksMustNameRealColumns) {
  Write("assets/s/a.sql",
        "/* @leat\ncolumns:\n  order_id:\n    checks:\n"
        "      - relationships: {table: bronze.orders, column: id}\n"
        "      - pattern: \"[a-\"\n"
        "checks:\n  - unique_key: [order_id, line]\n  - freshness: {column: at, max_age: 1d}\n"
        "  - {name: own, sql: select * from this where amuont < 0}\n@leat */\n"
        "select * from bronze.orders");
  EXPECT_THAT(
      Errors(),
      ElementsAre(HasSubstr("a.sql:5:9: check 'order_id relationships': there is no column 'id'"),
                  HasSubstr("a.sql:6:9: check 'order_id pattern': "),
                  HasSubstr("a.sql:8:5: check 'unique_key': there is no column 'line'"),
                  HasSubstr("a.sql:9:5: check 'freshness': there is no column 'at'"),
                  AllOf(HasSubstr("a.sql:10:5: check 'own': "), HasSubstr("'amount'"))));
}

TEST_F(SchemaCheckTest, ASourceOfUnknownColumnsIsAWarningAndItsReadersAreLeftOut) {
  sources_.clear();
  Write("assets/s/a.sql", "select nothing from bronze.orders");
  Write("assets/s/b.sql", "select nothing from s.a");
  const BindResult result = Bind();
  EXPECT_THAT(Lines(result.diagnostics.errors), IsEmpty());
  EXPECT_THAT(Lines(result.diagnostics.warnings),
              ElementsAre(StartsWith(
                  "assets/bronze/orders.yml:1:1: the columns of bronze.orders are not known")));
  EXPECT_TRUE(result.bound.empty());
}

TEST_F(SchemaCheckTest, DeclaredColumnsOfAClosedSourceAreItsSchema) {
  sources_.clear();
  Write("assets/bronze/orders.yml",
        "type: source\nfrom: {file: x.csv}\nschema_policy: freeze\ncolumns: {a: {type: date}}\n");
  Write("assets/s/a.sql", "select a, _leat_source, b from bronze.orders");
  EXPECT_THAT(Errors(), ElementsAre(StartsWith("assets/s/a.sql:1:25: ")));
  Write("assets/s/a.sql", "select a, _leat_source from bronze.orders");
  EXPECT_EQ(Bind().bound.at(AssetName("s.a")).schema.fields[0].type.kind, data::TypeKind::kDate);
}

TEST_F(SchemaCheckTest, DeepSchemasAreWrittenInQuotes) {
  Write("assets/gold/finance/margin.sql", "select 1 as x");
  Write("assets/s/a.sql", "select * from \"gold.finance\".margin");
  Write("assets/s/b.sql", "select * from gold.finance.margin");
  EXPECT_THAT(Errors(), ElementsAre(AllOf(StartsWith("assets/s/b.sql:"),
                                          HasSubstr("write \"gold.finance\".\"margin\""))));
}

TEST_F(SchemaCheckTest, BadMacrosAreReportedOnce) {
  Write("macros/m.sql", "create macro broken(x) as nonsense(x);");
  Write("assets/s/a.sql", "select 1 as x");
  EXPECT_THAT(Errors(),
              ElementsAre(AllOf(StartsWith("macros: macro broken: "), HasSubstr("nonsense"))));
}

// Seeds are read by the engine, so they lie on the disk.
TEST(SeedSchemaTest, ASeedsColumnsComeFromItsFile) {
  io::Environment& world = io::SystemEnvironment();
  const std::string root = io::MakeTemporaryDirectory("leat-seed-").value();
  ASSERT_TRUE(world.files.CreateDirectories(root + "/seeds").ok());
  ASSERT_TRUE(world.files.CreateDirectories(root + "/assets/s").ok());
  const auto write = [&](const char* file, const char* content) {
    ASSERT_TRUE(world.files.ReplaceFile(io::JoinPath(root, file), content).ok());
  };
  write("leat.yml", "name: shop\nstorage: ./lake\n");
  write("seeds/countries.csv", "code,people\nDE,83\n");
  write("seeds/countries.yml", "columns: {cod: {}}\n");
  write("assets/s/a.sql", "select code, people + 1 as more from countries");
  const Project project = LoadProject(world, root, {}).project.value();
  const auto engine = engine::Engine::Open(world, {.threads = 1}).value();
  const auto session = engine->NewSession();
  const BindResult result = BindProject(project, *session, {});
  EXPECT_THAT(
      Lines(result.diagnostics.errors),
      ElementsAre("seeds/countries.yml:1:11: the seed has no column 'cod' | did you mean 'code'?"));
  EXPECT_EQ(result.bound.at(AssetName("s.a")).schema.fields[1].type.kind, data::TypeKind::kLong);
  ASSERT_TRUE(io::RemoveAll(root).ok());
}

TEST_F(SchemaCheckTest, AThousandModelsBindQuickly) {
  for (int i = 0; i < 1000; i++) {
    const std::string from = i == 0 ? "bronze.orders" : fmt::format("s.m{}", i - 1);
    Write(fmt::format("assets/s/m{}.sql", i),
          "/* @leat\ncolumns: {order_id: {checks: [not_null]}}\n@leat */\n"
          "select order_id, sum(amount) as amount from " +
              from + " where order_id > 0 group by all");
  }
  const std::int64_t begin_us = world_.clock.MonotonicUs();
  EXPECT_EQ(Bind().bound.size(), 1000U);
  const std::int64_t elapsed_us = world_.clock.MonotonicUs() - begin_us;
  RecordProperty("load_and_bind_ms", static_cast<int>(elapsed_us / 1000));
  // Far above what it takes, so that a busy machine or a sanitizer does not fail it.
  EXPECT_LT(elapsed_us, 20 * kMicrosPerSecond);
}

}  // namespace
}  // namespace leat::project
