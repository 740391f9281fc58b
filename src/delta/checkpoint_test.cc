#include "delta/checkpoint.h"

#include <gmock/gmock.h>

#include "data/arrow_reader.h"
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

TEST_F(CheckpointTest, ADamagedCheckpointIsAnErrorThatNamesIt) {
  Table table = Open();
  Grow(table, 12);
  ASSERT_TRUE(local_.ReplaceFile(LogPath(CheckpointFileName(10)), "garbage").ok());
  const auto loaded = Open().Load();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().kind(), ErrorKind::kCorrupt);
  EXPECT_THAT(loaded.error().message(), HasSubstr(CheckpointFileName(10)));
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
                     .tags = {{"t", std::nullopt}}},
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
  EXPECT_EQ(read->contents.files[0].clustering_provider, "liquid");
  EXPECT_EQ(read->contents.files[1].base_row_id, std::nullopt);
  EXPECT_EQ(read->contents.files[1].deletion_vector, std::nullopt);
  EXPECT_EQ(read->contents.tombstones[0].deletion_vector, contents.tombstones[0].deletion_vector);
  EXPECT_EQ(read->contents.domain_metadata.at("d").configuration, R"({"k":9})");
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
