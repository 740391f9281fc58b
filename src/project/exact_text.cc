#include "project/exact_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace leat::project {
namespace {

using data::TypeKind;
using nlohmann::json;

Error Misfit(const std::string& text, const data::Type& type) {
  return InvalidInput(fmt::format("'{}' is no {}", text, ToLower(data::ToSql(type))));
}

// How many digits behind the point count: 2 of 1.25, 1 of 1.50, none of 1.5e1. Nothing for a text
// that is no number.
std::optional<std::int64_t> FractionDigits(std::string_view text) {
  text = Trim(text);
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  std::string digits;
  std::int64_t scale = 0;
  bool behind_point = false;
  std::size_t at = 0;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; at++) {
    if (text[at] == '.' && !behind_point) {
      behind_point = true;
    } else if (text[at] >= '0' && text[at] <= '9') {
      digits += text[at];
      scale += behind_point ? 1 : 0;
    } else {
      return std::nullopt;
    }
  }
  if (digits.empty()) return std::nullopt;
  if (at < text.size()) {
    const std::size_t first = at + 1 < text.size() && text[at + 1] == '+' ? at + 2 : at + 1;
    int exponent = 0;
    const auto read = std::from_chars(text.data() + first, text.data() + text.size(), exponent);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    scale -= exponent;
  }
  while (!digits.empty() && digits.back() == '0') {
    digits.pop_back();
    scale--;
  }
  return digits.empty() ? 0 : std::max<std::int64_t>(0, scale);
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
    case TypeKind::kDecimal: {
      const auto fraction = FractionDigits(text);  // an integer's scale is 0
      return fraction && *fraction <= type.scale ? value + " IS NOT NULL" : "false";
    }
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
