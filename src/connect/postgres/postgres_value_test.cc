#include "connect/postgres/postgres_value.h"

#include <gmock/gmock.h>

namespace leat::connect {
namespace {

using data::TypeKind;

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

// The head of a numeric, and its digits of base 10,000.
std::string NumericBytes(int weight, int sign, int scale, const std::vector<int>& digits) {
  std::string text;
  const auto add = [&text](int value) {
    text += static_cast<char>((value >> 8) & 0xFF);
    text += static_cast<char>(value & 0xFF);
  };
  for (const int word : {static_cast<int>(digits.size()), weight, sign, scale}) add(word);
  for (const int digit : digits) add(digit);
  return text;
}

PostgresMapping DecimalMapping(int precision, int scale) {
  return MappingOf({.name = "n", .type = 1700, .modifier = ((precision << 16) | scale) + 4});
}

Int128 Unscaled(const std::string& bytes, int precision, int scale) {
  const PostgresMapping mapping = DecimalMapping(precision, scale);
  auto column = data::ArrowColumn::Of("n", mapping.type);
  EXPECT_EQ(AppendPostgresValue(bytes, mapping, column), std::nullopt);
  std::vector<data::ArrowColumn> columns;
  columns.push_back(std::move(column));
  const data::ArrowBatch batch = data::ToArrowBatch(std::move(columns));
  return *static_cast<const Int128*>(batch.array.children[0]->buffers[1]);
}

std::string NumericText(const std::string& bytes) {
  return PostgresText(bytes, DecimalMapping(38, 10));
}

Int128 TenTo(int exponent) { return exponent == 0 ? Int128{1} : 10 * TenTo(exponent - 1); }

TEST(PostgresValueTest, NumericsAreExact) {
  EXPECT_EQ(Unscaled(NumericBytes(0, 0, 2, {12, 3400}), 10, 2), 1234);
  EXPECT_EQ(Unscaled(NumericBytes(0, 0x4000, 2, {12, 3400}), 10, 2), -1234);
  EXPECT_EQ(Unscaled(NumericBytes(1, 0, 0, {1}), 10, 0), 10'000);
  EXPECT_EQ(Unscaled(NumericBytes(0, 0, 0, {}), 10, 3), 0);
  EXPECT_EQ(Unscaled(NumericBytes(-1, 0, 4, {1}), 10, 4), 1);
  EXPECT_EQ(Unscaled(NumericBytes(-2, 0, 8, {1234}), 10, 8), 1234);
  EXPECT_EQ(Unscaled(NumericBytes(-2, 0, 7, {1230}), 10, 7), 123);
  EXPECT_EQ(Unscaled(NumericBytes(-1, 0, 2, {4500}), 10, 2), 45);
  EXPECT_EQ(Unscaled(NumericBytes(-1, 0, 1, {9000}), 38, 1), 9);
  // 38 nines, with one behind the point.
  std::vector<int> nines = {9};
  nines.insert(nines.end(), 9, 9999);
  nines.push_back(9000);
  EXPECT_EQ(Unscaled(NumericBytes(9, 0, 1, nines), 38, 1), TenTo(38) - 1);
}

TEST(PostgresValueTest, NumericsPrintAsPostgresPrintsThem) {
  EXPECT_EQ(NumericText(NumericBytes(0, 0, 2, {12, 3400})), "12.34");
  EXPECT_EQ(NumericText(NumericBytes(1, 0x4000, 0, {1, 5})), "-10005");
  EXPECT_EQ(NumericText(NumericBytes(-2, 0, 8, {1234})), "0.00001234");
  EXPECT_EQ(NumericText(NumericBytes(0, 0, 3, {})), "0.000");
  EXPECT_EQ(NumericText(NumericBytes(0, 0xC000, 0, {})), "NaN");
  EXPECT_EQ(NumericText(NumericBytes(0, 0xF000, 0, {})), "-Infinity");
}

TEST(PostgresValueTest, WhatADecimalCannotHoldIsText) {
  EXPECT_EQ(MappingOf({.name = "n", .type = 1700, .modifier = -1}).type.kind, TypeKind::kString);
  EXPECT_TRUE(MappingOf({.name = "n", .type = 1700, .modifier = -1}).is_cast);
  EXPECT_EQ(DecimalMapping(39, 2).type.kind, TypeKind::kString);
  // numeric(3,-2) and numeric(2,4)
  EXPECT_EQ(DecimalMapping(3, 0x7FE).type.kind, TypeKind::kString);
  EXPECT_EQ(DecimalMapping(2, 4).type.kind, TypeKind::kString);
  EXPECT_EQ(DecimalMapping(38, 38).type.kind, TypeKind::kDecimal);
  const PostgresMapping mapping = DecimalMapping(10, 2);
  auto column = data::ArrowColumn::Of("n", mapping.type);
  EXPECT_EQ(AppendPostgresValue(NumericBytes(0, 0xC000, 0, {}), mapping, column),
            "NaN is no value of decimal(10,2)");
  EXPECT_EQ(column.row_count(), 0);
}

TEST(PostgresValueTest, FarDatesAndTimesAreNotStored) {
  const PostgresMapping date = MappingOf({.name = "d", .type = 1082});
  auto days = data::ArrowColumn::Of("d", date.type);
  EXPECT_EQ(AppendPostgresValue(Bytes({0, 0, 0, 0}), date, days), std::nullopt);
  EXPECT_EQ(AppendPostgresValue(Bytes({0x7F, 0xFF, 0xFF, 0xFF}), date, days),
            "infinity is not between the years 1 and 9999");
  EXPECT_EQ(AppendPostgresValue(Bytes({0x80, 0, 0, 0}), date, days),
            "-infinity is not between the years 1 and 9999");
  EXPECT_EQ(days.row_count(), 1);
  const PostgresMapping time = MappingOf({.name = "t", .type = 1184});
  auto times = data::ArrowColumn::Of("t", time.type);
  EXPECT_EQ(AppendPostgresValue(Bytes({0, 0, 0, 0, 0, 0, 0, 1}), time, times), std::nullopt);
  EXPECT_EQ(PostgresText(Bytes({0, 0, 0, 0, 0, 0, 0, 1}), time), "2000-01-01T00:00:00.000001Z");
  EXPECT_EQ(
      AppendPostgresValue(Bytes({0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}), time, times),
      "infinity is not between the years 1 and 9999");
}

}  // namespace
}  // namespace leat::connect
