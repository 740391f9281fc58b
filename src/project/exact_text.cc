#include "project/exact_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace leat::project {
namespace {

using data::TypeKind;
using nlohmann::json;

Error Misfit(const std::string& text, const data::Type& type) {
  return InvalidInput(fmt::format("'{}' is no {}", text, ToLower(data::ToSql(type))));
}

// A condition that holds when the engine's cast lost nothing; empty: any text is a value.
std::string Condition(const std::string& text, const data::Type& type) {
  const std::string literal = QuoteLiteral(text);
  const std::string value = fmt::format("TRY_CAST({} AS {})", literal, data::ToSql(type));
  switch (type.kind) {
    case TypeKind::kString:
    case TypeKind::kBinary: return "";
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
      return fmt::format("{} = TRY_CAST({} AS DECIMAL(38, 18))", value, literal);
    case TypeKind::kDecimal:
      return fmt::format("{} = TRY_CAST({} AS DECIMAL(38, {}))", value, literal,
                         38 - (type.precision - type.scale));
    case TypeKind::kDate: return fmt::format("{} = TRY_CAST({} AS TIMESTAMP)", value, literal);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
      return fmt::format("{} IS NOT NULL AND NOT regexp_matches({}, '[.][0-9]{{6}}[0-9]*[1-9]')",
                         value, literal);
    default: return value + " IS NOT NULL";
  }
}

Status IsScalar(engine::Session& session, const std::string& text, const data::Type& type) {
  const std::string condition = Condition(text, type);
  if (condition.empty()) return Ok();
  LEAT_ASSIGN(const auto rows, session.Query(fmt::format("SELECT coalesce({}, false)", condition)));
  const auto* holds = std::get_if<bool>(rows.rows[0].data());
  return holds != nullptr && *holds ? Ok() : Status(Misfit(text, type));
}

Status IsJson(engine::Session& session, const json& value, const data::Type& type) {
  if (value.is_null()) return Ok();
  if (type.kind == TypeKind::kArray) {
    if (!value.is_array()) return Misfit(value.dump(), type);
    for (const json& item : value) LEAT_TRY(IsJson(session, item, type.children[0].type));
    return Ok();
  }
  if (type.kind == TypeKind::kMap || type.kind == TypeKind::kStruct) {
    if (!value.is_object()) return Misfit(value.dump(), type);
    for (const auto& [key, item] : value.items()) {
      const data::Type* part = type.kind == TypeKind::kMap ? &type.children[1].type : nullptr;
      for (const data::Field& field : type.children) {
        if (type.kind == TypeKind::kStruct && EqualsIgnoreCase(field.name, key)) part = &field.type;
      }
      if (part == nullptr) return InvalidInput(fmt::format("there is no field '{}'", key));
      LEAT_TRY(IsJson(session, item, *part));
    }
    return Ok();
  }
  return IsScalar(session, value.is_string() ? value.get<std::string>() : value.dump(), type);
}

}  // namespace

Status IsExactly(engine::Session& session, const std::string& text, const data::Type& type) {
  if (type.children.empty()) return IsScalar(session, text, type);
  const json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return Misfit(text, type);
  return IsJson(session, value, type);
}

}  // namespace leat::project
