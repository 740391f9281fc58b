#include "engine/data_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace leat::engine {
namespace {

TEST(DataFileTest, OnlyLeatsOwnNamesAreLeats) {
  EXPECT_TRUE(IsDataFileOfLeat(NewDataFileName(io::SystemRandom())));
  EXPECT_TRUE(IsDataFileOfLeat("day=2024-01-01/" + NewDataFileName(io::SystemRandom())));
  const std::string uuid = "5a7ea9ee-9b7c-4d3b-8a53-2f1f3e9a0c11";
  for (const auto& other : std::vector<std::string>{
           "part-00000-" + uuid + "-c000.snappy.parquet",
           "part-00000-" + uuid + ".c000.zstd.parquet", "part-00001-" + uuid + "-c000.zstd.parquet",
           "0-" + uuid + "-0.parquet", uuid + ".zstd.parquet", "part-" + uuid + ".snappy.parquet",
           "part-5a7ea9ee-9b7c-4d3b-8a53-2f1f3e9a0c1x.zstd.parquet",
           "part-" + uuid + ".zstd.parquet/data.parquet", "part-.zstd.parquet", ""}) {
    EXPECT_FALSE(IsDataFileOfLeat(other)) << other;
  }
}

}  // namespace
}  // namespace leat::engine
