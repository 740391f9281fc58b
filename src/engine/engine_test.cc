#include "engine/engine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "delta/file_skipping.h"
#include "engine/parquet_footers.h"

namespace leat::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A real engine over a temporary folder, with one Delta table "t" that tests append to.
class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = io::MakeTemporaryDirectory("leat-engine-").value();
    table_path_ = io::JoinPath(root_, "t");
    ASSERT_TRUE(environment_.files.CreateDirectories(table_path_).ok());
    engine_ = Engine::Open(environment_, {.threads = 2}).value();
    session_ = engine_->NewSession();
    session_->SetResolver([this](const std::string& schema,
                                 const std::string& table) -> Result<std::optional<TableSource>> {
      if (schema == "s" && table == "t")
        return std::optional<TableSource>(DeltaSource{table_path_});
      if (schema == "s" && table == "shape") {
        return std::optional<TableSource>(
            SchemaSource{.asset = AssetName("s.shape"),
                         .schema = {{{.name = "a", .type = {.kind = data::TypeKind::kLong}},
                                     {.name = "b", .type = {.kind = data::TypeKind::kString}}}}});
      }
      return std::optional<TableSource>();
    });
  }
  void TearDown() override {
    session_.reset();
    engine_.reset();
    ASSERT_TRUE(io::RemoveAll(root_).ok());
  }

  // Commits the rows of a query as a new file of the table.
  void Append(const std::string& sql) {
    const data::Schema schema = session_->Bind(sql).value().schema;
    const auto files = session_->WriteParquet(sql, {}, {.directory = table_path_}).value().files;
    delta::Table& table = engine_->TableAt(table_path_);
    delta::Transaction transaction;
    const auto base = table.Load();
    if (base.ok()) {
      transaction.base = *base;
    } else {
      transaction.metadata = delta::Metadata{.id = "x", .schema = schema};
      transaction.protocol = delta::Protocol{};
    }
    for (const WrittenFile& file : files) {
      transaction.adds.push_back(ToAddFile(file, table_path_, schema, environment_.clock.Now()));
    }
    const auto outcome = table.Commit(std::move(transaction)).value();
    ASSERT_TRUE(std::holds_alternative<delta::Committed>(outcome));
  }

  std::int64_t Number(const std::string& sql) {
    return std::get<std::int64_t>(session_->Query(sql).value().rows.at(0).at(0));
  }

  io::Environment& environment_ = io::SystemEnvironment();
  std::string root_, table_path_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Session> session_;
};

TEST_F(EngineTest, TablesAreReadByNameByPathAndAtAVersion) {
  Append("select 1::bigint as id, 'a' as name");
  Append("select 2::bigint as id, 'b' as name");
  EXPECT_EQ(Number("select count(*) from s.t"), 2);
  EXPECT_EQ(Number("select count(*) from s.t@v0"), 1);
  EXPECT_EQ(Number("select max(t.id) from s.t@v1 where t.id > 0"), 2);
  EXPECT_EQ(Number("select count(*) from delta_scan('" + table_path_ + "', version => 0)"), 1);
  EXPECT_THAT(session_->Query("select * from s.t@v7").error().message(), HasSubstr("7"));
  EXPECT_THAT(session_->Query("select * from s.t@'1999-01-01'").error().message(),
              HasSubstr("1999"));
}

TEST_F(EngineTest, StatisticsInTheLogAreThoseOfTheRows) {
  Append(
      "select * from (values (1::bigint, 'x', date '2026-01-01'), (7, null, date '2026-02-01')) "
      "v(n, s, d)");
  const auto snapshot = engine_->TableAt(table_path_).Load().value();
  ASSERT_THAT(snapshot->files(), SizeIs(1));
  EXPECT_EQ(
      snapshot->files()[0].stats_json,
      R"({"maxValues":{"d":"2026-02-01","n":7,"s":"x"},"minValues":{"d":"2026-01-01","n":1,"s":"x"},)"
      R"("nullCount":{"d":0,"n":0,"s":1},"numRecords":2})");
}

TEST_F(EngineTest, SelectivePredicatesOpenOnlyTheFilesThatStatisticsAllow) {
  for (int day = 1; day <= 3; day++) {
    Append("select " + std::to_string(day) + "::bigint as n, date '2026-01-0" +
           std::to_string(day) + "' as d");
  }
  // A file that must not be opened may as well be gone.
  const auto files = engine_->TableAt(table_path_).Load().value()->files();
  ASSERT_TRUE(environment_.files.Remove(io::JoinPath(table_path_, files[0].path)).ok());
  EXPECT_EQ(Number("select sum(n)::bigint from s.t where n >= 2"), 5);
  EXPECT_EQ(Number("select sum(n)::bigint from s.t where d = date '2026-01-03'"), 3);
  EXPECT_EQ(
      Number("select sum(n)::bigint from s.t where d >= timestamptz '2026-01-02 00:00:00+00'"), 5);
  EXPECT_FALSE(session_->Query("select sum(n) from s.t").ok());
}

TEST_F(EngineTest, PredicatesOnFieldsOfStructsSkipFiles) {
  Append("select {'a': 1, 'in': {'b': 'x'}} as s");
  Append("select {'a': 2, 'in': {'b': 'y'}} as s");
  Append("select null::struct(a int, \"in\" struct(b varchar)) as s");
  const auto files = engine_->TableAt(table_path_).Load().value()->files();
  ASSERT_TRUE(environment_.files.Remove(io::JoinPath(table_path_, files[0].path)).ok());
  EXPECT_EQ(Number("select count(*) from s.t where s.a = 2"), 1);
  EXPECT_EQ(Number("select count(*) from s.t where s.a > 1"), 1);
  EXPECT_EQ(Number("select count(*) from s.t where s.in.b = 'y'"), 1);
  EXPECT_EQ(Number("select count(*) from s.t where s.a in (2, 3)"), 1);
  EXPECT_EQ(Number("select count(*) from s.t where s.a is null"), 1);
  EXPECT_EQ(Number("select count(*) from s.t where s.in.b is null"), 1);
  EXPECT_FALSE(session_->Query("select count(*) from s.t where s.a % 2 = 0").ok());
}

// A predicate names a field in a struct as it would a column whose name has a point.
TEST_F(EngineTest, NamesWithPointsAreNotTakenForEachOther) {
  Append(R"(select {'a': 1, 'x.y': 1, 'x': {'y': 9}} as s, 5 as "s.a", {'b': 1} as "c.d")");
  Append(R"(select {'a': 5, 'x.y': 9, 'x': {'y': 1}} as s, 1 as "s.a", {'b': 5} as "c.d")");
  for (const char* condition :
       {"s.a = 1", "s.a = 5", R"("s.a" = 1)", R"("s.a" = 5)", R"(s."x.y" = 1)", R"(s."x.y" = 9)",
        "s.x.y = 1", "s.x.y = 9", R"("c.d".b = 1)", R"("c.d".b = 5)"}) {
    EXPECT_EQ(Number(std::string("select count(*) from s.t where ") + condition), 1) << condition;
  }
}

TEST_F(EngineTest, FootersOfColumnsWithOddNamesAreToldApart) {
  const std::string file = io::JoinPath(root_, "odd.parquet");
  ASSERT_TRUE(
      session_
          ->Query(
              "copy (select 1 as \"a, b\", {'b': 5} as a, 7 as \" c \", {'x, y': 8} as s) to '" +
              file + "' (format parquet)")
          .ok());
  const auto schema = CommonSchema(*session_, {file});
  ASSERT_TRUE(schema.ok()) << schema.error().ToString();
  const auto files = ReadFooters(*session_, {file}, *schema);
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  std::map<std::vector<std::string>, std::string> minima;
  for (const ColumnStats& stats : (*files)[0].columns) minima[stats.path] = stats.min.value_or("");
  const std::map<std::vector<std::string>, std::string> clear = {{{" c "}, "7"},
                                                                 {{"s", "x, y"}, "8"}};
  EXPECT_EQ(minima, clear) << "DuckDB prints the paths of the others alike";
}

TEST_F(EngineTest, TheTenthCommitWritesACheckpointThatReadsBack) {
  for (int i = 0; i < 12; i++) Append("select " + std::to_string(i) + "::bigint as n");
  EXPECT_TRUE(
      environment_.files.Stat(io::JoinPath(table_path_, "_delta_log/_last_checkpoint")).ok());
  const auto reopened = Engine::Open(environment_, {.threads = 1}).value();
  const auto snapshot = reopened->TableAt(table_path_).Load();
  ASSERT_TRUE(snapshot.ok()) << snapshot.error().ToString();
  EXPECT_EQ((*snapshot)->version(), TableVersion(11));
  EXPECT_THAT((*snapshot)->files(), SizeIs(12));
}

// Several threads read its row groups.
TEST_F(EngineTest, ALargeCheckpointKeepsTheOrderOfItsFiles) {
  Append("select 1::bigint as n");
  constexpr int kFiles = 50'000;
  delta::Table& table = engine_->TableAt(table_path_);
  delta::Transaction transaction{.base = table.Load().value()};
  for (int i = 0; i < kFiles; i++) {
    transaction.adds.push_back({.path = fmt::format("n={}/{}", i % 7, i),
                                .size_bytes = i,
                                .stats_json = fmt::format("{{\"numRecords\":{}}}", i)});
  }
  transaction.app_transactions = {{.app_id = "app", .version = 9}};
  ASSERT_TRUE(table.Commit(std::move(transaction)).ok());
  ASSERT_TRUE(table.Checkpoint().ok());
  const std::string log = io::JoinPath(table_path_, delta::kLogDirectory);
  for (const long version : {0, 1}) {
    ASSERT_TRUE(environment_.files.Remove(io::JoinPath(log, delta::CommitFileName(version))).ok());
  }
  const auto reopened = Engine::Open(environment_, {.threads = 4}).value();
  const auto snapshot = reopened->TableAt(table_path_).Load();
  ASSERT_TRUE(snapshot.ok()) << snapshot.error().ToString();
  EXPECT_EQ((*snapshot)->AppVersion("app"), 9);
  ASSERT_THAT((*snapshot)->files(), SizeIs(kFiles + 1));
  for (int i = 0; i < kFiles; i++) {
    const delta::AddFile& file = (*snapshot)->files()[static_cast<std::size_t>(i) + 1];
    ASSERT_EQ(file.path, fmt::format("n={}/{}", i % 7, i));
    ASSERT_EQ(file.size_bytes, i);
    ASSERT_EQ(file.stats_json, fmt::format("{{\"numRecords\":{}}}", i));
  }
}

TEST_F(EngineTest, OlderFilesReadNullForNewColumns) {
  Append("select 1::bigint as id");
  delta::Table& table = engine_->TableAt(table_path_);
  delta::Metadata metadata = table.Load().value()->metadata();
  metadata.schema.fields.push_back({.name = "more", .type = {.kind = data::TypeKind::kString}});
  ASSERT_TRUE(table.Commit({.base = table.Load().value(), .metadata = metadata}).ok());
  EXPECT_EQ(Number("select count(*) from s.t where more is null"), 1);
}

TEST_F(EngineTest, TypesThatTablesLackAreStoredAsOnesTheyHave) {
  const auto bound = session_->Bind(
      "select sum(1) as total, 1::utinyint as small, timestamp '2026-01-01' as at, uuid() as id, "
      "'{}'::json as j");
  ASSERT_TRUE(bound.ok());
  std::vector<std::string> types;
  for (const auto& field : bound->schema.fields) types.push_back(field.type.ToString());
  EXPECT_THAT(types, ElementsAre("long", "short", "timestamp", "string", "string"));
  EXPECT_THAT(session_->Bind("select interval 1 day as i").error().message(),
              HasSubstr("INTERVAL"));
}

TEST_F(EngineTest, RowsWrittenApartAreInFilesOfTheirOwn) {
  const auto written =
      session_->WriteParquet("select i as id, if(i = 3, null, i) as v from range(5) t(i)", {},
                             {.directory = table_path_, .apart = "this.v >= 2"});
  ASSERT_TRUE(written.ok()) << written.error().ToString();
  const auto& files = written->files;
  std::map<bool, std::int64_t> rows;
  for (const WrittenFile& file : files) {
    rows[file.is_apart] += file.row_count;
    EXPECT_EQ(io::ParentPath(file.path), table_path_);
    EXPECT_EQ(Number("select count(*) from read_parquet('" + file.path + "') where (v >= 2)"),
              file.is_apart ? file.row_count : 0);
  }
  EXPECT_EQ(rows[true], 2);
  EXPECT_EQ(rows[false], 3);  // null is not true
  EXPECT_EQ(io::LocalFileSystem().List(table_path_).value().size(), files.size());
}

// 300,000 rows: few texts, texts that come late or not at all, long ones, many.
constexpr const char* kTexts = R"(
  select i as id, 'k' || i % 300 as few, if(i % 3 = 0, null, 'ü' || i % 7) as some,
      if(i < 200000, 'early', 'late ' || i % 5) as late, cast(null as varchar) as none,
      if(i % 2 = 0, '', repeat('x', 70)) as long, 'u' || i as many,
      'a longer text than twelve bytes ' || i % 20 as longer, if(i = 299999, 'new', 'old') as last
  from range(300000) t(i))";

TEST_F(EngineTest, TextsAreWrittenAsTheyAreHoweverTheyRepeat) {
  for (const int threads : {1, 2}) {
    ASSERT_TRUE(session_->Execute("SET threads = " + std::to_string(threads)).ok());
    const auto written = session_->WriteParquet(kTexts, {}, {.directory = table_path_});
    ASSERT_TRUE(written.ok()) << written.error().ToString();
    EXPECT_EQ(written->files.size(), 2U);  // one of the late values
    std::string paths;
    std::int64_t rows = 0;
    for (const WrittenFile& file : written->files) {
      paths += (paths.empty() ? "'" : ", '") + file.path + "'";
      rows += file.row_count;
      EXPECT_EQ(file.size_bytes, io::LocalFileSystem().Stat(file.path).value().size_bytes);
      EXPECT_EQ(file.columns.size(), 9U);
      for (const ColumnStats& column : file.columns) {
        const std::string name = QuoteIdentifier(column.path[0]);
        const std::string from = "(select min(" + name + ") as low, max(" + name +
                                 ") as high, count(*) - count(" + name + ") as nulls from '" +
                                 file.path + "')";
        EXPECT_EQ(Number("select nulls from " + from), column.null_count) << column.path[0];
        if (column.path[0] == "none" || column.path[0] == "long") continue;
        EXPECT_EQ(
            Number("select (low::varchar = '" + column.min.value_or("?") +
                   "' and high::varchar = '" + column.max.value_or("?") + "')::int from " + from),
            1)
            << column.path[0];
      }
    }
    EXPECT_EQ(rows, 300000);
    const std::string back = "(from read_parquet([" + paths + "]))";
    EXPECT_EQ(
        Number("select count(*) from ((" + std::string(kTexts) + ") except all " + back + ")"), 0);
    EXPECT_EQ(Number("select count(*) from (" + back + " except all (" + kTexts + "))"), 0);
  }
}

TEST_F(EngineTest, SortedTextsGoToASecondFile) {
  const std::string sql = "select 'day ' || i // 100000 as day, i from range(1000000) t(i)";
  const auto written = session_->WriteParquet(sql, {}, {.directory = table_path_});
  ASSERT_EQ(written.value().files.size(), 2U);
  EXPECT_EQ(written->files[0].row_count + written->files[1].row_count, 1000000);
  EXPECT_EQ(Number("select count(*) from ((" + sql + ") except all (from read_parquet('" +
                   table_path_ + "/*.parquet')))"),
            0);
}

TEST_F(EngineTest, OrderedRowsStayInOrder) {
  for (const char* order : {"order by i", "order by i limit 290000"}) {
    const std::string sql =
        "select 'a' || i % 3 as t, if(i < 200000, 'x', 'y') as late, i from range(300000) t(i) ";
    const auto written = session_->WriteParquet(sql + order, {}, {.directory = table_path_});
    ASSERT_TRUE(written.ok()) << written.error().ToString();
    ASSERT_EQ(written->files.size(), 1U);
    EXPECT_EQ(Number("select count(*) from read_parquet('" + written->files[0].path +
                     "', file_row_number = true) where i <> file_row_number"),
              0);
  }
}

TEST_F(EngineTest, AFailureAfterTheFirstRowsLeavesNoFile) {
  const auto written = session_->WriteParquet(
      "select if(i < 200000, 'a', 'b' || i % 3) as t, if(i = 900000, error('boom'), i) as x from "
      "range(1000000) t(i)",
      {}, {.directory = table_path_});
  ASSERT_FALSE(written.ok());
  EXPECT_THAT(environment_.files.List(table_path_).value(), IsEmpty());
}

TEST_F(EngineTest, TimesWithoutAZoneAreStoredAsTheInstantInUtc) {
  const auto files =
      session_
          ->WriteParquet("select unnest([timestamp '1600-01-02 03:04:05.678901', 'infinity']) as t",
                         {}, {.directory = table_path_, .keep_order = true})
          .value()
          .files;
  EXPECT_EQ(Number("select count(*) from read_parquet('" + files[0].path +
                   "') where t = timestamptz '1600-01-02 03:04:05.678901+00' or t = 'infinity'"),
            2);
}

TEST_F(EngineTest, AWriteBindsItsQueryOnceUnlessTypesNeedCasts) {
  int asked = 0;
  session_->SetResolver([&](const std::string&, const std::string&) {
    asked++;
    return std::optional<TableSource>(
        QuerySource{.sql = "select 1 as a, timestamp '2001-01-01' t"});
  });
  const auto same = session_->WriteParquet("select a from st.x", {}, {.directory = table_path_});
  EXPECT_EQ(same.value().schema.fields[0].type.ToString(), "integer");
  EXPECT_EQ(asked, 1);
  const auto cast = session_->WriteParquet("select t from st.x", {}, {.directory = table_path_});
  EXPECT_EQ(cast.value().schema.fields[0].type.ToString(), "timestamp");
  EXPECT_EQ(asked, 3);
}

TEST_F(EngineTest, TheOrderOfOneSessionIsNotAnothersChoice) {
  const std::string setting = "select current_setting('preserve_insertion_order')::int";
  ASSERT_TRUE(session_->WriteParquet("select 1 as a", {}, {.directory = table_path_}).ok());
  EXPECT_EQ(Number(setting), 0);
  const auto other = engine_->NewSession()->Query(setting);
  EXPECT_EQ(std::get<std::int64_t>(other.value().rows[0][0]), 1);
}

TEST_F(EngineTest, InstantsAreWhatACastGives) {
  EXPECT_EQ(
      Number("select count(*) from (select unnest([timestamp '1600-01-02 03:04:05.678901', "
             "'infinity', '-infinity', '2001-04-01 02:30:00', null]) as t) where "
             "leat_instant(t) is distinct from t::timestamptz or leat_instant(t::timestamptz) "
             "is distinct from t::timestamptz"),
      0);
}

TEST_F(EngineTest, NanosecondsAreStoredWhereTheyAreWholeMicrosecondsAndElseRefused) {
  EXPECT_EQ(
      Number("select count(*) from (select unnest([timestamp_ns '1969-12-31 23:59:59.123456', "
             "'infinity', '-infinity', null]) as t) where leat_instant(t) is distinct from "
             "t::timestamp::timestamptz"),
      0);
  const auto written = session_->WriteParquet(
      "select timestamp_ns '2026-01-02 03:04:05.000000001' as t", {}, {.directory = table_path_});
  EXPECT_THAT(written.error().message(), HasSubstr("2026-01-02 03:04:05.000000001"));
  const auto nested = session_->WriteParquet("select [timestamp_ns '2026-01-02 03:04:05'] as t", {},
                                             {.directory = table_path_});
  EXPECT_THAT(nested.error().message(), HasSubstr("TIMESTAMP_NS"));
}

TEST_F(EngineTest, AWriteOfATypeThatNoTableStoresLeavesTheSessionUsable) {
  const auto written =
      session_->WriteParquet("select interval 1 day as i", {}, {.directory = table_path_});
  EXPECT_THAT(written.error().message(), HasSubstr("INTERVAL"));
  EXPECT_TRUE(session_->CopyTo("select 1::utinyint as a", table_path_ + "/a.csv", "csv").ok());
}

TEST_F(EngineTest, AFailedWriteLeavesNoFile) {
  const auto written = session_->WriteParquet("select error('boom') as x from range(5)", {},
                                              {.directory = table_path_});
  ASSERT_FALSE(written.ok());
  EXPECT_THAT(written.error().message(), HasSubstr("boom"));
  EXPECT_THAT(environment_.files.List(table_path_).value(), IsEmpty());
}

TEST_F(EngineTest, TextIsAnIntegerOnlyIfNoDigitWouldBeLost) {
  const std::string value = "leat_strict(t, '', null::bigint)";
  EXPECT_EQ(Number("select count(" + value +
                   ") from unnest(['12.7', '1e-3', '', ' ', '-', '+-1', '9223372036854775808', "
                   "'0x10', '1 2', NULL]) x(t)"),
            0);
  EXPECT_EQ(Number("select sum(" + value +
                   ")::bigint from unnest(['1', ' 20 ', '+300', '-4000', '007', '1e3']) x(t)"),
            -2672);
  EXPECT_EQ(Number("select leat_strict('9223372036854775807', '', null::bigint)"), INT64_MAX);
}

TEST_F(EngineTest, LineageFollowsColumnsThroughTheWholeQuery) {
  const auto bound = session_->Bind(
      "with c as (select a * 2 as twice, b from s.shape) "
      "select b, sum(twice) as total, count(*) as n, max(x.a) over () as top from c join s.shape x "
      "using (b) group by b, x.a "
      "union all select 'k', 1, 2, a from s.shape");
  ASSERT_TRUE(bound.ok()) << bound.error().ToString();
  const std::pair<AssetName, std::string> a{AssetName("s.shape"), "a"},
      b{AssetName("s.shape"), "b"};
  ASSERT_THAT(bound->lineage, SizeIs(4));
  EXPECT_THAT(bound->lineage[0].sources, ElementsAre(b));
  EXPECT_THAT(bound->lineage[1].sources, ElementsAre(a));
  EXPECT_THAT(bound->lineage[2].sources, IsEmpty());
  EXPECT_THAT(bound->lineage[3].sources, ElementsAre(a));
}

TEST_F(EngineTest, ErrorsNameLineAndColumnOfTheQuery) {
  const Error error = session_->Bind("select a,\n  colour from s.shape").error();
  ASSERT_TRUE(error.location().has_value());
  EXPECT_EQ(error.location()->line, 2);
  EXPECT_EQ(error.location()->column, 3);
  const Error running =
      session_->Query("select\n i, cast(i || 'x' as int) from range(3) t(i)").error();
  ASSERT_TRUE(running.location().has_value());
  EXPECT_EQ(running.location()->line, 2);
  EXPECT_EQ(running.location()->column, 5);
  EXPECT_EQ(running.message().find('\n'), std::string::npos);
  const Error missing = session_->Query("select $nothing").error();
  EXPECT_THAT(missing.message(), HasSubstr("$nothing"));
}

TEST_F(EngineTest, CompactionKeepsRowsAndTheirOrderOrClustersThem) {
  for (int i = 0; i < 4; i++) {
    Append(
        "select i::bigint as id, (i * 7919 % 100)::varchar as name, {'x': i} as nested from "
        "range(" +
        std::to_string(i * 250) + ", " + std::to_string((i + 1) * 250) + ") r(i)");
  }
  delta::Table& table = engine_->TableAt(table_path_);
  const auto rewriter = MakeRowRewriter(environment_, *session_);
  const auto compacted = delta::Compact(environment_, table, *rewriter, {});
  ASSERT_TRUE(compacted.ok()) << compacted.error().ToString();
  EXPECT_EQ(compacted->files_removed, 4U);
  EXPECT_EQ(compacted->files_added, 1U);
  EXPECT_EQ(Number("select count(*) from (from s.t except all from s.t@v3)"), 0);
  EXPECT_EQ(Number("select count(*) from s.t"), 1000);
  EXPECT_EQ(Number("select count(*) from (select id, row_number() over () - 1 as n from s.t) "
                   "where id <> n"),
            0)
      << "in log order";
  EXPECT_EQ(delta::RowCount(table.Load().value()->files()[0]), 1000);
  const auto clustered =
      delta::Compact(environment_, table, *rewriter, {.cluster_by = {"name", "id"}});
  ASSERT_TRUE(clustered.ok()) << clustered.error().ToString();
  EXPECT_EQ(Number("select count(*) from (from s.t except all from s.t@v3)"), 0);
  EXPECT_EQ(Number("select count(*) from s.t"), 1000);
  // Of the first eighth of the rows, both columns have about a third of their values.
  EXPECT_LT(Number("select max(id) - min(id) from (from s.t limit 125)"), 600);
  EXPECT_LT(Number("select count(distinct name) from (from s.t limit 125)"), 60);
}

TEST_F(EngineTest, ChangesTellWhatEachVersionDidToTheRows) {
  Append("select i::bigint as id, 'a' as name from range(3) r(i)");
  Append("select 3::bigint as id, 'b' as name");
  delta::Table& table = engine_->TableAt(table_path_);
  // Rows 0 to 2 again, one of them changed, in the place of their file.
  const data::Schema schema = table.Load().value()->schema();
  const auto written = session_->WriteParquet(
      "select i::bigint as id, if(i = 1, 'A', 'a') as name from range(3) r(i)", {},
      {.directory = table_path_});
  delta::Transaction update{.base = table.Load().value(), .scope = delta::ReadScope::kFiles};
  update.removes = {delta::RemovalOf(update.base->files()[0])};
  update.adds = {ToAddFile(written.value().files[0], table_path_, schema, 0)};
  ASSERT_TRUE(table.Commit(std::move(update)).ok());
  const auto rewriter = MakeRowRewriter(environment_, *session_);
  ASSERT_TRUE(delta::Compact(environment_, table, *rewriter, {}).value().version.has_value());
  const auto changes = [&](const std::string& arguments) {
    const auto rows = session_->Query(
        "select string_agg(_commit_version || _change_type || id || "
        "name, ' ' order by _commit_version, id, name) from changes(" +
        arguments + ")");
    return rows.ok() ? data::Rows(*rows).rows.at(0).at(0) : data::Value(rows.error().message());
  };
  const auto text = [&](const std::string& arguments) {
    const data::Value value = changes(arguments);
    return std::holds_alternative<std::string>(value) ? std::get<std::string>(value) : "null";
  };
  EXPECT_EQ(text("'s.t', 0"), "0insert0a 0insert1a 0insert2a 1insert3b 2insert1A 2delete1a");
  EXPECT_EQ(text("'s.t', 1, 1"), "1insert3b");
  EXPECT_EQ(text("'" + table_path_ + "', 2, 3"), "2insert1A 2delete1a");
  EXPECT_EQ(text("'s.t', 3, 3"), "null") << "files that were only rearranged";
  EXPECT_THAT(text("'s.t', 4"), HasSubstr("comes after version 3"));
  EXPECT_THAT(text("'s.t', 0, 9"), HasSubstr("has no version 9"));
  EXPECT_THAT(text("'s.shape', 0"), HasSubstr("is no table"));
  EXPECT_THAT(text("'s.t', null"), HasSubstr("an argument is null"));
}

// As Spark writes them where the table keeps a change data feed.
TEST_F(EngineTest, FilesOfChangesCountInsteadOfTheFilesAddedAndRemoved) {
  Append("select i::bigint as id, 'a' as name from range(3) r(i)");
  const std::string folder = table_path_ + "/_change_data";
  ASSERT_TRUE(environment_.files.CreateDirectories(folder).ok());
  const auto written = session_->WriteParquet(
      "select 1::bigint as id, v as name, t as _change_type from (values ('a', 'update_preimage'), "
      "('A', 'update_postimage')) x(v, t)",
      {}, {.directory = folder});
  const std::string name = io::FileName(written.value().files[0].path);
  ASSERT_TRUE(environment_.files
                  .ReplaceFile(table_path_ + "/_delta_log/00000000000000000001.json",
                               "{\"commitInfo\":{\"timestamp\":1700000000000}}\n"
                               "{\"add\":{\"path\":\"not-there.parquet\",\"partitionValues\":{},"
                               "\"size\":1,\"modificationTime\":1,\"dataChange\":true}}\n"
                               "{\"cdc\":{\"path\":\"_change_data/" +
                                   name + "\",\"partitionValues\":{},\"size\":1}}\n")
                  .ok());
  const auto rows = session_->Query(
      "select id, name, _change_type, _commit_version, epoch_ms(_commit_timestamp) from "
      "changes('s.t', 1) order by name");
  ASSERT_TRUE(rows.ok()) << rows.error().ToString();
  ASSERT_EQ(rows->rows.size(), 2U);
  EXPECT_EQ(std::get<std::string>(rows->rows[0][2]), "update_postimage");
  EXPECT_EQ(std::get<std::string>(rows->rows[1][2]), "update_preimage");
  EXPECT_EQ(std::get<std::int64_t>(rows->rows[0][3]), 1);
  EXPECT_EQ(std::get<std::int64_t>(rows->rows[0][4]), 1'700'000'000'000);
}

}  // namespace
}  // namespace leat::engine
