#include "engine/duckdb_types.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace leat::engine {
namespace {

using data::Field;
using data::Type;
using data::TypeKind;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;

std::optional<Type> ToStoredStruct(const LogicalType& type) {
  Type stored{.kind = TypeKind::kStruct};
  for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) {
    const auto child_type = ToStoredType(child);
    if (!child_type) return std::nullopt;
    stored.children.push_back({.name = name, .type = *child_type});
  }
  return stored;
}

std::optional<Type> ToStoredArray(const LogicalType& element) {
  const auto child = ToStoredType(element);
  if (!child) return std::nullopt;
  return Type{.kind = TypeKind::kArray, .children = {{.name = "element", .type = *child}}};
}

std::optional<Type> ToStoredMap(const LogicalType& type) {
  const auto key = ToStoredType(duckdb::MapType::KeyType(type));
  const auto value = ToStoredType(duckdb::MapType::ValueType(type));
  if (!key || !value) return std::nullopt;
  return Type{.kind = TypeKind::kMap,
              .children = {{.name = "key", .type = *key, .nullable = false},
                           {.name = "value", .type = *value}}};
}

nlohmann::json ToJson(const duckdb::Value& value);

std::string Dump(const nlohmann::json& json) { return JsonTextOfAny(json); }

// A key is a text in JSON: that which the same value would be, without its quotes.
nlohmann::json MapToJson(const duckdb::Value& value) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& entry : duckdb::MapValue::GetChildren(value)) {
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    const nlohmann::json key = ToJson(pair[0]);
    object[key.is_string() ? key.get<std::string>() : Dump(key)] = ToJson(pair[1]);
  }
  return object;
}

nlohmann::json ToJson(const duckdb::Value& value) {
  if (value.IsNull()) return nullptr;
  switch (value.type().id()) {
    case LogicalTypeId::STRUCT: {
      nlohmann::json object = nlohmann::json::object();
      const auto& children = duckdb::StructValue::GetChildren(value);
      for (std::size_t i = 0; i < children.size(); i++) {
        object[duckdb::StructType::GetChildName(value.type(), i)] = ToJson(children[i]);
      }
      return object;
    }
    case LogicalTypeId::MAP: return MapToJson(value);
    case LogicalTypeId::LIST: {
      nlohmann::json array = nlohmann::json::array();
      for (const auto& child : duckdb::ListValue::GetChildren(value))
        array.push_back(ToJson(child));
      return array;
    }
    default: break;
  }
  const data::Value plain = ToValue(value);
  if (const auto* flag = std::get_if<bool>(&plain)) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&plain)) return *number;
  if (const auto* real = std::get_if<double>(&plain)) {
    if (std::isfinite(*real)) return *real;
    if (std::isnan(*real)) return "NaN";  // JSON has no such numbers
    return *real > 0 ? "Infinity" : "-Infinity";
  }
  if (const auto* instant = std::get_if<data::Instant>(&plain)) return FormatTimestamp(instant->us);
  return std::get<std::string>(plain);
}

}  // namespace

std::optional<Type> ToStoredType(const LogicalType& type) {
  const auto of = [](TypeKind kind) { return Type{.kind = kind}; };
  const auto decimal = [](int precision, int scale) {
    return Type{.kind = TypeKind::kDecimal, .precision = precision, .scale = scale};
  };
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return of(TypeKind::kBoolean);
    case LogicalTypeId::TINYINT: return of(TypeKind::kByte);
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::UTINYINT: return of(TypeKind::kShort);
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::USMALLINT: return of(TypeKind::kInteger);
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::HUGEINT: return of(TypeKind::kLong);
    case LogicalTypeId::UBIGINT: return decimal(20, 0);
    case LogicalTypeId::UHUGEINT: return decimal(38, 0);
    case LogicalTypeId::FLOAT: return of(TypeKind::kFloat);
    case LogicalTypeId::DOUBLE: return of(TypeKind::kDouble);
    case LogicalTypeId::DECIMAL:
      return decimal(duckdb::DecimalType::GetWidth(type), duckdb::DecimalType::GetScale(type));
    case LogicalTypeId::BLOB: return of(TypeKind::kBinary);
    case LogicalTypeId::DATE: return of(TypeKind::kDate);
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_TZ: return of(TypeKind::kTimestamp);
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::CHAR:
    case LogicalTypeId::UUID:
    case LogicalTypeId::TIME:
    case LogicalTypeId::TIME_TZ:
    case LogicalTypeId::ENUM:
    case LogicalTypeId::BIT:
    case LogicalTypeId::BIGNUM:
    case LogicalTypeId::STRING_LITERAL:
    case LogicalTypeId::SQLNULL: return of(TypeKind::kString);
    case LogicalTypeId::INTEGER_LITERAL: return of(TypeKind::kLong);
    case LogicalTypeId::STRUCT: return ToStoredStruct(type);
    case LogicalTypeId::LIST: return ToStoredArray(duckdb::ListType::GetChildType(type));
    case LogicalTypeId::ARRAY: return ToStoredArray(duckdb::ArrayType::GetChildType(type));
    case LogicalTypeId::MAP: return ToStoredMap(type);
    default: return std::nullopt;
  }
}

LogicalType ToLogicalType(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return LogicalType::BOOLEAN;
    case TypeKind::kByte: return LogicalType::TINYINT;
    case TypeKind::kShort: return LogicalType::SMALLINT;
    case TypeKind::kInteger: return LogicalType::INTEGER;
    case TypeKind::kLong: return LogicalType::BIGINT;
    case TypeKind::kFloat: return LogicalType::FLOAT;
    case TypeKind::kDouble: return LogicalType::DOUBLE;
    case TypeKind::kDecimal:
      return LogicalType::DECIMAL(static_cast<uint8_t>(type.precision),
                                  static_cast<uint8_t>(type.scale));
    case TypeKind::kString: return LogicalType::VARCHAR;
    case TypeKind::kBinary: return LogicalType::BLOB;
    case TypeKind::kDate: return LogicalType::DATE;
    case TypeKind::kTimestamp: return LogicalType::TIMESTAMP_TZ;
    case TypeKind::kTimestampNtz: return LogicalType::TIMESTAMP;
    case TypeKind::kArray: return LogicalType::LIST(ToLogicalType(type.children[0].type));
    case TypeKind::kMap:
      return LogicalType::MAP(ToLogicalType(type.children[0].type),
                              ToLogicalType(type.children[1].type));
    case TypeKind::kStruct: {
      duckdb::child_list_t<LogicalType> children;
      for (const Field& field : type.children)
        children.emplace_back(field.name, ToLogicalType(field.type));
      return LogicalType::STRUCT(std::move(children));
    }
  }
  return LogicalType::VARCHAR;
}

data::Value ToValue(const duckdb::Value& value) {
  if (value.IsNull()) return std::monostate{};
  switch (value.type().id()) {
    case LogicalTypeId::BOOLEAN: return value.GetValue<bool>();
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER: return value.GetValue<std::int64_t>();
    case LogicalTypeId::HUGEINT: {
      const auto huge = value.GetValue<duckdb::hugeint_t>();
      std::int64_t number = 0;
      if (duckdb::Hugeint::TryCast(huge, number)) return number;
      return value.ToString();
    }
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE: return value.GetValue<double>();
    case LogicalTypeId::TIMESTAMP_TZ:
      return data::Instant{value.GetValueUnsafe<duckdb::timestamp_tz_t>().value};
    case LogicalTypeId::STRUCT:
    case LogicalTypeId::LIST:
    case LogicalTypeId::MAP: return Dump(ToJson(value));
    default: return value.ToString();
  }
}

duckdb::Value ToDuckValue(const data::Value& value) {
  struct Visitor {
    duckdb::Value operator()(std::monostate) const { return duckdb::Value(); }
    duckdb::Value operator()(bool flag) const { return duckdb::Value::BOOLEAN(flag); }
    duckdb::Value operator()(std::int64_t number) const { return duckdb::Value::BIGINT(number); }
    duckdb::Value operator()(double number) const { return duckdb::Value::DOUBLE(number); }
    duckdb::Value operator()(const std::string& text) const { return duckdb::Value(text); }
    duckdb::Value operator()(data::Instant instant) const {
      return duckdb::Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(instant.us));
    }
  };
  return std::visit(Visitor(), value);
}

}  // namespace leat::engine
