#include "connect/file/json_scalar.h"

#include <optional>

#include "connect/file/detected_type.h"
#include "data/convert.h"

namespace leat::connect {
namespace {

using data::ArrowColumn;
using data::Type;
using data::TypeKind;

template <typename Value, typename Store>
bool Stored(const std::optional<Value>& value, Store store) {
  if (value) store(*value);
  return value.has_value();
}

}  // namespace

bool AppendTextValue(std::string_view text, const Type& type, const std::string& format,
                     ArrowColumn& to) {
  const auto real = [&](double value) { to.AppendReal(value); };
  const auto integer = [&](std::int64_t value) { to.AppendInt(value); };
  const auto time = [&](TimestampUs value) { to.AppendInt(value); };
  const bool has_format = !format.empty();
  switch (type.kind) {
    case TypeKind::kString: to.AppendString(text); return true;
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong: {
      const auto value = data::ToInteger(text);
      return value && data::FitsInteger(*value, type.kind) && Stored(value, integer);
    }
    case TypeKind::kDouble: return Stored(data::ToDouble(text), real);
    case TypeKind::kFloat: return Stored(data::ToFloat(text), real);
    case TypeKind::kDecimal:
      return Stored(data::ToDecimal(text, type.precision, type.scale),
                    [&](Int128 value) { to.AppendDecimal(value); });
    case TypeKind::kBoolean:
      return Stored(data::ToBoolean(text), [&](bool value) { to.AppendBool(value); });
    case TypeKind::kBinary:
      return Stored(data::ToBinary(text),
                    [&](const std::string& bytes) { to.AppendString(bytes); });
    case TypeKind::kDate:
      return Stored(has_format ? data::ToDate(text, format) : data::ToDate(text), integer);
    case TypeKind::kTimestamp:
      return Stored(has_format ? ToTimestampIn(text, format) : data::ToTimestamp(text), time);
    case TypeKind::kTimestampNtz:
      return Stored(has_format ? ToTimestampIn(text, format) : data::ToTimestampNtz(text), time);
    case TypeKind::kStruct:
    case TypeKind::kArray:
    case TypeKind::kMap: break;
  }
  return false;
}

}  // namespace leat::connect
