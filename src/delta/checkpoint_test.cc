#include "delta/checkpoint.h"

#include <gmock/gmock.h>

#include "data/arrow_builder.h"
#include "data/arrow_reader.h"
#include "delta/log_compaction.h"
#include "delta/log_path.h"
#include "delta/table_test_fixture.h"

namespace leat::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CheckpointTest : public TableTest {
 protected:
  void Grow(Table& table, int commits) {
    if (!table.Load().ok()) {
      ASSERT_EQ(Version(table.Commit(Creation({File("0")}))), 0);
    }
    for (int i = 0; i < commits; i++) {
      const auto base = table.Load().value();
      const std::string name = std::to_string(base->version().value() + 1);
      Transaction transaction = Append(base, name);
      transaction.app_transactions = {{.app_id = "app", .version = base->version().value()}};
      ASSERT_GE(Version(table.Commit(std::move(transaction))), 1);
    }
  }
  bool Exists(const std::string& name) { return local_.Stat(LogPath(name)).ok(); }
  // For states that are put together by hand.
  void RemoveChecksums() {
    for (const io::FileInfo& file : local_.List(path_ + "/_delta_log").value()) {
      if (!file.path.ends_with(".crc")) continue;
      ASSERT_TRUE(local_.Remove(file.path).ok());
    }
  }
  void RemoveEntries(long first, long last) {
    for (long version = first; version <= last; version++) {
      ASSERT_TRUE(local_.Remove(LogPath(EntryName(version))).ok());
    }
  }
};

TEST_F(CheckpointTest, EveryTenthCommitWritesOneAndTheHint) {
  Table table = Open();
  Grow(table, 9);
  EXPECT_FALSE(Exists(std::string(kLastCheckpointFile)));
  Grow(table, 1);
  EXPECT_TRUE(Exists(CheckpointFileName(10)));
  const std::string hint = local_.ReadFile(LogPath("_last_checkpoint")).value();
  EXPECT_THAT(hint, HasSubstr(R"("version":10,"size":14,)"));
  EXPECT_THAT(hint, HasSubstr(R"("numOfAddFiles":11)"));
  Grow(table, 10);
  EXPECT_TRUE(Exists(CheckpointFileName(20)));
}

TEST_F(CheckpointTest, TheStateComesFromTheCheckpointAndTheEntriesAfterIt) {
  Table table = Open();
  Grow(table, 12);
  const auto whole = Open().Load().value();
  RemoveEntries(0, 10);
  const auto loaded = Open().Load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  EXPECT_EQ(Paths(**loaded), Paths(*whole));
  EXPECT_EQ((*loaded)->files()[3].stats_json, whole->files()[3].stats_json);
  EXPECT_EQ((*loaded)->schema(), whole->schema());
  EXPECT_EQ((*loaded)->metadata().id, whole->metadata().id);
  EXPECT_EQ((*loaded)->AppVersion("app"), 11);
  EXPECT_EQ((*loaded)->timestamp_ms(), whole->timestamp_ms());
  EXPECT_EQ(Open().Load(TableVersion(10)).value()->version().value(), 10);
  EXPECT_THAT(Open().Load(TableVersion(9)).error().message(), HasSubstr("10 to 12"));
  EXPECT_EQ(Version(Open().Commit(Append(*loaded, "next"))), 13);
  EXPECT_THAT(Conflict(table.Commit(Creation())), HasSubstr("exists already"))
      << "entry 0 is gone, the table is not";
}

TEST_F(CheckpointTest, AStaleBaseAcrossALogCleanUpIsAConflict) {
  Table table = Open();
  Grow(table, 3);
  const auto stale = table.Load().value();
  Table other = Open();
  Grow(other, 9);
  RemoveEntries(0, 10);
  EXPECT_THAT(Conflict(table.Commit(Append(stale, "late"))), HasSubstr("cleaned up"));
  EXPECT_FALSE(Exists(EntryName(4)));
}

TEST_F(CheckpointTest, ADamagedHintIsIgnored) {
  Table table = Open();
  Grow(table, 12);
  for (const char* hint :
       {"", "{", "[]", R"({"version":"x"})", R"({"version":99,"size":1})", R"({"version":0})"}) {
    ASSERT_TRUE(local_.ReplaceFile(LogPath("_last_checkpoint"), hint).ok());
    EXPECT_EQ(Open().Load().value()->files().size(), 13U) << hint;
  }
  ASSERT_TRUE(table.Checkpoint().ok());
}

TEST_F(CheckpointTest, ADamagedCheckpointIsAnErrorThatNamesItWhenNothingStandsInForIt) {
  Table table = Open();
  Grow(table, 12);
  ASSERT_TRUE(local_.ReplaceFile(LogPath(CheckpointFileName(10)), "garbage").ok());
  RemoveEntries(0, 3);
  const auto loaded = Open().Load();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().kind(), ErrorKind::kCorrupt);
  EXPECT_THAT(loaded.error().message(), HasSubstr(CheckpointFileName(10)));
  EXPECT_THAT(loaded.error().hint(), HasSubstr("are not all there"));
}

TEST_F(CheckpointTest, EntriesOrAnOlderCheckpointStandInForADamagedOne) {
  Table table = Open();
  Grow(table, 22);
  const auto wanted = Paths(*Open().Load().value());
  ASSERT_TRUE(local_.ReplaceFile(LogPath(CheckpointFileName(20)), "garbage").ok());
  EXPECT_EQ(Paths(*Open().Load().value()), wanted);
  RemoveEntries(0, 10);
  EXPECT_EQ(Paths(*Open().Load().value()), wanted) << "from the checkpoint of version 10";
  ASSERT_TRUE(local_.Rename(LogPath(EntryName(15)), root_ + "/15").ok());
  EXPECT_THAT(Open().Load().error().message(), HasSubstr(CheckpointFileName(20)));
  ASSERT_TRUE(local_.Rename(root_ + "/15", LogPath(EntryName(15))).ok());
  // The next commit has a checkpoint of its own, and readers find that one.
  Table writer = Open();
  ASSERT_EQ(Version(writer.Commit(Append(writer.Load().value(), "23"))), 23);
  EXPECT_TRUE(Exists(CheckpointFileName(23)));
  EXPECT_THAT(local_.ReadFile(LogPath("_last_checkpoint")).value(), HasSubstr(R"("version":23)"));
  ASSERT_EQ(Version(writer.Commit(Append(writer.Load().value(), "24"))), 24);
  EXPECT_FALSE(Exists(CheckpointFileName(24))) << "once is enough";
  RemoveEntries(11, 20);
  EXPECT_EQ(Open().Load().value()->files().size(), 25U);
}

TEST_F(CheckpointTest, ACheckpointThatTheChecksumDisprovesIsADamagedOne) {
  Table table = Open();
  Grow(table, 12);
  const auto wanted = Paths(*Open().Load().value());
  LogSnapshot other({.version = TableVersion(10),
                     .protocol = std::make_shared<Protocol>(),
                     .metadata = std::make_shared<Metadata>(table.Load().value()->metadata())},
                    std::make_shared<Contents>(Contents{.files = {File("of another table")}}), {});
  ASSERT_TRUE(parquet_.Write(LogPath(CheckpointFileName(10)), ToCheckpointBatch(other, 0)).ok());
  EXPECT_EQ(Paths(*Open().Load().value()), wanted);
  RemoveEntries(0, 5);
  EXPECT_THAT(Open().Load().error().message(),
              HasSubstr("00000000000000000012.crc says: 3 files instead of 13"));
}

TEST_F(CheckpointTest, MaintenanceReplacesADamagedCheckpoint) {
  Table table = Open();
  Grow(table, 10);
  ASSERT_TRUE(local_.ReplaceFile(LogPath(CheckpointFileName(10)), "garbage").ok());
  Table other = Open();
  ASSERT_TRUE(other.CleanLog(true).ok());
  EXPECT_EQ(local_.ReadFile(LogPath(CheckpointFileName(10))).value(), "garbage");
  ASSERT_TRUE(other.CleanLog(false).ok());
  RemoveEntries(0, 5);
  EXPECT_EQ(Open().Load().value()->files().size(), 11U);
}

class V2CheckpointTest : public CheckpointTest {
 protected:
  static Transaction V2Creation() {
    Transaction creation = Creation({File("0")});
    creation.protocol = Protocol{.reader_version = 3,
                                 .writer_version = 7,
                                 .reader_features = {"v2Checkpoint"},
                                 .writer_features = {"v2Checkpoint"}};
    creation.metadata->configuration["delta.checkpointPolicy"] = "v2";
    return creation;
  }
  std::vector<std::string> Names(const std::string& folder, const std::string& part) {
    std::vector<std::string> names;
    const auto files = local_.List(folder);
    if (!files.ok()) return names;
    for (const io::FileInfo& file : *files) {
      if (file.path.find(part) != std::string::npos) names.push_back(io::FileName(file.path));
    }
    return names;
  }
  std::vector<std::string> Checkpoints() { return Names(path_ + "/_delta_log", ".checkpoint."); }
  std::vector<std::string> Sidecars() { return Names(path_ + "/_delta_log/_sidecars", ".parquet"); }
};

TEST_F(V2CheckpointTest, WhereTheTableAsksForItFilesAreInSidecars) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(V2Creation())), 0);
  Grow(table, 8);
  ASSERT_EQ(Version(table.Commit(Overwrite(table.Load().value(), "whole"))), 9);
  Grow(table, 2);
  ASSERT_EQ(Checkpoints().size(), 1U);
  EXPECT_THAT(Checkpoints()[0], testing::EndsWith(".json"));
  EXPECT_EQ(Sidecars().size(), 2U) << "one of files, one of tombstones";
  const std::string hint = local_.ReadFile(LogPath("_last_checkpoint")).value();
  EXPECT_THAT(hint, HasSubstr(R"("version":10,)"));
  EXPECT_THAT(hint, HasSubstr(R"("numOfAddFiles":2)"));
  RemoveEntries(0, 10);
  const auto loaded = Open().Load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  EXPECT_THAT(Paths(**loaded), ElementsAre("whole", "10", "11"));
  EXPECT_EQ((*loaded)->tombstones().size(), 9U);
  EXPECT_EQ((*loaded)->AppVersion("app"), 10);
  EXPECT_EQ((*loaded)->protocol().reader_features, (std::vector<std::string>{"v2Checkpoint"}));
  // When a sidecar is gone as well, nothing stands in for it.
  const std::string sidecar = Sidecars()[0];
  ASSERT_TRUE(local_.Remove(path_ + "/_delta_log/_sidecars/" + sidecar).ok());
  EXPECT_THAT(Open().Load().error().message(), HasSubstr(sidecar));
}

TEST_F(V2CheckpointTest, EntriesStandInForALostSidecar) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(V2Creation())), 0);
  Grow(table, 11);
  ASSERT_TRUE(local_.Remove(path_ + "/_delta_log/_sidecars/" + Sidecars()[0]).ok());
  EXPECT_EQ(Open().Load().value()->files().size(), 12U);
}

TEST_F(V2CheckpointTest, OfAPolicyWithoutTheFeatureTheCheckpointIsAClassicOne) {
  Transaction creation = V2Creation();
  creation.protocol.reset();
  creation.metadata->configuration.clear();
  ASSERT_EQ(Version(Open().Commit(std::move(creation))), 0);
  // Leat itself would add the feature with the property.
  WriteEntry(1, R"({"metaData":{"id":"x","configuration":{"delta.checkpointPolicy":"v2"}}})"
                "\n");
  Table table = Open();
  Grow(table, 9);
  EXPECT_THAT(Checkpoints(), ElementsAre(CheckpointFileName(10)));
  EXPECT_TRUE(Sidecars().empty());
}

TEST_F(V2CheckpointTest, AFailedOneLeavesNoSidecarsBehind) {
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(V2Creation())), 0);
  Grow(table, 3);
  for (int n = 1; n < 60; n++) {
    files_.FailCall(n, io::FaultFileSystem::Fault::kFail, RetryLater("injected"));
    const bool done = table.Checkpoint().ok();
    const bool fired = files_.fired();
    files_.Heal();
    const auto loaded = Open().Load();
    ASSERT_TRUE(loaded.ok()) << n << ": " << loaded.error().ToString();
    EXPECT_EQ((*loaded)->files().size(), 4U);
    EXPECT_EQ(Sidecars().size(), Checkpoints().size()) << n;
    if (done && !fired) return;
  }
  FAIL() << "it makes more calls";
}

TEST_F(V2CheckpointTest, TheCleanUpOfTheLogTakesSidecarsThatNoCheckpointNames) {
  clock_.now_us = io::SystemClock().Now();  // files have the disk's times
  Table table = Open();
  ASSERT_EQ(Version(table.Commit(V2Creation())), 0);
  Grow(table, 12);
  ASSERT_TRUE(local_.ReplaceFile(path_ + "/_delta_log/_sidecars/orphan.parquet", "x").ok());
  EXPECT_TRUE(table.CleanLog(false).value().empty()) << "a checkpoint may be on its way";
  clock_.now_us += 2 * kMicrosPerDay;
  EXPECT_THAT(table.CleanLog(false).value(), ElementsAre("_sidecars/orphan.parquet"));
  clock_.now_us += 20 * kMicrosPerDay;
  Grow(table, 10);
  clock_.now_us += 35 * kMicrosPerDay;
  Grow(table, 10);
  const std::size_t before = Sidecars().size();
  const auto removed = table.CleanLog(false);
  ASSERT_TRUE(removed.ok()) << removed.error().ToString();
  EXPECT_LT(Sidecars().size(), before) << "with the checkpoint of version 10";
  EXPECT_EQ(Open().Load(TableVersion(20)).value()->files().size(), 21U);
  EXPECT_EQ(Open().Load().value()->files().size(), 33U);
  // When a checkpoint cannot be read, nobody knows which sidecars it needs.
  const auto checkpoints = Checkpoints();
  ASSERT_TRUE(local_.ReplaceFile(LogPath(checkpoints.front()), "garbage").ok());
  ASSERT_TRUE(local_.ReplaceFile(path_ + "/_delta_log/_sidecars/orphan.parquet", "x").ok());
  clock_.now_us += 2 * kMicrosPerDay;
  EXPECT_THAT(Open().CleanLog(false).value(), testing::IsEmpty());
}

TEST_F(CheckpointTest, IncompleteMultiPartCheckpointsAreIgnoredAndCompleteOnesRead) {
  Table table = Open();
  Grow(table, 12);
  const auto part = [this](int number) {
    return LogPath("00000000000000000010.checkpoint.000000000" + std::to_string(number) +
                   ".0000000002.parquet");
  };
  const std::string whole = LogPath(CheckpointFileName(10));
  ASSERT_TRUE(local_.Rename(whole, part(1)).ok());
  RemoveChecksums();
  RemoveEntries(5, 5);
  EXPECT_EQ(Open().Load().error().kind(), ErrorKind::kCorrupt)
      << "one of two parts is no checkpoint";
  // The second part has files of its own.
  LogSnapshot more({.version = TableVersion(10),
                    .protocol = std::make_shared<Protocol>(),
                    .metadata = std::make_shared<Metadata>(SimpleMetadata())},
                   std::make_shared<Contents>(Contents{.files = {File("part two")}}), {});
  ASSERT_TRUE(parquet_.Write(part(2), ToCheckpointBatch(more, 0)).ok());
  const auto loaded = Open().Load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  EXPECT_EQ((*loaded)->files().size(), 14U);
}

TEST_F(CheckpointTest, AVersion2CheckpointInJsonIsReadWithItsSidecars) {
  Table table = Open();
  Grow(table, 12);
  const std::string name =
      "00000000000000000010.checkpoint.6374b053-df23-479b-b2cf-c9c550132b49.json";
  ASSERT_TRUE(local_.Remove(LogPath(CheckpointFileName(10))).ok());
  ASSERT_TRUE(local_.CreateDirectories(path_ + "/_delta_log/_sidecars").ok());
  LogSnapshot files({.version = TableVersion(10),
                     .protocol = std::make_shared<Protocol>(),
                     .metadata = std::make_shared<Metadata>(SimpleMetadata())},
                    std::make_shared<Contents>(Contents{.files = {File("in the sidecar")}}), {});
  ASSERT_TRUE(
      parquet_.Write(path_ + "/_delta_log/_sidecars/s.parquet", ToCheckpointBatch(files, 0)).ok());
  RemoveEntries(0, 10);
  RemoveChecksums();
  const auto write = [&](const std::string& sidecar) {
    ASSERT_TRUE(local_
                    .ReplaceFile(LogPath(name),
                                 "{\"checkpointMetadata\":{\"version\":10}}\n"
                                 "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,"
                                 "\"readerFeatures\":[\"v2Checkpoint\"],"
                                 "\"writerFeatures\":[\"v2Checkpoint\"]}}\n"
                                 "{\"metaData\":{\"id\":\"x\"}}\n"
                                 "{\"txn\":{\"appId\":\"a\",\"version\":7}}\n"
                                 "{\"sidecar\":{\"path\":\"" +
                                     sidecar + "\",\"sizeInBytes\":1}}\n")
                    .ok());
  };
  write("s.parquet");
  const auto loaded = Open().Load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  EXPECT_EQ(Paths(**loaded), (std::vector<std::string>{"in the sidecar", "11", "12"}));
  EXPECT_EQ((*loaded)->AppVersion("a"), 7);
  for (const char* outside : {"../s.parquet", "/etc/passwd", "s3://b/s.parquet"}) {
    write(outside);
    EXPECT_THAT(Open().Load().error().message(), HasSubstr(outside));
  }
  write("missing.parquet");
  EXPECT_THAT(Open().Load().error().message(), HasSubstr("missing.parquet"));
}

TEST_F(CheckpointTest, CompactedEntriesStandForTheirVersions) {
  Table table = Open();
  Grow(table, 6);
  const std::vector<std::string> wanted = Paths(*Open().Load().value());
  // What versions 2 to 4 come to; no reader needs the entries behind it.
  std::string compacted;
  for (long version = 2; version <= 4; version++) compacted += ReadEntry(version);
  ASSERT_TRUE(local_.ReplaceFile(LogPath(CompactedFileName(2, 4)), compacted).ok());
  ASSERT_TRUE(local_.ReplaceFile(LogPath(CompactedFileName(2, 3)), "not the longest one").ok());
  RemoveEntries(2, 4);
  EXPECT_EQ(Paths(*Open().Load().value()), wanted);
  EXPECT_EQ(Open().Load(TableVersion(4)).value()->files().size(), 5U);
  EXPECT_FALSE(Open().Load(TableVersion(2)).ok()) << "it stands for all of its versions only";
}

TEST_F(CheckpointTest, ACompactedEntryThatNamesAFileTwiceIsNotBelieved) {
  Table table = Open();
  Grow(table, 3);
  ASSERT_EQ(Version(table.Commit(Overwrite(table.Load().value(), "whole"))), 4);
  const std::vector<std::string> wanted = Paths(*Open().Load().value());
  // The newest first, with the additions of files that were removed later.
  std::string concatenated;
  for (long version = 4; version >= 0; version--) concatenated += ReadEntry(version);
  ASSERT_TRUE(local_.ReplaceFile(LogPath(CompactedFileName(0, 4)), concatenated).ok());
  EXPECT_EQ(Paths(*Open().Load().value()), wanted);
  ASSERT_EQ(Version(table.Commit(Append(table.Load().value(), "later"))), 5);
  EXPECT_EQ(Open().Load().value()->files().size(), wanted.size() + 1);
  RemoveEntries(2, 2);
  EXPECT_THAT(Open().Load().error().message(),
              testing::AllOf(HasSubstr("names a file twice"), HasSubstr(EntryName(2))));
}

TEST_F(CheckpointTest, OneEntryStandsForThoseAfterTheCheckpoint) {
  Table table = Open();
  Grow(table, 3);
  EXPECT_EQ(table.CompactLog(false).value(), std::nullopt) << "too few to gain by it";
  ASSERT_EQ(Version(table.Commit(Overwrite(table.Load().value(), "whole"))), 4);
  Grow(table, 2);
  const auto wanted = Open().Load().value();
  const std::string name = CompactedFileName(0, 6);
  EXPECT_EQ(table.CompactLog(true).value(), name);
  EXPECT_FALSE(Exists(name));
  EXPECT_EQ(table.CompactLog(false).value(), name);
  EXPECT_TRUE(Exists(name));
  EXPECT_EQ(table.CompactLog(false).value(), std::nullopt) << "one entry is left";
  RemoveEntries(0, 5);
  const auto loaded = Open().Load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  EXPECT_EQ(Paths(**loaded), Paths(*wanted));
  EXPECT_EQ((*loaded)->tombstones().size(), wanted->tombstones().size());
  EXPECT_EQ((*loaded)->AppVersion("app"), wanted->AppVersion("app"));
  EXPECT_EQ((*loaded)->timestamp_ms(), wanted->timestamp_ms());
  Table next = Open();
  Grow(next, 5);
  EXPECT_TRUE(Exists(CheckpointFileName(10)));
  EXPECT_EQ(Open().CompactLog(false).value(), std::nullopt);
}

TEST(LogCompactionTest, ARemovedDomainStillHidesTheOneBefore) {
  std::vector<LogEntry> entries(2);
  entries[0].info = CommitInfo{.operation = "WRITE"};
  entries[0].domain_metadata = {{.domain = "kept", .configuration = "1"},
                                {.domain = "gone", .configuration = "1"}};
  entries[1].domain_metadata = {{.domain = "gone", .configuration = "", .removed = true}};
  const LogEntry whole = Reconcile(std::move(entries));
  EXPECT_FALSE(whole.info.has_value());
  ASSERT_EQ(whole.domain_metadata.size(), 2U);
  EXPECT_TRUE(whole.domain_metadata[0].removed);
  EXPECT_EQ(whole.domain_metadata[1].configuration, "1");
}

TEST_F(CheckpointTest, TombstonesAreKeptForTheRetentionOnly) {
  Table table = Open();
  Grow(table, 1);
  const auto tombstones = [&] {
    EXPECT_TRUE(table.Checkpoint().ok());
    const long version = table.Load().value()->version().value();
    return ReadCheckpoint(files_, parquet_, {LogPath(CheckpointFileName(version))}, path_)
        .value()
        .contents.tombstones;
  };
  ASSERT_EQ(Version(table.Commit(Overwrite(table.Load().value(), "x"))), 2);
  ASSERT_EQ(tombstones().size(), 2U);
  EXPECT_EQ(tombstones()[0].path, "0");
  EXPECT_EQ(tombstones()[0].deleted_ms, clock_.now_us / kMicrosPerMilli);
  clock_.now_us += 8 * kMicrosPerDay;
  EXPECT_EQ(tombstones().size(), 0U);
}

TEST_F(CheckpointTest, AllThatACheckpointHoldsComesBack) {
  Metadata metadata{.id = "id",
                    .name = "name",
                    .schema = {.fields = {{.name = "p"}}},
                    .partition_columns = {"p"},
                    .configuration = {{"delta.appendOnly", "true"}, {"k", ""}},
                    .created_ms = 7};
  Protocol protocol{.reader_version = 3,
                    .writer_version = 7,
                    .reader_features = {"timestampNtz"},
                    .writer_features = {"timestampNtz", "appendOnly"}};
  Contents contents;
  contents.files = {{.path = "p=a b/ü.parquet",
                     .partition_values = {{"p", "a b"}},
                     .size_bytes = 1LL << 40,
                     .modified_ms = 5,
                     .stats_json = "{}",
                     .tags = NullableTexts{{"t", std::nullopt}}},
                    {.path = "p=null", .partition_values = {{"p", std::nullopt}}}};
  contents.tombstones = {
      {.path = "old", .deleted_ms = 9, .partition_values = {{"p", "x"}}, .size_bytes = 3}};
  contents.app_transactions = {{"app", {.app_id = "app", .version = 4, .updated_ms = 6}}};
  const LogSnapshot snapshot({.version = TableVersion(3),
                              .protocol = std::make_shared<Protocol>(protocol),
                              .metadata = std::make_shared<Metadata>(metadata)},
                             std::make_shared<Contents>(contents), {});
  const std::string file = io::JoinPath(root_, "checkpoint");
  ASSERT_TRUE(parquet_.Write(file, ToCheckpointBatch(snapshot, 0)).ok());
  const auto read = ReadCheckpoint(files_, parquet_, {file}, "/t");
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->protocol->reader_features, protocol.reader_features);
  EXPECT_EQ(read->protocol->writer_features, protocol.writer_features);
  EXPECT_EQ(read->metadata->schema, metadata.schema);
  EXPECT_EQ(read->metadata->configuration, metadata.configuration);
  EXPECT_EQ(read->metadata->partition_columns, metadata.partition_columns);
  EXPECT_EQ(read->metadata->name, "name");
  EXPECT_EQ(read->metadata->created_ms, 7);
  ASSERT_EQ(read->contents.files.size(), 2U);
  EXPECT_EQ(read->contents.files[0].path, contents.files[0].path);
  EXPECT_EQ(read->contents.files[0].size_bytes, contents.files[0].size_bytes);
  EXPECT_EQ(read->contents.files[0].partition_values, contents.files[0].partition_values);
  EXPECT_EQ(read->contents.files[0].tags, contents.files[0].tags);
  EXPECT_FALSE(read->contents.files[0].data_change);
  EXPECT_EQ(read->contents.files[1].partition_values, contents.files[1].partition_values);
  EXPECT_EQ(read->contents.tombstones[0].path, "old");
  EXPECT_EQ(read->contents.tombstones[0].partition_values, contents.tombstones[0].partition_values);
  EXPECT_EQ(read->contents.app_transactions.at("app").version, 4);
}

TEST_F(CheckpointTest, DeletionVectorsRowTrackingAndDomainsComeBack) {
  Contents contents;
  contents.files = {
      {.path = "a",
       .deletion_vector = DeletionVectorDescriptor{.path_or_inline = "ab^-aqEH.-t@S}K{vb[*k^",
                                                   .offset = 4,
                                                   .size_bytes = 40,
                                                   .cardinality = 6},
       .base_row_id = 0,
       .default_row_commit_version = 1LL << 33,
       .clustering_provider = "liquid"},
      {.path = "b"}};
  contents.tombstones = {{.path = "old",
                          .deletion_vector = DeletionVectorDescriptor{
                              .storage = DeletionVectorDescriptor::Storage::kInline,
                              .path_or_inline = "00000",
                              .size_bytes = 4,
                              .cardinality = 1}}};
  contents.domain_metadata = {{"d", {.domain = "d", .configuration = R"({"k":9})"}}};
  const LogSnapshot snapshot({.version = TableVersion(3),
                              .protocol = std::make_shared<Protocol>(),
                              .metadata = std::make_shared<Metadata>(SimpleMetadata())},
                             std::make_shared<Contents>(contents), {});
  const std::string file = io::JoinPath(root_, "checkpoint");
  ASSERT_TRUE(parquet_.Write(file, ToCheckpointBatch(snapshot, 0)).ok());
  const auto read = ReadCheckpoint(files_, parquet_, {file}, "/t");
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->contents.files[0].deletion_vector, contents.files[0].deletion_vector);
  EXPECT_EQ(read->contents.files[0].base_row_id, 0);
  EXPECT_EQ(read->contents.files[0].default_row_commit_version, 1LL << 33);
  EXPECT_EQ(*read->contents.files[0].clustering_provider, "liquid");
  EXPECT_EQ(read->contents.files[1].base_row_id, std::nullopt);
  EXPECT_EQ(read->contents.files[1].deletion_vector, std::nullopt);
  EXPECT_EQ(read->contents.tombstones[0].deletion_vector, contents.tombstones[0].deletion_vector);
  EXPECT_EQ(read->contents.domain_metadata.at("d").configuration, R"({"k":9})");
}

TEST_F(CheckpointTest, StatisticsAsColumnsStandInForTheJson) {
  using data::ArrowColumn;
  const auto fields = [](std::string name, ArrowColumn id, ArrowColumn text) {
    std::vector<ArrowColumn> columns;
    columns.push_back(std::move(id));
    columns.push_back(std::move(text));
    return ArrowColumn::Struct(std::move(name), std::move(columns));
  };
  std::vector<ArrowColumn> stats, add, columns;
  stats.push_back(ArrowColumn::Int64("numRecords"));
  stats.push_back(fields("minValues", ArrowColumn::Int32("id"), ArrowColumn::String("name")));
  stats.push_back(fields("nullCount", ArrowColumn::Int64("id"), ArrowColumn::Int64("name")));
  add.push_back(ArrowColumn::String("path"));
  add.push_back(ArrowColumn::String("stats"));
  add.push_back(ArrowColumn::Struct("stats_parsed", std::move(stats)));
  columns.push_back(ArrowColumn::Struct("add", std::move(add)));
  ArrowColumn& column = columns[0];
  ArrowColumn& parsed = column.child(2);
  for (const bool has_json : {false, true}) {
    column.child(0).AppendString(has_json ? "b" : "a");
    if (has_json) {
      column.child(1).AppendString("{\"numRecords\":9}");
    } else {
      column.child(1).AppendNull();
    }
    parsed.child(0).AppendInt(3);
    parsed.child(1).child(0).AppendInt(-1);
    parsed.child(1).child(1).AppendString("a \"b\"");
    parsed.child(1).EndRow();
    parsed.child(2).child(0).AppendInt(0);
    parsed.child(2).child(1).AppendNull();
    parsed.child(2).EndRow();
    parsed.EndRow();
    column.EndRow();
  }
  const std::string file = io::JoinPath(root_, "checkpoint");
  ASSERT_TRUE(parquet_.Write(file, data::ToArrowBatch(std::move(columns))).ok());
  const auto read = ReadCheckpoint(files_, parquet_, {file}, "/t");
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->contents.files[0].stats_json,
            R"({"numRecords":3,"minValues":{"id":-1,"name":"a \"b\""},"nullCount":{"id":0}})");
  EXPECT_EQ(read->contents.files[1].stats_json, R"({"numRecords":9})");
}

TEST_F(CheckpointTest, AFailedCheckpointDoesNotUndoItsCommit) {
  Table table = Open();
  Grow(table, 9);
  ASSERT_TRUE(local_.CreateDirectories(LogPath(CheckpointFileName(10)) + "/in the way").ok());
  const auto outcome = table.Commit(Append(table.Load().value(), "tenth"));
  EXPECT_EQ(Version(outcome), 10);
  EXPECT_TRUE(std::get<Committed>(*outcome).checkpoint_error.has_value());
  for (const io::FileInfo& file : local_.List(path_ + "/_delta_log").value()) {
    EXPECT_THAT(file.path, testing::Not(testing::EndsWith(".tmp"))) << "cleaned up behind itself";
  }
  EXPECT_EQ(Open().Load().value()->version().value(), 10);
}

TEST_F(CheckpointTest, AnOlderCheckpointDoesNotMoveTheHintBack) {
  Table table = Open();
  Grow(table, 3);
  ASSERT_TRUE(local_.ReplaceFile(LogPath("_last_checkpoint"), R"({"version":20,"size":1})").ok());
  ASSERT_TRUE(table.Checkpoint().ok());
  EXPECT_THAT(local_.ReadFile(LogPath("_last_checkpoint")).value(), HasSubstr("20"));
}

}  // namespace
}  // namespace leat::delta
