#include "project/loader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "project/test_project.h"

namespace leat::project {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr char kOrders[] = "type: source\nfrom: {file: \"landing/orders/*.csv\"}\n";

std::vector<std::string> NamesOf(const Project& project) {
  std::vector<std::string> names;
  for (const Asset& asset : project.assets) names.push_back(asset.name.value());
  return names;
}

class LoaderTest : public ProjectTest {};

TEST_F(LoaderTest, TheReferenceExampleLoads) {
  Write("leat.yml",
        "name: shop\nstorage: ./lake\nengine: embedded\ntimezone: UTC\nstart: 2026-01-01\n"
        "vars: {vip_threshold: 1000}\nenvironments:\n  prod: {storage: /data/lake}\n");
  Write("assets/bronze/orders.yml",
        "type: source\nfrom: {file: \"landing/orders/*.csv\"}\nmode: batch\n"
        "schema_policy: evolve\ncolumns:\n  order_id: {type: bigint, checks: [not_null]}\n");
  Write("assets/silver/orders.sql", "select * from bronze.orders where amount < $vip_threshold\n");
  Write("assets/gold/daily_sales.sql", R"(/* @leat
description: Revenue per day and region
materialized: interval
time_column: order_date
schedule: "@daily"
owner: data@shop.example
tags: [finance]
columns:
  order_date: {type: date, checks: [not_null]}
  region:     {checks: [{accepted_values: [north, south, east, west]}]}
checks:
  - name: revenue_not_negative
    sql: select * from this where revenue < 0
    on_fail: quarantine
@leat */
select order_date, region, count(*) as orders, sum(amount) as revenue
from silver.orders
where order_date >= $start and order_date < $end
group by all
)");
  const Project project = LoadValid();
  EXPECT_THAT(NamesOf(project), ElementsAre("bronze.orders", "silver.orders", "gold.daily_sales"));
  EXPECT_EQ(project.name, "shop");
  EXPECT_EQ(project.root, "/project");
  EXPECT_EQ(project.storage, "/project/lake");
  EXPECT_EQ(std::get<std::int64_t>(project.vars.at("vip_threshold")), 1000);
  const Asset& sales = *project.Find(AssetName("gold.daily_sales"));
  EXPECT_THAT(sales.dependencies, ElementsAre(AssetName("silver.orders")));
  const auto& model = std::get<ModelSpec>(sales.spec);
  EXPECT_EQ(model.materialized, Materialization::kInterval);
  EXPECT_EQ(model.sql_line, 16);
  EXPECT_THAT(model.sql, StartsWith("select order_date"));
  EXPECT_EQ(sales.columns[0].type->kind, data::TypeKind::kDate);
  ASSERT_EQ(sales.checks.size(), 3U);
  EXPECT_EQ(sales.checks[0].name, "order_date not_null");
  EXPECT_EQ(sales.checks[2].name, "revenue_not_negative");
  EXPECT_EQ(sales.checks[2].on_fail, OnFail::kQuarantine);
}

TEST_F(LoaderTest, AProjectIsFoundFromItsSubfolders) {
  Write("assets/bronze/orders.yml", kOrders);
  const LoadResult result = LoadProject(world_, "/project/assets/bronze", {});
  ASSERT_TRUE(result.project.has_value());
  EXPECT_EQ(result.project->root, "/project");
}

TEST_F(LoaderTest, WithoutAProjectTheErrorSaysHowToMakeOne) {
  const LoadResult result = LoadProject(world_, "/nowhere", {});
  EXPECT_THAT(Lines(result.diagnostics.errors), ElementsAre(HasSubstr("leat init")));
}

TEST_F(LoaderTest, ProblemsOfAllFilesAreReportedAtOnceInOrder) {
  Write("leat.yml", "name: shop\nstorrage: ./lake\n");
  Write("assets/bronze/orders.yml", "type: source\nfrm: {file: x.csv}\n");
  Write("assets/silver/a.sql", "select * from bronze.order\n");
  Write("assets/silver/b.sql", "drop table x\n");
  EXPECT_THAT(
      Errors(),
      ElementsAre(
          "assets/bronze/orders.yml:1:1: source needs the key 'from' | for example: from: {file: "
          "\"landing/orders/*.csv\"}",
          "assets/bronze/orders.yml:2:1: unknown key 'frm' in source | did you mean 'from'?",
          "assets/silver/a.sql:1:15: there is no table 'bronze.order' | did you mean "
          "'bronze.orders'?",
          StartsWith("assets/silver/b.sql:1:1: expected one SELECT statement, found drop"),
          "leat.yml:1:1: leat.yml needs the key 'storage' | for example: storage: ./lake",
          "leat.yml:2:1: unknown key 'storrage' in leat.yml | did you mean 'storage'?"));
}

TEST_F(LoaderTest, ConfigurationErrorsNameValueAndNearestSpelling) {
  Write("leat.yml",
        "name: my shop\nstorage: gs://bucket/prefix\nengine: spark\ntimezone: Europe/Berln\n"
        "start: yesterday\nvars: {start: 1, 2x: 1, list: [1]}\n"
        "notify: [{slack: \"not a url\", on: [failed]}]\n");
  EXPECT_THAT(
      Errors(),
      ElementsAre(
          "leat.yml:1:7: 'my shop' cannot name a project | use letters, digits, _ and -",
          "leat.yml:2:10: storage on 'gs://' is not available in this release | use a local "
          "folder, or s3://bucket/path",
          "leat.yml:3:9: engine 'spark' is not available in this release | use embedded",
          "leat.yml:4:11: 'Europe/Berln' is not a time zone | did you mean 'Europe/Berlin'?",
          "leat.yml:5:8: 'start': 'yesterday' is not a date or time | write it like 2026-11-01 or "
          "2026-11-01T06:00:00Z",
          "leat.yml:6:8: $start is the interval's; name the variable otherwise",
          "leat.yml:6:18: '2x' cannot name a variable | use letters, digits and _, not beginning "
          "with a digit",
          "leat.yml:6:31: variable 'list' must be text, a number, true or false, not a list",
          "leat.yml:7:18: 'slack' must be a web address | it begins with https://",
          "leat.yml:7:35: 'failed' is not an event to notify of | known: failure, "
          "check_failed, deadline_missed, success"));
}

TEST_F(LoaderTest, StorageMayBeInAnObjectStore) {
  Write("leat.yml", "name: shop\nstorage: s3://my-bucket/a/../lake/\n");
  EXPECT_EQ(Load("").project.value().storage, "s3://my-bucket/lake");
  Write("leat.yml", "name: shop\nstorage: s3://?/lake\n");
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("leat.yml:2:10: s3://?/lake: '?' is no name of a "
                                              "bucket | write s3://bucket/path")));
}

TEST_F(LoaderTest, EnvironmentsOverrideAndUnknownOnesAreErrors) {
  Write("leat.yml",
        "name: shop\nstorage: ./lake\nvars: {a: 1, b: 2}\nenvironments:\n"
        "  prod: {storage: /data/lake, timezone: Asia/Tokyo, vars: {b: 3, c: x}}\n");
  const Project project = Load("prod").project.value();
  EXPECT_EQ(project.storage, "/data/lake");
  EXPECT_EQ(project.timezone, "Asia/Tokyo");
  EXPECT_EQ(project.vars.size(), 3U);
  EXPECT_EQ(std::get<std::int64_t>(project.vars.at("b")), 3);
  EXPECT_THAT(Errors("prd"),
              ElementsAre("leat.yml: there is no environment 'prd' | did you mean 'prod'?"));
}

TEST_F(LoaderTest, EnvironmentVariablesWinAndTheirMistakesNameThem) {
  Write("leat.yml", "name: shop\nstorage: ./lake\nvars: {vip_threshold: 1000}\n");
  variables_["LEAT_STORAGE"] = "/elsewhere";
  variables_["LEAT_VARS_VIP_THRESHOLD"] = "5";
  {
    const Project project = LoadValid();
    EXPECT_EQ(project.storage, "/elsewhere");
    EXPECT_EQ(std::get<std::int64_t>(project.vars.at("vip_threshold")), 5);
  }
  variables_["LEAT_TIMEZONE"] = "Mars/Olympus";
  EXPECT_THAT(Errors(), ElementsAre("LEAT_TIMEZONE: 'Mars/Olympus' is not a time zone | use an "
                                    "IANA name such as UTC or Europe/Berlin"));
}

TEST_F(LoaderTest, SecretsComeFromTheEnvironmentAndAreRemembered) {
  Write("leat.yml",
        "name: shop\nstorage: ./lake\nnotify:\n  - {slack: \"https://${LEAT_TEST_HOOK}\"}\n");
  Write("connections.yml",
        "connections:\n  db: {type: postgres, host: localhost, password: \"${LEAT_TEST_PW}\"}\n");
  EXPECT_THAT(Errors(), ElementsAre(StartsWith("connections.yml:2:51: the environment variable "
                                               "LEAT_TEST_PW is not set | "),
                                    StartsWith("leat.yml:4:13: the environment variable "
                                               "LEAT_TEST_HOOK is not set | ")));
  variables_["LEAT_TEST_HOOK"] = "hooks.example/T1";
  variables_["LEAT_TEST_PW"] = "hunter2";
  const Project project = LoadValid();
  EXPECT_THAT(project.secrets,
              testing::IsSupersetOf({"hunter2", "hooks.example/T1", "https://hooks.example/T1"}));
  EXPECT_THAT(project.secrets, testing::Not(testing::Contains("localhost")));
  EXPECT_EQ(project.notifications.at(0).on.size(), 3U);
}

TEST_F(LoaderTest, ConnectionsOfTheChosenEnvironmentCount) {
  Write("leat.yml", "name: shop\nstorage: ./lake\nenvironments: {prod: {storage: ./prod}}\n");
  Write("connections.yml",
        "connections:\n  db: {type: postgres, password: local}\nenvironments:\n"
        "  prod:\n    db: {type: postgres, password: real, port: [1]}\n    other: {host: x}\n"
        "conections: {}\n");
  const std::vector<std::string> expected = {
      "connections.yml:5:48: 'port' must be one value, not a list | a value, or {env: NAME}, "
      "{file: "
      "path} or {command: \"pass show db\"}",
      "connections.yml:6:5: connection 'other' needs the key 'type' | for example: type: postgres",
      "connections.yml:7:1: unknown key 'conections' in connections.yml | did you mean "
      "'connections'?"};
  EXPECT_EQ(Errors("prod"), expected);
  EXPECT_EQ(Errors(), expected);
}

TEST_F(LoaderTest, SecretsMayStandElsewhere) {
  Write("leat.yml", "name: shop\nstorage: ./lake\n");
  Write(
      "connections.yml",
      "connections:\n  db: {type: postgres, user: {file: u.txt}, password: {command: pass db}}\n");
  const auto loaded = Load();
  ASSERT_TRUE(loaded.project.has_value());
  const Connection& connection = *loaded.project->FindConnection("db").value();
  EXPECT_EQ(connection.secret_files.at("user"), "u.txt");
  EXPECT_EQ(connection.secret_commands.at("password"), "pass db");
  EXPECT_THAT(connection.options, testing::IsEmpty());
  Write("connections.yml",
        "connections:\n  db: {type: postgres, password: {env: NO_SUCH_VARIABLE_HERE}}\n");
  EXPECT_THAT(Errors(), testing::ElementsAre(testing::HasSubstr(
                            "the environment variable NO_SUCH_VARIABLE_HERE is not set")));
}

TEST_F(LoaderTest, NamesFollowThePathAndMayHoldQuotesAndSpaces) {
  Write("assets/bronze/orders.yml", kOrders);
  Write("assets/gold/finance/margin.sql", "select * from bronze.orders\n");
  Write("assets/gold/a \"b\" c.sql", "select * from \"gold.finance\".margin\n");
  Write("assets/gold/reader.sql", "select * from GOLD.\"a \"\"b\"\" c\"\n");
  EXPECT_THAT(NamesOf(LoadValid()),
              ElementsAre("bronze.orders", "gold.finance.margin", "gold.a \"b\" c", "gold.reader"));
}

TEST_F(LoaderTest, NamesThatNoTableCanHaveAreRefused) {
  Write("assets/top.sql", "select 1 as x");
  Write("assets/main/x.sql", "select 1 as x");
  Write("assets/silver/a.b.sql", "select 1 as x");
  Write("assets/silver/orders_quarantine.sql", "select 1 as x");
  Write("assets/silver/model.py", "print()");
  Write("assets/silver/ORDERS.sql", "select 1 as x");
  Write("assets/silver/orders.yml", kOrders);
  EXPECT_THAT(
      Errors(),
      ElementsAre(
          StartsWith("assets/main/x.sql: the schema 'main' is the engine's own"),
          StartsWith("assets/silver/a.b.sql: 'a.b' has a dot"),
          StartsWith("assets/silver/model.py: Python models are not available in this release"),
          StartsWith("assets/silver/orders.yml:1:1: a second asset is named silver.orders (first "
                     "at assets/silver/ORDERS.sql:1:1)"),
          StartsWith("assets/silver/orders_quarantine.sql: names ending in _quarantine"),
          StartsWith("assets/top.sql: an asset's folder is its schema")));
}

TEST_F(LoaderTest, AnUnreadableFileIsOneErrorAndItsReadersAreNotBlamed) {
  Write("assets/bronze/orders.yml", kOrders);
  Write("assets/silver/orders.sql", "select * from bronze.orders");
  files_.Deny("assets/bronze/orders.yml");
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("assets/bronze/orders.yml: cannot read")));
}

TEST_F(LoaderTest, BytesThatAreNoTextAreReportedWithTheirPlace) {
  Write("assets/silver/nul.sql", std::string("select 1\n  as \0x", 16));
  Write("assets/silver/latin.sql", "select 'caf\xE9' as x");
  Write("assets/silver/utf16.sql", "\xFF\xFEs\0");
  Write("assets/silver/bom.sql", "\xEF\xBB\xBFselect 1 as x");
  Write("assets/silver/huge.sql", std::string((1 << 20) + 1, ' '));
  EXPECT_THAT(Errors(),
              ElementsAre(StartsWith("assets/silver/huge.sql: the file is larger than 1 MiB"),
                          StartsWith("assets/silver/latin.sql:1:12: byte 0xE9 is not valid UTF-8"),
                          StartsWith("assets/silver/nul.sql:2:6: the file has a NUL byte"),
                          StartsWith("assets/silver/utf16.sql:1:1: the file is UTF-16")));
}

TEST_F(LoaderTest, CyclesPrintTheirPathOnce) {
  Write("assets/s/a.sql", "select *\nfrom s.c");
  Write("assets/s/b.sql", "select * from s.a");
  Write("assets/s/c.sql", "select * from s.b");
  Write("assets/s/behind.sql", "select * from s.c");
  Write("assets/s/own.sql", "select * from s.own");
  EXPECT_THAT(
      Errors(),
      ElementsAre("assets/s/a.sql:2:6: these assets read each other: s.a → s.c → s.b → s.a | "
                  "remove one of the reads",
                  StartsWith("assets/s/own.sql:1:15: a model cannot read itself: s.own → s.own")));
}

TEST_F(LoaderTest, AssetsComeInDependencyOrderWithTiesByName) {
  Write("assets/s/a.sql", "select * from s.z");
  Write("assets/s/m.sql", "select 1 as x");
  Write("assets/s/z.sql", "select 1 as x");
  EXPECT_THAT(NamesOf(LoadValid()), ElementsAre("s.m", "s.z", "s.a"));
}

TEST_F(LoaderTest, ChecksMakeDependenciesButMayLookAtTheirOwnTable) {
  Write("assets/s/a.sql",
        "/* @leat\ncolumns:\n  x: {checks: [{relationships: {table: s.z, column: x}}]}\nchecks:\n"
        "  - {name: new, sql: select * from this where x not in (select x from s.y)}\n"
        "  - {name: old, sql: select * from this join s.a using (x)}\n@leat */\nselect 1 as x");
  Write("assets/s/y.sql", "select 1 as x");
  Write("assets/s/z.sql", "select 1 as x");
  const Project project = LoadValid();
  EXPECT_THAT(NamesOf(project), ElementsAre("s.y", "s.z", "s.a"));
  EXPECT_THAT(project.assets[2].dependencies, ElementsAre(AssetName("s.y"), AssetName("s.z")));
}

TEST_F(LoaderTest, UnknownTablesGetTheMostUsefulHint) {
  Write("assets/bronze/orders.yml", kOrders);
  Write("seeds/countries.csv", "code,name\nDE,Germany\n");
  Write("assets/s/a.sql", "select * from orders");
  Write("assets/s/b.sql", "select * from contries");
  Write("assets/s/c.sql", "select * from 'landing/x.csv'");
  Write("assets/s/d.sql", "select * from bronze.orders_quarantine");
  Write("assets/s/e.sql",
        "select * from bronze.orders o\njoin\n  countries c on true\njoin q.w on true");
  EXPECT_THAT(
      Errors(),
      ElementsAre("assets/s/a.sql:1:15: there is no table 'orders' | did you mean "
                  "'bronze.orders'?",
                  "assets/s/b.sql:1:15: there is no table 'contries' | did you mean 'countries'?",
                  HasSubstr("to read files, add a source"),
                  HasSubstr("models cannot read quarantine tables"),
                  StartsWith("assets/s/e.sql:4:6: there is no table 'q.w' | known: ")));
}

TEST_F(LoaderTest, UnknownVariablesAreReportedWhereTheyAreUsed) {
  Write("leat.yml", "name: shop\nstorage: ./lake\nvars: {vip_threshold: 1}\n");
  Write("assets/s/a.sql", "select 1 as x -- $vip_treshold\nwhere 1 > $vip_treshold");
  EXPECT_THAT(Errors(), ElementsAre("assets/s/a.sql:2:11: there is no variable '$vip_treshold' | "
                                    "did you mean 'vip_threshold'?"));
}

TEST_F(LoaderTest, SeedsAreAssetsWithOptionalDescriptions) {
  Write("seeds/countries.csv", "code,name\nDE,Germany\n");
  Write("seeds/countries.yml", "columns: {code: {type: varchar, checks: [unique]}}\n");
  Write("assets/s/a.sql", "select * from countries join seeds.countries c using (code)");
  const Project project = LoadValid();
  EXPECT_THAT(NamesOf(project), ElementsAre("seeds.countries", "s.a"));
  EXPECT_EQ(project.assets[0].location.file, "seeds/countries.csv");
  EXPECT_EQ(project.assets[0].checks.size(), 1U);
  EXPECT_THAT(project.assets[1].dependencies, ElementsAre(AssetName("seeds.countries")));
}

TEST_F(LoaderTest, BadSeedsAreReported) {
  Write("seeds/empty.csv", "");
  Write("seeds/orphan.yml", "description: x\n");
  Write("seeds/sub/x.csv", "a\n1\n");
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("seeds/empty.csv: the seed is empty"),
                                    HasSubstr("seeds/orphan.yml: there is no seed"),
                                    HasSubstr("seeds/sub: seeds/ holds files only")));
}

TEST_F(LoaderTest, MacrosAreReadAndOnlyMacros) {
  Write("macros/money.sql", "create macro cents(x) as x * 100;\n");
  EXPECT_EQ(LoadValid().macros.at(0).name, "cents");
  Write("macros/again.sql", "create or replace macro CENTS(x) as x;\n");
  Write("macros/bad.sql", "create macro ok(x) as x;\ncreate table t (a int);\n");
  EXPECT_THAT(Errors(),
              ElementsAre(StartsWith("macros/bad.sql:"),
                          StartsWith("macros/money.sql:1:14: the macro 'cents' is defined "
                                     "twice (first at macros/again.sql:1:25)")));
}

TEST_F(LoaderTest, FoldersOfLaterReleasesAndStrayFilesAreWarnings) {
  Write("assets/s/a.sql", "select 1 as x");
  Write("assets/s/notes.docx", "");
  Write("assets/README.md", "");
  Write("apis/x.sql", "select 1");
  EXPECT_THAT(Errors(), IsEmpty());
  EXPECT_THAT(Warnings(), ElementsAre(StartsWith("apis: apis/ is not available in this release"),
                                      StartsWith("assets/s/notes.docx: this is neither")));
}

TEST_F(LoaderTest, AFileForAFolderAndAFolderForAFileAreErrors) {
  Write("assets", "x");
  Write("connections.yml/x", "x");
  EXPECT_THAT(Errors(), ElementsAre(StartsWith("assets: this is a file; a folder is expected"),
                                    StartsWith("connections.yml: this is a folder")));
}

TEST_F(LoaderTest, AFolderNamedLikeAFileIsAnError) {
  Write("assets/silver/x.sql/readme.md", "");
  EXPECT_THAT(Errors(),
              ElementsAre(StartsWith("assets/silver/x.sql: a folder is named like a .sql file")));
}

// Links exist only on a disk.
class LinksTest : public testing::Test {
 protected:
  void SetUp() override {
    outside_ = io::MakeTemporaryDirectory("leat-project-").value();
    Write("shop/leat.yml", "name: shop\nstorage: ./lake\n");
    Write("shop/assets/silver/real.sql", "select 1 as x");
  }
  void TearDown() override { ASSERT_TRUE(io::RemoveAll(outside_).ok()); }
  void Write(const std::string& file, const std::string& content) {
    const std::string path = io::JoinPath(outside_, file);
    ASSERT_TRUE(world_.files.CreateDirectories(io::ParentPath(path)).ok());
    ASSERT_TRUE(world_.files.ReplaceFile(path, content).ok());
  }
  void Link(const std::string& target, const std::string& file) {
    ASSERT_EQ(symlink(target.c_str(), io::JoinPath(outside_, file).c_str()), 0);
  }
  std::vector<std::string> Errors() {
    return Lines(LoadProject(world_, io::JoinPath(outside_, "shop"), {}).diagnostics.errors);
  }

  io::Environment& world_ = io::SystemEnvironment();
  std::string outside_;
};

TEST_F(LinksTest, LinksOutOfTheProjectAreRefusedAndOthersFollowed) {
  Write("secret.sql", "select 1 as x");
  Write("shop2/x.sql", "select 1 as x");
  Link("../../../secret.sql", "shop/assets/silver/out.sql");
  Link("../../shop2", "shop/assets/near");
  Link("/etc", "shop/assets/etc");
  Link("real.sql", "shop/assets/silver/alias.sql");
  EXPECT_THAT(
      Errors(),
      ElementsAre(
          StartsWith("assets/etc: this symbolic link leads out of the project | "),
          StartsWith("assets/near: this symbolic link leads out of the project | "),
          StartsWith("assets/silver/out.sql: this symbolic link leads out of the project | ")));
}

TEST_F(LinksTest, ALinkToAParentFolderEndsAtTheDepthLimit) {
  Link("..", "shop/assets/silver/loop");
  EXPECT_THAT(Errors(), testing::Contains(HasSubstr("nested deeper than 16 levels")));
}

TEST_F(LoaderTest, AThousandModelsLoadQuickly) {
  Write("assets/s/m0.sql", "select 1 as x");
  for (int i = 1; i < 1000; i++) {
    Write(fmt::format("assets/s/m{}.sql", i),
          fmt::format("/* @leat\nmaterialized: table\ntags: [t]\ncolumns: {{x: {{checks: "
                      "[not_null]}}}}\n@leat */\nselect x + 1 as x from s.m{}\n",
                      i - 1));
  }
  const std::int64_t begin_us = world_.clock.MonotonicUs();
  EXPECT_EQ(LoadValid().assets.size(), 1000U);
  const std::int64_t elapsed_us = world_.clock.MonotonicUs() - begin_us;
  RecordProperty("load_ms", static_cast<int>(elapsed_us / 1000));
  // Far above what it takes (a tenth of that), so that a busy machine does not fail it.
  EXPECT_LT(elapsed_us, 5 * kMicrosPerSecond);
}

}  // namespace
}  // namespace leat::project
