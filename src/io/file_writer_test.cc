#include "io/file_writer.h"

#include <gtest/gtest.h>

namespace leat::io {
namespace {

class FileWriterTest : public testing::Test {
 protected:
  void SetUp() override { root_ = MakeTemporaryDirectory("leat-writer-").value(); }
  void TearDown() override { ASSERT_TRUE(RemoveAll(root_).ok()); }
  std::string At(const std::string& name) { return JoinPath(root_, name); }

  FileSystem& files_ = LocalFileSystem();
  std::string root_;
};

TEST_F(FileWriterTest, WritesMoreThanItsBufferInOrder) {
  auto writer = FileWriter::Create(files_, At("big.csv"));
  ASSERT_TRUE(writer.ok());
  std::string expected;
  for (int i = 0; i < 300'000; i++) {
    const std::string line = std::to_string(i) + "\n";
    expected += line;
    ASSERT_TRUE(writer->Append(line).ok());
  }
  const std::string huge(3 << 20, 'x');
  ASSERT_TRUE(writer->Append(huge).ok());
  ASSERT_TRUE(writer->Append("end").ok());
  expected += huge + "end";
  EXPECT_EQ(std::move(*writer).Close().value(), static_cast<std::int64_t>(expected.size()));
  EXPECT_EQ(files_.ReadFile(At("big.csv")).value(), expected);
}

TEST_F(FileWriterTest, TheTargetAppearsOnlyOnClose) {
  ASSERT_TRUE(files_.ReplaceFile(At("a"), "old").ok());
  auto writer = FileWriter::Create(files_, At("a"));
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->Append("new").ok());
  EXPECT_EQ(files_.ReadFile(At("a")).value(), "old");
  ASSERT_TRUE(std::move(*writer).Close().ok());
  EXPECT_EQ(files_.ReadFile(At("a")).value(), "new");
  EXPECT_EQ(files_.List(root_).value().size(), 1U);
}

TEST_F(FileWriterTest, AbandonedWriterLeavesNothing) {
  {
    auto writer = FileWriter::Create(files_, At("a"));
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->Append("text").ok());
    const FileWriter moved = std::move(*writer);
  }
  EXPECT_TRUE(files_.List(root_).value().empty());
}

TEST_F(FileWriterTest, MissingFolderIsNotFoundAndNamesThePath) {
  const auto writer = FileWriter::Create(files_, At("no/such/file.csv"));
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().kind(), ErrorKind::kNotFound);
  EXPECT_NE(writer.error().message().find(At("no/such/file.csv")), std::string::npos);
}

}  // namespace
}  // namespace leat::io
