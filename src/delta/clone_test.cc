#include "delta/clone.h"

#include <gmock/gmock.h>

#include "delta/table_test_fixture.h"
#include "delta/vacuum.h"

namespace leat::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CloneTest : public TableTest {
 protected:
  void SetUp() override {
    TableTest::SetUp();
    clone_path_ = io::JoinPath(root_, "clone");
  }
  Table OpenClone(FileRoots roots) {
    return Table(environment_, parquet_, clone_path_, std::move(roots));
  }

  std::string clone_path_;
};

TEST_F(CloneTest, ItHasTheSourcesFilesStateAndAnIdOfItsOwn) {
  Table source = Open();
  Transaction creation = Creation({File("a b"), File("day=1/b")});
  creation.metadata->configuration["k"] = "v";
  creation.app_transactions = {{.app_id = "loader", .version = 7}};
  ASSERT_EQ(Version(source.Commit(std::move(creation))), 0);
  const auto snapshot = source.Load().value();
  Table clone = OpenClone({root_});
  ASSERT_EQ(Version(clone.Commit(MakeClone(*snapshot, source.path()).value())), 0);
  const auto loaded = OpenClone({root_}).Load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  EXPECT_THAT(Paths(**loaded), ElementsAre(path_ + "/a b", path_ + "/day=1/b"));
  EXPECT_EQ((*loaded)->files()[0].stats_json, snapshot->files()[0].stats_json);
  EXPECT_EQ((*loaded)->AppVersion("loader"), 7);
  EXPECT_EQ((*loaded)->schema(), snapshot->schema());
  EXPECT_EQ((*loaded)->metadata().configuration, snapshot->metadata().configuration);
  EXPECT_NE((*loaded)->metadata().id, snapshot->metadata().id);
  const std::string entry = local_.ReadFile(clone_path_ + "/_delta_log/" + EntryName(0)).value();
  EXPECT_THAT(entry, HasSubstr("\"path\":\"file://" + path_ + "/a%20b\""));
  // From a checkpoint, too.
  ASSERT_TRUE(clone.Checkpoint().ok());
  EXPECT_EQ(Paths(*OpenClone({root_}).Load().value()), Paths(**loaded));
}

TEST_F(CloneTest, FilesElsewhereAreReadBelowTheRootsOnly) {
  Table source = Open();
  ASSERT_EQ(Version(source.Commit(Creation({File("a")}))), 0);
  const Transaction transaction = MakeClone(*source.Load().value(), source.path()).value();
  EXPECT_THAT(OpenClone({}).Commit(transaction).error().ToString(),
              testing::AllOf(HasSubstr(path_ + "/a"), HasSubstr("LEAT_FILE_ROOTS")));
  EXPECT_FALSE(OpenClone({path_ + "2", "/elsewhere"}).Commit(transaction).ok());
  ASSERT_EQ(Version(OpenClone({path_}).Commit(transaction)), 0);
  EXPECT_TRUE(OpenClone({path_}).Load().ok());
  EXPECT_THAT(OpenClone({}).Load().error().message(), HasSubstr("outside of the table's folder"));
}

TEST(FileRootsTest, PathsThatLeaveTheRootsAreRefused) {
  const FileRoots roots = {"/lake", "s3://bucket/lake"};
  for (const char* path : {"/lake/t/a", "s3://bucket/lake/t/a", "a", "b/c"}) {
    EXPECT_TRUE(CheckDataPath(path, roots).ok()) << path;
  }
  for (const char* path : {"/lake", "/lake2/a", "/lake/../etc/passwd", "/lake//a", "/lake/./a",
                           "/etc/passwd", "s3://bucket/lakes/a", "s3://bucket/lake/../a",
                           "s3://other/lake/a", "gs://bucket/lake/a", "../lake/a", ""}) {
    EXPECT_FALSE(CheckDataPath(path, roots).ok()) << path;
  }
  EXPECT_FALSE(CheckDataPath(std::string("/lake/a\0b", 9), roots).ok());
}

TEST_F(CloneTest, DeletionVectorsComeAlong) {
  Table source = Open();
  Transaction creation = Creation({File("a"), File("b")});
  creation.protocol = Protocol{.reader_version = 3,
                               .writer_version = 7,
                               .reader_features = {"deletionVectors"},
                               .writer_features = {"deletionVectors"}};
  creation.adds[0].deletion_vector = DeletionVectorDescriptor{
      .path_or_inline = "ab^-aqEH.-t@S}K{vb[*k^", .offset = 4, .size_bytes = 40, .cardinality = 6};
  ASSERT_EQ(Version(source.Commit(std::move(creation))), 0);
  const auto snapshot = source.Load().value();
  ASSERT_EQ(Version(OpenClone({root_}).Commit(MakeClone(*snapshot, source.path()).value())), 0);
  const auto loaded = OpenClone({root_}).Load().value();
  const auto& vector = loaded->files()[0].deletion_vector;
  ASSERT_TRUE(vector.has_value());
  EXPECT_EQ(vector->storage, DeletionVectorDescriptor::Storage::kFileByPath);
  EXPECT_THAT(vector->path_or_inline, HasSubstr("file://" + path_ + "/ab/deletion_vector_"));
  EXPECT_EQ(vector->cardinality, 6);
}

TEST_F(CloneTest, WorkOnTheCloneTouchesNoFileOfTheSource) {
  Table source = Open();
  ASSERT_EQ(Version(source.Commit(Creation({File("a")}))), 0);
  ASSERT_TRUE(local_.ReplaceFile(path_ + "/a", "rows").ok());
  Table clone = OpenClone({root_});
  ASSERT_EQ(Version(clone.Commit(MakeClone(*source.Load().value(), source.path()).value())), 0);
  Transaction overwrite{.base = clone.Load().value(), .scope = ReadScope::kWholeTable};
  overwrite.removes = {RemovalOf(overwrite.base->files()[0])};
  overwrite.adds = {File("own")};
  ASSERT_EQ(Version(clone.Commit(std::move(overwrite))), 1);
  clock_.now_us = io::SystemClock().Now() + 30 * kMicrosPerDay;
  EXPECT_THAT(Vacuum(environment_, clone, {}).value(), IsEmpty());
  EXPECT_TRUE(local_.Stat(path_ + "/a").ok());
  EXPECT_THAT(Paths(*OpenClone({}).Load().value()), ElementsAre("own"))
      << "what was removed no longer matters";
}

}  // namespace
}  // namespace leat::delta
