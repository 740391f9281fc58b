// The schemaString of Delta's metaData action. Source: Delta's PROTOCOL.md, "Schema Serialization
// Format".
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "data/limits.h"
#include "data/schema.h"

namespace leat::data {
namespace {

using Json = nlohmann::ordered_json;  // field metadata keeps the order of its keys

constexpr std::array<std::pair<std::string_view, TypeKind>, 12> kSimpleTypes = {{
    {"boolean", TypeKind::kBoolean},
    {"byte", TypeKind::kByte},
    {"short", TypeKind::kShort},
    {"integer", TypeKind::kInteger},
    {"long", TypeKind::kLong},
    {"float", TypeKind::kFloat},
    {"double", TypeKind::kDouble},
    {"string", TypeKind::kString},
    {"binary", TypeKind::kBinary},
    {"date", TypeKind::kDate},
    {"timestamp", TypeKind::kTimestamp},
    {"timestamp_ntz", TypeKind::kTimestampNtz},
}};

Json TypeToJson(const Type& type);

Json FieldToJson(const Field& field) {
  Json metadata = Json::parse(field.metadata_json, nullptr, /*allow_exceptions=*/false);
  if (!metadata.is_object()) metadata = Json::object();
  Json json = Json::object();
  json["name"] = field.name;
  json["type"] = TypeToJson(field.type);
  json["nullable"] = field.nullable;
  json["metadata"] = std::move(metadata);
  return json;
}

Json StructToJson(const std::vector<Field>& fields) {
  Json list = Json::array();
  for (const Field& field : fields) list.push_back(FieldToJson(field));
  return Json{{"type", "struct"}, {"fields", std::move(list)}};
}

Json TypeToJson(const Type& type) {
  switch (type.kind) {
    case TypeKind::kStruct: return StructToJson(type.children);
    case TypeKind::kArray:
      return Json{{"type", "array"},
                  {"elementType", TypeToJson(type.children[0].type)},
                  {"containsNull", type.children[0].nullable}};
    case TypeKind::kMap:
      return Json{{"type", "map"},
                  {"keyType", TypeToJson(type.children[0].type)},
                  {"valueType", TypeToJson(type.children[1].type)},
                  {"valueContainsNull", type.children[1].nullable}};
    default: return type.ToString();
  }
}

Error SchemaError(const std::string& where, const std::string& what) {
  return Corrupt(fmt::format("the table's schema is not valid: {}{}{}", where,
                             where.empty() ? "" : ": ", what));
}

// "decimal(10,2)" or "decimal".
std::optional<Type> DecimalFromName(std::string_view name) {
  Type type{.kind = TypeKind::kDecimal, .precision = kDefaultDeltaDecimalPrecision};
  if (name == "decimal") return type;
  if (!name.starts_with("decimal(") || !name.ends_with(")")) return std::nullopt;
  const std::vector<std::string> parts = Split(name.substr(8, name.size() - 9), ',');
  if (parts.size() != 2) return std::nullopt;
  const auto read = [](std::string_view text, int& number) {
    text = Trim(text);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
  };
  if (!read(parts[0], type.precision) || !read(parts[1], type.scale)) return std::nullopt;
  if (type.precision < 1 || type.precision > kMaxDecimalPrecision) return std::nullopt;
  if (type.scale < 0 || type.scale > type.precision) return std::nullopt;
  return type;
}

Result<Type> TypeFromName(const std::string& name, const std::string& where) {
  for (const auto& [known, kind] : kSimpleTypes) {
    if (name == known) return Type{.kind = kind};
  }
  if (auto decimal = DecimalFromName(name)) return std::move(*decimal);
  return InvalidInput(fmt::format("column {} has the type '{}', which Leat cannot read",
                                  where.empty() ? "(root)" : where, Shorten(name, 80)));
}

Result<Type> TypeFromJson(const Json& json, const std::string& where, int depth);

// json[key], which must be there.
Result<Type> ChildFromJson(const Json& json, const char* key, const std::string& where, int depth) {
  const auto found = json.find(key);
  if (found == json.end()) return SchemaError(where, fmt::format("'{}' is missing", key));
  return TypeFromJson(*found, where, depth + 1);
}

// Absent flags mean true, as in Spark.
bool FlagFromJson(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() || !found->is_boolean() || found->get<bool>();
}

Result<std::vector<Field>> FieldsFromJson(const Json& json, const std::string& where, int depth) {
  const auto list = json.find("fields");
  if (list == json.end() || !list->is_array()) {
    return SchemaError(where, "'fields' is missing or not a list");
  }
  std::vector<Field> fields;
  for (const Json& item : *list) {
    if (!item.is_object()) return SchemaError(where, "a field is not an object");
    const auto name = item.find("name");
    if (name == item.end() || !name->is_string()) return SchemaError(where, "a field has no name");
    Field field{.name = name->get<std::string>(), .nullable = FlagFromJson(item, "nullable")};
    const std::string path = where.empty() ? field.name : where + "." + field.name;
    LEAT_ASSIGN(field.type, ChildFromJson(item, "type", path, depth));
    const auto metadata = item.find("metadata");
    if (metadata != item.end() && metadata->is_object()) field.metadata_json = metadata->dump();
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<Type> TypeFromJson(const Json& json, const std::string& where, int depth) {
  if (depth > kMaxTypeDepth) return SchemaError(where, "types are nested too deeply");
  if (json.is_string()) return TypeFromName(json.get<std::string>(), where);
  const auto tag = json.is_object() ? json.find("type") : json.end();
  if (!json.is_object() || tag == json.end() || !tag->is_string()) {
    return SchemaError(where, "a type is neither a name nor an object with a 'type'");
  }
  const std::string name = tag->get<std::string>();
  if (name == "struct") {
    Type type{.kind = TypeKind::kStruct};
    LEAT_ASSIGN(type.children, FieldsFromJson(json, where, depth));
    return type;
  }
  if (name == "array") {
    Field element{.name = "element", .nullable = FlagFromJson(json, "containsNull")};
    LEAT_ASSIGN(element.type, ChildFromJson(json, "elementType", where + ".element", depth));
    return Type{.kind = TypeKind::kArray, .children = {std::move(element)}};
  }
  if (name == "map") {
    Field key{.name = "key", .nullable = false};
    Field value{.name = "value", .nullable = FlagFromJson(json, "valueContainsNull")};
    LEAT_ASSIGN(key.type, ChildFromJson(json, "keyType", where + ".key", depth));
    LEAT_ASSIGN(value.type, ChildFromJson(json, "valueType", where + ".value", depth));
    return Type{.kind = TypeKind::kMap, .children = {std::move(key), std::move(value)}};
  }
  return InvalidInput(
      fmt::format("column {} has the type '{}', which Leat cannot read", where, Shorten(name, 80)));
}

}  // namespace

std::string ToDeltaJson(const Schema& schema) {
  // Bytes that are not UTF-8 cannot stand in JSON; they become U+FFFD.
  return StructToJson(schema.fields).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Schema> SchemaFromDeltaJson(std::string_view json) {
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return SchemaError("", "it is not JSON");
  if (!root.is_object() || root.value("type", Json()) != "struct") {
    return SchemaError("", "its root is not a struct");
  }
  Schema schema;
  LEAT_ASSIGN(schema.fields, FieldsFromJson(root, "", 0));
  return schema;
}

}  // namespace leat::data
