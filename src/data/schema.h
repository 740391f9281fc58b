// Types and schemas of tables, as Delta's protocol names them. No module but engine/ knows DuckDB's
// types.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leat::data {

enum class TypeKind {
  kBoolean,
  kByte,
  kShort,
  kInteger,
  kLong,
  kFloat,
  kDouble,
  kDecimal,  // precision, scale
  kString,
  kBinary,
  kDate,
  kTimestamp,     // microseconds, an instant in UTC
  kTimestampNtz,  // microseconds without a time zone; needs a table feature
  kStruct,        // children: its fields
  kArray,         // children[0]: "element"
  kMap,           // children[0]: "key", children[1]: "value"
};

struct Field;

struct Type {
  TypeKind kind = TypeKind::kString;
  int precision = 0;            // kDecimal: 1 to 38
  int scale = 0;                // kDecimal: 0 to precision
  std::vector<Field> children;  // kStruct, kArray, kMap

  // "long", "decimal(10,2)", "struct<a:long,b:string>": Delta's short names.
  std::string ToString() const;
  bool operator==(const Type&) const;
};

struct Field {
  std::string name;
  Type type;
  bool nullable = true;
  std::string metadata_json = "{}";  // Delta field metadata, kept as it is
  bool operator==(const Field&) const = default;
};

struct Schema {
  std::vector<Field> fields;

  // Column names are compared without case, as Delta and SQL do.
  const Field* Find(std::string_view name) const;
  std::vector<std::string> names() const;
  bool operator==(const Schema&) const = default;
};

// The schemaString of Delta's metaData action, both ways.
std::string ToDeltaJson(const Schema& schema);
Result<Schema> SchemaFromDeltaJson(std::string_view json);

// A SQL or Delta type name as users write it in YAML: bigint, long, varchar, decimal(10,2),
// struct(a int), int[], …. Errors carry the nearest known name.
Result<Type> ParseType(std::string_view text);
// The type as DuckDB's SQL writes it: BIGINT, VARCHAR, TIMESTAMP WITH TIME ZONE, STRUCT("a"
// INTEGER), ….
std::string ToSql(const Type& type);

}  // namespace leat::data
