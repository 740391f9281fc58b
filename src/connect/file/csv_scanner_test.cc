#include "connect/file/csv_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_random.h"
#include "connect/file/chunk_reader.h"
#include "io/environment.h"

namespace leat::connect {
namespace {

using testing::ElementsAre;

struct Scanned {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::pair<std::string, std::string>> bad;  // text, error
  std::int64_t skipped = 0, lines = 0;
  std::size_t end = 0;
  bool operator==(const Scanned&) const = default;
};

Scanned Scan(const std::string& content, const CsvDialect& dialect, std::size_t columns,
             bool is_last = true) {
  std::string text = content;
  text.append(kChunkPadding, '\0');
  const std::string_view view = std::string_view(text).substr(0, content.size());
  CsvRecords records;
  ScanCsv(view, 0, dialect, columns, is_last, records);
  Scanned scanned{.skipped = records.skipped, .lines = records.lines, .end = records.end};
  std::string buffer;
  for (std::size_t row = 0; row < records.rows.size(); row++) {
    auto& cells = scanned.rows.emplace_back();
    for (std::size_t i = 0; i < columns; i++)
      cells.emplace_back(CellText(view, records.cells[row * columns + i], dialect, buffer));
  }
  for (const auto& bad : records.bad) {
    scanned.bad.emplace_back(view.substr(bad.range.begin, bad.text_end - bad.range.begin),
                             bad.error);
  }
  return scanned;
}

// What the reference makes of it: one record after the other, byte by byte.
Scanned ScanByBytes(const std::string& content, const CsvDialect& dialect, std::size_t columns) {
  Scanned scanned;
  std::string buffer;
  for (std::size_t at = 0; at < content.size();) {
    std::vector<Cell> cells;
    std::size_t end = 0;
    std::string error;
    const std::size_t next = ScanRecord(content, at, dialect, true, cells, end, error);
    const bool is_blank = cells.size() == 1 && cells[0].begin == cells[0].end && columns > 1;
    if (error.empty() && is_blank) {
      scanned.skipped++;
    } else if (!error.empty() || cells.size() != columns) {
      scanned.bad.emplace_back(content.substr(at, end - at), error);
    } else {
      auto& row = scanned.rows.emplace_back();
      for (const Cell& cell : cells) row.emplace_back(CellText(content, cell, dialect, buffer));
    }
    at = next;
  }
  return scanned;
}

TEST(CsvScannerTest, QuotesDelimitersAndLineBreaksWithinValues) {
  const Scanned scanned = Scan("a,\"b,\"\"c\"\"\nd\"\r\n1,2\r\n", {.line_end = LineEnd::kCrLf}, 2);
  EXPECT_THAT(scanned.rows, ElementsAre(ElementsAre("a", "b,\"c\"\nd"), ElementsAre("1", "2")));
  EXPECT_EQ(scanned.lines, 3);
}

TEST(CsvScannerTest, AQuoteWithinAValueIsText) {
  EXPECT_THAT(Scan("5\" pipe,x\n", {}, 2).rows, ElementsAre(ElementsAre("5\" pipe", "x")));
}

TEST(CsvScannerTest, RowsOfAnotherWidthAreBadAlsoByAnEmptyCell) {
  const Scanned scanned = Scan("1,2\n,3,\n4\n\n5,6\n", {}, 2);
  EXPECT_THAT(scanned.rows, ElementsAre(ElementsAre("1", "2"), ElementsAre("5", "6")));
  ASSERT_EQ(scanned.bad.size(), 2U);
  EXPECT_EQ(scanned.bad[0].first, ",3,");
  EXPECT_EQ(scanned.bad[1].first, "4");
  EXPECT_EQ(scanned.skipped, 1);
}

TEST(CsvScannerTest, TextBehindAClosingQuoteIsBadToTheEndOfItsLine) {
  const Scanned scanned = Scan("1,x\n2,\"Swing\" it\n3,y\n", {}, 2);
  EXPECT_THAT(scanned.rows, ElementsAre(ElementsAre("1", "x"), ElementsAre("3", "y")));
  ASSERT_EQ(scanned.bad.size(), 1U);
  EXPECT_EQ(scanned.bad[0].first, "2,\"Swing\" it");
}

TEST(CsvScannerTest, AnOpenQuoteIsLeftToTheNextChunkOrBadAtTheEnd) {
  EXPECT_EQ(Scan("1,x\n2,\"a\n", {}, 2, false).end, 4U);
  const Scanned scanned = Scan("1,x\n2,\"a\n3,y\n", {}, 2);
  ASSERT_EQ(scanned.bad.size(), 1U);
  EXPECT_EQ(scanned.bad[0].first, "2,\"a\n3,y\n");
  EXPECT_EQ(scanned.end, 13U);
}

TEST(CsvScannerTest, CommentsAndOtherDelimitersAsDeclared) {
  const CsvDialect dialect{.delimiter = "||", .escape = '\\', .comment = '#'};
  EXPECT_THAT(Scan("#x||y\n1||\"a\\\"b\"\n", dialect, 2).rows,
              ElementsAre(ElementsAre("1", "a\"b")));
}

TEST(CsvScannerTest, BlocksGiveWhatBytesGive) {
  const std::uint64_t seed = io::SystemRandom().Next() % 100'000;
  TestRandom random(seed);
  constexpr std::string_view kBytes = "ab1,,\"\"\n\n\r \xC3";
  for (int round = 0; round < 3000; round++) {
    std::string text;
    const std::size_t size = random() % 300;
    while (text.size() < size) {
      const bool is_row = random() % 3 == 0;
      text += is_row ? "1,\"x, \"\"y\"\"\"\n" : std::string(1, kBytes[random() % kBytes.size()]);
    }
    const Scanned blocks = Scan(text, {}, 2);
    const Scanned bytes = ScanByBytes(text, {}, 2);
    ASSERT_EQ(blocks.rows, bytes.rows) << "seed " << seed << ": " << text;
    ASSERT_EQ(blocks.skipped, bytes.skipped) << "seed " << seed << ": " << text;
    ASSERT_EQ(blocks.bad.size(), bytes.bad.size()) << "seed " << seed << ": " << text;
    for (std::size_t i = 0; i < bytes.bad.size(); i++)
      ASSERT_EQ(blocks.bad[i].first, bytes.bad[i].first) << "seed " << seed << ": " << text;
    ASSERT_EQ(blocks.end, text.size());
  }
}

}  // namespace
}  // namespace leat::connect
