// Compaction, vacuum, clean-up of the log, and going back to an earlier version.
#include <gmock/gmock.h>

#include <algorithm>

#include "delta/compaction.h"
#include "delta/restore.h"
#include "delta/table_test_fixture.h"
#include "delta/vacuum.h"

namespace leat::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// Writes no rows: what the files say is put together in their statistics. Whether rows survive is
// tested with the real one, in engine/.
class CountingRewriter final : public RowRewriter {
 public:
  explicit CountingRewriter(std::function<void()> before) : before_(std::move(before)) {}
  Result<std::vector<AddFile>> Rewrite(const std::string&, const Snapshot&,
                                       const std::vector<AddFile>& files,
                                       const std::vector<std::string>&) override {
    if (before_) before_();
    std::string path = "whole";
    for (const AddFile& file : files) path += "-" + file.path;
    return std::vector<AddFile>{{.path = path, .size_bytes = 100}};
  }

 private:
  std::function<void()> before_;
};

class MaintenanceTest : public TableTest {
 protected:
  void SetUp() override {
    TableTest::SetUp();
    // Files have the disk's times: the clock goes on from there.
    clock_.now_us = io::SystemClock().Now();
  }
  // A data file on disk, and its commit.
  void AppendFile(Table& table, const std::string& name) {
    ASSERT_TRUE(local_.CreateDirectories(io::ParentPath(path_ + "/" + name)).ok());
    ASSERT_TRUE(local_.ReplaceFile(path_ + "/" + name, "rows").ok());
    const auto base = table.Load();
    if (base.ok()) {
      ASSERT_GT(Version(table.Commit(Append(*base, name))), 0);
    } else {
      ASSERT_EQ(Version(table.Commit(Creation({File(name)}))), 0);
    }
  }
  void Replace(Table& table, const std::string& name) {
    ASSERT_TRUE(local_.ReplaceFile(path_ + "/" + name, "rows").ok());
    ASSERT_GT(Version(table.Commit(Overwrite(table.Load().value(), name))), 0);
  }
  std::vector<std::string> Vacuumed(Table& table, const VacuumOptions& options = {}) {
    const auto unused = Vacuum(environment_, table, options);
    EXPECT_TRUE(unused.ok()) << unused.error().ToString();
    std::vector<std::string> paths;
    for (const UnusedFile& file : *unused) paths.push_back(file.path);
    return paths;
  }
  bool IsThere(const std::string& name) { return local_.Stat(path_ + "/" + name).ok(); }
  void Pass(std::int64_t days) { clock_.now_us += days * kMicrosPerDay; }
};

TEST_F(MaintenanceTest, VacuumTakesWhatNoVersionWithinTheRetentionNeeds) {
  Table table = Open();
  AppendFile(table, "a");
  AppendFile(table, "p=1/b");
  Pass(8);
  Replace(table, "c");
  ASSERT_TRUE(local_.ReplaceFile(path_ + "/orphan", "of a killed task").ok());
  ASSERT_TRUE(local_.ReplaceFile(path_ + "/.hidden", "").ok());
  ASSERT_TRUE(local_.ReplaceFile(path_ + "/_other", "").ok());
  EXPECT_THAT(Vacuumed(table), ElementsAre("orphan")) << "the others left a moment ago";
  Pass(6);
  EXPECT_THAT(Vacuumed(table), IsEmpty());
  Pass(2);
  EXPECT_THAT(Vacuumed(table, {.dry_run = true}), UnorderedElementsAre("a", "p=1/b"));
  EXPECT_TRUE(IsThere("a"));
  EXPECT_THAT(Vacuumed(table), UnorderedElementsAre("a", "p=1/b"));
  EXPECT_FALSE(IsThere("a"));
  EXPECT_FALSE(IsThere("orphan"));
  EXPECT_TRUE(IsThere("c"));
  EXPECT_TRUE(IsThere(".hidden"));
  EXPECT_TRUE(IsThere("_other"));
}

TEST_F(MaintenanceTest, TheHistoryTellsOfAVacuumThatTookSomething) {
  Table table = Open();
  AppendFile(table, "a");
  Replace(table, "b");
  EXPECT_THAT(Vacuumed(table), IsEmpty());
  EXPECT_EQ(table.Load().value()->version().value(), 1);
  Pass(8);
  EXPECT_THAT(Vacuumed(table), ElementsAre("a"));
  const auto history = table.History(2).value();
  EXPECT_EQ(history[0].version.value(), 3);
  EXPECT_EQ(history[0].info.operation, "VACUUM END");
  EXPECT_EQ(history[0].info.operation_parameters.at("status"), "COMPLETED");
  EXPECT_EQ(history[0].info.operation_metrics.at("numDeletedFiles"), "1");
  EXPECT_EQ(history[1].info.operation, "VACUUM START");
  EXPECT_EQ(history[1].info.operation_parameters.at("retentionCheckEnabled"), "true");
  EXPECT_EQ(history[1].info.operation_parameters.at("defaultRetentionMillis"), "604800000");
  EXPECT_EQ(history[1].info.operation_metrics.at("numFilesToDelete"), "1");
  EXPECT_EQ(history[1].info.operation_metrics.at("sizeOfDataToDelete"), "4");
  EXPECT_THAT(Paths(*Open().Load().value()), ElementsAre("b"));
}

TEST_F(MaintenanceTest, AShortRetentionIsRefusedUnlessForced) {
  Table table = Open();
  AppendFile(table, "a");
  Replace(table, "b");
  const auto refused = Vacuum(environment_, table, {.retention_ms = 0});
  EXPECT_THAT(refused.error().message(), HasSubstr("168 hours"));
  clock_.now_us += 10 * kMicrosPerSecond;
  EXPECT_THAT(Vacuumed(table, {.retention_ms = 0, .allows_short_retention = true}),
              ElementsAre("a"));
  EXPECT_FALSE(
      Vacuum(environment_, table, {.retention_ms = -1, .allows_short_retention = true}).ok());
}

TEST_F(MaintenanceTest, AVacuumThatFailsHalfwayCanBeRepeated) {
  Table table = Open();
  for (const char* name : {"a", "b", "c"}) AppendFile(table, name);
  Replace(table, "d");
  Pass(8);
  ASSERT_TRUE(table.Load().ok());
  for (int n = 1; n < 80; n++) {
    files_.FailCall(n, io::FaultFileSystem::Fault::kFail, RetryLater("injected"));
    const bool done = Vacuum(environment_, table, {}).ok();
    const bool fired = files_.fired();
    files_.Heal();
    EXPECT_TRUE(done || fired);
    EXPECT_TRUE(IsThere("d"));
    EXPECT_THAT(Paths(*Open().Load().value()), ElementsAre("d"));
    if (!fired) break;
  }
  EXPECT_FALSE(IsThere("a"));
}

TEST_F(MaintenanceTest, TheLogIsCleanedUpToACheckpointOlderThanTheRetention) {
  Table table = Open();
  for (int i = 0; i < 15; i++) AppendFile(table, std::to_string(i));
  Pass(20);
  for (int i = 15; i < 25; i++) AppendFile(table, std::to_string(i));
  EXPECT_THAT(table.CleanLog(false).value(), IsEmpty()) << "nothing is 30 days old";
  Pass(11);
  const auto wanted = Paths(*table.Load().value());
  const auto expired = table.CleanLog(true).value();
  EXPECT_EQ(expired.size(), 20U) << "entries and checksums up to the checkpoint of version 10";
  EXPECT_EQ(Open().Load(TableVersion(3)).value()->version().value(), 3);
  EXPECT_EQ(table.CleanLog(false).value(), expired);
  EXPECT_EQ(Paths(*Open().Load().value()), wanted);
  EXPECT_EQ(Open().Load(TableVersion(10)).value()->files().size(), 11U);
  EXPECT_FALSE(Open().Load(TableVersion(9)).ok());
  EXPECT_THAT(table.CleanLog(false).value(), IsEmpty());
}

TEST_F(MaintenanceTest, ACleanUpThatIsKilledLeavesALogThatReadsTheSame) {
  for (int n = 1; n < 40; n++) {
    ASSERT_TRUE(io::RemoveAll(path_).ok());
    Table table = Open();
    for (int i = 0; i < 12; i++) AppendFile(table, std::to_string(i));
    Pass(31);
    const auto wanted = Paths(*Open().Load().value());
    files_.FailCall(n, io::FaultFileSystem::Fault::kKill, RetryLater("killed"));
    const bool done = Open().CleanLog(false).ok();
    const bool fired = files_.fired();
    files_.Heal();
    EXPECT_NE(done, fired);
    EXPECT_EQ(Paths(*Open().Load().value()), wanted) << n;
    if (!fired) return;
  }
  FAIL() << "it makes more calls";
}

TEST_F(MaintenanceTest, ARestoreBringsFilesAndSchemaBackAsANewVersion) {
  Table table = Open();
  AppendFile(table, "a");
  AppendFile(table, "b");
  Transaction change = Overwrite(table.Load().value(), "c");
  change.metadata = change.base->metadata();
  change.metadata->schema.fields.push_back({.name = "added"});
  ASSERT_TRUE(local_.ReplaceFile(path_ + "/c", "rows").ok());
  ASSERT_EQ(Version(table.Commit(std::move(change))), 2);
  const auto restore = [&](long version) -> Result<CommitOutcome> {
    const auto target = table.Load(TableVersion(version)).value();
    LEAT_ASSIGN(Transaction made, MakeRestore(files_, path_, table.Load().value(), *target));
    return table.Commit(std::move(made));
  };
  ASSERT_EQ(Version(restore(1)), 3);
  EXPECT_THAT(Paths(*Open().Load().value()), UnorderedElementsAre("a", "b"));
  EXPECT_EQ(Open().Load().value()->schema().fields.size(), 2U);
  EXPECT_EQ(Open().History(1).value()[0].info.operation, "RESTORE");
  ASSERT_EQ(Version(restore(2)), 4);
  EXPECT_THAT(Paths(*Open().Load().value()), ElementsAre("c"));
  ASSERT_TRUE(local_.Remove(path_ + "/b").ok());
  EXPECT_THAT(restore(1).error().message(), HasSubstr("its file b is gone"));
  EXPECT_THAT(Paths(*Open().Load().value()), ElementsAre("c"));
}

TEST_F(MaintenanceTest, SmallFilesOfOnePartitionBecomeOne) {
  Table table = Open();
  Transaction creation = Creation();
  creation.metadata->partition_columns = {"day"};
  const auto add = [&](const std::string& path, const std::string& day, std::int64_t size) {
    AddFile file = File(path);
    file.partition_values = {{"day", day}};
    file.size_bytes = size;
    creation.adds.push_back(file);
  };
  add("a", "2026-11-01", 100);
  add("b", "2026-11-02", 100);
  add("c", "2026-11-01", 100);
  add("large", "2026-11-01", 900);
  add("d", "2026-11-01", 900 * 3 / 4 - 1);
  add("alone", "2026-11-03", 100);
  ASSERT_EQ(Version(table.Commit(std::move(creation))), 0);
  CountingRewriter rewriter(nullptr);
  const auto done = Compact(environment_, table, rewriter, {.target_file_bytes = 1000});
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_EQ(done->files_removed, 3U);
  EXPECT_THAT(Paths(*table.Load().value()),
              UnorderedElementsAre("b", "large", "alone", "whole-a-c-d"));
  for (const AddFile& file : table.Load().value()->files()) {
    if (file.path != "whole-a-c-d") continue;
    EXPECT_EQ(file.partition_values.at("day"), "2026-11-01");
    EXPECT_FALSE(file.data_change);
  }
  const auto again = Compact(environment_, table, rewriter, {.target_file_bytes = 1000});
  EXPECT_EQ(again->version, std::nullopt) << "nothing is left to do";
}

TEST_F(MaintenanceTest, AFileWithManyDeletedRowsIsWrittenAnew) {
  Table table = Open();
  Transaction creation = Creation({File("few"), File("many")});
  creation.protocol = Protocol{.reader_version = 3,
                               .writer_version = 7,
                               .reader_features = {"deletionVectors"},
                               .writer_features = {"deletionVectors"}};
  for (AddFile& file : creation.adds) file.size_bytes = 2000;
  creation.adds[0].stats_json = R"({"numRecords":1000})";
  for (AddFile& file : creation.adds) {
    file.deletion_vector =
        DeletionVectorDescriptor{.storage = DeletionVectorDescriptor::Storage::kInline,
                                 .path_or_inline = "00000",
                                 .size_bytes = 4,
                                 .cardinality = 5};
  }
  ASSERT_EQ(Version(table.Commit(std::move(creation))), 0);
  CountingRewriter rewriter(nullptr);
  ASSERT_TRUE(Compact(environment_, table, rewriter, {.target_file_bytes = 1000}).ok());
  EXPECT_THAT(Paths(*table.Load().value()), UnorderedElementsAre("few", "whole-many"));
}

TEST_F(MaintenanceTest, CompactionGivesWayToWhatTakesItsFiles) {
  Table table = Open();
  Transaction creation = Creation();
  creation.metadata->partition_columns = {"day"};
  for (const char* name : {"a1", "a2", "b1", "b2"}) {
    AddFile file = File(name);
    file.partition_values = {{"day", name[0] == 'a' ? "2026-11-01" : "2026-11-02"}};
    creation.adds.push_back(file);
  }
  ASSERT_EQ(Version(table.Commit(std::move(creation))), 0);
  bool interfered = false;
  CountingRewriter rewriter([&] {
    if (std::exchange(interfered, true)) return;
    Table other = Open();
    Transaction merge{.base = other.Load().value(), .scope = ReadScope::kWholeTable};
    merge.removes = {RemovalOf(merge.base->files()[0])};  // a1
    ASSERT_EQ(Version(other.Commit(std::move(merge))), 1);
  });
  const auto done = Compact(environment_, table, rewriter, {});
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_EQ(done->version, TableVersion(2));
  EXPECT_THAT(Paths(*Open().Load().value()), UnorderedElementsAre("a2", "whole-b1-b2"));
}

TEST_F(MaintenanceTest, ColumnsToClusterByMustBeThere) {
  Table table = Open();
  AppendFile(table, "a");
  CountingRewriter rewriter(nullptr);
  EXPECT_THAT(Compact(environment_, table, rewriter, {.cluster_by = {"dya"}}).error().ToString(),
              HasSubstr("day"));
  EXPECT_TRUE(Compact(environment_, table, rewriter, {.cluster_by = {"day"}})->version.has_value());
}

}  // namespace
}  // namespace leat::delta
