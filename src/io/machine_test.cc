#include "io/machine.h"

#include <gtest/gtest.h>

#include "io/file_system.h"

namespace leat::io {
namespace {

TEST(Machine, TellsMemoryWithLessAvailableThanTotal) {
  const auto memory = Memory();
  ASSERT_TRUE(memory.ok());
  EXPECT_GT(memory->total_bytes, 0);
  EXPECT_LE(memory->available_bytes, memory->total_bytes);
}

class CgroupTest : public testing::Test {
 protected:
  void SetUp() override { root_ = MakeTemporaryDirectory("leat-cgroup-").value(); }
  void TearDown() override { ASSERT_TRUE(RemoveAll(root_).ok()); }
  void Write(const std::string& path, const std::string& text) {
    const std::string full = JoinPath(root_, path);
    ASSERT_TRUE(LocalFileSystem().CreateDirectories(ParentPath(full)).ok());
    ASSERT_TRUE(LocalFileSystem().ReplaceFile(full, text).ok());
  }
  MemoryInfo Limited() {
    MemoryInfo memory{.total_bytes = 1000, .available_bytes = 900};
    LimitByCgroup(JoinPath(root_, "self"), JoinPath(root_, "fs"), memory);
    return memory;
  }
  std::string root_;
};

TEST_F(CgroupTest, TheNarrowestGroupAroundTheProcessLimitsItsMemory) {
  Write("self", "0::/slice/job\n");
  Write("fs/slice/job/memory.max", "max\n");
  Write("fs/slice/memory.max", "500\n");
  Write("fs/slice/memory.current", "450\n");
  EXPECT_EQ(Limited().total_bytes, 500);
  EXPECT_EQ(Limited().available_bytes, 50);
  Write("fs/slice/job/memory.max", "200\n");
  Write("fs/slice/job/memory.current", "20\n");
  EXPECT_EQ(Limited().total_bytes, 200);
}

TEST_F(CgroupTest, VersionOneLimitsMemoryAsWell) {
  Write("self", "12:cpu,cpuacct:/docker/x\n11:memory:/docker/x\n1:name=systemd:/docker/x\n");
  Write("fs/memory/docker/x/memory.limit_in_bytes", "300\n");
  Write("fs/memory/docker/x/memory.usage_in_bytes", "100\n");
  Write("fs/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Limited().total_bytes, 300);
  EXPECT_EQ(Limited().available_bytes, 200);
}

TEST_F(CgroupTest, WithoutGroupsTheMachineCounts) { EXPECT_EQ(Limited().total_bytes, 1000); }

TEST(Machine, TellsTheFreeSpaceOfAFolderAndNamesAMissingOne) {
  const auto free = FreeDiskBytes("/");
  ASSERT_TRUE(free.ok());
  EXPECT_GE(*free, 0);
  const auto missing = FreeDiskBytes("/no/such/folder");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message().find("/no/such/folder"), std::string::npos);
}

TEST(Machine, KnowsTheFileOfTheRunningProgram) {
  const auto path = ProgramPath();
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(FileName(*path), "io_test");
}

}  // namespace
}  // namespace leat::io
