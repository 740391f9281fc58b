#include "cli/rows_output.h"

#include <fmt/format.h>

#include <cmath>

#include "base/csv_text.h"
#include "base/json.h"
#include "base/number_text.h"
#include "base/time.h"

namespace leat::cli {
namespace {

constexpr std::int64_t kMaxExactInteger = std::int64_t{1} << 53;

bool IsNested(const data::Type& type) {
  return type.kind == data::TypeKind::kStruct || type.kind == data::TypeKind::kArray ||
         type.kind == data::TypeKind::kMap;
}

}  // namespace

Json ToJson(std::int64_t number) {
  if (number > kMaxExactInteger || number < -kMaxExactInteger) return std::to_string(number);
  return number;
}

Json ToJsonTime(TimestampUs time) { return FormatTimestamp(time); }

Json ToJson(const data::Value& value, const data::Type& type) {
  if (std::holds_alternative<std::monostate>(value)) return nullptr;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return ToJson(*number);
  if (const auto* number = std::get_if<double>(&value)) {
    if (std::isfinite(*number)) return *number;
    return FormatReal(*number);  // JSON has no such numbers
  }
  if (const auto* instant = std::get_if<data::Instant>(&value)) return ToJsonTime(instant->us);
  const auto& text = std::get<std::string>(value);
  if (!IsNested(type)) return text;
  Json nested = ParseOrderedJson(text);
  return nested.is_discarded() ? Json(text) : nested;
}

Json ToJson(const data::Schema& schema, const std::vector<data::Value>& row) {
  Json object = Json::object();
  for (std::size_t i = 0; i < row.size(); i++) {
    object[schema.fields[i].name] = ToJson(row[i], schema.fields[i].type);
  }
  return object;
}

std::string Dump(const Json& json, int indent) { return JsonTextOfAny(json, indent); }

std::string PlainText(const data::Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return "";
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) return FormatReal(*number);
  if (const auto* instant = std::get_if<data::Instant>(&value)) return FormatTimestamp(instant->us);
  return std::get<std::string>(value);
}

std::string CsvHeader(const data::Schema& schema) {
  std::string line;
  for (const data::Field& field : schema.fields) {
    if (&field != &schema.fields.front()) line += ',';
    AppendCsvField(field.name, line);
  }
  return line + "\n";
}

std::string CsvLine(const std::vector<data::Value>& row) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); i++) {
    if (i > 0) line += ',';
    if (!std::holds_alternative<std::monostate>(row[i])) AppendCsvField(PlainText(row[i]), line);
  }
  return line + "\n";
}

data::Schema TextColumns(std::initializer_list<const char*> names) {
  data::Schema schema;
  for (const char* name : names) schema.fields.push_back({.name = name});
  return schema;
}

}  // namespace leat::cli
