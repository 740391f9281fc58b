#include "delta/stats_columns.h"

#include <gtest/gtest.h>

#include "data/arrow_reader.h"
#include "delta/cell.h"
#include "delta/parsed_stats.h"

namespace leat::delta {
namespace {

using data::ArrowColumn;
using data::ArrowView;

Metadata Table() {
  Metadata metadata;
  for (const char* column :
       {"flag boolean", "small smallint", "id bigint", "ratio float", "exact decimal(20,3)",
        "name varchar", "raw blob", "day date", "at timestamptz", "local timestamp_ntz",
        "place struct(x int, tags varchar[])", "part date", "kind varchar"}) {
    const std::string text = column;
    const std::size_t space = text.find(' ');
    metadata.schema.fields.push_back(
        {.name = text.substr(0, space), .type = data::ParseType(text.substr(space + 1)).value()});
  }
  metadata.partition_columns = {"part", "kind"};
  return metadata;
}

// The statistics after they were columns.
std::string Back(const Metadata& metadata, std::string_view stats_json) {
  StatsColumns columns = StatsColumns::Of(metadata).value();
  std::vector<ArrowColumn> add;
  add.push_back(columns.StatsColumn());
  for (int row = 0; row < 2; row++) {  // the first row leaves nothing for the second
    columns.AppendStats(add[0], stats_json);
  }
  columns.AppendStats(add[0], "");
  const data::ArrowBatch batch = data::ToArrowBatch(std::move(add));
  const ArrowView view = ArrowView::Of(batch).value();
  const ParsedStats parsed = ParsedStats::Of(view).value();
  EXPECT_EQ(parsed.Json(0), parsed.Json(1));
  EXPECT_EQ(parsed.Json(2), "");
  return parsed.Json(0);
}

TEST(StatsColumnsTest, StatisticsOfEachTypeComeBack) {
  const std::string bounds =
      R"({"small":-3,"id":9223372036854775807,"ratio":0.5,"exact":-12345678901234567.500,"name":"a \"b\" \u00fc",)"
      R"("day":"1969-12-31","at":"2026-11-22T01:02:03.004Z","local":"2026-11-22T01:02:03.004","place":{"x":7}})";
  const std::string nulls = R"({"flag":1,"small":0,"raw":2,"place":{"x":0,"tags":3}})";
  const std::string json =
      Back(Table(), R"({"maxValues":)" + bounds + R"(,"numRecords":5,"minValues":)" + bounds +
                        R"(,"nullCount":)" + nulls + R"(,"tightBounds":false})");
  const std::string times =
      R"("day":"1969-12-31","at":"2026-11-22T01:02:03.004Z","local":"2026-11-22T01:02:03.004","place":{"x":7}})";
  const std::string back =
      R"({"small":-3,"id":9223372036854775807,"ratio":0.5,"exact":-12345678901234567.500,"name":"a \"b\" ü",)" +
      times;
  EXPECT_EQ(json, R"({"numRecords":5,"tightBounds":false,"minValues":)" + back +
                      R"(,"maxValues":)" + back + R"(,"nullCount":)" + nulls + "}");
}

TEST(StatsColumnsTest, WhatIsNotOfItsTypeIsLeftOut) {
  const Metadata table = Table();
  EXPECT_EQ(
      Back(
          table,
          R"({"numRecords":1,"minValues":{"small":40000,"id":1.5,"day":"x","exact":1.23456,"flag":true,"none":1,"place":3}})"),
      R"({"numRecords":1,"minValues":{"place":{}},"maxValues":{"place":{}},"nullCount":{"place":{}}})");
  for (const char* broken :
       {"", "{", "[]", "null", R"({"numRecords":1,)", R"({"minValues":{"id":1)"}) {
    EXPECT_EQ(Back(table, broken), "") << broken;
  }
}

TEST(StatsColumnsTest, MappedColumnsHaveTheirPhysicalNames) {
  Metadata table = Table();
  table.configuration["delta.columnMapping.mode"] = "name";
  for (data::Field& field : table.schema.fields) {
    field.metadata_json =
        R"({"delta.columnMapping.id":1,"delta.columnMapping.physicalName":"col-)" + field.name +
        "\"}";
  }
  EXPECT_EQ(
      Back(table, R"({"minValues":{"col-id":1,"id":2}})"),
      R"({"minValues":{"col-id":1,"col-place":{}},"maxValues":{"col-place":{}},"nullCount":{"col-place":{}}})");
}

TEST(StatsColumnsTest, PartitionValuesHaveTheirTypes) {
  StatsColumns columns = StatsColumns::Of(Table()).value();
  std::vector<ArrowColumn> add;
  add.push_back(columns.PartitionColumn().value());
  columns.AppendPartition(add[0], {{"part", "1970-01-03"}, {"kind", "a"}});
  columns.AppendPartition(add[0], {{"part", std::nullopt}});
  const data::ArrowBatch batch = data::ToArrowBatch(std::move(add));
  const ArrowView column = ArrowView::Of(batch).value().child(0);
  EXPECT_EQ(column.name(), "partitionValues_parsed");
  EXPECT_EQ(column.child(0).Int(0), 2);
  EXPECT_EQ(column.child(1).String(0), "a");
  EXPECT_TRUE(column.child(0).IsNull(1));
  EXPECT_TRUE(column.child(1).IsNull(1));
  Metadata whole = Table();
  whole.partition_columns.clear();
  EXPECT_FALSE(StatsColumns::Of(whole).value().PartitionColumn().has_value());
}

TEST(StatsColumnsTest, ATableOfBytesAloneHasNoBounds) {
  Metadata table;
  table.schema.fields = {{.name = "raw", .type = {.kind = data::TypeKind::kBinary}}};
  EXPECT_EQ(Back(table, R"({"numRecords":2,"minValues":{},"nullCount":{"raw":1}})"),
            R"({"numRecords":2,"nullCount":{"raw":1}})");
}

TEST(StatsColumnsTest, DecimalsAreWrittenWithTheirPoint) {
  EXPECT_EQ(ToText({.unscaled = 1250, .scale = 2}), "12.50");
  EXPECT_EQ(ToText({.unscaled = -5, .scale = 2}), "-0.05");
  EXPECT_EQ(ToText({.unscaled = 0, .scale = 0}), "0");
  EXPECT_EQ(ToText({.unscaled = 0, .scale = 3}), "0.000");
  EXPECT_EQ(ToText({.unscaled = -42, .scale = 0}), "-42");
}

}  // namespace
}  // namespace leat::delta
