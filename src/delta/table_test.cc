#include "delta/table.h"

#include <gmock/gmock.h>

#include "delta/table_test_fixture.h"

namespace leat::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(TableTest, CreateAppendAndOverwriteAreSeenByAFreshTable) {
  Table table = Open();
  EXPECT_EQ(table.Load().error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(Version(table.Commit(Creation({File("a")}))), 0);
  EXPECT_EQ(Version(table.Commit(Append(table.Load().value(), "b"))), 1);
  EXPECT_THAT(Paths(*table.Load().value()), ElementsAre("a", "b"));
  EXPECT_EQ(Version(table.Commit(Overwrite(table.Load().value(), "c"))), 2);

  const auto fresh = Open().Load().value();
  EXPECT_EQ(fresh->version().value(), 2);
  EXPECT_THAT(Paths(*fresh), ElementsAre("c"));
  EXPECT_EQ(fresh->schema(), SimpleMetadata().schema);
  EXPECT_EQ(fresh->metadata().id.size(), 36U);
  EXPECT_EQ(fresh->protocol().reader_version, 1);
  EXPECT_EQ(fresh->protocol().writer_version, 2);
  EXPECT_THAT(Paths(*Open().Load(TableVersion(1)).value()), ElementsAre("a", "b"));
}

TEST_F(TableTest, TheLogIsPlainDeltaJson) {
  Table table = Open();
  Transaction creation = Creation();
  creation.info.extra["leat"] = R"({"run_id":"r1"})";
  ASSERT_EQ(Version(table.Commit(std::move(creation))), 0);
  const std::string entry = ReadEntry(0);
  EXPECT_THAT(entry, HasSubstr(R"("protocol":{"minReaderVersion":1,"minWriterVersion":2})"));
  EXPECT_THAT(entry, HasSubstr(R"("leat":{"run_id":"r1"})"));
  EXPECT_THAT(entry, HasSubstr(R"("format":{"provider":"parquet","options":{}})"));
  EXPECT_THAT(entry, testing::StartsWith("{\"commitInfo\":{\"timestamp\":1700000000000,"));
}

TEST_F(TableTest, ANewerEntryOfAnotherWriterIsSeenByTheNextLoad) {
  Table mine = Open();
  Table theirs = Open();
  ASSERT_EQ(Version(mine.Commit(Creation({File("a")}))), 0);
  const auto before = mine.Load().value();
  ASSERT_EQ(Version(theirs.Commit(Append(theirs.Load().value(), "b"))), 1);
  EXPECT_THAT(Paths(*mine.Load().value()), ElementsAre("a", "b"));
  EXPECT_THAT(Paths(*before), ElementsAre("a")) << "a snapshot does not change";
}

TEST_F(TableTest, ARefreshReadsOnlyTheNewEntry) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(Creation())), 0);
  for (int i = 0; i < 5; i++) {
    ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), std::to_string(i)))), i + 1);
  }
  Table other = Open();
  ASSERT_TRUE(other.Load().ok());
  files_.Heal();
  ASSERT_TRUE(other.Load().ok());
  EXPECT_LE(files_.calls(), 2) << "one look at the last entry, one for the next";
  ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), "x"))), 6);
  files_.Heal();
  ASSERT_EQ(other.Load().value()->version().value(), 6);
  EXPECT_LE(files_.calls(), 4);
}

TEST_F(TableTest, ARefreshTakesAChangedSchemaAndRefusesANewFeature) {
  Table writer = Open();
  ASSERT_EQ(Version(writer.Commit(Creation({File("a")}))), 0);
  Table reader = Open();
  ASSERT_TRUE(reader.Load().ok());
  Transaction change{.base = writer.Load().value()};
  change.metadata = change.base->metadata();
  change.metadata->schema.fields.push_back({.name = "added"});
  ASSERT_EQ(Version(writer.Commit(std::move(change))), 1);
  EXPECT_EQ(reader.Load().value()->schema().fields.size(), 3U);
  EXPECT_THAT(Paths(*reader.Load().value()), ElementsAre("a"));
  WriteEntry(
      2,
      R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["variantType"]}})");
  EXPECT_THAT(reader.Load().error().message(), HasSubstr("variantType"));
  ASSERT_TRUE(local_.Remove(LogPath(EntryName(2))).ok());
  EXPECT_EQ(reader.Load().value()->version().value(), 1);
}

TEST_F(TableTest, ManyRefreshesGiveTheSameStateAsAFreshLoad) {
  Table writer = Open();
  Table reader = Open();
  Transaction creation = Creation({File("start")});
  creation.metadata->configuration["delta.checkpointInterval"] = "1000";
  ASSERT_EQ(Version(writer.Commit(std::move(creation))), 0);
  for (int i = 1; i <= 150; i++) {
    const auto base = writer.Load().value();
    Transaction transaction = i % 7 == 0 ? Overwrite(base, "o" + std::to_string(i))
                                         : Append(base, "f" + std::to_string(i));
    transaction.app_transactions = {{.app_id = "app" + std::to_string(i % 3), .version = i}};
    ASSERT_EQ(Version(writer.Commit(std::move(transaction))), i);
    if (i % 4 != 0) continue;
    const auto refreshed = reader.Load().value();
    if (i % 8 == 0) continue;  // its files are never asked for
    const auto fresh = Open().Load().value();
    ASSERT_EQ(Paths(*refreshed), Paths(*fresh)) << i;
    for (const auto& [app_id, transaction_state] : fresh->app_transactions()) {
      EXPECT_EQ(refreshed->AppVersion(app_id), transaction_state.version);
    }
    EXPECT_EQ(refreshed->timestamp_ms(), fresh->timestamp_ms());
  }
  EXPECT_EQ(reader.Load().value()->AppVersion("none"), std::nullopt);
}

TEST_F(TableTest, ATableMadeAnewAtThePathReplacesTheCachedOne) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(Creation({File("old")}))), 0);
  ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), "older"))), 1);
  ASSERT_TRUE(io::RemoveAll(path_).ok());
  EXPECT_EQ(table.Load().error().kind(), ErrorKind::kNotFound);
  ASSERT_EQ(Version(Open().Commit(Creation({File("new")}))), 0);
  EXPECT_THAT(Paths(*table.Load().value()), ElementsAre("new"));
}

TEST_F(TableTest, VersionsOutsideTheLogAreNotFoundAndTheMessageSaysWhichExist) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(Creation())), 0);
  ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), "a"))), 1);
  for (const long version : {-1L, 2L}) {
    const auto loaded = table.Load(TableVersion(version));
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().kind(), ErrorKind::kNotFound);
    EXPECT_THAT(loaded.error().message(), HasSubstr("0 to 1"));
  }
}

TEST_F(TableTest, TimeTravelTakesTheLastVersionAtOrBeforeTheInstant) {
  Table table = Open();
  std::vector<TimestampUs> times;
  ASSERT_EQ(Version(table.Commit(Creation())), 0);
  times.push_back(table.Load().value()->timestamp_ms() * kMicrosPerMilli);
  for (int i = 1; i < 4; i++) {
    clock_.now_us += 10 * kMicrosPerSecond;
    ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), std::to_string(i)))), i);
    times.push_back(table.Load().value()->timestamp_ms() * kMicrosPerMilli);
  }
  EXPECT_EQ(table.LoadAt(times[1]).value()->version().value(), 1);
  EXPECT_EQ(table.LoadAt(times[2] - 1).value()->version().value(), 1);
  EXPECT_EQ(table.LoadAt(times[3] + kMicrosPerDay).value()->version().value(), 3);
  const auto too_early = table.LoadAt(times[0] - 1);
  ASSERT_FALSE(too_early.ok());
  EXPECT_EQ(too_early.error().kind(), ErrorKind::kNotFound);
  EXPECT_THAT(too_early.error().message(), HasSubstr("2023-11-14T22:13:20Z"));
}

TEST_F(TableTest, ClocksThatGoBackwardsDoNotReorderVersions) {
  const auto entry = [](int timestamp_ms, const std::string& rest) {
    return "{\"commitInfo\":{\"timestamp\":" + std::to_string(timestamp_ms) + "}}\n" + rest;
  };
  WriteEntry(0, entry(5'000,
                      "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
                      "{\"metaData\":{\"id\":\"x\"}}\n"));
  WriteEntry(1, entry(1'000, "{\"add\":{\"path\":\"a\"}}"));
  Table table = Open();
  EXPECT_EQ(table.LoadAt(5'000 * kMicrosPerMilli).value()->version().value(), 0);
  EXPECT_EQ(table.LoadAt(5'001 * kMicrosPerMilli).value()->version().value(), 1);

  clock_.now_us = 900 * kMicrosPerMilli;
  ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), "b"))), 2);
  EXPECT_EQ(table.Load().value()->timestamp_ms(), 1'001)
      << "after its predecessor's, whatever the clock says";
}

TEST_F(TableTest, HistoryIsNewestFirstAndLimited) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(Creation())), 0);
  for (int i = 1; i < 4; i++) {
    Transaction transaction = Append(table.Load().value(), std::to_string(i));
    transaction.info.operation_metrics["numFiles"] = std::to_string(i);
    ASSERT_EQ(Version(table.Commit(std::move(transaction))), i);
  }
  const auto history = table.History(2).value();
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].version.value(), 3);
  EXPECT_EQ(history[0].info.operation_metrics.at("numFiles"), "3");
  EXPECT_EQ(history[0].info.extra.at("readVersion"), "2");
  EXPECT_EQ(history[0].info.extra.at("isBlindAppend"), "true");
  EXPECT_EQ(table.History(100).value().back().info.operation, "CREATE TABLE");
}

TEST_F(TableTest, AGapInTheLogIsAnErrorThatNamesTheMissingVersion) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(Creation())), 0);
  for (int i = 1; i < 4; i++) {
    ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), std::to_string(i)))), i);
  }
  ASSERT_TRUE(local_.Remove(LogPath(EntryName(2))).ok());
  const auto loaded = Open().Load();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().kind(), ErrorKind::kCorrupt);
  EXPECT_THAT(loaded.error().message(), HasSubstr("version 2 is missing"));
  EXPECT_TRUE(Open().Load(TableVersion(1)).ok());
}

TEST_F(TableTest, LogsWithoutProtocolOrMetadataAreCorrupt) {
  WriteEntry(0, "{\"add\":{\"path\":\"a\"}}\n{\"protocol\":{\"minReaderVersion\":1}}\n");
  EXPECT_THAT(Open().Load().error().ToString(), HasSubstr("no metaData"));
  WriteEntry(0, "{\"metaData\":{\"id\":\"x\"}}\n");
  EXPECT_THAT(Open().Load().error().ToString(), HasSubstr("no protocol"));
  ASSERT_TRUE(local_.Remove(LogPath(EntryName(0))).ok());
  EXPECT_EQ(Open().Load().error().kind(), ErrorKind::kNotFound);
}

TEST_F(TableTest, AFileOutsideTheTableIsRefusedUnlessItWasRemoved) {
  const std::string head =
      "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n{\"metaData\":{\"id\":\"x\"}"
      "}\n";
  WriteEntry(0, head);
  Table cached = Open();
  ASSERT_TRUE(cached.Load().ok());
  WriteEntry(1, "{\"add\":{\"path\":\"/etc/passwd\"}}\n");
  for (const auto& loaded : {Open().Load(), cached.Load()}) {
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().kind(), ErrorKind::kInvalidInput);
    EXPECT_THAT(loaded.error().message(), HasSubstr("/etc/passwd"));
  }
  WriteEntry(2, "{\"remove\":{\"path\":\"file:///etc/passwd\"}}\n{\"add\":{\"path\":\"" + path_ +
                    "/in%20side\"}}\n");
  EXPECT_THAT(Paths(*Open().Load().value()), ElementsAre("in side"));
  EXPECT_THAT(Paths(*cached.Load().value()), ElementsAre("in side"));
}

TEST_F(TableTest, TablesThatNeedMoreThanLeatReadsAreRefusedByFeature) {
  const auto refused = [this](const std::string& protocol,
                              const std::string& configuration = "{}") {
    WriteEntry(0, "{\"protocol\":" + protocol +
                      "}\n{\"metaData\":{\"id\":\"x\",\"configuration\":" + configuration + "}}\n");
    const auto loaded = Open().Load();
    return loaded.ok() ? "" : loaded.error().message();
  };
  EXPECT_THAT(
      refused(
          R"({"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["variantType","timestampNtz","catalogManaged"],"writerFeatures":[]})"),
      HasSubstr("reader features variantType, catalogManaged"));
  EXPECT_THAT(refused(R"({"minReaderVersion":99,"minWriterVersion":7})"), HasSubstr("version 99"));
  EXPECT_THAT(refused(R"({"minReaderVersion":2,"minWriterVersion":5})",
                      R"({"delta.columnMapping.mode":"place"})"),
              HasSubstr("expected none, name or id"));
  EXPECT_EQ(refused(R"({"minReaderVersion":2,"minWriterVersion":5})"), "");
  EXPECT_EQ(
      refused(
          R"({"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz","vacuumProtocolCheck","deletionVectors","columnMapping","v2Checkpoint","typeWidening"],"writerFeatures":["timestampNtz"]})"),
      "");
}

TEST_F(TableTest, AFileWithANewDeletionVectorReplacesTheOneWithTheOld) {
  const std::string head =
      "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["
      "\"deletionVectors\"],\"writerFeatures\":[\"deletionVectors\"]}}\n"
      "{\"metaData\":{\"id\":\"x\"}}\n";
  const auto file = [](const std::string& action, const std::string& vector) {
    const std::string descriptor =
        vector.empty() ? ""
                       : ",\"deletionVector\":{\"storageType\":\"i\",\"pathOrInlineDv\":\"" +
                             vector + "\",\"sizeInBytes\":4,\"cardinality\":1}";
    return "{\"" + action + "\":{\"path\":\"a\"" + descriptor + "}}\n";
  };
  WriteEntry(0, head + file("add", ""));
  Table cached = Open();
  ASSERT_TRUE(cached.Load().ok());
  WriteEntry(1, file("remove", "") + file("add", "00000"));
  WriteEntry(2, file("remove", "00000") + file("add", "00001"));
  for (Table* table : {&cached, std::make_unique<Table>(environment_, parquet_, path_).release()}) {
    const auto snapshot = table->Load();
    ASSERT_TRUE(snapshot.ok()) << snapshot.error().ToString();
    ASSERT_EQ((*snapshot)->files().size(), 1U);
    EXPECT_EQ((*snapshot)->files()[0].deletion_vector->path_or_inline, "00001");
    if (table != &cached) delete table;
  }
  WriteEntry(3, file("remove", "00001"));
  EXPECT_TRUE(cached.Load().value()->files().empty());
}

TEST_F(TableTest, DeletionVectorsOutsideTheTableOrWithoutANameAreRefused) {
  const auto refused = [this](const std::string& vector) {
    WriteEntry(0,
               "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n{\"metaData\":{"
               "\"id\":\"x\"}}\n{\"add\":{\"path\":\"a\",\"deletionVector\":" +
                   vector + "}}\n");
    const auto loaded = Open().Load();
    return loaded.ok() ? "" : loaded.error().message();
  };
  EXPECT_THAT(refused(R"({"storageType":"p","pathOrInlineDv":"/etc/passwd"})"),
              HasSubstr("outside of the table's folder"));
  EXPECT_THAT(refused(R"({"storageType":"u","pathOrInlineDv":"../ab^-aqEH.-t@S}K{vb[*"})"),
              HasSubstr("contains '..'"));
  EXPECT_THAT(refused(R"({"storageType":"u","pathOrInlineDv":"short"})"),
              HasSubstr("which is no UUID"));
  EXPECT_THAT(refused(R"({"storageType":"x","pathOrInlineDv":"a"})"),
              HasSubstr("storage type 'x'"));
  EXPECT_THAT(refused(R"({})"), HasSubstr("storage type ''"));
}

TEST_F(TableTest, InCommitTimestampsRuleWhereTheTableHasThem) {
  WriteEntry(0,
             "{\"commitInfo\":{\"inCommitTimestamp\":1700000000500,\"timestamp\":1}}\n"
             "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":["
             "\"inCommitTimestamp\"]}}\n{\"metaData\":{\"id\":\"x\",\"configuration\":{"
             "\"delta.enableInCommitTimestamps\":\"true\"}}}\n");
  clock_.now_us = 1'700'000'000'000'000;  // behind the last commit
  Table table = Open();
  EXPECT_EQ(table.Load().value()->timestamp_ms(), 1700000000500);
  ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), "x"))), 1);
  EXPECT_THAT(ReadEntry(1),
              testing::StartsWith("{\"commitInfo\":{\"inCommitTimestamp\":1700000000501,"))
      << "the protocol wants it in the first action";
  EXPECT_EQ(Open().Load().value()->timestamp_ms(), 1700000000501);
}

}  // namespace
}  // namespace leat::delta
