#include "project/exact_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "data/convert.h"

namespace leat::project {
namespace {

using data::TypeKind;
using nlohmann::json;

Error Misfit(const std::string& text, const data::Type& type) {
  return InvalidInput(fmt::format("'{}' is no {}", text, ToLower(data::ToSql(type))));
}

bool FitsScalar(const std::string& text, const data::Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return data::ToBoolean(text).has_value();
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong: {
      const auto number = data::ToInteger(text);
      return number && data::FitsInteger(*number, type.kind);
    }
    case TypeKind::kDecimal: return data::ToDecimal(text, type.precision, type.scale).has_value();
    case TypeKind::kFloat: return data::ToFloat(text).has_value();
    case TypeKind::kDouble: return data::ToDouble(text).has_value();
    case TypeKind::kBinary: return data::ToBinary(text).has_value();
    case TypeKind::kDate: return data::ToDate(text).has_value();
    // Times without a zone are instants in UTC, and may be written as such.
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz: return data::ToTimestamp(text).has_value();
    case TypeKind::kString:
    case TypeKind::kStruct:
    case TypeKind::kArray:
    case TypeKind::kMap: return true;
  }
  return true;
}

Status FitsJson(const json& value, const data::Type& type) {
  if (value.is_null()) return Ok();
  if (type.kind == TypeKind::kArray) {
    if (!value.is_array()) return Misfit(value.dump(), type);
    for (const json& item : value) LEAT_TRY(FitsJson(item, type.children[0].type));
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
      LEAT_TRY(FitsJson(item, *part));
    }
    return Ok();
  }
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  return FitsScalar(text, type) ? Ok() : Status(Misfit(text, type));
}

}  // namespace

Status IsExactly(const std::string& text, const data::Type& type) {
  if (type.children.empty()) return FitsScalar(text, type) ? Ok() : Status(Misfit(text, type));
  const json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return Misfit(text, type);
  return FitsJson(value, type);
}

}  // namespace leat::project
