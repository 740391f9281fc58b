#include "cli/table.h"

#include <gtest/gtest.h>

#include "cli/text_width.h"

namespace leat::cli {
namespace {

using data::TypeKind;

data::Field Column(const std::string& name, TypeKind kind) {
  return {.name = name, .type = {.kind = kind}};
}

data::Rows Sales() {
  return {.schema = {{Column("region", TypeKind::kString), Column("orders", TypeKind::kLong)}},
          .rows = {{std::string("north"), std::int64_t{1234567}},
                   {std::string("süd"), std::int64_t{5}},
                   {std::monostate{}, std::monostate{}}}};
}

TEST(TableTest, TextIsAlignedLeftAndNumbersRight) {
  EXPECT_EQ(FormatTable(Sales()),
            "region   orders\n"
            "──────  ───────\n"
            "north   1234567\n"
            "süd           5\n"
            "NULL       NULL\n");
}

TEST(TableTest, OptionsSetThousandsAndTheTextForNull) {
  EXPECT_EQ(FormatTable(Sales(), {.thousands = true, .null_text = ""}),
            "region     orders\n"
            "──────  ─────────\n"
            "north   1,234,567\n"
            "süd             5\n"
            "\n");
}

TEST(TableTest, WideAndCombiningCharactersKeepTheColumnsAligned) {
  const data::Rows rows{
      .schema = {{Column("name", TypeKind::kString), Column("n", TypeKind::kInteger)}},
      .rows = {{std::string("東京"), std::int64_t{1}},
               {std::string("cafe\xCC\x81"), std::int64_t{2}},
               {std::string("🙂"), std::int64_t{3}}}};
  EXPECT_EQ(FormatTable(rows),
            "name  n\n"
            "────  ─\n"
            "東京  1\n"
            "cafe\xCC\x81  2\n"
            "🙂    3\n");
}

TEST(TableTest, FurtherRowsAreCounted) {
  EXPECT_EQ(FormatTable(Sales(), {.max_rows = 1}),
            "region   orders\n"
            "──────  ───────\n"
            "north   1234567\n"
            "… 2 more rows\n");
}

TEST(TableTest, ATextIsCutToTheWidthAndANumberNever) {
  const data::Rows rows{
      .schema = {{Column("text", TypeKind::kString), Column("number", TypeKind::kLong)}},
      .rows = {{std::string("a rather long text"), std::int64_t{1234567890123}}}};
  EXPECT_EQ(FormatTable(rows, {.width = 25}),
            "text               number\n"
            "──────────  ─────────────\n"
            "a rather …  1234567890123\n");
}

TEST(TableTest, ColumnsThatDoNotFitAreLeftOutAndNamed) {
  data::Rows rows;
  rows.rows.emplace_back();
  for (int i = 0; i < 5; i++) {
    rows.schema.fields.push_back(Column("n" + std::to_string(i), TypeKind::kLong));
    rows.rows[0].emplace_back(std::int64_t{1'000'000});
  }
  EXPECT_EQ(FormatTable(rows, {.width = 26}),
            "     n0       n1       n2\n"
            "───────  ───────  ───────\n"
            "1000000  1000000  1000000\n"
            "… 2 more columns: n3, n4\n");
}

TEST(TableTest, NoLineIsWiderThanTheTerminal) {
  data::Rows rows = Sales();
  rows.rows[0][0] = std::string(100'000, 'x');
  for (std::size_t width = 1; width < 60; width++) {
    const std::string text = FormatTable(rows, {.width = width, .max_rows = 2});
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos;
         begin = end + 1, end = text.find('\n', begin)) {
      EXPECT_LE(DisplayWidth(text.substr(begin, end - begin)), width) << text;
    }
  }
}

TEST(TableTest, DataCannotSteerTheTerminalOrBreakTheLine) {
  const data::Rows rows{.schema = {{Column("a\x1b[31m", TypeKind::kString)}},
                        .rows = {{std::string("one\ntwo\ttabs\x1b]0;title\x07")}}};
  const std::string text = FormatTable(rows);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("a\\x1b[31m\n"), std::string::npos);
  EXPECT_NE(text.find("one\\ntwo\\ttabs\\x1b]0;title\\x07\n"), std::string::npos);
}

TEST(TableTest, ColourDoesNotChangeTheAlignment) {
  const std::string text =
      FormatTable(Sales(), {.color = true, .style_of = [](std::size_t column, const data::Value&) {
                              return column == 0 ? TextStyle::kGreen : TextStyle::kPlain;
                            }});
  EXPECT_EQ(text,
            "\x1b[1mregion\x1b[0m   \x1b[1morders\x1b[0m\n"
            "\x1b[2m──────  ───────\x1b[0m\n"
            "\x1b[32mnorth\x1b[0m   1234567\n"
            "\x1b[32msüd\x1b[0m           5\n"
            "\x1b[2mNULL\x1b[0m       \x1b[2mNULL\x1b[0m\n");
}

TEST(TableTest, AnEmptyTableHasAHeader) {
  EXPECT_EQ(FormatTable({.schema = Sales().schema}), "region  orders\n──────  ──────\n");
  EXPECT_EQ(FormatTable({}), "");
}

TEST(TextWidthTest, FitCutsAtCharactersAndCountsColumns) {
  EXPECT_EQ(Fit("hello", 5), "hello");
  EXPECT_EQ(Fit("hello", 4), "hel…");
  EXPECT_EQ(Fit("東京都", 4), "東…");
  EXPECT_EQ(Fit("hello", 1), "…");
  EXPECT_EQ(Fit("hello", 0), "");
  EXPECT_EQ(PadLeft("東", 4), "  東");
  EXPECT_EQ(PadRight("ü", 3), "ü  ");
}

TEST(TextWidthTest, BrokenUtf8IsReplacedAndDirectionMarksAreShown) {
  EXPECT_EQ(OneLine("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(OneLine("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(OneLine("\xC0\xAF\xED\xA0\x80").find("\xC0"), std::string::npos);
  EXPECT_EQ(OneLine("a\xE2\x80\xAE"
                    "b"),
            "a\\u202eb");
  EXPECT_EQ(OneLine("\xC2\x9B"
                    "31m"),
            "\\x9b31m");
}

TEST(TextWidthTest, NumbersAndDurationsReadWell) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(-1000), "-1,000");
  EXPECT_EQ(WithThousands(INT64_MIN), "-9,223,372,036,854,775,808");
  EXPECT_EQ(FormatDuration(850'000), "850 ms");
  EXPECT_EQ(FormatDuration(1'250'000), "1.2 s");
  EXPECT_EQ(FormatDuration(125 * kMicrosPerSecond), "2 min 5 s");
  EXPECT_EQ(FormatDuration(11'520 * kMicrosPerSecond), "3 h 12 min");
}

}  // namespace
}  // namespace leat::cli
