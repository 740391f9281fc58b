#include "io/file_system.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/environment.h"
#include "io/fault_file_system.h"

namespace leat::io {
namespace {

class FileSystemTest : public testing::Test {
 protected:
  void SetUp() override { root_ = MakeTemporaryDirectory("leat-io-").value(); }
  void TearDown() override { ASSERT_TRUE(RemoveAll(root_).ok()); }
  std::string At(const std::string& name) { return JoinPath(root_, name); }
  std::vector<std::string> NamesOf(const std::vector<FileInfo>& files) {
    std::vector<std::string> names;
    for (const FileInfo& file : files) names.push_back(file.path.substr(root_.size() + 1));
    return names;
  }

  FileSystem& files_ = LocalFileSystem();
  std::string root_;
};

TEST_F(FileSystemTest, CreateFileLetsTheFirstWriterWinAndLeavesNoTemporaryFile) {
  EXPECT_TRUE(files_.CreateFile(At("a"), "one").value());
  EXPECT_FALSE(files_.CreateFile(At("a"), "two").value());
  EXPECT_EQ(files_.ReadFile(At("a")).value(), "one");
  EXPECT_FALSE(files_.CreateFileUnsynced(At("a"), "three").value());
  EXPECT_TRUE(files_.CreateFileUnsynced(At("b"), "four").value());
  EXPECT_EQ(files_.ReadFile(At("b")).value(), "four");
  EXPECT_EQ(files_.List(root_).value().size(), 2U);
}

TEST_F(FileSystemTest, ReplaceFileReplacesWhole) {
  ASSERT_TRUE(files_.ReplaceFile(At("a"), "long content").ok());
  ASSERT_TRUE(files_.ReplaceFile(At("a"), "short").ok());
  EXPECT_EQ(files_.ReadFile(At("a")).value(), "short");
  EXPECT_EQ(files_.ReadRange(At("a"), 2, 100).value(), "ort");
}

TEST_F(FileSystemTest, ErrorsNamePathAndReason) {
  const auto missing = files_.ReadFile(At("nothing"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().kind(), ErrorKind::kNotFound);
  EXPECT_NE(missing.error().message().find(At("nothing")), std::string::npos);
  EXPECT_EQ(files_.ReadFile(root_).error().kind(), ErrorKind::kInvalidInput);
}

TEST(PathTest, ParentsAndNamesAreThoseOfStdFilesystem) {
  for (const char* text : {"", "/", "a", "/a", "a/b", "/a/b", "/a/b/", "a//b", "/a//b///c", "./a",
                           "a/..", "/..", "/a/./b", "ünï/x y"}) {
    const std::filesystem::path path(text);
    EXPECT_EQ(ParentPath(text), path.parent_path().string()) << text;
    EXPECT_EQ(FileName(text), path.filename().string()) << text;
    std::string absolute =
        std::filesystem::absolute(path.empty() ? "." : path).lexically_normal().string();
    if (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
    EXPECT_EQ(AbsolutePath(text), absolute) << text;
  }
  EXPECT_EQ(ParentPath("s3://bucket/a/b"), "s3://bucket/a");
  EXPECT_EQ(ParentPath("s3://bucket/a"), "s3://bucket");
  EXPECT_EQ(FileName("s3://bucket/a/b"), "b");
  EXPECT_EQ(FileName("s3://bucket"), "");
}

TEST_F(FileSystemTest, GlobMatchesFoldersWildcardsAndAnyDepth) {
  ASSERT_TRUE(files_.CreateDirectories(At("x/y")).ok());
  for (const char* name : {"a.csv", "b.txt", "x/c.csv", "x/y/d.csv"}) {
    ASSERT_TRUE(files_.ReplaceFile(At(name), "").ok());
  }
  EXPECT_EQ(NamesOf(Glob(files_, At("*.csv")).value()), (std::vector<std::string>{"a.csv"}));
  EXPECT_EQ(NamesOf(Glob(files_, At("**/*.csv")).value()),
            (std::vector<std::string>{"a.csv", "x/c.csv", "x/y/d.csv"}));
  EXPECT_EQ(NamesOf(Glob(files_, At("x")).value()),
            (std::vector<std::string>{"x/c.csv", "x/y/d.csv"}));
  EXPECT_EQ(NamesOf(Glob(files_, At("x/**/[cd].csv")).value()),
            (std::vector<std::string>{"x/c.csv", "x/y/d.csv"}));
  EXPECT_EQ(NamesOf(Glob(files_, At("*/y/*")).value()), (std::vector<std::string>{"x/y/d.csv"}));
  EXPECT_EQ(Glob(files_, At("none")).error().kind(), ErrorKind::kNotFound);
}

TEST_F(FileSystemTest, GlobLooksIntoNoFolderThatCannotMatch) {
  ASSERT_TRUE(files_.CreateDirectories(At("x/y")).ok());
  ASSERT_TRUE(files_.CreateDirectories(At("z")).ok());
  ASSERT_TRUE(files_.ReplaceFile(At("x/a.csv"), "").ok());
  FaultFileSystem counting(files_);
  EXPECT_EQ(Glob(counting, At("x*/*.csv"))->size(), 1U);
  EXPECT_EQ(counting.calls(), 2) << "lists the root and x";
}

TEST(EnvironmentTest, UuidsAreVersion4AndDiffer) {
  const std::string a = NewUuid(SystemRandom());
  EXPECT_EQ(a.size(), 36U);
  EXPECT_EQ(a[14], '4');
  EXPECT_NE(a, NewUuid(SystemRandom()));
}

}  // namespace
}  // namespace leat::io
