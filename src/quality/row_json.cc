#include "quality/row_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace leat::quality {
namespace {

using data::Type;
using data::TypeKind;

bool IsNested(const Type& type) { return !type.children.empty(); }

// The same type with text where JSON would lose something.
Type LosslessInJson(const Type& type) {
  switch (type.kind) {
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal:
    case TypeKind::kBinary:
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz: return Type{.kind = TypeKind::kString};
    default: break;
  }
  Type lossless = type;
  for (data::Field& child : lossless.children) child.type = LosslessInJson(child.type);
  return lossless;
}

std::string AsJson(const std::string& value, const Type& type) {
  if (type.kind == TypeKind::kFloat || type.kind == TypeKind::kDouble) {
    return fmt::format(
        "CASE WHEN isfinite({0}) THEN to_json({0}) ELSE to_json(CAST({0} AS VARCHAR)) END", value);
  }
  const Type lossless = LosslessInJson(type);
  if (lossless == type) return fmt::format("to_json({})", value);
  return fmt::format("to_json(CAST({} AS {}))", value, data::ToSql(lossless));
}

// A JSON pointer (RFC 6901): unlike a path, it can name any key.
std::string Pointer(const std::string& key) {
  std::string pointer = "/";
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return QuoteLiteral(pointer);
}

}  // namespace

std::string RowAsJson(const data::Schema& schema, const std::vector<std::string>& except,
                      const std::string& prefix) {
  std::vector<std::string> arguments;
  for (const data::Field& field : schema.fields) {
    const bool left_out = std::any_of(except.begin(), except.end(), [&](const std::string& name) {
      return EqualsIgnoreCase(name, field.name);
    });
    if (left_out) continue;
    arguments.push_back(QuoteLiteral(field.name));
    arguments.push_back(AsJson(prefix + QuoteIdentifier(field.name), field.type));
  }
  return fmt::format("CAST(json_object({}) AS VARCHAR)", Join(arguments, ", "));
}

std::string TextFromJson(const std::string& json, const std::string& key) {
  return fmt::format("json_extract_string({}, {})", json, Pointer(key));
}

std::string ValueFromJson(const std::string& json, const data::Field& field) {
  const std::string type = data::ToSql(field.type);
  if (field.type.kind == TypeKind::kString) return TextFromJson(json, field.name);
  if (!IsNested(field.type))
    return fmt::format("TRY_CAST({} AS {})", TextFromJson(json, field.name), type);
  // TRY_CAST would turn a wrong value deep inside into null; TRY gives up the whole.
  return fmt::format("TRY(CAST(json_extract({}, {}) AS {}))", json, Pointer(field.name), type);
}

std::string IsUnreadable(const std::string& json, const data::Field& field) {
  return fmt::format("({} IS NOT NULL AND {} IS NULL)", TextFromJson(json, field.name),
                     ValueFromJson(json, field));
}

}  // namespace leat::quality
