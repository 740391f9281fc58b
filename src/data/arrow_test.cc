#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "data/arrow_builder.h"
#include "data/arrow_reader.h"

namespace leat::data {
namespace {

ArrowView Find(const ArrowView& parent, std::string_view name, ArrowKind kind) {
  auto found = parent.Find(name, kind);
  EXPECT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_TRUE(found->has_value()) << name;
  return **found;
}

ArrowBatch Sample() {
  std::vector<ArrowColumn> columns;
  columns.push_back(ArrowColumn::Bool("flag"));
  columns.push_back(ArrowColumn::Int32("small"));
  columns.push_back(ArrowColumn::Int64("large"));
  columns.push_back(ArrowColumn::String("text"));
  columns.push_back(ArrowColumn::List("list", ArrowColumn::String("element")));
  columns.push_back(
      ArrowColumn::Map("map", ArrowColumn::String("key"), ArrowColumn::Int64("value")));
  std::vector<ArrowColumn> fields;
  fields.push_back(ArrowColumn::String("inner"));
  columns.push_back(ArrowColumn::Struct("struct", std::move(fields)));
  for (int row = 0; row < 20; row++) {
    if (row % 3 == 2) {
      for (ArrowColumn& column : columns) column.AppendNull();
      continue;
    }
    columns[0].AppendBool(row % 2 == 0);
    columns[1].AppendInt(-row);
    columns[2].AppendInt(row * 10'000'000'000LL);
    columns[3].AppendString(std::string(static_cast<std::size_t>(row), 'x'));
    for (int i = 0; i < row % 4; i++) columns[4].child(0).AppendString(std::to_string(i));
    columns[4].EndRow();
    columns[5].child(0).AppendString("k" + std::to_string(row));
    columns[5].child(1).AppendNull();
    columns[5].child(0).AppendString("l");
    columns[5].child(1).AppendInt(row);
    columns[5].EndRow();
    columns[6].child(0).AppendString("in");
    columns[6].EndRow();
  }
  return ToArrowBatch(std::move(columns));
}

TEST(ArrowTest, WhatIsBuiltIsReadBack) {
  const ArrowBatch batch = Sample();
  const auto root = ArrowView::Of(batch);
  ASSERT_TRUE(root.ok()) << root.error().ToString();
  ASSERT_EQ(root->row_count(), 20);
  const ArrowView list = Find(*root, "list", ArrowKind::kList);
  const ArrowView map = Find(*root, "map", ArrowKind::kMap);
  for (std::int64_t row = 0; row < 20; row++) {
    const bool null = row % 3 == 2;
    for (std::size_t i = 0; i < root->child_count(); i++) {
      EXPECT_EQ(root->child(i).IsNull(row), null) << i << " " << row;
    }
    if (null) continue;
    EXPECT_EQ(Find(*root, "flag", ArrowKind::kBool).Bool(row), row % 2 == 0);
    EXPECT_EQ(Find(*root, "small", ArrowKind::kInt).Int(row), -row);
    EXPECT_EQ(Find(*root, "large", ArrowKind::kInt).Int(row), row * 10'000'000'000LL);
    EXPECT_EQ(Find(*root, "text", ArrowKind::kString).String(row),
              std::string(static_cast<std::size_t>(row), 'x'));
    EXPECT_EQ(list.Elements(row).end - list.Elements(row).begin, row % 4);
    for (auto i = list.Elements(row).begin; i < list.Elements(row).end; i++) {
      EXPECT_EQ(list.child(0).String(i), std::to_string(i - list.Elements(row).begin));
    }
    const ArrowView::Range pairs = map.Elements(row);
    ASSERT_EQ(pairs.end - pairs.begin, 2);
    EXPECT_EQ(map.child(0).String(pairs.begin), "k" + std::to_string(row));
    EXPECT_TRUE(map.child(1).IsNull(pairs.begin));
    EXPECT_EQ(map.child(1).Int(pairs.begin + 1), row);
    EXPECT_EQ(
        Find(Find(*root, "struct", ArrowKind::kStruct), "inner", ArrowKind::kString).String(row),
        "in");
  }
}

TEST(ArrowTest, ASliceShiftsEveryColumn) {
  ArrowBatch batch = Sample();
  batch.array.offset = 4;
  batch.array.length = 5;
  const auto root = ArrowView::Of(batch);
  ASSERT_TRUE(root.ok()) << root.error().ToString();
  EXPECT_EQ(root->row_count(), 5);
  EXPECT_EQ(Find(*root, "small", ArrowKind::kInt).Int(0), -4);
  EXPECT_EQ(Find(*root, "text", ArrowKind::kString).String(2), "xxxxxx");
  EXPECT_TRUE(Find(*root, "flag", ArrowKind::kBool).IsNull(1));
  const ArrowView map = Find(*root, "map", ArrowKind::kMap);
  EXPECT_EQ(map.child(0).String(map.Elements(0).begin), "k4");
}

TEST(ArrowTest, ContradictingStructuresAreErrors) {
  ArrowBatch batch = Sample();
  batch.array.length = 21;
  EXPECT_EQ(ArrowView::Of(batch).error().kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(ArrowView::Of(ArrowBatch()).error().kind(), ErrorKind::kCorrupt);
  const ArrowBatch good = Sample();
  const ArrowView root = ArrowView::Of(good).value();
  EXPECT_EQ(root.Find("text", ArrowKind::kInt).error().kind(), ErrorKind::kCorrupt);
  EXPECT_FALSE(root.Find("none", ArrowKind::kInt).value().has_value());
}

// Columns as another producer lays them out, held on the stack.
struct ForeignColumn {
  std::array<const void*, 4> buffers{};
  ArrowArray array{};
  ArrowSchema schema{};
  std::array<ArrowArray*, 1> arrays{&array};
  std::array<ArrowSchema*, 1> schemas{&schema};
  ArrowBatch batch;

  ForeignColumn(const char* format, std::int64_t rows, std::vector<const void*> data) {
    std::copy(data.begin(), data.end(), buffers.begin());
    array = {.length = rows,
             .null_count = 0,
             .n_buffers = static_cast<std::int64_t>(data.size()),
             .buffers = buffers.data()};
    schema = {.format = format, .name = "c"};
    batch.array = {.length = rows,
                   .n_buffers = 1,
                   .n_children = 1,
                   .buffers = buffers.data(),
                   .children = arrays.data(),
                   .release = [](ArrowArray*) {}};
    batch.schema = {.format = "+s",
                    .name = "",
                    .n_children = 1,
                    .children = schemas.data(),
                    .release = [](ArrowSchema*) {}};
  }
  Result<ArrowView> View() { return ArrowView::Of(batch); }
};

TEST(ArrowTest, EveryTextLayoutIsRead) {
  const std::array<std::int32_t, 3> small = {0, 3, 5};
  ForeignColumn u("u", 2, {nullptr, small.data(), "abcde"});
  EXPECT_EQ(u.View().value().child(0).String(1), "de");
  const std::array<std::int64_t, 3> large = {0, 3, 5};
  ForeignColumn z("Z", 2, {nullptr, large.data(), "abcde"});
  EXPECT_EQ(z.View().value().child(0).String(0), "abc");

  const char* text = "a text of more than twelve bytes";
  std::array<char, 32> views{};
  const std::array<std::int32_t, 1> short_size = {2};
  std::memcpy(views.data(), short_size.data(), 4);
  std::memcpy(views.data() + 4, "hi", 2);
  const std::array<std::int32_t, 4> long_view = {18, 0, 0, 2};
  std::memcpy(views.data() + 16, long_view.data(), 16);
  ForeignColumn v("vu", 2, {nullptr, views.data(), text, nullptr});
  EXPECT_EQ(v.View().value().child(0).String(0), "hi");
  EXPECT_EQ(v.View().value().child(0).String(1), "text of more than ");
}

TEST(ArrowTest, NumbersAndTimesOfEachTypeAreReadBack) {
  std::vector<ArrowColumn> columns;
  columns.push_back(ArrowColumn::Date("date"));
  columns.push_back(ArrowColumn::Timestamp("instant", /*in_utc=*/true));
  columns.push_back(ArrowColumn::Timestamp("local", /*in_utc=*/false));
  columns.push_back(ArrowColumn::Float("float"));
  columns.push_back(ArrowColumn::Double("double"));
  columns.push_back(ArrowColumn::Decimal("decimal", 38, 2));
  columns.push_back(ArrowColumn::Binary("bytes"));
  const Int128 large = Int128{1'000'000'000'000'000'000LL} * -1'000'000'000;
  for (const int place : {0, 1, 2}) columns[static_cast<std::size_t>(place)].AppendInt(-place - 1);
  columns[3].AppendReal(0.1);
  columns[4].AppendReal(0.1);
  columns[5].AppendDecimal(large);
  columns[6].AppendString(std::string_view("\0\xff", 2));
  for (ArrowColumn& column : columns) column.AppendNull();
  const ArrowBatch batch = ToArrowBatch(std::move(columns));
  const ArrowView root = ArrowView::Of(batch).value();
  EXPECT_EQ(Find(root, "date", ArrowKind::kInt).Int(0), -1);
  EXPECT_EQ(Find(root, "date", ArrowKind::kInt).format(), "tdD");
  EXPECT_EQ(Find(root, "instant", ArrowKind::kInt).Int(0), -2);
  EXPECT_EQ(Find(root, "instant", ArrowKind::kInt).format(), "tsu:UTC");
  EXPECT_EQ(Find(root, "local", ArrowKind::kInt).format(), "tsu:");
  EXPECT_EQ(Find(root, "float", ArrowKind::kDouble).Double(0), 0.1F);
  EXPECT_EQ(Find(root, "double", ArrowKind::kDouble).Double(0), 0.1);
  const ArrowView decimal = Find(root, "decimal", ArrowKind::kDecimal);
  EXPECT_TRUE(decimal.Decimal(0) == large);
  EXPECT_EQ(decimal.decimal_scale(), 2);
  EXPECT_EQ(Find(root, "bytes", ArrowKind::kString).String(0), std::string_view("\0\xff", 2));
  for (std::size_t i = 0; i < root.child_count(); i++) EXPECT_TRUE(root.child(i).IsNull(1)) << i;
}

TEST(ArrowTest, EveryIntegerWidthIsRead) {
  const std::array<std::int8_t, 2> bytes = {-1, 7};
  EXPECT_EQ(ForeignColumn("c", 2, {nullptr, bytes.data()}).View().value().child(0).Int(0), -1);
  EXPECT_EQ(ForeignColumn("C", 2, {nullptr, bytes.data()}).View().value().child(0).Int(0), 255);
  const std::array<std::int16_t, 2> shorts = {-300, 7};
  EXPECT_EQ(ForeignColumn("s", 2, {nullptr, shorts.data()}).View().value().child(0).Int(0), -300);
  const std::array<std::int32_t, 2> ints = {-70000, 7};
  EXPECT_EQ(ForeignColumn("tdD", 2, {nullptr, ints.data()}).View().value().child(0).Int(0), -70000);
  const std::array<std::int64_t, 2> longs = {-1, 1LL << 40};
  EXPECT_EQ(ForeignColumn("tsu:UTC", 2, {nullptr, longs.data()}).View().value().child(0).Int(1),
            1LL << 40);
  EXPECT_EQ(ForeignColumn("d:10,2,64", 2, {nullptr, longs.data()}).View().value().child(0).kind(),
            ArrowKind::kOther);
  EXPECT_FALSE(ForeignColumn("l", 2, {nullptr}).View().ok());
  EXPECT_FALSE(ForeignColumn("l", 2, {nullptr, nullptr}).View().ok());
}

}  // namespace
}  // namespace leat::data
