// Transactions: conflicts, refusals, lost replies.
#include <gmock/gmock.h>

#include "delta/log_entry.h"
#include "delta/table_test_fixture.h"

namespace leat::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Fault = io::FaultFileSystem::Fault;

class CommitTest : public TableTest {
 protected:
  void SetUp() override {
    TableTest::SetUp();
    table_ = std::make_unique<Table>(environment_, parquet_, path_);
    ASSERT_EQ(Version(table_->Commit(Creation({File("a"), File("b")}))), 0);
    base_ = table_->Load().value();
  }
  // The transaction's outcome when `winner` was committed first.
  Result<CommitOutcome> After(Transaction winner, Transaction transaction) {
    EXPECT_GE(Version(Open().Commit(std::move(winner))), 0);
    return table_->Commit(std::move(transaction));
  }

  std::unique_ptr<Table> table_;
  std::shared_ptr<const Snapshot> base_;
};

Transaction WithScope(Transaction transaction, ReadScope scope) {
  transaction.scope = scope;
  return transaction;
}

TEST_F(CommitTest, CreatingATableThatExistsIsAConflict) {
  EXPECT_THAT(Conflict(Open().Commit(Creation())), HasSubstr("exists already"));
}

TEST_F(CommitTest, BlindAppendsNeverConflict) {
  EXPECT_EQ(Version(After(Append(base_, "x"), Append(base_, "y"))), 2);
  EXPECT_EQ(Version(After(Overwrite(table_->Load().value(), "z"), Append(base_, "w"))), 4);
  EXPECT_THAT(Paths(*Open().Load().value()), ElementsAre("z", "w"));
}

TEST_F(CommitTest, ReplacingFilesConflictsWhenOneIsGone) {
  Transaction ours = WithScope(Append(base_, "a2"), ReadScope::kFiles);
  ours.removes = {Gone("a")};
  Transaction other_file = ours;
  other_file.removes = {Gone("b")};
  other_file.adds = {File("b2")};
  Transaction theirs = ours;
  theirs.adds = {File("a3")};
  EXPECT_EQ(Conflict(After(theirs, ours)), "file a was removed");
  EXPECT_EQ(Version(table_->Commit(other_file)), 2);
  EXPECT_THAT(Paths(*Open().Load().value()), ElementsAre("a3", "b2"));
}

TEST_F(CommitTest, AWholeTableReadConflictsWithAddedAndRemovedRows) {
  EXPECT_EQ(Conflict(After(Append(base_, "x"), Overwrite(base_, "y"))), "file x was added");
  const auto now = table_->Load().value();
  Transaction compaction = WithScope(Append(now, "ab"), ReadScope::kFiles);
  compaction.removes = {Gone("a"), Gone("b")};
  for (RemoveFile& remove : compaction.removes) remove.data_change = false;
  compaction.adds[0].data_change = false;
  Transaction reads_all = WithScope(Append(now, "sum"), ReadScope::kWholeTable);
  EXPECT_EQ(Version(After(compaction, reads_all)), 3) << "a compaction changes no rows";
}

TEST_F(CommitTest, TheSameApplicationConflicts) {
  Transaction ours = Append(base_, "x");
  ours.app_transactions = {{.app_id = "app", .version = 5}};
  Transaction theirs = Append(base_, "y");
  theirs.app_transactions = {{.app_id = "other", .version = 1}, {.app_id = "app", .version = 5}};
  EXPECT_EQ(Conflict(After(theirs, ours)), "same application transaction 'app'");
  EXPECT_EQ(table_->Load().value()->AppVersion("app"), 5);
  ours.app_transactions[0].app_id = "third";
  EXPECT_EQ(Version(table_->Commit(ours)), 2);
}

TEST_F(CommitTest, AChangedSchemaConflictsWithEverything) {
  Transaction theirs{.base = base_, .metadata = base_->metadata()};
  theirs.metadata->schema.fields.push_back({.name = "added"});
  EXPECT_THAT(Conflict(After(theirs, Append(base_, "x"))), HasSubstr("schema"));
  EXPECT_EQ(table_->Load().value()->metadata().id, base_->metadata().id);
  EXPECT_EQ(table_->Load().value()->schema().fields.size(), 3U);
}

TEST_F(CommitTest, AppendOnlyTablesRefuseToLoseRows) {
  Transaction change{.base = base_, .metadata = base_->metadata()};
  change.metadata->configuration["delta.appendOnly"] = "true";
  ASSERT_EQ(Version(table_->Commit(change)), 1);
  const auto now = table_->Load().value();
  const auto refused = table_->Commit(Overwrite(now, "x"));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("delta.appendOnly"));
  EXPECT_EQ(Version(table_->Commit(Append(now, "y"))), 2);
}

TEST_F(CommitTest, TablesThatNeedMoreThanLeatWritesAreRefusedByFeature) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["icebergCompatV1","appendOnly"]})",
       "icebergCompatV1"},
      {R"({"minReaderVersion":1,"minWriterVersion":4})", "generatedColumns"},
      {R"({"minReaderVersion":1,"minWriterVersion":8})", "version 8"},
  };
  long version = 1;
  for (const auto& [protocol, feature] : cases) {
    WriteEntry(
        version++,
        "{\"protocol\":" + protocol + "}\n" +
            R"({"metaData":{"id":"x","schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,\"metadata\":{\"delta.generationExpression\":\"1\"}}]}"}})"
            "\n");
    const auto snapshot = table_->Load();
    ASSERT_TRUE(snapshot.ok()) << "it can be read: " << snapshot.error().ToString();
    const auto refused = table_->Commit(Append(*snapshot, "x"));
    ASSERT_FALSE(refused.ok()) << protocol;
    EXPECT_EQ(refused.error().kind(), ErrorKind::kInvalidInput);
    EXPECT_THAT(refused.error().message(), HasSubstr(feature));
    EXPECT_FALSE(table_->Checkpoint().ok());
  }
  WriteEntry(version,
             "{\"protocol\":{\"minReaderVersion\":2,\"minWriterVersion\":6}}\n{\"metaData\":{"
             "\"id\":\"x\"}}\n");
  EXPECT_EQ(Version(table_->Commit(Append(table_->Load().value(), "x"))), version + 1)
      << "lists features, uses none";
}

// Spark leaves what is not ASCII as it is, delta-rs encodes it; both compare the texts.
TEST_F(CommitTest, AFileIsRemovedUnderThePathThatItsWriterGaveIt) {
  const std::string ours = R"(note=%C3%BCn%C3%AF/a%20b)", sparks = "note=\u00fcn\u00ef/c%20d";
  WriteEntry(1, R"({"add":{"path":")" + ours +
                    R"(","size":1,"partitionValues":{},"dataChange":true}})"
                    "\n" +
                    R"({"add":{"path":")" + sparks +
                    R"(","size":1,"partitionValues":{},"dataChange":true}})"
                    "\n");
  ASSERT_TRUE(table_->Checkpoint().ok());
  for (const bool from_checkpoint : {false, true}) {
    Table table = Open();
    if (from_checkpoint) {
      ASSERT_TRUE(environment_.files.Remove(LogPath(CommitFileName(0))).ok());
      ASSERT_TRUE(environment_.files.Remove(LogPath(CommitFileName(1))).ok());
    }
    const auto base = table.Load().value();
    const auto file = std::find_if(base->files().begin(), base->files().end(),
                                   [](const AddFile& f) { return f.path == "note=ünï/c d"; });
    ASSERT_NE(file, base->files().end());
    EXPECT_EQ(*file->path_in_log, "note=ünï/c%20d");
    Transaction removal{.base = base, .scope = ReadScope::kFiles, .removes = {RemovalOf(*file)}};
    const auto entry = FormatLogEntry({.removes = removal.removes}).value();
    EXPECT_THAT(entry, HasSubstr(R"("path":"note=ünï/c%20d")"));
    if (from_checkpoint) {
      EXPECT_EQ(Version(table.Commit(std::move(removal))), 2);
    }
  }
  EXPECT_EQ(Open().Load().value()->files().back().path, "note=ünï/a b");
  EXPECT_EQ(Open().Load().value()->files().back().path_in_log, std::nullopt);
}

TEST_F(CommitTest, RowsOfATableThatTracksThemGetIdsOnce) {
  const auto write = [this](const std::string& configuration) {
    WriteEntry(1,
               "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":["
               "\"rowTracking\",\"domainMetadata\"]}}\n{\"metaData\":{\"id\":\"x\","
               "\"configuration\":{" +
                   configuration +
                   "}}}\n{\"domainMetadata\":{\"domain\":\"delta.rowTracking\","
                   "\"configuration\":\"{\\\"rowIdHighWaterMark\\\":99}\",\"removed\":false}}\n");
  };
  write(R"("delta.enableRowTracking":"true")");
  Table other = Open();
  const auto base = table_->Load().value();
  ASSERT_EQ(Version(other.Commit(Append(base, "first"))), 2);
  ASSERT_EQ(Version(table_->Commit(Append(base, "second"))), 3) << "computed again on the winner";
  const auto snapshot = Open().Load().value();
  std::map<std::string, std::pair<std::optional<std::int64_t>, std::optional<std::int64_t>>> ids;
  for (const AddFile& file : snapshot->files()) {
    ids[file.path] = {file.base_row_id, file.default_row_commit_version};
  }
  EXPECT_EQ(ids.at("first"), std::pair(std::optional(100L), std::optional(2L)));
  EXPECT_EQ(ids.at("second"), std::pair(std::optional(110L), std::optional(3L)));
  EXPECT_EQ(snapshot->domain_metadata().at("delta.rowTracking").configuration,
            R"({"rowIdHighWaterMark":119})");
  Transaction uncounted = Append(snapshot, "third");
  uncounted.adds[0].stats_json = "";
  EXPECT_THAT(table_->Commit(std::move(uncounted)).error().message(), HasSubstr("no row count"));
  Transaction copy = Append(snapshot, "copied");
  copy.scope = ReadScope::kFiles;
  copy.removes = {RemovalOf(snapshot->files()[0])};
  EXPECT_THAT(table_->Commit(copy).error().message(), HasSubstr("rowTracking"));
  copy.copies_row_ids = true;
  ASSERT_EQ(Version(table_->Commit(std::move(copy))), 4) << "its new file has a column of ids";
  ASSERT_EQ(Version(table_->Commit(Overwrite(table_->Load().value(), "all"))), 5);
  EXPECT_EQ(table_->Load().value()->files()[0].base_row_id, 130);
}

TEST_F(CommitTest, ATimestampWithoutZoneBringsItsTableFeature) {
  Transaction change{.base = base_, .metadata = base_->metadata()};
  change.metadata->schema.fields.push_back(
      {.name = "local", .type = {.kind = data::TypeKind::kTimestampNtz}});
  ASSERT_EQ(Version(table_->Commit(change)), 1);
  const auto snapshot = Open().Load().value();
  EXPECT_EQ(snapshot->protocol().reader_version, 3);
  EXPECT_THAT(snapshot->protocol().reader_features, ElementsAre("timestampNtz"));
  EXPECT_THAT(snapshot->protocol().writer_features,
              ElementsAre("appendOnly", "invariants", "timestampNtz"));
  EXPECT_EQ(Version(table_->Commit(Append(snapshot, "x"))), 2);
}

TEST_F(CommitTest, PartitionValuesAreCheckedAndNormalized) {
  ASSERT_TRUE(io::RemoveAll(path_).ok());
  Transaction creation = Creation({File("x")});
  creation.metadata->schema.fields.push_back(
      {.name = "at", .type = {.kind = data::TypeKind::kTimestamp}});
  creation.metadata->partition_columns = {"day", "at"};
  EXPECT_THAT(table_->Commit(creation).error().message(),
              HasSubstr("no value for the partition column 'day'"));
  creation.adds[0].partition_values = {{"day", "2026-11-01"},
                                       {"at", "2026-11-01 10:00:00.5+01:00"}};
  creation.adds.push_back(File("y"));
  creation.adds[1].partition_values = {{"day", ""}, {"at", std::nullopt}};
  ASSERT_EQ(Version(table_->Commit(creation)), 0);
  const auto snapshot = Open().Load().value();
  EXPECT_EQ(snapshot->files()[0].partition_values.at("at"), "2026-11-01T09:00:00.500Z");
  EXPECT_EQ(snapshot->files()[1].partition_values.at("day"), std::nullopt);
  Transaction wrong = Append(snapshot, "z");
  wrong.adds[0].partition_values = {{"day", "soon"}, {"at", std::nullopt}};
  EXPECT_THAT(table_->Commit(wrong).error().message(), HasSubstr("'soon'"));
  wrong.adds[0].partition_values = {{"day", "2026-11-01"}, {"at", std::nullopt}, {"id", "1"}};
  EXPECT_FALSE(table_->Commit(wrong).ok());
}

TEST_F(CommitTest, BadTransactionsAreRefusedBeforeAnythingIsWritten) {
  const auto refused = [this](const Transaction& transaction) {
    const auto outcome = table_->Commit(transaction);
    EXPECT_FALSE(outcome.ok());
    return outcome.ok() ? ErrorKind::kCancelled : outcome.error().kind();
  };
  EXPECT_EQ(refused(Append(base_, "../outside")), ErrorKind::kInvalidInput);
  EXPECT_EQ(refused(Append(base_, "/outside")), ErrorKind::kInvalidInput);
  Transaction twice = Append(base_, "x");
  twice.adds.push_back(File("x"));
  EXPECT_EQ(refused(twice), ErrorKind::kBug);
  Transaction unknown = Append(base_, "x");
  unknown.removes = {Gone("never there")};
  EXPECT_EQ(refused(unknown), ErrorKind::kBug);
  Transaction schema{.base = base_, .metadata = base_->metadata()};
  schema.metadata->schema.fields.push_back({.name = "ID"});
  EXPECT_EQ(refused(schema), ErrorKind::kInvalidInput);
  schema = {.base = base_, .metadata = base_->metadata()};
  schema.metadata->partition_columns = {"dya"};
  EXPECT_EQ(refused(schema), ErrorKind::kInvalidInput);
  schema = {.base = base_, .metadata = base_->metadata()};
  schema.metadata->configuration["delta.checkpointInterval"] = "often";
  EXPECT_EQ(refused(schema), ErrorKind::kInvalidInput);
  EXPECT_EQ(refused({}), ErrorKind::kBug);
  EXPECT_EQ(Open().Load().value()->version().value(), 0);
}

TEST_F(CommitTest, ALostReplyOfACommitThatHappenedIsASuccess) {
  for (int n = 1; n < 20; n++) {
    const auto before = Open().Load().value();
    Transaction transaction = Append(before, "n" + std::to_string(n));
    files_.FailCall(n, Fault::kApplyThenFail, OutcomeUnknown("the reply was lost"));
    const auto outcome = table_->Commit(transaction);
    const bool fired = files_.fired();
    files_.Heal();
    const auto after = Open().Load().value();
    const bool happened = after->version() != before->version();
    EXPECT_EQ(outcome.ok(), happened) << n;
    if (outcome.ok()) {
      EXPECT_EQ(Version(outcome), after->version().value());
      EXPECT_EQ(after->version().value(), before->version().value() + 1) << "once, not twice";
    }
    if (!fired) return;
  }
  FAIL() << "a commit makes fewer calls than that";
}

TEST_F(CommitTest, ACommitThatCanNeitherBeWrittenNorReadBackIsOfUnknownOutcome) {
  int unknown_and_there = 0;
  for (int n = 1; n < 10; n++) {
    const auto base = Open().Load().value();
    // The call has its effect, and from then on nothing answers: as when the storage goes away.
    files_.FailCall(n, Fault::kKillAfter, RetryLater("the storage went away"));
    const auto outcome =
        Table(environment_, parquet_, path_).Commit(Append(base, "u" + std::to_string(n)));
    files_.Heal();
    const bool happened = Open().Load().value()->version() != base->version();
    const bool unknown = !outcome.ok() && outcome.error().kind() == ErrorKind::kOutcomeUnknown;
    if (unknown && happened) unknown_and_there++;
    if (happened) {
      EXPECT_TRUE(outcome.ok() || unknown) << "never denied: " << n;
    }
  }
  EXPECT_GE(unknown_and_there, 1);
}

TEST_F(CommitTest, AFailedWriteThatDidNotHappenKeepsItsReason) {
  for (int n = 1; n < 20; n++) {
    const auto before = Open().Load().value();
    files_.FailCall(n, Fault::kFail, RetryLater("disk full"));
    const auto outcome = table_->Commit(Append(before, "m" + std::to_string(n)));
    const bool fired = files_.fired();
    files_.Heal();
    const bool happened = Open().Load().value()->version() != before->version();
    EXPECT_EQ(outcome.ok(), happened) << n;
    if (!outcome.ok()) {
      EXPECT_EQ(outcome.error().kind(), ErrorKind::kRetryLater);
      EXPECT_THAT(outcome.error().message(), HasSubstr("disk full"));
    }
    if (!fired) return;
  }
  FAIL() << "a commit makes fewer calls than that";
}

}  // namespace
}  // namespace leat::delta
