#include "quality/quarantine.h"

#include "quality/quality_fixture.h"
#include "quality/replay.h"

namespace leat::quality {
namespace {

using project::CheckKind;
using project::OnFail;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr TimestampUs kNow = 1'767'225'600LL * kMicrosPerSecond;  // 2026-01-01

class QuarantineTest : public QualityTest {
 protected:
  void SetUp() override {
    QualityTest::SetUp();
    path_ = io::JoinPath(folder_, "silver/orders_quarantine");
    table_path_ = Folder("silver/orders");
    asset_.name = AssetName("silver.orders");
  }

  static std::string Select(const std::string& values) {
    return "SELECT check_name, 'v' AS column_name, 'bad' AS error, source, position, raw, NULL AS "
           "identity FROM "
           "(VALUES " +
           values + ") t(check_name, source, position, raw)";
  }

  QuarantineBatch Batch(const std::string& sql, QuarantineScope scope = QuarantineScope::kNewRows) {
    return {.asset = asset_.name, .run = RunId("run-1"), .now = kNow, .scope = scope, .sql = sql};
  }
  std::int64_t Write(const QuarantineBatch& batch) {
    auto rows = WriteQuarantine(*engine_, *session_, io::SystemEnvironment(), path_, batch);
    EXPECT_TRUE(rows.ok()) << rows.error().ToString();
    return rows.ok() ? *rows : -1;
  }

  long Version(const std::string& path) {
    auto snapshot = engine_->TableAt(path).Load();
    return snapshot.ok() ? (*snapshot)->version().value() : -1;
  }
  std::vector<std::string> Rows(const std::string& columns, const std::string& rest = "") {
    return Texts("SELECT " + columns + " FROM delta_scan('" + path_ + "') " + rest);
  }
  std::vector<std::string> TableRows() {
    return Texts("SELECT * FROM delta_scan('" + table_path_ + "')");
  }

  void AddCheck(CheckKind kind, const std::string& column, OnFail on_fail = OnFail::kQuarantine) {
    const std::string name = column + " " + std::to_string(asset_.checks.size());
    asset_.checks.push_back(
        {.name = name, .column = column, .kind = std::move(kind), .on_fail = on_fail});
  }

  // Audits staged rows, quarantines the bad ones and commits the others, as a run does.
  void Publish(const std::string& sql) {
    const Staged staged = Stage(sql);
    schema_ = staged.schema;
    const AuditInput input{
        .asset = asset_, .schema = schema_, .files = staged.files, .tables = Tables(), .now = kNow};
    auto audit = Audit(*session_, io::LocalFileSystem(), input,
                       {.directory = table_path_, .keep_order = true});
    ASSERT_TRUE(audit.ok()) << audit.error().ToString();
    ASSERT_TRUE(audit->publishable) << audit->checks[0].message;
    Write(Batch(audit->quarantine_sql));
    Append(audit->files, {});
  }

  void Append(const std::vector<engine::WrittenFile>& files,
              std::vector<delta::AppTransaction> transactions) {
    delta::Table& table = engine_->TableAt(table_path_);
    delta::Transaction transaction{.app_transactions = std::move(transactions)};
    auto base = table.Load();
    if (base.ok()) {
      transaction.base = *base;
    } else {
      transaction.metadata = delta::Metadata{.schema = schema_};
    }
    for (engine::WrittenFile file : files) {
      const std::string inside = io::JoinPath(table_path_, io::FileName(file.path));
      if (file.path != inside) {
        ASSERT_TRUE(io::LocalFileSystem().Rename(file.path, inside).ok());
      }
      file.path = inside;
      transaction.adds.push_back(engine::ToAddFile(file, table_path_, schema_, kNow));
    }
    transaction.info.operation = "WRITE";
    auto outcome = table.Commit(std::move(transaction));
    ASSERT_TRUE(outcome.ok()) << outcome.error().ToString();
    ASSERT_TRUE(std::holds_alternative<delta::Committed>(*outcome));
  }

  // The steps of a replay.
  Replay Begin(const std::vector<QuarantineStage>& stages = {QuarantineStage::kCheck,
                                                             QuarantineStage::kIngest}) {
    auto replay = BeginReplay(*engine_, *session_, io::SystemEnvironment(), path_, stages);
    EXPECT_TRUE(replay.ok()) << replay.error().ToString();
    return replay.ok() && *replay ? **replay : Replay{};
  }
  StagedReplay StageRows(const std::string& id) {
    const ReplayInput input{.asset = asset_,
                            .schema = schema_,
                            .table = engine::DeltaSource{.path = table_path_},
                            .tables = Tables(),
                            .now = kNow,
                            .reparse = reparse_};
    auto staged = StageReplay(*engine_, *session_, io::SystemEnvironment(), path_, id, input,
                              {.directory = table_path_});
    EXPECT_TRUE(staged.ok()) << staged.error().ToString();
    return staged.ok() ? *staged : StagedReplay{};
  }
  std::int64_t Finish(const std::string& id) {
    return FinishReplay(*engine_, *session_, io::SystemEnvironment(), path_, id).value();
  }
  std::string Unfinished() {
    const auto found = FindUnfinishedReplay(*engine_, *session_, path_).value();
    return found ? found->id : "";
  }
  // What `leat quarantine replay` does, also after a crash of an earlier one.
  void ReplayAll() {
    std::string id = Unfinished();
    if (id.empty()) id = Begin().id;
    if (id.empty()) return;
    if (!IsReplayed(**engine_->TableAt(table_path_).Load(), id)) {
      const StagedReplay staged = StageRows(id);
      if (!staged.files.empty()) Append(staged.files, {ReplayTransaction(id)});
    }
    Finish(id);
  }

  std::string path_, table_path_;
  project::Asset asset_;
  data::Schema schema_;
  Reparse reparse_;
};

// --- writing ---

TEST_F(QuarantineTest, RowsAreKeptWithWhereTheyComeFrom) {
  QuarantineBatch batch = Batch(Select("('v not_null', 'a.csv', 17, '{\"v\":null}')"));
  batch.interval = Interval{.start = kNow, .end = kNow + kMicrosPerDay};
  EXPECT_EQ(Write(batch), 1);
  EXPECT_THAT(
      Rows("* EXCLUDE (quarantine_id)"),
      ElementsAre("pending|run-1|2026-01-01T00:00:00Z|check|v not_null|v|bad|a.csv|17|{\"v\":null}|"
                  "2026-01-01T00:00:00Z|2026-01-02T00:00:00Z|null"));
  EXPECT_THAT(Rows("regexp_full_match(quarantine_id, '[0-9a-f]{32}')"), ElementsAre("true"));
  EXPECT_EQ(QuarantineName(asset_.name).value(), "silver.orders_quarantine");
}

TEST_F(QuarantineTest, NothingToQuarantineMakesNoTable) {
  EXPECT_EQ(Write(Batch("")), 0);
  EXPECT_EQ(Write(Batch("", QuarantineScope::kTable)), 0);
  EXPECT_EQ(Write(Batch(Select("('c', 'a', 1, 'x')") + " WHERE false")), 0);
  EXPECT_EQ(Version(path_), -1);
}

TEST_F(QuarantineTest, TheSameRowsAgainChangeNothing) {
  const std::string rows =
      Select("('c', 'a', 1, 'x'), ('c', 'a', 1, 'x'), ('c', 'a', 2, 'x'), ('c', NULL, NULL, 'y')");
  for (const auto scope : {QuarantineScope::kNewRows, QuarantineScope::kTable}) {
    EXPECT_EQ(Write(Batch(rows, scope)), 4);
    EXPECT_EQ(Version(path_), 0);
  }
  EXPECT_THAT(Rows("count(*), count(DISTINCT quarantine_id)"), ElementsAre("4|4"));
}

TEST_F(QuarantineTest, WhatDiffersBetweenRunsIsNoPartOfTheIdentity) {
  const auto row = [](const char* run) {
    return std::string(
               "SELECT 'c' AS check_name, 'v' AS column_name, 'bad' AS error, 'a' AS source, 1 AS "
               "position, "
               "'{\"run\":\"") +
           run + "\"}' AS raw, '{}' AS identity";
  };
  Write(Batch(row("1")));
  Write(Batch(row("2")));
  EXPECT_THAT(Rows("raw"), ElementsAre("{\"run\":\"1\"}"));
}

TEST_F(QuarantineTest, ATableComputedAnewReplacesItsPendingRows) {
  Write(Batch(Select("('c', 'a', 1, 'x'), ('c', 'a', 2, 'y')"), QuarantineScope::kTable));
  QuarantineBatch ingest = Batch(Select("('', 'f.csv', 9, 'raw')"));
  ingest.stage = QuarantineStage::kIngest;
  Write(ingest);
  Write(Batch(Select("('c', 'a', 2, 'y'), ('c', 'a', 3, 'z')"), QuarantineScope::kTable));
  EXPECT_THAT(Rows("raw"), UnorderedElementsAre("y", "z", "raw"));
  Write(Batch("", QuarantineScope::kTable));
  EXPECT_THAT(Rows("raw"), ElementsAre("raw"));
}

TEST_F(QuarantineTest, AnIntervalReplacesItsOwnRowsOnly) {
  const auto write = [&](int day, const std::string& rows) {
    QuarantineBatch batch = Batch(rows.empty() ? "" : Select(rows), QuarantineScope::kInterval);
    batch.interval =
        Interval{.start = kNow + day * kMicrosPerDay, .end = kNow + (day + 1) * kMicrosPerDay};
    Write(batch);
  };
  write(0, "('c', NULL, NULL, 'day 0'), ('c', NULL, NULL, 'gone')");
  write(1, "('c', NULL, NULL, 'day 1')");
  write(0, "('c', NULL, NULL, 'day 0')");
  EXPECT_THAT(Rows("raw"), UnorderedElementsAre("day 0", "day 1"));
  write(1, "");
  EXPECT_THAT(Rows("raw"), ElementsAre("day 0"));
}

TEST_F(QuarantineTest, AnotherWriterInBetweenIsNoLossAndNoDouble) {
  // A second engine stands for another process; its rows arrive while this one's are written.
  auto other = engine::Engine::Open(io::SystemEnvironment(), {.threads = 1}).value();
  auto other_session = other->NewSession();
  for (int i = 0; i < 3; i++) {
    const std::string shared = "('c', 'a', " + std::to_string(i) + ", 'x')";
    ASSERT_TRUE(WriteQuarantine(*other, *other_session, io::SystemEnvironment(), path_,
                                Batch(Select(shared)))
                    .ok());
    Write(Batch(Select(shared + ", ('c', 'b', " + std::to_string(i) + ", 'y')")));
  }
  EXPECT_THAT(Rows("count(*), count(DISTINCT quarantine_id)"), ElementsAre("6|6"));
}

TEST_F(QuarantineTest, AnotherTableAtThePathIsNotTouched) {
  AddCheck(project::NotNull{}, "v", OnFail::kFail);
  path_ = io::JoinPath(folder_, "other");
  Publish("SELECT 1 AS v");
  path_ = table_path_;
  const auto written = WriteQuarantine(*engine_, *session_, io::SystemEnvironment(), path_,
                                       Batch(Select("('c', 'a', 1, 'x')")));
  ASSERT_FALSE(written.ok());
  EXPECT_THAT(written.error().message(), HasSubstr("is no quarantine table"));
}

TEST_F(QuarantineTest, CountsAndShowsPendingRows) {
  EXPECT_THAT(CountQuarantine(*engine_, *session_, path_).value(), IsEmpty());
  EXPECT_THAT(ShowQuarantine(*engine_, *session_, path_, 10).value().rows, IsEmpty());
  Write(Batch(Select("('c', 'a', 1, 'x'), ('c', 'a', 2, 'y'), ('d', 'a', 3, 'z')")));
  const auto counts = CountQuarantine(*engine_, *session_, path_).value();
  ASSERT_THAT(counts, SizeIs(2));
  EXPECT_EQ(counts[0].check_name, "c");
  EXPECT_EQ(counts[0].pending, 2);
  EXPECT_EQ(counts[1].latest, kNow);
  EXPECT_THAT(ShowQuarantine(*engine_, *session_, path_, 2).value().rows, SizeIs(2));
}

// --- replay ---

constexpr char kOrders[] =
    "SELECT * FROM (VALUES (1, 5.5, 'a'), (2, -1, 'b'), (3, -2.25, NULL), (1, 7, 'd')) t(id, "
    "amount, note)";

TEST_F(QuarantineTest, ReplayedRowsReachTheTableOnceAndTheOthersStay) {
  AddCheck(project::Positive{}, "amount");
  AddCheck(project::Unique{}, "id");
  Publish(kOrders);
  EXPECT_THAT(TableRows(), ElementsAre("1|5.50|a"));
  EXPECT_THAT(Rows("check_name, raw"),
              UnorderedElementsAre("amount 0|{\"id\":2,\"amount\":\"-1.00\",\"note\":\"b\"}",
                                   "amount 0|{\"id\":3,\"amount\":\"-2.25\",\"note\":null}",
                                   "id 1|{\"id\":1,\"amount\":\"7.00\",\"note\":\"d\"}"));
  asset_.checks[0].kind = project::Min{"-2"};
  ReplayAll();
  EXPECT_THAT(TableRows(), UnorderedElementsAre("1|5.50|a", "2|-1.00|b"));
  EXPECT_THAT(Rows("status, check_name, error, replay_id IS NULL"),
              UnorderedElementsAre("replayed|amount 0|amount is not positive|false",
                                   "pending|amount 0|amount is below -2|true",
                                   "pending|id 1|id is not unique|true"));
  ReplayAll();
  EXPECT_THAT(TableRows(), SizeIs(2));
  EXPECT_THAT(FilesIn(table_path_), SizeIs(2));  // nothing is left of what was staged
  const auto counts = CountQuarantine(*engine_, *session_, path_).value();
  EXPECT_EQ(counts[0].replayed, 1);
}

TEST_F(QuarantineTest, AReplayThatCrashedAnywhereEndsExactlyOnce) {
  AddCheck(project::Positive{}, "amount");
  AddCheck(project::Unique{}, "id");
  for (int crash = 0; crash < 4; crash++) {
    ASSERT_TRUE(io::RemoveAll(folder_ + "/silver").ok());
    path_ = io::JoinPath(folder_, "silver/orders_quarantine_" + std::to_string(crash));
    table_path_ = Folder("silver/orders_" + std::to_string(crash));
    asset_.checks[0].kind = project::Positive{};
    Publish(kOrders);
    asset_.checks[0].kind = project::Min{"-2"};
    const Replay replay = Begin();
    EXPECT_EQ(replay.rows, 3);
    StagedReplay staged;
    if (crash >= 1) staged = StageRows(replay.id);
    if (crash >= 2) Append(staged.files, {ReplayTransaction(replay.id)});
    // After the table's commit, stricter checks must not take the decision back.
    if (crash >= 2) asset_.checks[0].kind = project::Min{"100"};
    if (crash >= 3) {
      EXPECT_EQ(Finish(replay.id), 1);
    }
    EXPECT_EQ(Unfinished(), crash >= 3 ? "" : replay.id);
    ReplayAll();
    EXPECT_THAT(TableRows(), UnorderedElementsAre("1|5.50|a", "2|-1.00|b")) << crash;
    EXPECT_THAT(Rows("raw->>'id'", "WHERE status = 'pending' AND replay_id IS NULL"),
                UnorderedElementsAre("1", "3"));
    EXPECT_THAT(Rows("raw->>'id'", "WHERE status = 'replayed'"), ElementsAre("2"));
  }
}

TEST_F(QuarantineTest, TwoReplaysAtOnceAppendOnce) {
  AddCheck(project::Positive{}, "amount");
  Publish(kOrders);
  asset_.checks.clear();
  const Replay replay = Begin();
  const StagedReplay first = StageRows(replay.id);
  const StagedReplay second = StageRows(Unfinished());
  delta::Table& table = engine_->TableAt(table_path_);
  delta::Transaction late{.base = *table.Load(),
                          .app_transactions = {ReplayTransaction(replay.id)}};
  Append(first.files, {ReplayTransaction(replay.id)});
  for (const auto& file : second.files)
    late.adds.push_back(engine::ToAddFile(file, table_path_, schema_, kNow));
  const auto outcome = table.Commit(std::move(late));
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(std::holds_alternative<delta::CommitConflict>(*outcome));
  EXPECT_EQ(Finish(replay.id), 2);
  EXPECT_THAT(TableRows(), SizeIs(4));
}

TEST_F(QuarantineTest, ACheckThatCannotBeEvaluatedKeepsAllRowsBack) {
  AddCheck(project::Positive{}, "amount");
  Publish(kOrders);
  AddCheck(project::NotNull{}, "missing", OnFail::kFail);
  ReplayAll();
  EXPECT_THAT(TableRows(), SizeIs(2));
  EXPECT_THAT(Rows("error", "WHERE status = 'pending' AND replay_id IS NULL"),
              ElementsAre(HasSubstr("no column 'missing'"), HasSubstr("no column 'missing'")));
}

TEST_F(QuarantineTest, FailingAndCustomChecksKeepTheirRowsBackInAReplay) {
  AddCheck(project::Positive{}, "amount");
  Publish(kOrders);
  asset_.checks.clear();
  AddCheck(project::NotNull{}, "note", OnFail::kFail);
  AddCheck(project::Max{"0"}, "id", OnFail::kWarn);
  AddCheck(project::RowCount{.min = 1'000}, "", OnFail::kFail);
  asset_.checks.push_back(
      {.name = "two", .kind = project::CustomSql{.sql = "select * from this where id = 2"}});
  ReplayAll();
  EXPECT_THAT(TableRows(), SizeIs(2));
  EXPECT_THAT(Rows("check_name, error", "WHERE status = 'pending'"),
              UnorderedElementsAre("note 0|note is null", "two|found by the check 'two'"));
  asset_.checks.erase(asset_.checks.begin() + 3);
  ReplayAll();
  EXPECT_THAT(TableRows(), SizeIs(3));
}

TEST_F(QuarantineTest, ValuesOfAllTypesComeBackUnchanged) {
  AddCheck(project::NotNull{}, "flag");
  const std::string rows =
      "SELECT * FROM (VALUES (NULL::BOOLEAN, 9223372036854775807, -5::TINYINT, 0.1::FLOAT, "
      "'nan'::DOUBLE, "
      "12345678901234567890123456789.123456789::DECIMAL(38,9), e'q\"\\né', "
      "'\\x00\\xFF'::BLOB, DATE '0001-01-01', "
      "TIMESTAMPTZ '2026-01-01 01:02:03.123456', {'a': [1.50::DECIMAL(9,2), NULL], 'b.c': MAP "
      "{'k': 'inf'::DOUBLE}})) "
      "t(flag, \"long\", tiny, f, dbl, \"dec/~imal\", text, bin, d, ts, nested)";
  Publish(rows);
  EXPECT_THAT(TableRows(), IsEmpty());
  const auto expected = Texts(rows);
  asset_.checks.clear();
  ReplayAll();
  EXPECT_THAT(TableRows(), expected);
}

TEST_F(QuarantineTest, RowsFollowTheTablesNewSchemaOrSayWhyNot) {
  AddCheck(project::Positive{}, "v");
  Publish("SELECT * FROM (VALUES (-1, 'x'), (-2, '7'), (1, '1')) t(v, n)");
  asset_.checks.clear();
  engine_->TableAt(table_path_);
  ASSERT_TRUE(io::RemoveAll(table_path_).ok());
  table_path_ = Folder("silver/orders_new");
  Publish("SELECT 1::BIGINT AS v, 1 AS n, 'new' AS extra");
  ReplayAll();
  EXPECT_THAT(TableRows(), UnorderedElementsAre("1|1|new", "-2|7|null"));
  EXPECT_THAT(Rows("error", "WHERE status = 'pending'"),
              ElementsAre("n cannot be read as INTEGER: x"));
}

TEST_F(QuarantineTest, RawTextIsReadAgainByWhoeverReadItFirst) {
  Publish("SELECT 1 AS v");
  QuarantineBatch batch =
      Batch(Select("(NULL, 'a.csv', 1, '2'), (NULL, 'a.csv', 2, 'x'), (NULL, 'a.csv', 3, '4')"));
  batch.stage = QuarantineStage::kIngest;
  Write(batch);
  reparse_ = [](engine::Session&, const std::string& rows) -> Result<std::string> {
    return "SELECT quarantine_id, CASE WHEN TRY_CAST(raw AS INTEGER) IS NULL THEN 'no number' END "
           "AS replay_error, "
           "TRY_CAST(raw AS INTEGER) AS v FROM (" +
           rows + ") WHERE position < 3";
  };
  ReplayAll();
  EXPECT_THAT(TableRows(), UnorderedElementsAre("1", "2"));
  EXPECT_THAT(Rows("raw, error", "WHERE status = 'pending'"),
              UnorderedElementsAre("x|no number", "4|bad"));
}

TEST_F(QuarantineTest, WithoutAReaderRawTextStays) {
  Publish("SELECT 1 AS v");
  QuarantineBatch batch = Batch(Select("(NULL, 'a.csv', 1, '2')"));
  batch.stage = QuarantineStage::kIngest;
  Write(batch);
  EXPECT_TRUE(Begin({QuarantineStage::kCheck}).id.empty());
  ReplayAll();
  EXPECT_THAT(TableRows(), ElementsAre("1"));
  EXPECT_THAT(Rows("status, replay_id"), ElementsAre("pending|null"));
}

TEST_F(QuarantineTest, ARowReplayedBeforeIsPendingAgainWhenTheTableIsComputedAnew) {
  AddCheck(project::Positive{}, "amount");
  Publish(kOrders);
  const auto checks = asset_.checks;
  asset_.checks.clear();
  ReplayAll();
  EXPECT_THAT(Rows("status"), ElementsAre("replayed", "replayed"));
  asset_.checks = checks;
  const Staged staged = Stage(kOrders);
  const AuditInput input{
      .asset = asset_, .schema = schema_, .files = staged.files, .tables = Tables()};
  const auto audit = Audit(*session_, io::LocalFileSystem(), input, {.directory = staging_});
  Write(Batch(audit->quarantine_sql));  // an append that finds them again knows them
  EXPECT_THAT(Rows("status"), ElementsAre("replayed", "replayed"));
  Write(Batch(audit->quarantine_sql, QuarantineScope::kTable));
  EXPECT_THAT(Rows("status"), ElementsAre("pending", "pending"));
}

}  // namespace
}  // namespace leat::quality
