#include "engine/text_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/csv_text.h"
#include "base/date_text.h"
#include "base/number_text.h"
#include "base/text.h"
#include "base/time.h"
#include "duckdb/common/types/decimal.hpp"
#include "engine/duckdb_types.h"
#include "engine/engine_error.h"
#include "engine/limits.h"

namespace leat::engine {
namespace {

using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;

// Beyond it, readers that take numbers for doubles change them.
constexpr std::int64_t kMaxExactInteger = std::int64_t{1} << 53;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

void AppendJsonText(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

// Of one value that is not null: its text, and whether JSON has it without quotes.
struct CellText {
  std::string text;
  bool is_bare = false;
  bool is_real = false;  // JSON has it with a point, also if it is whole
};

CellText OfInteger(std::int64_t number) {
  return {std::to_string(number), number <= kMaxExactInteger && number >= -kMaxExactInteger};
}

template <typename Real>
CellText OfReal(Real number) {
  return {FormatReal(number), std::isfinite(number), true};
}

void AppendJson(const CellText& cell, std::string& out) {
  if (!cell.is_bare) return AppendJsonText(cell.text, out);
  out += cell.text;
  if (cell.is_real && cell.text.find_first_of(".e") == std::string::npos) out += ".0";
}

CellText OfDate(duckdb::date_t date) {
  if (date == duckdb::date_t::infinity()) return {"infinity"};
  if (date == duckdb::date_t::ninfinity()) return {"-infinity"};
  return {FormatDate(date.days)};
}

CellText OfInstant(duckdb::timestamp_t time) { return {FormatTimestamp(time.value)}; }

// Of a count of `unit`s since 1970 whose microseconds may not fit or not suffice.
CellText OfCoarseTime(std::int64_t count, std::int64_t units_per_second) {
  if (count == INT64_MAX || count == -INT64_MAX) return {FormatTimestamp(count)};
  std::int64_t seconds = count / units_per_second;
  std::int64_t rest = count % units_per_second;
  if (rest < 0) {
    seconds--;
    rest += units_per_second;
  }
  constexpr std::int64_t kDay = 86'400;
  const std::int64_t day = seconds >= 0 ? seconds / kDay : (seconds - (kDay - 1)) / kDay;
  const std::int64_t in_day = seconds - day * kDay;
  std::string text = fmt::format("{}T{:02}:{:02}:{:02}", FormatDate(day), in_day / 3600,
                                 in_day / 60 % 60, in_day % 60);
  const std::int64_t nanos = rest * (kNanosPerSecond / units_per_second);
  if (nanos % 1000 != 0) {
    text += fmt::format(".{:09}", nanos);
  } else if (nanos % 1'000'000 != 0) {
    text += fmt::format(".{:06}", nanos / 1000);
  } else if (nanos != 0) {
    text += fmt::format(".{:03}", nanos / 1'000'000);
  }
  return {text + "Z"};
}

void AppendJson(const duckdb::Value& value, std::string& out);

// Of any type, slower than the ways for the common ones.
CellText OfValue(const duckdb::Value& value) {
  switch (value.type().id()) {
    case LogicalTypeId::BOOLEAN: return {value.GetValue<bool>() ? "true" : "false", true};
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER: return OfInteger(value.GetValue<std::int64_t>());
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT: {
      std::string text = value.ToString();
      std::int64_t number = 0;
      const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      const bool is_bare = error == std::errc() && OfInteger(number).is_bare;
      return {std::move(text), is_bare};
    }
    case LogicalTypeId::FLOAT: return OfReal(value.GetValue<float>());
    case LogicalTypeId::DOUBLE: return OfReal(value.GetValue<double>());
    case LogicalTypeId::DATE: return OfDate(value.GetValueUnsafe<duckdb::date_t>());
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_TZ: return OfInstant(value.GetValueUnsafe<duckdb::timestamp_t>());
    case LogicalTypeId::TIMESTAMP_SEC:
      return OfCoarseTime(value.GetValueUnsafe<duckdb::timestamp_sec_t>().value, 1);
    case LogicalTypeId::TIMESTAMP_MS:
      return OfCoarseTime(value.GetValueUnsafe<duckdb::timestamp_ms_t>().value, 1000);
    case LogicalTypeId::TIMESTAMP_NS:
      return OfCoarseTime(value.GetValueUnsafe<duckdb::timestamp_ns_t>().value, kNanosPerSecond);
    case LogicalTypeId::STRUCT:
    case LogicalTypeId::LIST:
    case LogicalTypeId::ARRAY:
    case LogicalTypeId::MAP: {
      CellText cell{.text = "", .is_bare = true};
      AppendJson(value, cell.text);
      return cell;
    }
    default: return {value.ToString()};
  }
}

void AppendJsonList(const duckdb::vector<duckdb::Value>& values, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); i++) {
    if (i > 0) out += ',';
    AppendJson(values[i], out);
  }
  out += ']';
}

// Nested values are JSON, in CSV as well. A key of a map is a text: what the value would be.
void AppendJson(const duckdb::Value& value, std::string& out) {
  if (value.IsNull()) {
    out += "null";
    return;
  }
  switch (value.type().id()) {
    case LogicalTypeId::STRUCT: {
      const auto& children = duckdb::StructValue::GetChildren(value);
      out += '{';
      for (std::size_t i = 0; i < children.size(); i++) {
        if (i > 0) out += ',';
        AppendJsonText(duckdb::StructType::GetChildName(value.type(), i), out);
        out += ':';
        AppendJson(children[i], out);
      }
      out += '}';
      return;
    }
    case LogicalTypeId::MAP: {
      out += '{';
      const auto& entries = duckdb::MapValue::GetChildren(value);
      for (std::size_t i = 0; i < entries.size(); i++) {
        const auto& pair = duckdb::StructValue::GetChildren(entries[i]);
        if (i > 0) out += ',';
        AppendJsonText(OfValue(pair[0]).text, out);
        out += ':';
        AppendJson(pair[1], out);
      }
      out += '}';
      return;
    }
    case LogicalTypeId::LIST: return AppendJsonList(duckdb::ListValue::GetChildren(value), out);
    case LogicalTypeId::ARRAY: return AppendJsonList(duckdb::ArrayValue::GetChildren(value), out);
    default: break;
  }
  AppendJson(OfValue(value), out);
}

// One column of a chunk, flat.
class ColumnText {
 public:
  ColumnText(duckdb::Vector& vector, const LogicalType& type) : vector_(vector), type_(type) {}

  bool IsNull(idx_t row) const { return duckdb::FlatVector::IsNull(vector_, row); }

  // Of a text as it stands, without a copy.
  std::string_view Text(idx_t row) const {
    const auto& text = duckdb::FlatVector::GetData<duckdb::string_t>(vector_)[row];
    return {text.GetData(), text.GetSize()};
  }
  bool is_text() const { return type_.id() == LogicalTypeId::VARCHAR; }

  CellText At(idx_t row) const {
    switch (type_.id()) {
      case LogicalTypeId::SMALLINT: return OfInteger(Data<std::int16_t>(row));
      case LogicalTypeId::INTEGER: return OfInteger(Data<std::int32_t>(row));
      case LogicalTypeId::BIGINT: return OfInteger(Data<std::int64_t>(row));
      case LogicalTypeId::FLOAT: return OfReal(Data<float>(row));
      case LogicalTypeId::DOUBLE: return OfReal(Data<double>(row));
      case LogicalTypeId::DATE: return OfDate(Data<duckdb::date_t>(row));
      case LogicalTypeId::TIMESTAMP:
      case LogicalTypeId::TIMESTAMP_TZ: return OfInstant(Data<duckdb::timestamp_t>(row));
      case LogicalTypeId::DECIMAL: return {Decimal(row)};
      default: return OfValue(vector_.GetValue(row));
    }
  }

 private:
  template <typename T>
  T Data(idx_t row) const {
    return duckdb::FlatVector::GetData<T>(vector_)[row];
  }

  std::string Decimal(idx_t row) const {
    const auto width = duckdb::DecimalType::GetWidth(type_);
    const auto scale = duckdb::DecimalType::GetScale(type_);
    switch (type_.InternalType()) {
      case duckdb::PhysicalType::INT16:
        return duckdb::Decimal::ToString(Data<std::int16_t>(row), width, scale);
      case duckdb::PhysicalType::INT32:
        return duckdb::Decimal::ToString(Data<std::int32_t>(row), width, scale);
      case duckdb::PhysicalType::INT64:
        return duckdb::Decimal::ToString(Data<std::int64_t>(row), width, scale);
      default: return duckdb::Decimal::ToString(Data<duckdb::hugeint_t>(row), width, scale);
    }
  }

  duckdb::Vector& vector_;
  const LogicalType& type_;
};

void AppendCsvCell(const ColumnText& column, idx_t row, std::string& out) {
  if (column.IsNull(row)) return;
  if (column.is_text()) {
    AppendCsvField(column.Text(row), out);
  } else {
    AppendCsvField(column.At(row).text, out);
  }
}

void AppendJsonCell(const ColumnText& column, idx_t row, std::string& out) {
  if (column.IsNull(row)) {
    out += "null";
    return;
  }
  if (column.is_text()) return AppendJsonText(column.Text(row), out);
  AppendJson(column.At(row), out);
}

}  // namespace

Result<TextRows> TextRows::Make(const TextFormat& format, std::vector<std::string> names,
                                std::vector<LogicalType> types) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!format.is_json || seen.insert(name).second) continue;
    return InvalidInput(
               fmt::format("two columns are named '{}', and an object of JSON can have one", name))
        .WithHint("name one of them otherwise, with AS");
  }
  return TextRows(format, std::move(names), std::move(types));
}

TextRows::TextRows(const TextFormat& format, std::vector<std::string> names,
                   std::vector<LogicalType> types)
    : format_(format), names_(std::move(names)), types_(std::move(types)) {
  for (const std::string& name : names_) {
    AppendJsonText(name, keys_.emplace_back());
    keys_.back() += ':';
  }
}

std::string TextRows::Begin() const {
  if (format_.is_json) return format_.is_array ? "[" : "";
  std::string line;
  for (const std::string& name : names_) {
    if (&name != &names_.front()) line += ',';
    AppendCsvField(name, line);
  }
  return line + "\n";
}

void TextRows::Append(duckdb::DataChunk& chunk, idx_t count, std::string& out) {
  chunk.Flatten();
  std::vector<ColumnText> columns;
  for (std::size_t i = 0; i < types_.size(); i++) columns.emplace_back(chunk.data[i], types_[i]);
  for (idx_t row = 0; row < count; row++) {
    if (format_.is_json) {
      if (format_.is_array) out += is_empty_ ? "\n" : ",\n";
      for (std::size_t i = 0; i < columns.size(); i++) {
        out += i == 0 ? '{' : ',';
        out += keys_[i];
        AppendJsonCell(columns[i], row, out);
      }
      out += format_.is_array ? "}" : "}\n";
    } else {
      for (std::size_t i = 0; i < columns.size(); i++) {
        if (i > 0) out += ',';
        AppendCsvCell(columns[i], row, out);
      }
      out += '\n';
    }
    is_empty_ = false;
  }
}

std::string TextRows::End() const {
  if (!format_.is_json || !format_.is_array) return "";
  return is_empty_ ? "]\n" : "\n]\n";
}

Result<TextWritten> WriteRows(duckdb::QueryResult& result, std::string_view sql,
                              const TextFormat& format,
                              const std::function<Status(std::string_view)>& write) {
  LEAT_ASSIGN(TextRows rows, TextRows::Make(format, {result.names.begin(), result.names.end()},
                                            {result.types.begin(), result.types.end()}));
  TextWritten written;
  std::string pending = rows.Begin();
  while (auto chunk = result.Fetch()) {
    if (chunk->size() == 0) break;
    const std::size_t wanted = format.max_rows - static_cast<std::size_t>(written.rows);
    const idx_t count = std::min<idx_t>(chunk->size(), wanted);
    rows.Append(*chunk, count, pending);
    written.rows += static_cast<std::int64_t>(count);
    written.is_cut = count < chunk->size();
    if (written.is_cut) break;
    if (pending.size() < kTextBytesPerWrite) continue;
    LEAT_TRY(write(pending));
    pending.clear();
  }
  if (result.HasError()) return ToError(result.GetErrorObject(), sql);
  LEAT_TRY(write(pending + rows.End()));
  return written;
}

namespace {

// What a table would store, for types that only DuckDB reads from Parquet, or Parquet rounds.
bool IsOfDuckDbAlone(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT:
    case LogicalTypeId::UUID:
    case LogicalTypeId::TIME_TZ:
    case LogicalTypeId::INTERVAL:
    case LogicalTypeId::BIT:
    case LogicalTypeId::BIGNUM: return true;
    case LogicalTypeId::LIST: return IsOfDuckDbAlone(duckdb::ListType::GetChildType(type));
    case LogicalTypeId::ARRAY: return true;
    case LogicalTypeId::MAP:
      return IsOfDuckDbAlone(duckdb::MapType::KeyType(type)) ||
             IsOfDuckDbAlone(duckdb::MapType::ValueType(type));
    case LogicalTypeId::STRUCT: {
      const auto& children = duckdb::StructType::GetChildTypes(type);
      return std::any_of(children.begin(), children.end(),
                         [](const auto& child) { return IsOfDuckDbAlone(child.second); });
    }
    default: return false;
  }
}

}  // namespace

std::string CastForParquet(const std::string& sql, const std::vector<std::string>& names,
                           const std::vector<LogicalType>& types) {
  std::vector<std::string> columns, aliases;
  bool any = false;
  for (std::size_t i = 0; i < names.size(); i++) {
    const std::string alias = "c" + std::to_string(i);
    std::string value = alias;
    if (IsOfDuckDbAlone(types[i])) {
      const auto stored = ToStoredType(types[i]);
      value = fmt::format("CAST({} AS {})", alias, stored ? data::ToSql(*stored) : "VARCHAR");
      any = true;
    }
    columns.push_back(value + " AS " + QuoteIdentifier(names[i]));
    aliases.push_back(alias);
  }
  if (!any) return sql;
  return fmt::format("SELECT {} FROM (\n{}\n) AS q({})", Join(columns, ", "), sql,
                     Join(aliases, ", "));
}

}  // namespace leat::engine
