#include "delta/column_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delta/file_skipping.h"

namespace leat::delta {
namespace {

using testing::HasSubstr;

data::Field Mapped(const std::string& name, const std::string& physical, int id,
                   data::Type type = {.kind = data::TypeKind::kLong}) {
  return {.name = name,
          .type = std::move(type),
          .metadata_json = R"({"delta.columnMapping.id":)" + std::to_string(id) +
                           R"(,"delta.columnMapping.physicalName":")" + physical + "\"}"};
}

Metadata MappedBy(const std::string& mode, std::vector<data::Field> fields) {
  return {.schema = {.fields = std::move(fields)},
          .configuration = {{"delta.columnMapping.mode", mode}}};
}

TEST(ColumnMappingTest, NamesAndIdsComeFromTheFieldsMetadataWhereTheTableIsMapped) {
  const data::Field field = Mapped("a", "col-1", 4);
  EXPECT_EQ(PhysicalName(ColumnMapping::kName, field), "col-1");
  EXPECT_EQ(PhysicalName(ColumnMapping::kNone, field), "a");
  EXPECT_EQ(PhysicalName(ColumnMapping::kId, {.name = "plain"}), "plain");
  EXPECT_EQ(ColumnId(field), 4);
  EXPECT_EQ(ColumnId({.name = "plain"}), std::nullopt);
  EXPECT_EQ(MappingOf(MappedBy("Name", {})).value(), ColumnMapping::kName);
  EXPECT_EQ(MappingOf(MappedBy("none", {})).value(), ColumnMapping::kNone);
  EXPECT_FALSE(MappingOf(MappedBy("place", {})).ok());
}

TEST(ColumnMappingTest, IncompleteOrSharedMappingsAreCorrupt) {
  const auto problem = [](std::vector<data::Field> fields) {
    const Status status = CheckColumnMapping(MappedBy("name", std::move(fields)));
    return status.ok() ? "" : status.error().message();
  };
  const data::Type nested{.kind = data::TypeKind::kStruct, .children = {{.name = "x"}}};
  const data::Type list{.kind = data::TypeKind::kArray,
                        .children = {{.name = "element", .type = nested}}};
  EXPECT_EQ(problem({Mapped("a", "p", 1), Mapped("b", "q", 2)}), "");
  EXPECT_THAT(problem({{.name = "a"}}), HasSubstr("'a' of a mapped table has no physical name"));
  EXPECT_THAT(problem({Mapped("a", "", 1)}), HasSubstr("no physical name"));
  EXPECT_THAT(problem({Mapped("a", "p", -1)}), HasSubstr("no id"));
  EXPECT_THAT(problem({Mapped("a", "p", 1), Mapped("b", "p", 2)}),
              HasSubstr("shares its physical"));
  EXPECT_THAT(problem({Mapped("a", "p", 1), Mapped("b", "q", 1)}), HasSubstr("shares its id 1"));
  EXPECT_THAT(problem({Mapped("a", "p", 1, nested)}), HasSubstr("'a.x'"));
  EXPECT_THAT(problem({Mapped("a", "p", 1, list)}), HasSubstr("'a.element.x'"));
  EXPECT_TRUE(CheckColumnMapping(MappedBy("none", {{.name = "a"}})).ok());
}

}  // namespace
}  // namespace leat::delta
