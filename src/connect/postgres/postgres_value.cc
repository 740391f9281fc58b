#include "connect/postgres/postgres_value.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "base/int128.h"
#include "base/time.h"
#include "connect/file/json_value.h"

namespace leat::connect {
namespace {

using data::Type;
using data::TypeKind;

// OIDs of types, which never change.
enum Oid : std::uint32_t {
  kBoolOid = 16,
  kByteaOid = 17,
  kNameOid = 19,
  kInt8Oid = 20,
  kInt2Oid = 21,
  kInt4Oid = 23,
  kTextOid = 25,
  kOidOid = 26,
  kJsonOid = 114,
  kFloat4Oid = 700,
  kFloat8Oid = 701,
  kBpcharOid = 1042,
  kVarcharOid = 1043,
  kDateOid = 1082,
  kTimestampOid = 1114,
  kTimestamptzOid = 1184,
  kNumericOid = 1700,
  kUuidOid = 2950,
};

constexpr int kModifierHeader = 4;  // a modifier is the value and the size of a length word
constexpr int kMostDigits = 38;
constexpr std::int64_t kEpochDays = 10'957;  // from 1970-01-01 to 2000-01-01
constexpr std::int64_t kEpochUs = kEpochDays * kMicrosPerDay;
// Of dates that the Parquet readers of others take: 0001-01-01 to 9999-12-31.
constexpr std::int64_t kFirstDay = -719'162;
constexpr std::int64_t kLastDay = 2'932'896;
constexpr std::int32_t kNumericBase = 10'000;
constexpr int kNumericDigits = 4;  // decimal digits of one of PostgreSQL's

template <typename Integer>
Integer ReadBig(std::string_view bytes, std::size_t at = 0) {
  std::make_unsigned_t<Integer> value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); i++) {
    value = static_cast<std::make_unsigned_t<Integer>>((value << 8) |
                                                       static_cast<unsigned char>(bytes[at + i]));
  }
  return static_cast<Integer>(value);
}

// https://www.postgresql.org/docs/15/datatype-numeric.html: its digits are of base 10,000.
struct Numeric {
  static constexpr std::uint16_t kNegative = 0x4000, kNan = 0xC000, kInfinity = 0xD000,
                                 kMinusInfinity = 0xF000;

  explicit Numeric(std::string_view bytes)
      : digits(bytes.substr(8)),
        count(ReadBig<std::int16_t>(bytes)),
        weight(ReadBig<std::int16_t>(bytes, 2)),
        sign(ReadBig<std::uint16_t>(bytes, 4)),
        scale(ReadBig<std::int16_t>(bytes, 6)) {}

  int digit(int i) const {
    return i < 0 || i >= count ? 0 : ReadBig<std::int16_t>(digits, static_cast<std::size_t>(i) * 2);
  }
  bool is_finite() const { return sign == 0 || sign == kNegative; }

  std::string_view digits;
  int count, weight;
  std::uint16_t sign;
  int scale;
};

std::string TextOf(const Numeric& numeric) {
  if (numeric.sign == Numeric::kNan) return "NaN";
  if (numeric.sign == Numeric::kInfinity) return "Infinity";
  if (numeric.sign == Numeric::kMinusInfinity) return "-Infinity";
  std::string text = numeric.sign == Numeric::kNegative ? "-" : "";
  if (numeric.weight < 0) text += "0";
  for (int i = 0; i <= numeric.weight; i++)
    text += i == 0 ? std::to_string(numeric.digit(0)) : fmt::format("{:04}", numeric.digit(i));
  if (numeric.scale == 0) return text;
  std::string fraction;
  for (int i = numeric.weight + 1; static_cast<int>(fraction.size()) < numeric.scale; i++)
    fraction += fmt::format("{:04}", numeric.digit(i));
  return text + "." + fraction.substr(0, static_cast<std::size_t>(numeric.scale));
}

// The number without its point. The column's modifier bounds its digits, so nothing overflows.
Int128 UnscaledOf(const Numeric& numeric, int scale) {
  Int128 value = 0;
  const int whole = scale / kNumericDigits;  // groups of digits behind the point
  for (int i = 0; i <= numeric.weight + whole; i++) value = value * kNumericBase + numeric.digit(i);
  int dropped = kNumericBase;  // of the last group, of which only some digits are wanted
  for (int i = 0; i < scale % kNumericDigits; i++) {
    value *= 10;
    dropped /= 10;
  }
  if (dropped < kNumericBase) value += numeric.digit(numeric.weight + whole + 1) / dropped;
  return numeric.sign == Numeric::kNegative ? -value : value;
}

std::optional<std::string> AppendNumeric(std::string_view bytes, const Type& type,
                                         data::ArrowColumn& to) {
  const Numeric numeric(bytes);
  if (!numeric.is_finite())
    return TextOf(numeric) + " is no value of decimal(" + std::to_string(type.precision) + "," +
           std::to_string(type.scale) + ")";
  to.AppendDecimal(UnscaledOf(numeric, type.scale));
  return std::nullopt;
}

std::string UuidText(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

// Days since 1970, or nothing for what is not from 0001-01-01 to 9999-12-31.
std::optional<std::int64_t> DaysOf(std::string_view bytes) {
  const std::int64_t days = std::int64_t{ReadBig<std::int32_t>(bytes)} + kEpochDays;
  return days < kFirstDay || days > kLastDay ? std::nullopt : std::optional(days);
}

std::optional<std::int64_t> MicrosOf(std::string_view bytes) {
  const auto since_2000 = ReadBig<std::int64_t>(bytes);
  if (since_2000 < kFirstDay * kMicrosPerDay - kEpochUs ||
      since_2000 >= (kLastDay + 1) * kMicrosPerDay - kEpochUs)
    return std::nullopt;
  return since_2000 + kEpochUs;
}

std::string FarTime(std::int64_t value, std::int64_t least, std::int64_t most,
                    const std::string& text) {
  if (value == least) return "-infinity";
  return value == most ? "infinity" : text;
}

// As PostgreSQL prints it: without a year 0, and with BC behind those before it.
std::string CivilText(std::int64_t days) {
  // Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * of_year + 2) / 153;
  const std::int64_t day = of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return fmt::format("{:04}-{:02}-{:02}{}", year > 0 ? year : 1 - year, month, day,
                     year > 0 ? "" : " BC");
}

std::string DateText(std::string_view bytes) {
  const auto value = ReadBig<std::int32_t>(bytes);
  const auto days = DaysOf(bytes);
  return days ? FormatTimestamp(*days * kMicrosPerDay).substr(0, 10)
              : FarTime(value, INT32_MIN, INT32_MAX, CivilText(std::int64_t{value} + kEpochDays));
}

std::int64_t FloorDays(std::int64_t micros) {
  return micros / kMicrosPerDay - (micros % kMicrosPerDay < 0 ? 1 : 0);
}

std::string TimestampText(std::string_view bytes) {
  const auto value = ReadBig<std::int64_t>(bytes);
  const auto micros = MicrosOf(bytes);
  return micros ? FormatTimestamp(*micros)
                : FarTime(value, INT64_MIN, INT64_MAX,
                          CivilText(FloorDays(value) + kEpochDays) + " and " +
                              std::to_string(value - FloorDays(value) * kMicrosPerDay) +
                              " microseconds");
}

std::string OutOfRange(const std::string& text) {
  return text + " is not between the years 1 and 9999";
}

bool HasDecimal(int modifier, int& precision, int& scale) {
  if (modifier < kModifierHeader) return false;
  const int packed = modifier - kModifierHeader;
  precision = (packed >> 16) & 0xFFFF;
  scale = ((packed & 0x7FF) ^ 0x400) - 0x400;  // 11 bits with a sign
  return precision <= kMostDigits && scale >= 0 && scale <= precision;
}

}  // namespace

PostgresMapping MappingOf(const PostgresColumn& column) {
  const auto simple = [](TypeKind kind, PostgresForm form) {
    return PostgresMapping{.type = {.kind = kind}, .form = form};
  };
  switch (column.type) {
    case kBoolOid: return simple(TypeKind::kBoolean, PostgresForm::kBool);
    case kInt2Oid: return simple(TypeKind::kShort, PostgresForm::kInt16);
    case kInt4Oid: return simple(TypeKind::kInteger, PostgresForm::kInt32);
    case kInt8Oid: return simple(TypeKind::kLong, PostgresForm::kInt64);
    case kOidOid: return simple(TypeKind::kLong, PostgresForm::kOid);
    case kFloat4Oid: return simple(TypeKind::kFloat, PostgresForm::kFloat);
    case kFloat8Oid: return simple(TypeKind::kDouble, PostgresForm::kDouble);
    case kByteaOid: return simple(TypeKind::kBinary, PostgresForm::kBytes);
    case kUuidOid: return simple(TypeKind::kString, PostgresForm::kUuid);
    case kDateOid: return simple(TypeKind::kDate, PostgresForm::kDate);
    case kTimestampOid:
    case kTimestamptzOid: return simple(TypeKind::kTimestamp, PostgresForm::kTimestamp);
    case kNameOid:
    case kTextOid:
    case kJsonOid:
    case kBpcharOid:
    case kVarcharOid: return simple(TypeKind::kString, PostgresForm::kText);
    case kNumericOid: {
      PostgresMapping mapping = simple(TypeKind::kDecimal, PostgresForm::kNumeric);
      if (HasDecimal(column.modifier, mapping.type.precision, mapping.type.scale)) return mapping;
      break;
    }
    default: break;
  }
  return {.type = {.kind = TypeKind::kString}, .form = PostgresForm::kText, .is_cast = true};
}

std::optional<std::string> AppendPostgresValue(std::string_view bytes,
                                               const PostgresMapping& mapping,
                                               data::ArrowColumn& to) {
  switch (mapping.form) {
    case PostgresForm::kBool: to.AppendBool(bytes[0] != 0); break;
    case PostgresForm::kInt16: to.AppendInt(ReadBig<std::int16_t>(bytes)); break;
    case PostgresForm::kInt32: to.AppendInt(ReadBig<std::int32_t>(bytes)); break;
    case PostgresForm::kInt64: to.AppendInt(ReadBig<std::int64_t>(bytes)); break;
    case PostgresForm::kOid: to.AppendInt(ReadBig<std::uint32_t>(bytes)); break;
    case PostgresForm::kFloat:
      to.AppendReal(double{std::bit_cast<float>(ReadBig<std::uint32_t>(bytes))});
      break;
    case PostgresForm::kDouble:
      to.AppendReal(std::bit_cast<double>(ReadBig<std::uint64_t>(bytes)));
      break;
    case PostgresForm::kNumeric: return AppendNumeric(bytes, mapping.type, to);
    case PostgresForm::kText:
      if (!IsUtf8(bytes)) return "not utf-8 encoded";
      to.AppendString(bytes);
      break;
    case PostgresForm::kBytes: to.AppendString(bytes); break;
    case PostgresForm::kUuid: to.AppendString(UuidText(bytes)); break;
    case PostgresForm::kDate: {
      const auto days = DaysOf(bytes);
      if (!days) return OutOfRange(DateText(bytes));
      to.AppendInt(*days);
      break;
    }
    case PostgresForm::kTimestamp: {
      const auto micros = MicrosOf(bytes);
      if (!micros) return OutOfRange(TimestampText(bytes));
      to.AppendInt(*micros);
      break;
    }
  }
  return std::nullopt;
}

std::string PostgresText(std::string_view bytes, const PostgresMapping& mapping) {
  switch (mapping.form) {
    case PostgresForm::kBool: return bytes[0] != 0 ? "true" : "false";
    case PostgresForm::kInt16: return std::to_string(ReadBig<std::int16_t>(bytes));
    case PostgresForm::kInt32: return std::to_string(ReadBig<std::int32_t>(bytes));
    case PostgresForm::kInt64: return std::to_string(ReadBig<std::int64_t>(bytes));
    case PostgresForm::kOid: return std::to_string(ReadBig<std::uint32_t>(bytes));
    case PostgresForm::kFloat:
      return fmt::format("{}", std::bit_cast<float>(ReadBig<std::uint32_t>(bytes)));
    case PostgresForm::kDouble:
      return fmt::format("{}", std::bit_cast<double>(ReadBig<std::uint64_t>(bytes)));
    case PostgresForm::kNumeric: return TextOf(Numeric(bytes));
    case PostgresForm::kText: return std::string(bytes);
    case PostgresForm::kBytes: {
      std::string text = "\\x";
      for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
      return text;
    }
    case PostgresForm::kUuid: return UuidText(bytes);
    case PostgresForm::kDate: return DateText(bytes);
    case PostgresForm::kTimestamp: return TimestampText(bytes);
  }
  return "";
}

}  // namespace leat::connect
