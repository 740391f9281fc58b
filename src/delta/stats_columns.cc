#include "delta/stats_columns.h"

#include <simdjson.h>

#include <algorithm>

#include "delta/cell.h"
#include "delta/column_mapping.h"
#include "delta/stats_json.h"

namespace leat::delta {
namespace {

namespace json = simdjson::ondemand;

using data::ArrowColumn;
using data::Type;
using data::TypeKind;

const Type kLong{.kind = TypeKind::kLong};

// The types whose values have an order that readers skip files by.
bool HasBounds(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean:
    case TypeKind::kBinary:
    case TypeKind::kArray:
    case TypeKind::kMap: return false;
    default: return true;
  }
}

// Those of the fields that stand in statistics, with their own types or as numbers of nulls.
std::vector<TypedColumn> ColumnsOf(const std::vector<data::Field>& fields, bool are_bounds) {
  std::vector<TypedColumn> columns;
  for (const data::Field& field : fields) {
    if (field.type.kind == TypeKind::kStruct) {
      auto children = ColumnsOf(field.type.children, are_bounds);
      if (children.empty()) continue;
      columns.push_back({.name = field.name,
                         .type = {.kind = TypeKind::kStruct},
                         .children = std::move(children)});
    } else if (!are_bounds || HasBounds(field.type)) {
      columns.push_back({.name = field.name, .type = are_bounds ? field.type : kLong});
    }
  }
  return columns;
}

ArrowColumn MakeColumn(const TypedColumn& column) {
  const std::string& name = column.name;
  switch (column.type.kind) {
    case TypeKind::kBoolean: return ArrowColumn::Bool(name);
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger: return ArrowColumn::Int32(name);
    case TypeKind::kLong: return ArrowColumn::Int64(name);
    case TypeKind::kFloat: return ArrowColumn::Float(name);
    case TypeKind::kDouble: return ArrowColumn::Double(name);
    case TypeKind::kDecimal:
      return ArrowColumn::Decimal(name, column.type.precision, column.type.scale);
    case TypeKind::kDate: return ArrowColumn::Date(name);
    case TypeKind::kTimestamp: return ArrowColumn::Timestamp(name, /*in_utc=*/true);
    case TypeKind::kTimestampNtz: return ArrowColumn::Timestamp(name, /*in_utc=*/false);
    case TypeKind::kBinary: return ArrowColumn::Binary(name);
    case TypeKind::kStruct: {
      std::vector<ArrowColumn> fields;
      for (const TypedColumn& child : column.children) fields.push_back(MakeColumn(child));
      return ArrowColumn::Struct(name, std::move(fields));
    }
    default: return ArrowColumn::String(name);
  }
}

// The decimal with as many digits as the type has; nothing when that is not the same number.
std::optional<Int128> Unscaled(const Decimal& decimal, const Type& type) {
  Int128 unscaled = decimal.unscaled;
  int scale = decimal.scale;
  for (; scale < type.scale; scale++) {
    if (__builtin_mul_overflow(unscaled, Int128{10}, &unscaled)) return std::nullopt;
  }
  for (; scale > type.scale && unscaled % 10 == 0; scale--) unscaled /= 10;
  Int128 limit = 1;
  for (int i = 0; i < type.precision; i++) limit *= 10;
  const bool fits = scale == type.scale && unscaled < limit && unscaled > -limit;
  return fits ? std::optional(unscaled) : std::nullopt;
}

void AppendText(ArrowColumn& target, const Type& type, const std::string& text) {
  if (type.kind == TypeKind::kBinary) {
    target.AppendString(text);
    return;
  }
  const std::optional<Cell> cell = CellFromText(type, text);
  if (!cell) {
    target.AppendNull();
  } else if (const auto* integer = std::get_if<std::int64_t>(&*cell)) {
    if (type.kind == TypeKind::kBoolean) {
      target.AppendBool(*integer != 0);
    } else {
      target.AppendInt(*integer);
    }
  } else if (const auto* real = std::get_if<double>(&*cell)) {
    target.AppendReal(*real);
  } else if (const auto* decimal = std::get_if<Decimal>(&*cell)) {
    const auto unscaled = Unscaled(*decimal, type);
    if (unscaled) {
      target.AppendDecimal(*unscaled);
    } else {
      target.AppendNull();
    }
  } else {
    target.AppendString(std::get<std::string>(*cell));
  }
}

// The row of a column, which is made anew then.
void AppendRow(ArrowColumn& target, TypedColumn& column) {
  if (column.type.kind == TypeKind::kStruct) {
    for (std::size_t i = 0; i < column.children.size(); i++) {
      AppendRow(target.child(i), column.children[i]);
    }
    target.EndRow();
    return;
  }
  if (column.text) {
    AppendText(target, column.type, *column.text);
  } else {
    target.AppendNull();
  }
  column.text.reset();
}

// The values of the struct's fields; what the struct lacks is left out. False for broken JSON.
bool Take(json::object object, TypedColumn& column) {
  for (auto item : object) {
    json::field field;
    std::string_view key;
    if (std::move(item).get(field) != simdjson::SUCCESS) return false;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    const auto child = std::find_if(column.children.begin(), column.children.end(),
                                    [&](const TypedColumn& c) { return c.name == key; });
    if (child == column.children.end()) continue;
    json::object inner;
    if (child->type.kind != TypeKind::kStruct) {
      child->text = StatsText(field.value());
    } else if (field.value().get_object().get(inner) == simdjson::SUCCESS && !Take(inner, *child)) {
      return false;
    }
  }
  return true;
}

bool Parse(std::string_view stats_json, TypedColumn& stats) {
  if (stats_json.empty()) return false;
  const simdjson::padded_string padded(stats_json);
  thread_local json::parser parser;  // keeps its memory from file to file
  json::document document;
  json::object object;
  return parser.iterate(padded).get(document) == simdjson::SUCCESS &&
         document.get_object().get(object) == simdjson::SUCCESS && Take(object, stats);
}

void Clear(TypedColumn& column) {
  column.text.reset();
  for (TypedColumn& child : column.children) Clear(child);
}

TypedColumn StructOf(std::string name, std::vector<TypedColumn> children) {
  return {.name = std::move(name),
          .type = {.kind = TypeKind::kStruct},
          .children = std::move(children)};
}

}  // namespace

Result<StatsColumns> StatsColumns::Of(const Metadata& metadata) {
  LEAT_ASSIGN(const ColumnMapping mapping, MappingOf(metadata));
  const data::Schema physical = PhysicalSchema(mapping, metadata.schema);
  std::vector<data::Field> stored;
  StatsColumns columns;
  columns.partition_ = StructOf("partitionValues_parsed", {});
  for (std::size_t i = 0; i < metadata.schema.fields.size(); i++) {
    const auto& names = metadata.partition_columns;
    const bool is_partition =
        std::find(names.begin(), names.end(), metadata.schema.fields[i].name) != names.end();
    const data::Field& field = physical.fields[i];
    if (is_partition) {
      columns.partition_.children.push_back({.name = field.name, .type = field.type});
    } else {
      stored.push_back(field);
    }
  }
  const auto bounds = ColumnsOf(stored, /*are_bounds=*/true);
  columns.stats_ =
      StructOf("stats_parsed", {{.name = "numRecords", .type = kLong},
                                {.name = "tightBounds", .type = {.kind = TypeKind::kBoolean}},
                                StructOf("minValues", bounds),
                                StructOf("maxValues", bounds),
                                StructOf("nullCount", ColumnsOf(stored, /*are_bounds=*/false))});
  std::erase_if(columns.stats_.children, [](const TypedColumn& column) {
    return column.type.kind == TypeKind::kStruct && column.children.empty();
  });
  return columns;
}

ArrowColumn StatsColumns::StatsColumn() const { return MakeColumn(stats_); }

std::optional<ArrowColumn> StatsColumns::PartitionColumn() const {
  if (partition_.children.empty()) return std::nullopt;
  return MakeColumn(partition_);
}

void StatsColumns::AppendStats(ArrowColumn& column, std::string_view stats_json) {
  if (Parse(stats_json, stats_)) {
    AppendRow(column, stats_);
  } else {
    Clear(stats_);
    column.AppendNull();
  }
}

void StatsColumns::AppendPartition(ArrowColumn& column, const NullableTexts& values) {
  for (TypedColumn& part : partition_.children) {
    const auto found = values.find(part.name);
    if (found != values.end()) part.text = found->second;
  }
  AppendRow(column, partition_);
}

}  // namespace leat::delta
