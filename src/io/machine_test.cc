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
