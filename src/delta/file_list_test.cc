#include "delta/file_list.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delta/limits.h"

namespace leat::delta {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<AddFile> Named(const std::string& prefix, std::size_t count) {
  std::vector<AddFile> files;
  for (std::size_t i = 0; i < count; i++) files.push_back({.path = fmt::format("{}{}", prefix, i)});
  return files;
}

std::vector<std::string> PathsOf(const FileList& files) {
  std::vector<std::string> paths;
  for (const AddFile& file : files) paths.push_back(file.path);
  return paths;
}

bool IsOdd(const AddFile& file) { return (file.path.back() - '0') % 2 == 1; }

TEST(FileListTest, IsEmptyAtFirst) {
  FileList files;
  EXPECT_THAT(files, IsEmpty());
  EXPECT_EQ(files.begin(), files.end());
  files.Append(FileList::Block());
  files.Append(FileList());
  files.EraseIf(IsOdd);
  EXPECT_THAT(files, IsEmpty());
  EXPECT_EQ(files.begin(), files.end());
}

TEST(FileListTest, KeepsTheOrderOfItsBlocks) {
  FileList files = Named("a", 2);
  files.Append(Named("b", kMaxFilesToMove));
  files.Append(Named("c", 1));
  FileList more = Named("d", 3);
  files.Append(std::move(more));
  ASSERT_THAT(files, SizeIs(kMaxFilesToMove + 6));
  EXPECT_EQ(files[0].path, "a0");
  EXPECT_EQ(files[1].path, "a1");
  EXPECT_EQ(files[2].path, "b0");
  EXPECT_EQ(files[kMaxFilesToMove + 1].path, fmt::format("b{}", kMaxFilesToMove - 1));
  EXPECT_EQ(files[kMaxFilesToMove + 2].path, "c0");
  EXPECT_EQ(files.back().path, "d2");
  std::size_t place = 0;
  for (const AddFile& file : files) EXPECT_EQ(&file, &files[place++]);
  EXPECT_EQ(place, files.size());
}

TEST(FileListTest, SmallBlocksBecomeOne) {
  FileList files;
  for (int i = 0; i < 100; i++) files.Append(Named("a", 1));
  EXPECT_THAT(files.blocks(), SizeIs(1));
  EXPECT_THAT(files, SizeIs(100));
}

TEST(FileListTest, WhatOneListLosesOthersKeep) {
  FileList files = Named("a", 4);
  const FileList before = files;
  files.EraseIf(IsOdd);
  EXPECT_THAT(PathsOf(files), ElementsAre("a0", "a2"));
  EXPECT_THAT(PathsOf(before), ElementsAre("a0", "a1", "a2", "a3"));
  files.Append(Named("b", 1));
  const FileList after = files;
  files.Append(Named("c", 1));
  EXPECT_THAT(PathsOf(after), ElementsAre("a0", "a2", "b0"));
  EXPECT_THAT(PathsOf(files), ElementsAre("a0", "a2", "b0", "c0"));
}

TEST(FileListTest, BlocksThatLoseNothingStayShared) {
  FileList files = Named("a", kMaxFilesToMove);
  files.Append(Named("b", 2));
  FileList fewer = files;
  fewer.EraseIf([](const AddFile& file) { return file.path == "b0"; });
  EXPECT_EQ(files.blocks()[0], fewer.blocks()[0]);
  EXPECT_NE(files.blocks()[1], fewer.blocks()[1]);
  EXPECT_THAT(fewer, SizeIs(kMaxFilesToMove + 1));
  EXPECT_EQ(fewer[kMaxFilesToMove].path, "b1");
  fewer.EraseIf([](const AddFile& file) { return file.path.starts_with("a"); });
  EXPECT_THAT(PathsOf(fewer), ElementsAre("b1"));
  EXPECT_THAT(fewer.blocks(), SizeIs(1));
}

}  // namespace
}  // namespace leat::delta
