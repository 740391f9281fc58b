#include "io/file_system_by_scheme.h"

#include <gtest/gtest.h>

#include "io/fault_file_system.h"

namespace leat::io {
namespace {

// Two folders of the disk: the "store" counts the calls that reach it.
class FileSystemBySchemeTest : public testing::Test {
 protected:
  void SetUp() override { folder_ = MakeTemporaryDirectory("leat-scheme-").value(); }
  void TearDown() override { EXPECT_TRUE(RemoveAll(folder_).ok()); }

  Result<FileSystem*> FindStore() {
    asked_++;
    if (asked_ == 1) return Denied("no credentials yet");
    return &store_;
  }

  std::string folder_;
  int asked_ = 0;
  FaultFileSystem store_{LocalFileSystem()};
  FaultFileSystem disk_{LocalFileSystem()};
  FileSystemByScheme files_{disk_, [this] { return FindStore(); }};
};

TEST_F(FileSystemBySchemeTest, TheStoreIsAskedForByTheFirstCallThatNeedsItUntilItWorks) {
  EXPECT_TRUE(files_.ReplaceFile(folder_ + "/a", "x").ok());
  EXPECT_EQ(asked_, 0);
  EXPECT_EQ(files_.ReadFile("s3://lake/a").error().kind(), ErrorKind::kDenied);
  EXPECT_EQ(files_.ReadFile("s3://lake/a").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(files_.ReadFile("s3://lake/a").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(asked_, 2);
}

TEST_F(FileSystemBySchemeTest, EveryCallGoesToTheOneThatItsPathNames) {
  EXPECT_FALSE(files_.Stat("s3://lake/a").ok());
  EXPECT_FALSE(files_.Stat("s3://lake/a").ok());
  const auto call_all = [&](const std::string& path) {
    const std::vector<bool> results = {files_.ReadFile(path).ok(),
                                       files_.ReadRange(path, 0, 1).ok(),
                                       files_.List(path).ok(),
                                       files_.Stat(path).ok(),
                                       files_.ReplaceFile(path, "").ok(),
                                       files_.CreateFile(path, "").ok(),
                                       files_.SyncFile(path).ok(),
                                       files_.SyncDirectory(path).ok(),
                                       files_.CreateDirectories(path).ok(),
                                       files_.Remove(path).ok(),
                                       files_.Rename(path, path).ok(),
                                       files_.OpenForReading(path, std::nullopt).ok()};
    return static_cast<std::int64_t>(results.size());
  };
  disk_.Heal();
  store_.FailCall(1, FaultFileSystem::Fault::kKill, RetryLater("not called on the disk"));
  const std::int64_t calls = call_all("s3://lake/a");
  EXPECT_EQ(store_.calls(), calls);
  EXPECT_EQ(disk_.calls(), 0);
  store_.Heal();
  EXPECT_EQ(call_all(folder_ + "/a"), calls);
  EXPECT_EQ(disk_.calls(), calls);
  EXPECT_EQ(store_.calls(), 0);
}

TEST_F(FileSystemBySchemeTest, MixedFoldersAreSplitAndRenamesAcrossAreRefused) {
  EXPECT_FALSE(files_.Stat("s3://lake/a").ok());
  EXPECT_FALSE(files_.Stat("s3://lake/a").ok());
  store_.FailCall(1, FaultFileSystem::Fault::kKill, RetryLater("killed"));
  EXPECT_FALSE(files_.CreateAllDirectories({folder_ + "/x", "s3://lake/y"}).ok());
  EXPECT_TRUE(files_.CreateAllDirectories({folder_ + "/x", folder_ + "/y/z"}).ok());
  EXPECT_TRUE(files_.Stat(folder_ + "/y/z")->is_directory);
  EXPECT_EQ(files_.Rename(folder_ + "/x", "s3://lake/x").error().kind(), ErrorKind::kInvalidInput);
  EXPECT_EQ(files_.Rename("s3://lake/x", folder_ + "/x").error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(FileSystemBySchemeTest, FilesAreReadAndWrittenPieceByPieceWithWhatEachFileSystemHas) {
  const std::string path = folder_ + "/a";
  const auto writer = files_.OpenForWriting(path);
  EXPECT_TRUE((*writer)->Append("01234").ok());
  EXPECT_TRUE((*writer)->Append("56789").ok());
  EXPECT_FALSE(files_.Stat(path).ok()) << "not before it is closed";
  EXPECT_EQ(*(*writer)->Close(), 10);
  const auto reader = files_.OpenForReading(path, std::nullopt);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->size_bytes(), 10);
  std::string buffer(4, '.');
  EXPECT_EQ(*(*reader)->ReadAt(7, buffer), 3);
  EXPECT_EQ(buffer, "789.");
  EXPECT_EQ(files_.OpenForReading(folder_, std::nullopt).error().kind(), ErrorKind::kInvalidInput);
  EXPECT_EQ(files_.OpenForWriting("s3://lake/a").error().kind(), ErrorKind::kDenied);
}

TEST(S3PathTextTest, PathFunctionsKeepTheSchemeAndTheBucket) {
  EXPECT_EQ(JoinPath("s3://lake", "a"), "s3://lake/a");
  EXPECT_EQ(JoinPath("s3://lake/t/", "a/b"), "s3://lake/t/a/b");
  EXPECT_EQ(JoinPath("/local", "s3://lake/a"), "s3://lake/a");
  EXPECT_EQ(ParentPath("s3://lake/t/a"), "s3://lake/t");
  EXPECT_EQ(ParentPath("s3://lake/t"), "s3://lake");
  EXPECT_EQ(ParentPath("s3://lake"), "s3://lake");
  EXPECT_EQ(FileName("s3://lake/t/a.json"), "a.json");
  EXPECT_EQ(FileName("s3://lake"), "");
  for (const char* path : {"s3://lake/t/a", "s3://lake//t/./x/../a/", "s3://lake/../../t/a"}) {
    EXPECT_EQ(AbsolutePath(path), "s3://lake/t/a") << path;
    EXPECT_EQ(*RealPath(path), "s3://lake/t/a") << path;
  }
  EXPECT_EQ(AbsolutePath("s3://lake"), "s3://lake");
  EXPECT_EQ(AbsolutePath("s3://lake/"), "s3://lake");
  EXPECT_EQ(AbsolutePath("s3://lake/.."), "s3://lake");
  EXPECT_EQ(*FollowLinks("s3://lake/a"), "s3://lake/a");
  EXPECT_TRUE(AbsolutePath("s3:/x").starts_with("/")) << "a folder of that name";
}

}  // namespace
}  // namespace leat::io
