#include "generate/flights.h"

#include <gtest/gtest.h>

#include <map>

#include "base/text.h"

namespace leat::generate {
namespace {

class FlightsTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = io::MakeTemporaryDirectory("leat-flights-").value();
    path_ = io::JoinPath(root_, "flights.csv");
  }
  void TearDown() override { ASSERT_TRUE(io::RemoveAll(root_).ok()); }
  Result<FlightsSummary> Generate(std::int64_t rows, std::uint64_t seed = 1) {
    return GenerateFlights(io::SystemEnvironment(), {.path = path_, .rows = rows, .seed = seed}, {},
                           cancel_);
  }
  std::vector<std::string> Lines() {
    auto lines = Split(files_.ReadFile(path_).value(), '\n');
    EXPECT_EQ(lines.back(), "");
    lines.pop_back();
    return lines;
  }

  io::FileSystem& files_ = io::LocalFileSystem();
  io::CancelToken cancel_;
  std::string root_, path_;
};

TEST_F(FlightsTest, OneSeedGivesTheSameBytesForever) {
  const auto summary = Generate(20'000);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->rows, 20'000);
  EXPECT_EQ(summary->days, 2);
  const std::string first = files_.ReadFile(path_).value();
  EXPECT_EQ(summary->size_bytes, static_cast<std::int64_t>(first.size()));
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char c : first) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  EXPECT_EQ(hash, 16355250450000664030U);
  ASSERT_TRUE(Generate(20'000, 2).ok());
  EXPECT_NE(files_.ReadFile(path_).value(), first);
}

TEST_F(FlightsTest, RowsAreSortedByTimeAndARouteHasOneDistance) {
  ASSERT_TRUE(Generate(50'000).ok());
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 50'001U);
  EXPECT_EQ(lines[0], "date,delay,distance,origin,destination");
  std::string last;
  std::map<std::string, std::string> distances;
  double delay_sum = 0;
  for (std::size_t i = 1; i < lines.size(); i++) {
    const auto fields = Split(lines[i], ',');
    ASSERT_EQ(fields.size(), 5U) << lines[i];
    ASSERT_GE(fields[0], last);
    ASSERT_EQ(fields[0].size(), 19U);
    last = fields[0];
    delay_sum += std::stod(fields[1]);
    const auto [known, added] = distances.emplace(fields[3] + fields[4], fields[2]);
    EXPECT_EQ(known->second, fields[2]);
  }
  EXPECT_EQ(distances.size(), 240U);
  EXPECT_NEAR(delay_sum / 50'000, 6.5, 1);  // the real mean is 6.7 minutes
}

TEST_F(FlightsTest, MoreRowsBeginWithTheSameRows) {
  ASSERT_TRUE(Generate(1'000).ok());
  const std::string few = files_.ReadFile(path_).value();
  ASSERT_TRUE(Generate(30'000).ok());
  EXPECT_EQ(files_.ReadFile(path_).value().substr(0, few.size()), few);
}

TEST_F(FlightsTest, NoRowsGiveAHeader) {
  ASSERT_TRUE(Generate(0).ok());
  EXPECT_EQ(Lines().size(), 1U);
}

TEST_F(FlightsTest, CancellationLeavesTheOldFile) {
  ASSERT_TRUE(files_.ReplaceFile(path_, "old").ok());
  cancel_.Cancel();
  const auto summary = Generate(1'000);
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().kind(), ErrorKind::kCancelled);
  EXPECT_EQ(files_.ReadFile(path_).value(), "old");
  EXPECT_EQ(files_.List(root_).value().size(), 1U);
}

TEST_F(FlightsTest, WrongOptionsAreRefused) {
  EXPECT_EQ(Generate(-1).error().kind(), ErrorKind::kInvalidInput);
  path_ = "";
  EXPECT_EQ(Generate(1).error().kind(), ErrorKind::kInvalidInput);
  path_ = io::JoinPath(root_, "missing/flights.csv");
  EXPECT_EQ(Generate(1).error().kind(), ErrorKind::kNotFound);
}

}  // namespace
}  // namespace leat::generate
