// Every input of the corpora, and every one that a fuzzer has ever found, as an ordinary test.
#include <gtest/gtest.h>

#include "io/file_system.h"
#include "targets.h"

namespace leat::fuzz {
namespace {

class CorpusTest : public testing::TestWithParam<Target> {};

TEST_P(CorpusTest, EveryInputKeepsThePromises) {
  io::FileSystem& files = io::LocalFileSystem();
  const std::string folder = io::JoinPath(LEAT_FUZZ_CORPUS, GetParam().name);
  const auto inputs = files.List(folder);
  ASSERT_TRUE(inputs.ok()) << inputs.error().ToString();
  ASSERT_FALSE(inputs->empty());
  for (const io::FileInfo& input : *inputs) {
    SCOPED_TRACE(input.path);
    const std::string content = files.ReadFile(input.path).value();
    GetParam().run(content);
    for (const std::size_t end : {content.size() / 2, content.size() - 1}) {
      if (!content.empty()) GetParam().run(content.substr(0, end));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, CorpusTest, testing::ValuesIn(kTargets),
                         [](const auto& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace leat::fuzz
