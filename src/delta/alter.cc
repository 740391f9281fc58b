#include "delta/alter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "delta/column_mapping.h"
#include "delta/constraints.h"
#include "delta/field_metadata.h"
#include "delta/table_properties.h"

namespace leat::delta {
namespace {

using data::TypeKind;
using nlohmann::json;

constexpr const char* kMappingProperty = "delta.columnMapping.mode";
constexpr const char* kWideningProperty = "delta.enableTypeWidening";
constexpr const char* kTypeChangesKey = "delta.typeChanges";
constexpr const char* kDefaultKey = "CURRENT_DEFAULT";

data::Field* FindIn(std::vector<data::Field>& fields, const std::string& name) {
  for (data::Field& field : fields) {
    if (EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

std::vector<std::string> NamesOf(const std::vector<data::Field>& fields) {
  std::vector<std::string> names;
  for (const data::Field& field : fields) names.push_back(field.name);
  return names;
}

// The fields among which the last name of the path stands.
Result<std::vector<data::Field>*> FieldsAround(data::Schema& schema, const ColumnPath& path,
                                               std::size_t depth) {
  std::vector<data::Field>* fields = &schema.fields;
  for (std::size_t i = 0; i < depth; i++) {
    data::Field* field = FindIn(*fields, path[i]);
    if (field == nullptr) {
      return InvalidInput(fmt::format("there is no column '{}'", Join(path, ".")))
          .WithHint(NearestHint(path[i], NamesOf(*fields)));
    }
    if (field->type.kind != TypeKind::kStruct) {
      return InvalidInput(fmt::format("column '{}' is no struct: it has the type {}", field->name,
                                      field->type.ToString()));
    }
    fields = &field->type.children;
  }
  return fields;
}

Result<data::Field*> FieldAt(data::Schema& schema, const ColumnPath& path) {
  LEAT_ASSIGN(std::vector<data::Field>* const fields, FieldsAround(schema, path, path.size() - 1));
  data::Field* field = FindIn(*fields, path.back());
  if (field != nullptr) return field;
  return InvalidInput(fmt::format("there is no column '{}'", Join(path, ".")))
      .WithHint(NearestHint(path.back(), NamesOf(*fields)));
}

// Whether the name stands in the expression as a word of its own.
bool Mentions(const std::string& expression, const std::string& name) {
  const std::string text = ToLower(expression), word = ToLower(name);
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]))) {
      return true;
    }
  }
  return false;
}

Status RefuseMentioned(const Metadata& metadata, const ColumnPath& path) {
  LEAT_ASSIGN(const auto constraints, ConstraintsOf(metadata));
  for (const Constraint& constraint : constraints) {
    if (!Mentions(constraint.expression, path.back())) continue;
    return InvalidInput(fmt::format("column '{}' stands in the constraint {} ({})", Join(path, "."),
                                    constraint.name, constraint.expression))
        .WithHint("remove the constraint first, and add it again");
  }
  return Ok();
}

Status RequireMapping(const Metadata& metadata, const char* what) {
  LEAT_ASSIGN(const ColumnMapping mapping, MappingOf(metadata));
  if (mapping != ColumnMapping::kNone) return Ok();
  return InvalidInput(fmt::format("columns of this table cannot be {}: its data files have the "
                                  "columns' own names",
                                  what))
      .WithHint(fmt::format("map its columns first: alter table ... set (\"{}\" = 'name')",
                            kMappingProperty));
}

Status Apply(const AddColumn& change, Metadata& metadata, io::Random& random) {
  LEAT_ASSIGN(std::vector<data::Field>* const fields,
              FieldsAround(metadata.schema, change.parent, change.parent.size()));
  if (FindIn(*fields, change.field.name) != nullptr) {
    return InvalidInput(fmt::format("there is a column '{}' already", change.field.name));
  }
  fields->push_back(change.field);
  return AssignColumnMapping(random, &metadata, metadata);
}

Status Apply(const RenameColumn& change, Metadata& metadata, io::Random&) {
  LEAT_TRY(RequireMapping(metadata, "renamed"));
  LEAT_TRY(RefuseMentioned(metadata, change.path));
  LEAT_ASSIGN(data::Field* const field, FieldAt(metadata.schema, change.path));
  LEAT_ASSIGN(std::vector<data::Field>* const fields,
              FieldsAround(metadata.schema, change.path, change.path.size() - 1));
  const data::Field* other = FindIn(*fields, change.new_name);
  if (other != nullptr && other != field) {
    return InvalidInput(fmt::format("there is a column '{}' already", change.new_name));
  }
  if (change.path.size() == 1) {
    for (std::string& column : metadata.partition_columns) {
      if (column == field->name) column = change.new_name;
    }
  }
  field->name = change.new_name;
  return Ok();
}

Status Apply(const DropColumn& change, Metadata& metadata, io::Random&) {
  LEAT_TRY(RequireMapping(metadata, "dropped"));
  LEAT_TRY(RefuseMentioned(metadata, change.path));
  LEAT_ASSIGN(const data::Field* const field, FieldAt(metadata.schema, change.path));
  const auto& partitions = metadata.partition_columns;
  if (change.path.size() == 1 &&
      std::find(partitions.begin(), partitions.end(), field->name) != partitions.end()) {
    return InvalidInput(fmt::format("column '{}' partitions the table", field->name));
  }
  LEAT_ASSIGN(std::vector<data::Field>* const fields,
              FieldsAround(metadata.schema, change.path, change.path.size() - 1));
  if (fields->size() == 1) {
    return InvalidInput(fmt::format("'{}' is the only column there", Join(change.path, ".")));
  }
  fields->erase(fields->begin() + (field - fields->data()));
  return Ok();
}

Status Apply(const WidenColumn& change, Metadata& metadata, io::Random&) {
  LEAT_ASSIGN(data::Field* const field, FieldAt(metadata.schema, change.path));
  if (field->type == change.type) return Ok();
  if (!IsWidening(field->type, change.type)) {
    return InvalidInput(
               fmt::format("column '{}' of the type {} cannot become {}: that does not hold "
                           "all of its values",
                           Join(change.path, "."), field->type.ToString(), change.type.ToString()))
        .WithHint("write the table anew with the type (leat run --full-refresh)");
  }
  if (!IsOn(metadata, kWideningProperty)) {
    return InvalidInput(fmt::format("column '{}' cannot become {}: the table does not have type "
                                    "widening",
                                    Join(change.path, "."), change.type.ToString()))
        .WithHint(fmt::format("alter table ... set (\"{}\" = 'true') first", kWideningProperty));
  }
  Widen(*field, change.type);
  return Ok();
}

Status Apply(const SetColumnDefault& change, Metadata& metadata, io::Random&) {
  LEAT_ASSIGN(data::Field* const field, FieldAt(metadata.schema, {change.column}));
  json noted = MetadataOf(*field);
  if (change.expression) {
    noted[kDefaultKey] = *change.expression;
  } else {
    noted.erase(kDefaultKey);
  }
  field->metadata_json = JsonText(noted);
  return Ok();
}

Status Apply(const SetColumnNullable& change, Metadata& metadata, io::Random&) {
  LEAT_ASSIGN(data::Field* const field, FieldAt(metadata.schema, {change.column}));
  field->nullable = change.nullable;
  return Ok();
}

Status CheckMappingChange(const Metadata& before, const Metadata& after) {
  LEAT_ASSIGN(const ColumnMapping was, MappingOf(before));
  LEAT_ASSIGN(const ColumnMapping is, MappingOf(after));
  if (was == is || (was == ColumnMapping::kNone && is == ColumnMapping::kName)) return Ok();
  return InvalidInput(
      fmt::format("{} of this table cannot be changed so: its data files would have "
                  "to be written anew",
                  kMappingProperty));
}

Status Apply(const SetTableProperties& change, Metadata& metadata, io::Random& random) {
  const Metadata before = metadata;
  for (const auto& [name, value] : change.values) {
    LEAT_ASSIGN(const std::string key, KnownProperty(name));
    if (value) {
      metadata.configuration[key] = *value;
    } else {
      metadata.configuration.erase(key);
    }
  }
  LEAT_TRY(ParseTableProperties(metadata));
  LEAT_TRY(CheckMappingChange(before, metadata));
  return AssignColumnMapping(random, &before, metadata);
}

int IntegerRank(TypeKind kind) {
  switch (kind) {
    case TypeKind::kByte: return 1;
    case TypeKind::kShort: return 2;
    case TypeKind::kInteger: return 3;
    case TypeKind::kLong: return 4;
    default: return 0;
  }
}

}  // namespace

bool IsWidening(const data::Type& from, const data::Type& to) {
  const int from_rank = IntegerRank(from.kind), to_rank = IntegerRank(to.kind);
  if (from_rank > 0 && to_rank > 0) return from_rank < to_rank;
  if (to.kind == TypeKind::kDouble) {
    return from.kind == TypeKind::kFloat || (from_rank > 0 && from_rank < 4);
  }
  if (to.kind == TypeKind::kDecimal) {
    if (from.kind == TypeKind::kDecimal) {
      const int scale = to.scale - from.scale;
      return scale >= 0 && to.precision - from.precision >= scale;
    }
    const int digits = from_rank == 4 ? 20 : 10;
    return from_rank > 0 && to.precision - to.scale >= digits;
  }
  return from.kind == TypeKind::kDate && to.kind == TypeKind::kTimestampNtz;
}

void Widen(data::Field& field, const data::Type& type) {
  json noted = MetadataOf(field);
  noted[kTypeChangesKey].push_back(
      {{"fromType", field.type.ToString()}, {"toType", type.ToString()}});
  field.metadata_json = JsonText(noted);
  field.type = type;
}

Result<Metadata> Alter(const Metadata& metadata, const Alteration& alteration, io::Random& random) {
  Metadata altered = metadata;
  LEAT_TRY(
      std::visit([&](const auto& change) { return Apply(change, altered, random); }, alteration));
  return altered;
}

}  // namespace leat::delta
