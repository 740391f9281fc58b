#include "io/process.h"

#include <gmock/gmock.h>

#include "io/environment.h"
#include "io/work.h"

namespace leat::io {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kSecondUs = 1'000'000;

TEST(ProcessTest, GivesWhatACommandPrints) {
  EXPECT_EQ(OutputOf("printf 'a b'", kSecondUs).value(), "a b");
  EXPECT_EQ(OutputOf("echo line; cat", kSecondUs).value(), "line") << "its input is empty";
  EXPECT_EQ(OutputOf("head -c 200000 /dev/zero | tr '\\0' x", 10 * kSecondUs).value().size(),
            200'000U);
}

TEST(ProcessTest, SaysHowItFailed) {
  EXPECT_THAT(OutputOf("exit 3", kSecondUs).error().message(), HasSubstr("ended with code 3"));
  EXPECT_THAT(OutputOf("kill -9 $$", kSecondUs).error().message(), HasSubstr("signal 9"));
  EXPECT_THAT(OutputOf("no-such-program 2>&-", kSecondUs).error().message(), HasSubstr("code 127"));
  EXPECT_THAT(OutputOf("head -c 2000000 /dev/zero", 10 * kSecondUs).error().message(),
              HasSubstr("more than 1 MiB"));
}

TEST(ProcessTest, EndsWithAllThatItStarted) {
  const std::int64_t begin = SystemClock().MonotonicUs();
  EXPECT_EQ(OutputOf("sleep 60 & sleep 60", kSecondUs / 5).error().kind(), ErrorKind::kCancelled);
  CancelToken stop;
  stop.Cancel();
  const WorkScope scope(std::make_shared<Work>(stop));
  EXPECT_EQ(OutputOf("sleep 60", 60 * kSecondUs).error().kind(), ErrorKind::kCancelled);
  EXPECT_LT(SystemClock().MonotonicUs() - begin, 30 * kSecondUs);
}

}  // namespace
}  // namespace leat::io
