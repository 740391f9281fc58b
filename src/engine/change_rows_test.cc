#include "engine/change_rows.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "delta/column_mapping.h"
#include "engine/row_ids.h"
#include "engine/table_edit.h"

namespace leat::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

using Properties = std::map<std::string, std::string>;

// A real engine over a temporary folder, with a table "t".
class ChangeRowsTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = io::MakeTemporaryDirectory("leat-change-").value();
    path_ = io::JoinPath(root_, "t");
    OpenEngine();
  }
  // Afresh, without what is known of the table.
  void OpenEngine() {
    session_.reset();
    engine_ = Engine::Open(environment_, {.threads = 2}).value();
    session_ = engine_->NewSession();
    session_->SetResolver([this](const std::string& schema,
                                 const std::string& table) -> Result<std::optional<TableSource>> {
      if (schema == "s" && table == "t") return std::optional<TableSource>(DeltaSource{path_});
      return std::optional<TableSource>();
    });
  }
  void TearDown() override {
    session_.reset();
    engine_.reset();
    ASSERT_TRUE(io::RemoveAll(root_).ok());
  }

  delta::Table& table() { return engine_->TableAt(path_); }

  void Create(const std::string& sql, const Properties& properties,
              const std::vector<std::string>& partition_by = {},
              const std::function<void(data::Schema&)>& adjust = nullptr) {
    ASSERT_TRUE(environment_.files.CreateDirectories(path_).ok());
    delta::Metadata metadata{.id = "x",
                             .schema = session_->Bind(sql).value().schema,
                             .partition_columns = partition_by,
                             .configuration = properties};
    if (adjust) adjust(metadata.schema);
    ASSERT_TRUE(delta::AssignColumnMapping(environment_.random, nullptr, metadata).ok());
    delta::Transaction transaction{.metadata = metadata};
    TableEdit edit(environment_, *session_, path_, nullptr, metadata);
    const Status inserted = edit.Insert(sql, ChangeType::kInsert);
    ASSERT_TRUE(inserted.ok()) << inserted.error().ToString();
    ASSERT_TRUE(edit.Finish(transaction).ok());
    const auto outcome = table().Commit(std::move(transaction));
    ASSERT_TRUE(outcome.ok()) << outcome.error().ToString();
  }

  Result<ChangedRows> Change(const std::string& sql, const std::string& replace_where = "") {
    LEAT_ASSIGN(auto statement, ParseChange(sql));
    return ChangeRows(
        environment_, *engine_, *session_,
        {.table_path = path_, .statement = std::move(statement), .replace_where = replace_where});
  }
  void Do(const std::string& sql) {
    const auto changed = Change(sql);
    ASSERT_TRUE(changed.ok()) << sql << "\n" << changed.error().ToString();
  }
  std::string ErrorOf(const std::string& sql) {
    const auto changed = Change(sql);
    return changed.ok() ? "it worked" : changed.error().message();
  }

  // The rows of a query as text, sorted.
  std::vector<std::string> Rows(const std::string& sql) {
    const auto rows =
        session_->Query("SELECT CAST(r AS VARCHAR) FROM (" + sql + ") r ORDER BY ALL");
    if (!rows.ok()) return {rows.error().ToString()};
    std::vector<std::string> texts;
    for (const auto& row : rows->rows) texts.push_back(std::get<std::string>(row[0]));
    return texts;
  }
  std::int64_t Number(const std::string& sql) {
    return std::get<std::int64_t>(session_->Query(sql).value().rows.at(0).at(0));
  }

  io::Environment& environment_ = io::SystemEnvironment();
  std::string root_, path_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Session> session_;
};

TEST_F(ChangeRowsTest, RowsAreDeletedByVectorWhereTheTableTakesThemAndByANewFileWhereNot) {
  Create("select i as id from range(1000) t(i)", {{"delta.enableDeletionVectors", "true"}});
  const auto before = table().Load().value();
  EXPECT_THAT(before->protocol().reader_features, ElementsAre("deletionVectors"));
  EXPECT_EQ(Change("delete from t where id % 10 = 3")->deleted, 100);
  auto after = table().Load().value();
  ASSERT_THAT(after->files(), SizeIs(1));
  EXPECT_EQ(after->files()[0].path, before->files()[0].path);
  EXPECT_EQ(after->files()[0].deletion_vector->cardinality, 100);
  EXPECT_THAT(after->files()[0].stats_json, HasSubstr("\"tightBounds\":false"));
  EXPECT_EQ(Change("delete from t where id < 10")->deleted, 9) << "3 is gone already";
  EXPECT_EQ(Number("select count(*) from s.t"), 891);
  EXPECT_EQ(Change("delete from t where id >= 300")->deleted, 630) << "most rows: a new file";
  after = table().Load().value();
  ASSERT_THAT(after->files(), SizeIs(1));
  EXPECT_FALSE(after->files()[0].deletion_vector);
  EXPECT_EQ(Number("select count(*) from s.t"), 261);
  EXPECT_EQ(Change("delete from t")->deleted, 261);
  EXPECT_THAT(table().Load().value()->files(), IsEmpty());
  EXPECT_EQ(Change("delete from t")->version, std::nullopt) << "nothing to do: no commit";
}

TEST_F(ChangeRowsTest, MergeTakesTheFirstClauseWhoseConditionHolds) {
  Create("select i as id, 'old' as v from range(6) t(i)", {});
  const auto changed = Change(
      "merge into t using (select * from (values (0, 'a'), (1, 'b'), (2, 'c'), (7, 'd'), (8, 'e')) "
      "v(id, v)) s on t.id = s.id "
      "when matched and s.v = 'a' then delete "
      "when matched and s.v = 'b' then do nothing "
      "when matched then update set v = s.v || t.v "
      "when not matched and s.id = 7 then insert (id) values (s.id) "
      "when not matched then insert "
      "when not matched by source and t.id = 5 then update set v = 'lonely' "
      "when not matched by source and t.id = 4 then delete");
  ASSERT_TRUE(changed.ok()) << changed.error().ToString();
  EXPECT_EQ(changed->inserted, 2);
  EXPECT_EQ(changed->updated, 2);
  EXPECT_EQ(changed->deleted, 2);
  EXPECT_THAT(Rows("select * from s.t"),
              ElementsAre("{'id': 1, 'v': old}", "{'id': 2, 'v': cold}", "{'id': 3, 'v': old}",
                          "{'id': 5, 'v': lonely}", "{'id': 7, 'v': NULL}", "{'id': 8, 'v': e}"));
  EXPECT_THAT(ErrorOf("merge into t using (select 1 as id from range(2)) s on t.id = s.id when "
                      "matched then update set v = 'x'"),
              HasSubstr("more than one row of the source"));
  EXPECT_EQ(Change("merge into t using (select 1 as id from range(2)) s on t.id = s.id when "
                   "matched then delete")
                ->deleted,
            1)
      << "deleting twice is no contradiction";
  EXPECT_THAT(ErrorOf("merge into t using (select 9 as id) s on t.id = s.id when not matched then "
                      "error 'no ' || s.id"),
              HasSubstr("no 9"));
}

TEST_F(ChangeRowsTest, NewRowsMustMeetTheConstraintsAndGetTheDefaults) {
  Create("select 1::bigint as id, 5::bigint as amount, 'n' as region",
         {{"delta.constraints.positive", "amount > 0"},
          {"delta.constraints.known", "`region` IN ('n', 's')"}},
         {}, [](data::Schema& schema) {
           schema.fields[0].nullable = false;
           schema.fields[0].metadata_json =
               R"({"delta.invariants":"{\"expression\":{\"expression\":\"id < 100\"}}"})";
           schema.fields[2].metadata_json = R"({"CURRENT_DEFAULT":"'s'"})";
         });
  const auto protocol = table().Load().value()->protocol();
  EXPECT_EQ(protocol.writer_version, 7) << "defaults are a feature";
  EXPECT_THAT(
      protocol.writer_features,
      UnorderedElementsAre("appendOnly", "invariants", "checkConstraints", "allowColumnDefaults"));
  Do("insert into t (id, amount) values (2, 7)");
  EXPECT_THAT(Rows("select region from s.t where id = 2"), ElementsAre("{'region': s}"));
  EXPECT_THAT(ErrorOf("insert into t values (3, 0, 'n')"),
              HasSubstr("breaks the constraint positive (amount > 0): {'id': 3"));
  EXPECT_THAT(ErrorOf("insert into t values (3, null, 'n')"), HasSubstr("positive"));
  EXPECT_THAT(ErrorOf("update t set region = 'x'"), HasSubstr("known"));
  EXPECT_THAT(ErrorOf("insert into t values (null, 1, 'n')"),
              HasSubstr("column id must not be null"));
  EXPECT_THAT(ErrorOf("insert into t values (100, 1, 'n')"),
              HasSubstr("the constraint id (id < 100)"));
  Do("update t set region = default where id = 1");
  EXPECT_EQ(Number("select count(*) from s.t where region = 's'"), 2);
  EXPECT_EQ(table().Load().value()->version().value(), 2) << "what was refused left nothing";
}

TEST_F(ChangeRowsTest, ExpressionsThatOthersMayReadOtherwiseAreRefusedNotGuessed) {
  for (const char* expression :
       {"regexp_like(v, 'a')", "v = \"a\"", "v rlike 'a'", "v = 'a\\'b'", "size(v) > 1"}) {
    ASSERT_TRUE(io::RemoveAll(path_).ok());
    engine_ = Engine::Open(environment_, {.threads = 2}).value();
    session_ = engine_->NewSession();
    Create("select 'a' as v where false", {});
    const auto base = table().Load().value();
    delta::Transaction add{.base = base, .metadata = base->metadata()};
    add.metadata->configuration["delta.constraints.c"] = expression;
    ASSERT_TRUE(table().Commit(add).ok());
    const auto refused = Change("insert into t values ('a')");
    ASSERT_FALSE(refused.ok()) << expression;
    EXPECT_THAT(refused.error().message(), HasSubstr("constraint c")) << expression;
    EXPECT_EQ(Change("delete from t")->deleted, 0);
  }
}

TEST_F(ChangeRowsTest, ReplaceWhereReplacesTheRangeAndTakesNothingOutsideOfIt) {
  Create("select i as id, i // 10 as day from range(30) t(i)", {}, {"day"});
  const auto replaced = Change("insert into t select 100 + i, 1 from range(3) r(i)", "day = 1");
  ASSERT_TRUE(replaced.ok()) << replaced.error().ToString();
  EXPECT_EQ(replaced->deleted, 10);
  EXPECT_EQ(replaced->inserted, 3);
  EXPECT_EQ(Number("select count(*) from s.t"), 23);
  const auto refused = Change("insert into t values (1, 2)", "day = 1");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("outside of the rows to replace (day = 1)"));
}

TEST_F(ChangeRowsTest, AnInsertThatReadsItsOwnTableIsNoBlindAppend) {
  Create("select 1 as id", {});
  const auto is_blind = [this] {
    return table().History(1).value().at(0).info.extra.at("isBlindAppend");
  };
  Do("insert into s.t values (2)");
  EXPECT_EQ(is_blind(), "true");
  Do("insert into s.t select id + 10 from s.t");
  EXPECT_EQ(is_blind(), "false");
  Do("insert into s.t select max(id) + 100 from delta_scan('" + path_ + "/')");
  EXPECT_EQ(is_blind(), "false");
  EXPECT_EQ(Number("select sum(id)::bigint from s.t"), 1 + 2 + 11 + 12 + 112);
}

TEST_F(ChangeRowsTest, ColumnsThatTheTableLacksAreRefusedByName) {
  Create("select 1 as id, 'a' as name", {});
  for (const char* sql : {"update s.t set nam = 'b'", "update s.t set id = 2, nam = 'b'",
                          "insert into s.t (id, nam) values (2, 'b')",
                          "merge into s.t t using (select 1 as id) s on t.id = s.id "
                          "when matched then update set nam = 'b'",
                          "merge into s.t t using (select 2 as id) s on t.id = s.id "
                          "when not matched then insert (id, nam) values (s.id, 'b')"}) {
    EXPECT_THAT(ErrorOf(sql), HasSubstr("has no column \"nam\"")) << sql;
  }
  EXPECT_THAT(ErrorOf("insert into s.t values (2)"), HasSubstr("have 1 columns, and 2 are"));
  EXPECT_EQ(table().Load().value()->version().value(), 0);
}

class RowIdsTest : public ChangeRowsTest {
 protected:
  // Of a query of one text column, sorted.
  std::vector<std::string> Texts(const std::string& sql) {
    const auto rows = session_->Query(sql + " ORDER BY 1");
    if (!rows.ok()) return {rows.error().ToString()};
    std::vector<std::string> texts;
    for (const auto& row : rows->rows) texts.push_back(std::get<std::string>(row[0]));
    return texts;
  }
  // "id row version" of each row; ids count from 0 in the order of writing.
  std::vector<std::string> Ids() {
    const auto snapshot = table().Load().value();
    const RowIds ids = RowIds::Of(snapshot->metadata()).value();
    const std::string scan = ids.Scan(*session_, {.table_path = path_,
                                                  .metadata = snapshot->metadata(),
                                                  .files = snapshot->files()})
                                 .value();
    const std::string columns = ids.Selected();
    return Texts(fmt::format(
        "select concat_ws(' ', id, \"row\", \"version\") from (select {} from {})", columns, scan));
  }
  const Properties tracking_ = {
      {"delta.enableRowTracking", "true"},
      {"delta.rowTracking.materializedRowIdColumnName", "row"},
      {"delta.rowTracking.materializedRowCommitVersionColumnName", "version"}};
};

TEST_F(RowIdsTest, AreKeptByUpdatesMergesAndCompaction) {
  for (const bool with_vectors : {false, true}) {
    SCOPED_TRACE(with_vectors);
    ASSERT_TRUE(io::RemoveAll(path_).ok());
    OpenEngine();
    Properties properties = tracking_;
    if (with_vectors) properties["delta.enableDeletionVectors"] = "true";
    Create("select i as id, 'a' as name from range(5) t(i)", properties);
    Do("insert into s.t values (5, 'b'), (6, 'b')");
    EXPECT_THAT(Ids(), ElementsAre("0 0 0", "1 1 0", "2 2 0", "3 3 0", "4 4 0", "5 5 1", "6 6 1"));
    Do("update s.t set name = 'c' where id in (1, 5)");
    EXPECT_THAT(Ids(), ElementsAre("0 0 0", "1 1 2", "2 2 0", "3 3 0", "4 4 0", "5 5 2", "6 6 1"));
    Do("merge into s.t t using (select unnest([2, 3, 7]) as id) s on t.id = s.id "
       "when matched and s.id = 2 then delete when matched then update set name = 'd' "
       "when not matched then insert (id, name) values (s.id, 'e')");
    const auto merged = Ids();
    ASSERT_EQ(merged.size(), 7U);
    EXPECT_EQ(merged[2], "3 3 3");
    EXPECT_THAT(merged[6], testing::MatchesRegex("7 [0-9]+ 3"));
    const auto rewriter = MakeRowRewriter(environment_, *session_);
    ASSERT_TRUE(delta::Compact(environment_, table(), *rewriter, {}).value().version);
    ASSERT_THAT(table().Load().value()->files(), SizeIs(1));
    EXPECT_EQ(Ids(), merged);
    ASSERT_TRUE(
        delta::Compact(environment_, table(), *rewriter, {.cluster_by = {"name"}}).value().version);
    EXPECT_EQ(Ids(), merged);
    EXPECT_THAT(Rows("select * from s.t where id = 3"), ElementsAre("{'id': 3, 'name': d}"))
        << "the ids are no columns of the table";
  }
}

TEST_F(RowIdsTest, ATableThatPromisesIdsAndHasNoNamesForThemIsNotWritten) {
  Create("select 1 as id", tracking_);
  auto metadata = table().Load().value()->metadata();
  metadata.configuration.erase("delta.rowTracking.materializedRowIdColumnName");
  ASSERT_TRUE(table().Commit({.base = table().Load().value(), .metadata = metadata}).ok());
  EXPECT_THAT(ErrorOf("update s.t set id = 2"), HasSubstr("materializedRowIdColumnName"));
}

TEST_F(ChangeRowsTest, PartitionsOfEveryTypeAreWrittenAndReadBack) {
  const std::string rows =
      "select * from (values "
      "(1, true, 5::tinyint, 6::smallint, 7::integer, 8::bigint, 1.5::float, 2.25::double, "
      "12.50::decimal(10,2), 'a/b c=d%e''\"', date '2026-02-28', timestamptz '2026-02-28 "
      "12:30:45.123456+00', timestamp '2026-02-28 01:02:03.5'), "
      "(2, null, null, null, null, null, null, null, null, null, null, null, null), "
      "(3, false, -5, -6, -7, -8, -1.5, 'nan'::double, -0.01, 'ä€😀 #?&', date '1969-12-31', "
      "timestamptz '1969-12-31 23:59:59.999999+00', timestamp '0001-01-01 00:00:00')) "
      "v(id, b, t, s, i, l, f, d, dec, txt, day, instant, local)";
  Create(rows, {}, {"b", "t", "s", "i", "l", "f", "d", "dec", "txt", "day", "instant", "local"},
         [](data::Schema& schema) {
           schema.fields.back().type = {.kind = data::TypeKind::kTimestampNtz};
         });
  EXPECT_EQ(Rows("select * from s.t"), Rows(rows));
  EXPECT_THAT(table().Load().value()->files(), SizeIs(3));
  EXPECT_EQ(Number("select id::bigint from s.t where txt = 'ä€😀 #?&' and i = -7"), 3);
  Do("update t set txt = 'moved' where id = 1");
  Do("insert into t (id, txt) values (4, '')");
  EXPECT_THAT(Rows("select id, txt from s.t where id in (1, 4)"),
              ElementsAre("{'id': 1, 'txt': moved}", "{'id': 4, 'txt': NULL}"))
      << "Delta's partition values know no empty text";
  EXPECT_THAT(ErrorOf("insert into t (id, txt) values (5, '__HIVE_DEFAULT_PARTITION__')"),
              HasSubstr("stands for null"));
}

TEST_F(ChangeRowsTest, AColumnThatPartitionsMayHaveAnyName) {
  Create("select 1 as id, 'x' as \"it's = a/b\"", {}, {"it's = a/b"});
  EXPECT_THAT(Rows("select * from s.t"), ElementsAre("{'id': 1, 'it\\'s = a/b': x}"));
}

TEST_F(ChangeRowsTest, FilesOfMappedTablesHaveThePhysicalNamesAndIds) {
  for (const char* mode : {"name", "id"}) {
    ASSERT_TRUE(io::RemoveAll(path_).ok());
    engine_ = Engine::Open(environment_, {.threads = 2}).value();
    session_ = engine_->NewSession();
    const std::string rows =
        "select 1::bigint as id, {'x': 1::bigint, 'y': ['a']} as \"a b\", [{'z': 2::bigint}] as l, "
        "map {'k': {'w': true}} as m, 'p' as part";
    Create(rows, {{"delta.columnMapping.mode", mode}}, {"part"});
    const auto snapshot = table().Load().value();
    EXPECT_EQ(snapshot->protocol().reader_version, 2);
    EXPECT_EQ(snapshot->protocol().writer_version, 5);
    const delta::AddFile& file = snapshot->files()[0];
    const auto physical =
        delta::PhysicalSchema(delta::ColumnMapping::kName, snapshot->schema()).fields;
    EXPECT_TRUE(file.partition_values.contains(physical[4].name));
    EXPECT_THAT(file.stats_json, HasSubstr(physical[0].name));
    EXPECT_THAT(file.stats_json, Not(HasSubstr("\"id\"")));
    const std::string parquet = QuoteLiteral(io::JoinPath(path_, file.path));
    EXPECT_EQ(Number("select count(*) from parquet_schema(" + parquet +
                     ") where name = " + QuoteLiteral(physical[0].name) + " and field_id = " +
                     std::to_string(*delta::ColumnId(snapshot->schema().fields[0]))),
              1);
    EXPECT_EQ(
        Number("select count(*) from parquet_schema(" + parquet + ") where field_id is not null"),
        8)
        << "id, a b, x, y, l, z, m, w";
    EXPECT_EQ(Rows("from delta_scan(" + QuoteLiteral(path_) + ")"), Rows(rows)) << mode;
    Do("update t set id = 2 where id = 1");
    EXPECT_EQ(Rows("select * exclude (id) from delta_scan(" + QuoteLiteral(path_) + ")"),
              Rows("select * exclude (id) from (" + rows + ")"))
        << mode;
  }
}

struct Layout {
  const char* name;
  Properties properties;
  std::vector<std::string> partition_by;
};

class RandomChangesTest : public ChangeRowsTest, public testing::WithParamInterface<Layout> {
 protected:
  // A statement on the table {0}.
  std::string Statement() {
    const int key = Below(60);
    switch (Below(6)) {
      case 0: return "delete from {0} where id % 7 = " + std::to_string(Below(7));
      case 1: return fmt::format("delete from {{0}} where id between {} and {}", key, key + 5);
      case 2:
        return fmt::format(
            "update {{0}} set v = v + 1, part = 'p' || ((id + {}) % 3) where id > {}", key, key);
      case 3:
        return fmt::format(
            "insert into {{0}} select {0} + i, i * 0.5, 'p' || (i % 4), [i] from range({1}) r(i)",
            key, 1 + Below(20));
      default:
        return fmt::format(
            "merge into {{0}} t using (select {0} + i as id, i * 1.0 as v, 'p' || (i % 3) as part, "
            "[i, {0}] as l from range({1}) r(i)) s on t.id = s.id and t.part = s.part when matched "
            "and s.v > 4 then delete when matched then update when not matched and s.id % 2 = 0 "
            "then "
            "insert {2}",
            key, 1 + Below(25),
            Below(2) == 0 ? "" : "when not matched by source and t.id % 11 = 0 then delete");
    }
  }
  static std::string On(const std::string& table, std::string statement) {
    for (std::size_t at = statement.find("{0}"); at != std::string::npos;
         at = statement.find("{0}")) {
      statement.replace(at, 3, table);
    }
    return statement;
  }

  // Knuth's linear congruential generator: the same statements in each run.
  int Below(int end) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<int>((state_ >> 33) % static_cast<std::uint64_t>(end));
  }

  std::uint64_t state_ = 20261121;
};

// The same statements on a table of DuckDB's give the same rows; and the change feed of each
// version leads from the rows before to the rows after.
TEST_P(RandomChangesTest, AgreeWithTheEnginesOwnTables) {
  const std::string first =
      "select i as id, i * 0.25::double as v, 'p' || (i % 3) as part, [i]::bigint[] as l from "
      "range(40) t(i)";
  Create(first, GetParam().properties, GetParam().partition_by);
  ASSERT_TRUE(session_->Execute("create temp table oracle as " + first).ok());
  for (int i = 0; i < 40; i++) {
    const std::string statement = Statement();
    const Status expected = session_->Execute(On("oracle", statement));
    const auto changed = Change(On("t", statement));
    if (!expected.ok()) {  // a key that comes twice: DuckDB says so in other words
      EXPECT_FALSE(changed.ok()) << statement;
      continue;
    }
    ASSERT_TRUE(changed.ok()) << statement << "\n" << changed.error().ToString();
    ASSERT_EQ(Rows("select * from s.t"), Rows("select * from oracle")) << statement;
    if (!changed->version) continue;
    const long version = changed->version->value();
    const std::string changes = fmt::format(
        "(select * exclude (_commit_version, _commit_timestamp) "
        "from changes('s.t', {0}, {0}))",
        version);
    const std::string columns = "id, v, part, l";
    ASSERT_EQ(Rows(fmt::format(
                  "(select * from s.t@v{0} union all select {1} from {2} where _change_type in "
                  "('insert', 'update_postimage')) except all select {1} from {2} where "
                  "_change_type in ('delete', 'update_preimage')",
                  version - 1, columns, changes)),
              Rows(fmt::format("select * from s.t@v{}", version)))
        << statement;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, RandomChangesTest,
    testing::Values(Layout{"Plain", {}, {}},
                    Layout{"Vectors", {{"delta.enableDeletionVectors", "true"}}, {}},
                    Layout{"Partitioned", {}, {"part"}},
                    Layout{"MappedByName", {{"delta.columnMapping.mode", "name"}}, {"part"}},
                    Layout{"ChangeFeed", {{"delta.enableChangeDataFeed", "true"}}, {"part"}},
                    Layout{"Everything",
                           {{"delta.enableChangeDataFeed", "true"},
                            {"delta.enableDeletionVectors", "true"},
                            {"delta.columnMapping.mode", "id"},
                            {"delta.enableInCommitTimestamps", "true"}},
                           {"part"}}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST_F(ChangeRowsTest, TheChangeFeedNamesUpdatesBeforeAndAfter) {
  Create("select i as id, 'a' as v from range(3) t(i)", {{"delta.enableChangeDataFeed", "true"}});
  Do("merge into t using (select * from (values (1, 'b'), (5, 'c')) v(id, v)) s on t.id = s.id "
     "when "
     "matched then update when not matched then insert when not matched by source and t.id = 2 "
     "then "
     "delete");
  EXPECT_THAT(Rows("select id, v, _change_type as c from changes('s.t', 1, 1)"),
              ElementsAre("{'id': 1, 'v': a, 'c': update_preimage}",
                          "{'id': 1, 'v': b, 'c': update_postimage}",
                          "{'id': 2, 'v': a, 'c': delete}", "{'id': 5, 'v': c, 'c': insert}"));
}

TEST_F(ChangeRowsTest, OnlyOneStatementThatChangesOneTableIsTaken) {
  const auto message = [](const char* sql) { return ParseChange(sql).error().ToString(); };
  EXPECT_THAT(message("select 1"), HasSubstr("expected one INSERT"));
  EXPECT_THAT(message("delete from t; delete from t"), HasSubstr("expected one INSERT"));
  EXPECT_THAT(message("delete from t returning id"), HasSubstr("RETURNING"));
  EXPECT_THAT(message("insert or replace into t values (1)"), HasSubstr("ON CONFLICT"));
  const std::string merge = "merge into t using s on t.id = s.id when ";
  EXPECT_THAT(message((merge + "not matched then delete").c_str()),
              HasSubstr("WHEN NOT MATCHED THEN DELETE is not possible"));
  EXPECT_THAT(message((merge + "not matched then update set id = 1").c_str()),
              HasSubstr("WHEN NOT MATCHED THEN UPDATE is not possible"));
  EXPECT_THAT(message((merge + "not matched by source then insert (id) values (1)").c_str()),
              HasSubstr("INSERT for rows that the table has"));
  EXPECT_THAT(message("delete form t"), HasSubstr("form"));
  EXPECT_THAT(message("delete from s.t@v3"), HasSubstr("earlier version"));
  EXPECT_EQ(ParseChange("delete from s.t as x where x.a = 1")->table, "s.t");
  EXPECT_EQ(ParseChange("delete from '/data/t'")->table, "/data/t");
}

}  // namespace
}  // namespace leat::engine
