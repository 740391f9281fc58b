// Sources, models, checks and unit tests as files: what is understood, and what is said about
// mistakes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/model.h"
#include "project/test_project.h"

namespace leat::project {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class AssetsTest : public ProjectTest {
 protected:
  // Errors of a model with this front matter, whose lines begin at line 2.
  std::vector<std::string> ModelErrors(const std::string& front_matter) {
    Write("assets/s/m.sql", "/* @leat\n" + front_matter + "@leat */\nselect 1 as x\n");
    return Errors();
  }
  std::vector<std::string> SourceErrors(const std::string& yaml) {
    Write("assets/b/s.yml", yaml);
    return Errors();
  }
  std::vector<std::string> TestErrors(const std::string& yaml) {
    Write("tests/t.yml", yaml);
    return Errors();
  }
};

TEST_F(AssetsTest, ASourceTakesAllItsOptions) {
  Write("assets/b/s.yml",
        "type: source\n"
        "from: {file: in/*.tsv, format: tsv, quote: \"'\", escape: \"\\\\\", header: false,\n"
        "       skip_lines: 2, encoding: iso-8859-1, compression: gzip, null_text: NA,\n"
        "       date_format: \"%d.%m.%Y\", timestamp_format: \"%s\", on_change: append}\n"
        "mode: batch\nschema_policy: discard_value\nerror_budget: {rows: 5, fraction: 0.5}\n"
        "schedule: \"@hourly\"\ntags: nightly\nowner: me\ndescription: text\nstart: 2026-01-01\n"
        "timeout: 15m\nretry: {attempts: 5, delay: 2s}\n"
        "columns:\n  a: {type: \"decimal(10,2)\", description: amount}\n");
  const Project project = LoadValid();
  const Asset& asset = project.assets.at(0);
  const auto& spec = std::get<SourceSpec>(asset.spec);
  EXPECT_EQ(spec.files()->glob, "in/*.tsv");
  EXPECT_EQ(spec.files()->format, FileFormat::kCsv);
  EXPECT_EQ(spec.files()->delimiter, "\t");
  EXPECT_EQ(spec.files()->quote, "'");
  EXPECT_EQ(spec.files()->escape, "\\");
  EXPECT_EQ(spec.files()->header, false);
  EXPECT_EQ(spec.files()->skip_lines, 2);
  EXPECT_EQ(spec.files()->encoding, "iso-8859-1");
  EXPECT_EQ(spec.files()->compression, "gzip");
  EXPECT_EQ(spec.files()->null_text, "NA");
  EXPECT_EQ(spec.files()->on_change, OnChange::kAppend);
  EXPECT_EQ(spec.schema_policy, SchemaPolicy::kDiscardValue);
  EXPECT_EQ(spec.error_budget.rows, 5);
  EXPECT_EQ(spec.error_budget.fraction, 0.5);
  EXPECT_EQ(asset.schedule, "@hourly");
  EXPECT_THAT(asset.tags, ElementsAre("nightly"));
  EXPECT_EQ(FormatTimestamp(asset.start.value()), "2026-01-01T00:00:00Z");
  EXPECT_EQ(asset.timeout_us, 900 * kMicrosPerSecond);
  EXPECT_EQ(asset.retry.attempts, 5);
  EXPECT_EQ(asset.retry.delay_us, 2 * kMicrosPerSecond);
  EXPECT_EQ(asset.columns.at(0).type->ToString(), "decimal(10,2)");
}

TEST_F(AssetsTest, BadSourcesAreReportedKeyByKey) {
  EXPECT_THAT(SourceErrors(""), ElementsAre(StartsWith("assets/b/s.yml:1:1: the file is empty")));
  EXPECT_THAT(
      SourceErrors("- a\n"),
      testing::Contains("assets/b/s.yml:1:1: source must be a map of keys and values, not a list"));
  EXPECT_THAT(
      SourceErrors("type: sorce\nfrom: {kafka: orders}\nmode: cdc\n"),
      ElementsAre(StartsWith("assets/b/s.yml:1:7: 'sorce' is not a type of asset"),
                  StartsWith("assets/b/s.yml:2:8: sources from 'kafka' are not available"),
                  StartsWith("assets/b/s.yml:3:7: mode 'cdc' is not available in this release")));
  EXPECT_THAT(
      SourceErrors(
          "type: source\nfrom: {file: \"s3://b/x\", format: xlsx, header: yes, quote: ab,\n"
          "  encoding: utf9, skip_lines: -1, fromat: csv}\nschema_policy: evolv\n"
          "error_budget: {fraction: 2}\ncolumns: {a: {type: bigit}}\n"),
      ElementsAre(
          "assets/b/s.yml:2:14: files on 's3://' are not available in this release | name files on "
          "this machine",
          "assets/b/s.yml:2:34: 'xlsx' is not a value of 'format' | known: auto, csv, tsv, json, "
          "ndjson, parquet",
          "assets/b/s.yml:2:48: 'header' must be true or false",
          "assets/b/s.yml:2:60: 'quote' must be one ASCII character",
          HasSubstr("assets/b/s.yml:3:13: 'utf9' is not a known encoding"),
          "assets/b/s.yml:3:31: 'skip_lines' must be a whole number from 0 to 1000000",
          "assets/b/s.yml:3:35: unknown key 'fromat' in 'from' | did you mean 'format'?",
          "assets/b/s.yml:4:16: 'evolv' is not a value of 'schema_policy' | did you mean 'evolve'?",
          "assets/b/s.yml:5:26: 'fraction' must be a number from 0 to 1",
          HasSubstr("assets/b/s.yml:6:21: ")));
  EXPECT_THAT(
      SourceErrors("type: source\nfrom: {file: x.parquet, format: parquet, delimiter: ;}\n"
                   "incremental: {cursor: x}\n"),
      ElementsAre(StartsWith("assets/b/s.yml:2:42: 'delimiter' has no meaning for parquet"),
                  StartsWith("assets/b/s.yml:3:1: 'incremental' is for rows of databases")));
}

TEST_F(AssetsTest, SourcesOfDatabasesSayHowTheyAreLoaded) {
  Write("connections.yml", "connections: {db: {type: postgres, host: h, password: p}}\n");
  Write("assets/b/s.yml",
        "type: source\nfrom: {connection: db, table: public.orders}\n"
        "load: merge\nkey: [id]\nincremental: {cursor: at, lag: 10m}\n");
  const Project project = LoadValid();
  EXPECT_EQ(project.FindConnection("db").value()->type, "postgres");
  EXPECT_EQ(project.FindConnection("db").value()->options.at("host"), "h");
  EXPECT_THAT(project.secrets, ElementsAre("p"));
  const auto& spec = std::get<SourceSpec>(project.assets.at(0).spec);
  const auto& from = std::get<TableSourceOptions>(spec.from);
  EXPECT_EQ(from.connection, "db");
  EXPECT_EQ(from.table, "public.orders");
  EXPECT_EQ(from.load, LoadMode::kMerge);
  EXPECT_THAT(from.key, ElementsAre("id"));
  EXPECT_EQ(from.cursor, "at");
  EXPECT_EQ(from.lag_us, 600 * kMicrosPerSecond);

  const std::string head = "type: source\nfrom: {connection: db, table: t}\n";
  EXPECT_THAT(SourceErrors("type: source\nfrom: {connection: db}\n"),
              ElementsAre(StartsWith("assets/b/s.yml:2:7: 'from' names no table")));
  EXPECT_THAT(SourceErrors("type: source\nfrom: {connection: db, table: t, query: q}\n"),
              ElementsAre(StartsWith("assets/b/s.yml:2:7: 'from' has both a table and a query")));
  EXPECT_THAT(SourceErrors("type: source\nfrom: {table: t}\n"),
              ElementsAre(HasSubstr("'connection'")));
  EXPECT_THAT(SourceErrors("type: source\nfrom: {connection: dc, table: t}\n"),
              ElementsAre("assets/b/s.yml:2:7: there is no connection 'dc' | did you mean 'db'?"));
  EXPECT_THAT(SourceErrors(head + "load: append\n"),
              ElementsAre(StartsWith("assets/b/s.yml:3:7: load: append needs a cursor")));
  EXPECT_THAT(SourceErrors(head + "load: merge\n"),
              ElementsAre(StartsWith("assets/b/s.yml:3:7: load: merge needs a key")));
  EXPECT_THAT(SourceErrors(head + "incremental: {cursor: a}\n"),
              ElementsAre(StartsWith("assets/b/s.yml:3:14: 'incremental' without 'load'")));
  EXPECT_THAT(SourceErrors(head + "load: replace\nincremental: {cursor: a}\n"),
              ElementsAre(HasSubstr("has no use for 'incremental'")));
  EXPECT_THAT(SourceErrors("type: source\nfrom: {file: x.csv}\nkey: [a]\nload: append\n"),
              ElementsAre(StartsWith("assets/b/s.yml:3:1: 'key' is for rows of databases"),
                          StartsWith("assets/b/s.yml:4:1: 'load' is for rows of databases")));
}

TEST_F(AssetsTest, FrontMatterIsOptionalAndLinesAreThoseOfTheFile) {
  const auto split = [](const std::string& text) {
    return SplitFrontMatter({.file = "f.sql", .text = text});
  };
  const FrontMatter plain = split("\n\n  select 1; -- end\n").value();
  EXPECT_EQ(plain.yaml, "");
  EXPECT_EQ(plain.sql, "  select 1");
  EXPECT_EQ(plain.sql_line, 3);
  const FrontMatter full =
      split("-- licence\n/* @leat\na: \"x/*.csv\"\n@leat */ select\n2").value();
  EXPECT_EQ(full.yaml, "a: \"x/*.csv\"\n");
  EXPECT_EQ(full.yaml_line, 3);
  EXPECT_EQ(full.sql, "         select\n2");
  EXPECT_EQ(full.sql_line, 4);
  EXPECT_EQ(split("/* @leat\na: 1\n*/ select 1").error().location()->ToString(), "f.sql:1:1");
  EXPECT_EQ(split("/* @leat a: 1\n@leat */ select 1").error().location()->ToString(), "f.sql:1:9");
}

TEST_F(AssetsTest, BadModelsAreReportedWithThePlaceInTheirFile) {
  EXPECT_THAT(
      ModelErrors("materialised: view\n"),
      ElementsAre("assets/s/m.sql:2:1: unknown key 'materialised' in front matter | did you "
                  "mean 'materialized'?"));
  EXPECT_THAT(ModelErrors("materialized: stream\nkey: a\n"),
              ElementsAre(StartsWith("assets/s/m.sql:2:15: 'stream' is not available")));
  EXPECT_THAT(
      ModelErrors("materialized: merge\n"),
      ElementsAre("assets/s/m.sql:2:1: front matter needs the key 'key' | for example: key: "
                  "[order_id]"));
  EXPECT_THAT(
      ModelErrors("materialized: merge\nkey: [a, A]\ntime_column: t\n"),
      ElementsAre("assets/s/m.sql:3:6: 'key' lists 'A' twice",
                  StartsWith("assets/s/m.sql:4:1: 'time_column' is for materialized: interval")));
  EXPECT_THAT(ModelErrors("materialized: interval\nschedule: \"0 5 * * *\"\n"),
              ElementsAre(HasSubstr("front matter needs the key 'time_column'"),
                          StartsWith("assets/s/m.sql:3:11: '0 5 * * *' is not a schedule")));
  EXPECT_THAT(
      ModelErrors("key: [a]\nretry: 0\ntimeout: 5\nstart: now\ncolumns: [a]\n"),
      ElementsAre(StartsWith("assets/s/m.sql:2:1: 'key' is for materialized: merge and scd2"),
                  "assets/s/m.sql:3:8: 'attempts' must be a whole number from 1 to 100",
                  StartsWith("assets/s/m.sql:4:10: 'timeout': '5' is not a duration"),
                  StartsWith("assets/s/m.sql:5:8: 'start': 'now' is not a date or time"),
                  StartsWith("assets/s/m.sql:6:10: 'columns' must be a map")));
  EXPECT_THAT(ModelErrors("\tkey: a\n"),
              ElementsAre(StartsWith("assets/s/m.sql:2:1: a tab indents")));
}

TEST_F(AssetsTest, BadSqlIsReportedWithThePlaceInItsFile) {
  Write("assets/s/empty.sql", "/* @leat\nowner: me\n@leat */\n-- nothing yet\n");
  Write("assets/s/many.sql", "select 1 as x;\n  select 2");
  Write("assets/s/syntax.sql", "/* @leat\nowner: me\n@leat */\nselect 1 as\n  from where");
  Write("assets/s/writes.sql", "drop table x");
  EXPECT_THAT(Errors(),
              ElementsAre(StartsWith("assets/s/empty.sql:4:1: the model holds no SQL"),
                          HasSubstr("expected one SELECT statement, found 2"),
                          StartsWith("assets/s/syntax.sql:5:"),
                          StartsWith("assets/s/writes.sql:1:1: expected one SELECT statement")));
}

TEST_F(AssetsTest, AnIntervalModelThatIgnoresItsIntervalIsWarnedAbout) {
  EXPECT_THAT(ModelErrors("materialized: interval\nschedule: \"@daily\"\ntime_column: x\n"
                          "start: 2026-01-01\n"),
              IsEmpty());
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr("uses neither $start nor $end")));
}

TEST_F(AssetsTest, ChecksInAllTheirForms) {
  ASSERT_THAT(ModelErrors("columns:\n"
                          "  x:\n"
                          "    checks:\n"
                          "      - not_null\n"
                          "      - unique: {on_fail: quarantine}\n"
                          "      - positive:\n"
                          "        on_fail: warn\n"
                          "        name: plus\n"
                          "      - accepted_values: [1, two]\n"
                          "      - accepted_values: {values: [3], on_fail: drop}\n"
                          "      - relationships: {table: s.m, column: x}\n"
                          "      - pattern: \"[a-z]+\"\n"
                          "      - min: 0\n"
                          "      - max: {value: 2026-12-31}\n"
                          "      - between: {min: -1.5, max: 10}\n"
                          "      - type: int\n"
                          "checks:\n"
                          "  - row_count: {min: 1}\n"
                          "  - freshness: {column: x, max_age: 2h}\n"
                          "  - unique_key: [x, y]\n"
                          "  - volume_anomaly\n"
                          "  - volume_anomaly: {history: 7, sensitivity: 2.5}\n"
                          "  - {name: own, sql: \"select * from this;\"}\n"),
              IsEmpty());
  const std::vector<Check> checks = LoadValid().assets.at(0).checks;
  std::vector<std::string> names;
  for (const Check& check : checks) names.push_back(check.name);
  EXPECT_THAT(names, ElementsAre("x not_null", "x unique", "plus", "x accepted_values",
                                 "x accepted_values 2", "x relationships", "x pattern", "x min",
                                 "x max", "x between", "x type", "row_count", "freshness",
                                 "unique_key", "volume_anomaly", "volume_anomaly 2", "own"));
  EXPECT_EQ(checks.at(1).on_fail, OnFail::kQuarantine);
  EXPECT_EQ(checks.at(2).on_fail, OnFail::kWarn);
  EXPECT_THAT(std::get<AcceptedValues>(checks.at(3).kind).values, ElementsAre("1", "two"));
  EXPECT_EQ(std::get<Pattern>(checks.at(6).kind).regex, "[a-z]+");
  EXPECT_EQ(std::get<Min>(checks.at(7).kind).value, "0");
  EXPECT_EQ(std::get<Max>(checks.at(8).kind).value, "'2026-12-31'");
  EXPECT_EQ(std::get<Between>(checks.at(9).kind).min, "-1.5");
  EXPECT_EQ(std::get<OfType>(checks.at(10).kind).type, "INTEGER");
  EXPECT_EQ(std::get<RowCount>(checks.at(11).kind).min, 1);
  EXPECT_EQ(std::get<Freshness>(checks.at(12).kind).max_age_us, 2 * kMicrosPerHour);
  EXPECT_THAT(std::get<UniqueKey>(checks.at(13).kind).columns, ElementsAre("x", "y"));
  EXPECT_EQ(std::get<VolumeAnomaly>(checks.at(15).kind).history, 7);
  EXPECT_EQ(std::get<CustomSql>(checks.at(16).kind).sql, "select * from this");
  EXPECT_THAT(std::get<CustomSql>(checks.at(16).kind).tables, IsEmpty());
}

TEST_F(AssetsTest, WrongChecksAreReportedWhereTheyStand) {
  EXPECT_THAT(
      ModelErrors("columns:\n"
                  "  x:\n"
                  "    checks:\n"
                  "      - notnull\n"
                  "      - row_count: {min: 1}\n"
                  "      - between: {min: 5, max: 1}\n"
                  "      - between: {mn: 5, max: 10}\n"
                  "      - not_null: 5\n"
                  "      - {not_null: , unique: }\n"
                  "      - type: bigit\n"
                  "      - min: {value: 1, on_fail: quarantin}\n"
                  "      - accepted_values: []\n"
                  "      - {sql: select 1}\n"
                  "checks:\n"
                  "  - not_null\n"
                  "  - {row_count: {min: 1}, on_fail: drop}\n"
                  "  - {on_fail: warn}\n"
                  "  - row_count: {}\n"
                  "  - freshness: {column: x, max_age: soon}\n"
                  "  - {sql: select 1}\n"
                  "  - [a]\n"),
      ElementsAre(
          "assets/s/m.sql:5:9: unknown check 'notnull' | did you mean 'not_null'?",
          StartsWith("assets/s/m.sql:6:9: 'row_count' is a check on the table | put it under "
                     "the asset's own 'checks:'"),
          "assets/s/m.sql:7:24: 'min' (5) is greater than 'max' (1)",
          StartsWith("assets/s/m.sql:8:9: check 'between' needs the key 'min'"),
          StartsWith("assets/s/m.sql:8:19: unknown key 'mn' in check 'between'"),
          "assets/s/m.sql:9:19: 'not_null' takes options as a map, not text",
          StartsWith("assets/s/m.sql:10:22: a check has one kind: 'not_null' and 'unique'"),
          StartsWith("assets/s/m.sql:11:15: "),
          StartsWith("assets/s/m.sql:12:34: 'quarantin' is not a value of 'on_fail'"),
          "assets/s/m.sql:13:26: 'accepted_values' lists no value",
          StartsWith("assets/s/m.sql:14:9: a check by 'sql' is a check on the table"),
          StartsWith("assets/s/m.sql:16:5: 'not_null' is a check on a column"),
          StartsWith("assets/s/m.sql:17:36: 'row_count' judges the table as a whole"),
          StartsWith("assets/s/m.sql:18:5: a check needs its kind | known: row_count"),
          StartsWith("assets/s/m.sql:19:5: 'row_count' needs 'min' or 'max'"),
          StartsWith("assets/s/m.sql:20:37: 'max_age': 'soon' is not a duration"),
          StartsWith("assets/s/m.sql:21:5: check needs the key 'name'"),
          "assets/s/m.sql:22:5: a check must be text or a map, not a list"));
}

TEST_F(AssetsTest, ErrorsInSqlInsideYamlPointIntoTheText) {
  EXPECT_THAT(ModelErrors("checks:\n"
                          "  - name: a\n"
                          "    sql: |\n"
                          "\n"
                          "      select *\n"
                          "        from s.nowhere\n"
                          "  - {name: b, sql: \"select * from s.gone\"}\n"
                          "  - {name: c, sql: drop table this}\n"
                          "  - name: d\n"
                          "    sql: |\n"
                          "      select $nothing from this\n"),
              ElementsAre(StartsWith("assets/s/m.sql:7:14: there is no table 's.nowhere'"),
                          StartsWith("assets/s/m.sql:8:35: there is no table 's.gone'"),
                          StartsWith("assets/s/m.sql:9:20: expected one SELECT statement"),
                          StartsWith("assets/s/m.sql:12:14: there is no variable '$nothing'")));
}

TEST_F(AssetsTest, AViewCannotSetRowsAside) {
  EXPECT_THAT(
      ModelErrors(
          "materialized: view\ncolumns: {x: {checks: [{not_null: {on_fail: quarantine}}]}}\n"),
      ElementsAre(StartsWith("assets/s/m.sql:3:25: a view stores no rows to quarantine or drop")));
}

TEST_F(AssetsTest, SecondChecksOfOneNameAreErrors) {
  EXPECT_THAT(ModelErrors("checks:\n  - {name: a, sql: select 1 from this}\n"
                          "  - {name: A, sql: select 2 from this}\n"),
              ElementsAre(StartsWith("assets/s/m.sql:4:5: a second check is named 'A' (first at "
                                     "assets/s/m.sql:3:5)")));
}

TEST_F(AssetsTest, UnitTestsKeepTypedRows) {
  Write("leat.yml", "name: shop\nstorage: ./lake\nvars: {limit: 1}\n");
  Write("assets/s/in.sql", "select 1 as x");
  Write("assets/s/m.sql", "select * from s.in where x < $limit");
  Write("tests/t.yml",
        "- name: small\n  model: S.m\n  given:\n    s.IN:\n"
        "      - {a: 1, b: 1, c: true, d: 2026-01-01, e: \"1\"}\n"
        "      - {b: 1.5, c: x, f: [1, {g: null}]}\n"
        "  expect: []\n  ordered: true\n  now: 2026-01-02T00:00:00Z\n  start: 2026-01-01\n"
        "  end: 2026-01-02\n  vars: {limit: 7}\n");
  const Project project = LoadValid();
  ASSERT_EQ(project.tests.size(), 1U);
  const UnitTest& test = project.tests[0];
  EXPECT_EQ(test.model.value(), "s.m");
  const data::Rows& rows = test.given.at("s.in");
  EXPECT_THAT(rows.schema.names(), ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_EQ(rows.schema.fields[0].type.kind, data::TypeKind::kLong);
  EXPECT_EQ(rows.schema.fields[1].type.kind, data::TypeKind::kDouble);
  EXPECT_EQ(rows.schema.fields[2].type.kind, data::TypeKind::kString);
  EXPECT_EQ(rows.schema.fields[4].type.kind, data::TypeKind::kString);
  EXPECT_EQ(rows.rows[0][1], data::Value("1"));
  EXPECT_EQ(rows.rows[0][2], data::Value("true"));
  EXPECT_EQ(rows.rows[0][5], data::Value());
  EXPECT_EQ(rows.rows[1][0], data::Value());
  EXPECT_EQ(rows.rows[1][5], data::Value("[1,{\"g\":null}]"));
  EXPECT_TRUE(test.ordered);
  EXPECT_EQ(*test.end - *test.start, kMicrosPerDay);
  EXPECT_EQ(test.vars.at("limit"), data::Value(std::int64_t{7}));
}

TEST_F(AssetsTest, BadUnitTestsAreReported) {
  Write("assets/b/orders.yml", "type: source\nfrom: {file: x}\n");
  Write("assets/s/m.sql", "select * from b.orders");
  EXPECT_THAT(TestErrors("name: x\n"),
              ElementsAre(StartsWith("tests/t.yml:1:1: a file of tests must be a list")));
  EXPECT_THAT(
      TestErrors(
          "- name: a\n  model: s.n\n  expect: []\n"
          "- name: a\n  model: s.m\n  given: {b.order: []}\n  expect: {}\n"
          "- model: b.orders\n  expct: []\n"
          "- name: d\n  model: s.m\n  given: {b.orders: [1]}\n  expect: []\n  start: 2026-01-02\n"
          "  end: 2026-01-01\n  vars: {nothing: 1}\n"),
      ElementsAre(
          "tests/t.yml:2:10: there is no model 's.n' | did you mean 's.m'?",
          "tests/t.yml:4:3: a second test is named 'a' (first at tests/t.yml:1:3) | give each "
          "test its own name",
          "tests/t.yml:4:3: test 'a' gives no rows for b.orders | add 'b.orders: []' to 'given' "
          "for a table without rows",
          "tests/t.yml:6:11: s.m does not read 'b.order' | did you mean 'b.orders'?",
          StartsWith("tests/t.yml:7:11: 'expect' must be a list of rows, not a map"),
          StartsWith("tests/t.yml:8:3: test needs the key 'expect'"),
          StartsWith("tests/t.yml:8:3: test needs the key 'name'"),
          StartsWith("tests/t.yml:8:10: 'b.orders' is no model"),
          StartsWith("tests/t.yml:9:3: unknown key 'expct' in test"),
          StartsWith("tests/t.yml:12:22: a row of 'b.orders' must be a map"),
          "tests/t.yml:15:8: 'end' is not after 'start'",
          StartsWith("tests/t.yml:16:10: the project has no variable 'nothing'")));
}

TEST_F(AssetsTest, AFingerprintFollowsTheViewsThatAModelReads) {
  Write("macros/m.sql", "create macro twice(x) as x * 2;\n");
  Write("assets/s/v.sql", "/* @leat\nmaterialized: view\n@leat */\nselect twice(1) as x\n");
  Write("assets/s/w.sql", "/* @leat\nmaterialized: view\n@leat */\nselect x from s.v\n");
  Write("assets/s/m.sql", "select x from s.w\n");
  Write("assets/s/n.sql", "select x from s.m\n");
  const auto fingerprints = [&] {
    const Project project = LoadValid();
    return std::pair(project.Find(AssetName("s.m"))->fingerprint,
                     project.Find(AssetName("s.n"))->fingerprint);
  };
  const auto before = fingerprints();
  Write("assets/s/v.sql", "/* @leat\nmaterialized: view\n@leat */\nselect twice(2) as x\n");
  EXPECT_NE(fingerprints().first, before.first);
  EXPECT_EQ(fingerprints().second, before.second);  // what it reads is a table
  Write("assets/s/v.sql", "/* @leat\nmaterialized: view\n@leat */\nselect twice(1) as x\n");
  EXPECT_EQ(fingerprints(), before);
  Write("macros/m.sql", "create macro twice(x) as x * 3;\n");
  EXPECT_NE(fingerprints().first, before.first);
}

TEST_F(AssetsTest, FingerprintsFollowWhatCanChangeTheResult) {
  const auto fingerprint = [&](const std::string& file, const std::string& content) {
    Write(file, content);
    const Project project = LoadValid();
    return project.Find(AssetName("s.m"))->fingerprint;
  };
  Write("leat.yml", "name: shop\nstorage: ./lake\nvars: {used: 1, unused: 1}\n");
  Write("macros/m.sql", "create macro twice(x) as again(x);\ncreate macro again(x) as x * 2;\n");
  const std::string model = "/* @leat\nowner: me\n@leat */\nselect twice($used) as x\n";
  const std::string first = fingerprint("assets/s/m.sql", model);
  EXPECT_EQ(first.size(), 32U);
  EXPECT_EQ(fingerprint("assets/s/m.sql",
                        "/* @leat\nowner: you\n\n@leat */\nselect twice($used) as x;\n"),
            first);
  EXPECT_EQ(fingerprint("leat.yml", "name: shop\nstorage: ./lake\nvars: {used: 1, unused: 2}\n"),
            first);
  EXPECT_NE(fingerprint("leat.yml", "name: shop\nstorage: ./lake\nvars: {used: 2, unused: 2}\n"),
            first);
  Write("leat.yml", "name: shop\nstorage: ./lake\nvars: {used: 1, unused: 1}\n");
  EXPECT_NE(fingerprint("macros/m.sql",
                        "create macro twice(x) as again(x);\ncreate macro again(x) as x * 3;\n"),
            first);
  Write("macros/m.sql", "create macro twice(x) as again(x);\ncreate macro again(x) as x * 2;\n");
  EXPECT_NE(fingerprint("assets/s/m.sql",
                        "/* @leat\nmaterialized: view\n@leat */\nselect twice($used) as x\n"),
            first);
  EXPECT_NE(
      fingerprint(
          "assets/s/m.sql",
          "/* @leat\ncolumns: {x: {checks: [not_null]}}\n@leat */\nselect twice($used) as x\n"),
      first);
  EXPECT_EQ(fingerprint("assets/s/m.sql", model), first);
}

TEST_F(AssetsTest, ASeedsFingerprintFollowsItsContent) {
  Write("seeds/c.csv", "a\n1\n");
  const std::string first = LoadValid().assets.at(0).fingerprint;
  Write("seeds/c.csv", "a\n2\n");
  EXPECT_NE(LoadValid().assets.at(0).fingerprint, first);
}

}  // namespace
}  // namespace leat::project
