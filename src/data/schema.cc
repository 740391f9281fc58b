#include "data/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace leat::data {
namespace {

// Letters, digits, underscores and anything beyond ASCII, not starting with a digit.
bool IsPlainName(std::string_view name) {
  const auto is_word = [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u >= 0x80 || std::isalnum(u) != 0 || c == '_';
  };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(), is_word);
}

// A field name as ParseType reads it back: in backticks unless plain.
std::string FieldName(const std::string& name) {
  if (IsPlainName(name)) return name;
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + "`";
}

std::string StructToString(const Type& type) {
  std::vector<std::string> fields;
  for (const Field& field : type.children) {
    fields.push_back(FieldName(field.name) + ":" + field.type.ToString());
  }
  return "struct<" + Join(fields, ",") + ">";
}

std::string StructToSql(const Type& type) {
  std::vector<std::string> fields;
  for (const Field& field : type.children) {
    fields.push_back(QuoteIdentifier(field.name) + " " + ToSql(field.type));
  }
  return "STRUCT(" + Join(fields, ", ") + ")";
}

}  // namespace

std::string Type::ToString() const {
  switch (kind) {
    case TypeKind::kBoolean: return "boolean";
    case TypeKind::kByte: return "byte";
    case TypeKind::kShort: return "short";
    case TypeKind::kInteger: return "integer";
    case TypeKind::kLong: return "long";
    case TypeKind::kFloat: return "float";
    case TypeKind::kDouble: return "double";
    case TypeKind::kDecimal: return fmt::format("decimal({},{})", precision, scale);
    case TypeKind::kString: return "string";
    case TypeKind::kBinary: return "binary";
    case TypeKind::kDate: return "date";
    case TypeKind::kTimestamp: return "timestamp";
    case TypeKind::kTimestampNtz: return "timestamp_ntz";
    case TypeKind::kStruct: return StructToString(*this);
    case TypeKind::kArray: return "array<" + children[0].type.ToString() + ">";
    case TypeKind::kMap:
      return "map<" + children[0].type.ToString() + "," + children[1].type.ToString() + ">";
  }
  return "string";
}

bool Type::operator==(const Type& other) const {
  return kind == other.kind && precision == other.precision && scale == other.scale &&
         children == other.children;
}

const Field* Schema::Find(std::string_view name) const {
  for (const Field& field : fields) {
    if (EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

std::vector<std::string> Schema::names() const {
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const Field& field : fields) names.push_back(field.name);
  return names;
}

std::string ToSql(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return "BOOLEAN";
    case TypeKind::kByte: return "TINYINT";
    case TypeKind::kShort: return "SMALLINT";
    case TypeKind::kInteger: return "INTEGER";
    case TypeKind::kLong: return "BIGINT";
    case TypeKind::kFloat: return "FLOAT";
    case TypeKind::kDouble: return "DOUBLE";
    case TypeKind::kDecimal: return fmt::format("DECIMAL({},{})", type.precision, type.scale);
    case TypeKind::kString: return "VARCHAR";
    case TypeKind::kBinary: return "BLOB";
    case TypeKind::kDate: return "DATE";
    case TypeKind::kTimestamp: return "TIMESTAMP WITH TIME ZONE";
    case TypeKind::kTimestampNtz: return "TIMESTAMP";
    case TypeKind::kStruct: return StructToSql(type);
    case TypeKind::kArray: return ToSql(type.children[0].type) + "[]";
    case TypeKind::kMap:
      return "MAP(" + ToSql(type.children[0].type) + ", " + ToSql(type.children[1].type) + ")";
  }
  return "VARCHAR";
}

}  // namespace leat::data
