#include "generate/retail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace leat::generate {
namespace {

using testing::HasSubstr;

// FNV-1a of names and contents: a fingerprint that needs no library.
std::uint64_t Fingerprint(io::FileSystem& files, const std::string& root) {
  std::uint64_t hash = 14695981039346656037U;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  };
  const auto found = io::Glob(files, root).value();
  for (const io::FileInfo& file : found) {
    add(file.path.substr(root.size()));
    add(files.ReadFile(file.path).value());
  }
  return hash;
}

// Whether the row is wrong in the way its kind says; `before` is the row above it.
bool ShowsDefect(const std::string& kind, const std::string& file, const std::string& row,
                 const std::string& before) {
  const auto values = Split(row, ',');
  const auto above = Split(before, ',');
  const std::string file_date = file.substr(file.size() - 14, 10);
  if (kind == "exact_duplicate") return row == before;
  if (kind == "conflicting_duplicate") return above[8] == values[8] && above[5] != values[5];
  if (kind == "late") return values[2].substr(0, 10) < file_date;
  if (kind == "null_required") return values[1].empty() || values[2].empty() || values[5].empty();
  if (kind == "negative_amount") return values[5][0] == '-';
  if (kind == "mistyped_amount") return row.find("x\"") != std::string::npos;
  if (kind == "mistyped_timestamp") return values[2] != values[8];
  if (kind == "unknown_customer") return values[1].size() == 10;
  if (kind == "ragged_row") return values.size() != 9;
  return false;
}

class RetailTest : public testing::Test {
 protected:
  void SetUp() override { root_ = io::MakeTemporaryDirectory("leat-retail-").value(); }
  void TearDown() override { ASSERT_TRUE(io::RemoveAll(root_).ok()); }

  RetailOptions Options(const std::string& name, double defects = 0) {
    return {.directory = io::JoinPath(root_, name),
            .customers = 500,
            .orders = 20'000,
            .days = 10,
            .seed = 7,
            .defects = defects};
  }
  Result<RetailSummary> Generate(const RetailOptions& options) {
    return GenerateRetail(io::SystemEnvironment(), options, {}, cancel_);
  }
  std::vector<std::string> Lines(const std::string& directory, const std::string& file) {
    auto lines = Split(files_.ReadFile(io::JoinPath(directory, file)).value(), '\n');
    EXPECT_EQ(lines.back(), "");
    lines.pop_back();
    return lines;
  }
  // All rows of the folder's files, without headers.
  std::vector<std::string> Rows(const std::string& directory) {
    std::vector<std::string> rows;
    for (const auto& file : io::Glob(files_, directory).value()) {
      const auto lines = Lines(directory, io::FileName(file.path));
      rows.insert(rows.end(), lines.begin() + 1, lines.end());
    }
    return rows;
  }

  io::FileSystem& files_ = io::LocalFileSystem();
  io::CancelToken cancel_;
  std::string root_;
};

TEST_F(RetailTest, OneSeedGivesTheSameBytesForever) {
  ASSERT_TRUE(Generate(Options("a", 0.05)).ok());
  ASSERT_TRUE(Generate(Options("b", 0.05)).ok());
  const std::uint64_t fingerprint = Fingerprint(files_, io::JoinPath(root_, "a"));
  EXPECT_EQ(fingerprint, Fingerprint(files_, io::JoinPath(root_, "b")));
  EXPECT_EQ(fingerprint, 18401404264793128968U) << "documented examples depend on these bytes";
  RetailOptions other = Options("c", 0.05);
  other.seed = 8;
  ASSERT_TRUE(Generate(other).ok());
  EXPECT_NE(fingerprint, Fingerprint(files_, io::JoinPath(root_, "c")));
}

TEST_F(RetailTest, CleanDumpsHoldEveryOrderOncePlacedAndOnlyKnownCustomers) {
  const RetailOptions options = Options("clean");
  const auto summary = Generate(options);
  ASSERT_TRUE(summary.ok());
  EXPECT_TRUE(summary->defects.empty());
  EXPECT_EQ(summary->files, 20);
  EXPECT_EQ(Lines(options.directory, "truth.csv"),
            std::vector<std::string>{"file,line,kind,order_id"});

  std::set<std::string> customers;
  const auto customer_rows = Rows(options.directory + "/customers");
  for (const std::string& row : customer_rows) customers.insert(Split(row, ',').front());
  EXPECT_EQ(customers.size(), 500U);
  EXPECT_EQ(summary->customer_rows, static_cast<std::int64_t>(customer_rows.size()));
  EXPECT_GT(customer_rows.size(), 500U) << "some customers change";

  std::set<std::string> placed;
  const auto order_rows = Rows(options.directory + "/orders");
  EXPECT_EQ(summary->order_rows, static_cast<std::int64_t>(order_rows.size()));
  for (const std::string& row : order_rows) {
    const auto fields = Split(row, ',');
    ASSERT_EQ(fields.size(), 9U) << row;
    EXPECT_TRUE(customers.contains(fields[1])) << row;
    if (fields[7] != "placed") {
      EXPECT_TRUE(placed.contains(fields[0])) << row;
      EXPECT_LT(fields[2], fields[8]) << row;
      continue;
    }
    EXPECT_TRUE(placed.insert(fields[0]).second) << row;
  }
  EXPECT_EQ(placed.size(), 20'000U);
}

TEST_F(RetailTest, TruthNamesEveryDefectiveRowAndTheRateHolds) {
  const RetailOptions options = Options("dirty", 0.05);
  const auto summary = Generate(options);
  ASSERT_TRUE(summary.ok());
  const auto truth = Lines(options.directory, "truth.csv");
  EXPECT_NEAR(static_cast<double>(truth.size() - 1), 1'000, 100);
  EXPECT_EQ(summary->defects.size(), static_cast<std::size_t>(kDefectKindCount));

  std::map<std::string, std::int64_t> kinds;
  for (std::size_t i = 1; i < truth.size(); i++) {
    const auto fields = Split(truth[i], ',');
    ASSERT_EQ(fields.size(), 4U);
    const auto lines = Lines(options.directory, fields[0]);
    const auto line = static_cast<std::size_t>(std::stol(fields[1]));
    ASSERT_LE(line, lines.size());
    const std::string& row = lines[line - 1];
    const std::string& before = lines[line - 2];
    EXPECT_EQ(Split(row, ',')[0], fields[3]) << truth[i];
    const std::string& kind = fields[2];
    kinds[kind]++;
    EXPECT_TRUE(ShowsDefect(kind, fields[0], row, before)) << truth[i] << ": " << row;
  }
  EXPECT_EQ(kinds, summary->defects);
}

TEST_F(RetailTest, RowsThatTruthDoesNotNameAreThoseOfTheCleanDumps) {
  ASSERT_TRUE(Generate(Options("clean")).ok());
  ASSERT_TRUE(Generate(Options("dirty", 0.05)).ok());
  const auto clean = Rows(root_ + "/clean/orders");
  const std::set<std::string> known(clean.begin(), clean.end());
  std::set<std::string> defective;  // file:line
  for (const std::string& line : Lines(root_ + "/dirty", "truth.csv")) {
    const auto fields = Split(line, ',');
    defective.insert(fields[0] + ":" + fields[1]);
  }
  for (const auto& file : io::Glob(files_, root_ + "/dirty/orders").value()) {
    const std::string name = "orders/" + io::FileName(file.path);
    const auto lines = Lines(root_ + "/dirty", name);
    for (std::size_t i = 1; i < lines.size(); i++) {
      if (defective.contains(name + ":" + std::to_string(i + 1))) continue;
      ASSERT_TRUE(known.contains(lines[i])) << name << ":" << i + 1 << " " << lines[i];
    }
  }
}

TEST_F(RetailTest, WeekendsSellMoreThanMondays) {
  ASSERT_TRUE(Generate(Options("a")).ok());
  // 2026-01-03 was a Saturday, 2026-01-05 a Monday.
  EXPECT_GT(Lines(root_ + "/a", "orders/orders_2026-01-03.csv").size(),
            Lines(root_ + "/a", "orders/orders_2026-01-05.csv").size() * 13 / 10);
}

TEST_F(RetailTest, EveryOrderDefectiveIsPossible) {
  const auto summary = Generate(Options("all", 1));
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(Lines(root_ + "/all", "truth.csv").size(), 20'001U);
}

TEST_F(RetailTest, NoOrdersAndOneDayGiveHeadersOnly) {
  RetailOptions options = Options("none");
  options.orders = 0;
  options.days = 1;
  ASSERT_TRUE(Generate(options).ok());
  EXPECT_EQ(Lines(options.directory, "orders/orders_2026-01-01.csv").size(), 1U);
}

TEST_F(RetailTest, ExistingDumpsAreNeverMixedWithNewOnes) {
  ASSERT_TRUE(Generate(Options("a")).ok());
  const std::uint64_t before = Fingerprint(files_, root_);
  const auto again = Generate(Options("a"));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().kind(), ErrorKind::kAlreadyExists);
  EXPECT_EQ(before, Fingerprint(files_, root_));
}

TEST_F(RetailTest, LeftoversOfAKilledRunAreReplaced) {
  const std::string staging = root_ + "/a/.generating/orders";
  ASSERT_TRUE(files_.CreateDirectories(staging).ok());
  ASSERT_TRUE(files_.ReplaceFile(staging + "/orders_1999-01-01.csv", "half").ok());
  ASSERT_TRUE(Generate(Options("a")).ok());
  EXPECT_FALSE(files_.Stat(root_ + "/a/orders/orders_1999-01-01.csv").ok());
  EXPECT_FALSE(files_.Stat(root_ + "/a/.generating").ok());
}

TEST_F(RetailTest, CancellationStopsEarlyAndLeavesNoFile) {
  RetailOptions options = Options("a");
  options.orders = 2'000'000;
  std::int64_t reported = 0;
  const auto summary = GenerateRetail(
      io::SystemEnvironment(), options,
      [&](const Progress& progress) {
        reported = progress.rows_done;
        if (progress.rows_done > 0) cancel_.Cancel();
      },
      cancel_);
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().kind(), ErrorKind::kCancelled);
  EXPECT_EQ(reported, kRowsPerReport);
  EXPECT_TRUE(files_.List(options.directory).value().empty());
}

TEST_F(RetailTest, OptionsOutOfRangeAreRefusedByName) {
  const auto message = [this](auto change) {
    RetailOptions options = Options("x");
    change(options);
    const auto result = Generate(options);
    EXPECT_FALSE(result.ok());
    if (result.ok()) return std::string();
    EXPECT_EQ(result.error().kind(), ErrorKind::kInvalidInput);
    return result.error().message();
  };
  EXPECT_THAT(message([](RetailOptions& o) { o.customers = 0; }), HasSubstr("customers is 0"));
  EXPECT_THAT(message([](RetailOptions& o) { o.orders = -1; }), HasSubstr("orders is -1"));
  EXPECT_THAT(message([](RetailOptions& o) { o.days = 0; }), HasSubstr("days is 0"));
  EXPECT_THAT(message([](RetailOptions& o) { o.defects = 1.5; }), HasSubstr("defects is 1.5"));
  EXPECT_THAT(message([](RetailOptions& o) { o.start += 1; }), HasSubstr("must be a date"));
  EXPECT_THAT(message([](RetailOptions& o) { o.directory = ""; }), HasSubstr("folder"));
  EXPECT_FALSE(files_.Stat(root_ + "/x").ok());
}

}  // namespace
}  // namespace leat::generate
