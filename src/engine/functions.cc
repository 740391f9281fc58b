// Scalar functions that Leat adds to DuckDB's.
#include <optional>
#include <string_view>

#include "data/convert.h"
#include "duckdb/catalog/catalog.hpp"
#include "duckdb/common/vector_operations/unary_executor.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"
#include "engine/session_state.h"

namespace leat::engine {
namespace {

// Values of a text, by the strict conversions of data/convert.h; null where there is none.
template <typename Stored, typename Convert>
void ConvertTexts(duckdb::Vector& texts, duckdb::Vector& result, duckdb::idx_t count,
                  const Convert& convert) {
  duckdb::UnaryExecutor::ExecuteWithNulls<duckdb::string_t, Stored>(
      texts, result, count,
      [&](duckdb::string_t text, duckdb::ValidityMask& mask, duckdb::idx_t row) -> Stored {
        const auto value = convert(std::string_view(text.GetData(), text.GetSize()));
        if (value) return static_cast<Stored>(*value);
        mask.SetInvalid(row);
        return Stored{};
      });
}

std::optional<std::int64_t> ToNarrow(std::string_view text, data::TypeKind kind) {
  const auto value = data::ToInteger(text);
  return value && data::FitsInteger(*value, kind) ? value : std::nullopt;
}

void ConvertDecimals(duckdb::Vector& texts, duckdb::Vector& result, duckdb::idx_t count) {
  const auto& type = result.GetType();
  const int precision = duckdb::DecimalType::GetWidth(type);
  const int scale = duckdb::DecimalType::GetScale(type);
  const auto convert = [&](std::string_view text) {
    return data::ToDecimal(text, precision, scale);
  };
  switch (type.InternalType()) {
    case duckdb::PhysicalType::INT16:
      return ConvertTexts<std::int16_t>(texts, result, count, convert);
    case duckdb::PhysicalType::INT32:
      return ConvertTexts<std::int32_t>(texts, result, count, convert);
    case duckdb::PhysicalType::INT64:
      return ConvertTexts<std::int64_t>(texts, result, count, convert);
    default: break;
  }
  const auto wide = [&](std::string_view text) -> std::optional<duckdb::hugeint_t> {
    const auto value = convert(text);
    if (!value) return std::nullopt;
    return duckdb::hugeint_t(static_cast<std::int64_t>(*value >> 64),
                             static_cast<std::uint64_t>(*value));
  };
  ConvertTexts<duckdb::hugeint_t>(texts, result, count, wide);
}

// The format is a constant, empty for ISO 8601.
std::string FormatOf(duckdb::Vector& formats) {
  return formats.GetValue(0).IsNull() ? "" : formats.GetValue(0).GetValue<std::string>();
}

void ConvertTimes(duckdb::Vector& texts, const std::string& format, duckdb::Vector& result,
                  duckdb::idx_t count) {
  if (result.GetType().id() == duckdb::LogicalTypeId::DATE) {
    return ConvertTexts<duckdb::date_t>(texts, result, count, [&](std::string_view text) {
      return format.empty() ? data::ToDate(text) : data::ToDate(text, format);
    });
  }
  const auto convert = [&](std::string_view text) -> std::optional<duckdb::timestamp_t> {
    const auto value = format.empty() ? data::ToTimestamp(text) : data::ToTimestamp(text, format);
    return value ? std::optional(duckdb::timestamp_t(*value)) : std::nullopt;
  };
  ConvertTexts<duckdb::timestamp_t>(texts, result, count, convert);
}

void ConvertTextsTo(duckdb::Vector& texts, const std::string& format, duckdb::Vector& result,
                    duckdb::idx_t count) {
  switch (result.GetType().id()) {
    case duckdb::LogicalTypeId::BOOLEAN:
      return ConvertTexts<bool>(texts, result, count, data::ToBoolean);
    case duckdb::LogicalTypeId::TINYINT:
      return ConvertTexts<std::int8_t>(texts, result, count, [](std::string_view text) {
        return ToNarrow(text, data::TypeKind::kByte);
      });
    case duckdb::LogicalTypeId::SMALLINT:
      return ConvertTexts<std::int16_t>(texts, result, count, [](std::string_view text) {
        return ToNarrow(text, data::TypeKind::kShort);
      });
    case duckdb::LogicalTypeId::INTEGER:
      return ConvertTexts<std::int32_t>(texts, result, count, [](std::string_view text) {
        return ToNarrow(text, data::TypeKind::kInteger);
      });
    case duckdb::LogicalTypeId::BIGINT:
      return ConvertTexts<std::int64_t>(texts, result, count, data::ToInteger);
    case duckdb::LogicalTypeId::FLOAT:
      return ConvertTexts<float>(texts, result, count, data::ToFloat);
    case duckdb::LogicalTypeId::DOUBLE:
      return ConvertTexts<double>(texts, result, count, data::ToDouble);
    case duckdb::LogicalTypeId::DECIMAL: return ConvertDecimals(texts, result, count);
    case duckdb::LogicalTypeId::DATE:
    case duckdb::LogicalTypeId::TIMESTAMP:
    case duckdb::LogicalTypeId::TIMESTAMP_TZ: return ConvertTimes(texts, format, result, count);
    case duckdb::LogicalTypeId::VARCHAR: return result.Reference(texts);
    default:  // a text is no value of any other type
      result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
      duckdb::ConstantVector::SetNull(result, true);
  }
}

// leat_strict(text, format, null of a type)
void Strict(duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& result) {
  ConvertTextsTo(arguments.data[0], FormatOf(arguments.data[1]), result, arguments.size());
}

duckdb::unique_ptr<duckdb::FunctionData> BindAsThird(
    duckdb::ClientContext&, duckdb::ScalarFunction& function,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  function.return_type = arguments[2]->return_type;
  function.arguments[2] = arguments[2]->return_type;
  return nullptr;
}

bool IsWider(const duckdb::LogicalType& from, const duckdb::LogicalType& to) {
  using duckdb::LogicalTypeId;
  if (from.id() == LogicalTypeId::FLOAT) return to.id() == LogicalTypeId::DOUBLE;
  return from.IsIntegral() && to.IsIntegral() && !from.IsUnsigned() && !to.IsUnsigned() &&
         duckdb::GetTypeIdSize(from.InternalType()) <= duckdb::GetTypeIdSize(to.InternalType());
}

// The texts or values as ones of the result's type, null where there is no such value.
void ConvertForColumn(duckdb::ClientContext& context, duckdb::Vector& values,
                      duckdb::Vector& result, duckdb::idx_t count) {
  const bool is_text = values.GetType().id() == duckdb::LogicalTypeId::VARCHAR;
  if (is_text && result.GetType().id() != duckdb::LogicalTypeId::BLOB)
    return ConvertTextsTo(values, "", result, count);
  std::string ignored;  // of the values without one, which are null
  duckdb::VectorOperations::TryCast(context, values, result, count, &ignored);
}

[[noreturn]] void ThrowLoss(const std::string& column, const duckdb::Value& value,
                            const duckdb::LogicalType& type) {
  throw duckdb::InvalidInputException(
      "column %s is %s, and cannot hold %s as it is: round it or cast it in the statement", column,
      duckdb::StringUtil::Lower(type.ToString()), value.ToSQLString());
}

// leat_assign(value, column, null of the column's type)
void Assign(duckdb::DataChunk& arguments, duckdb::ExpressionState& state, duckdb::Vector& result) {
  auto& values = arguments.data[0];
  const duckdb::idx_t count = arguments.size();
  const auto& type = values.GetType();
  if (type == result.GetType()) return result.Reference(values);
  ConvertForColumn(state.GetContext(), values, result, count);
  const bool holds_all = type.id() == duckdb::LogicalTypeId::SQLNULL ||
                         result.GetType().id() == duckdb::LogicalTypeId::VARCHAR ||
                         IsWider(type, result.GetType());
  if (holds_all) return;
  duckdb::SelectionVector lost(count);
  duckdb::idx_t lost_count = 0;
  if (type.id() == duckdb::LogicalTypeId::VARCHAR) {
    duckdb::UnifiedVectorFormat texts, stored;
    values.ToUnifiedFormat(count, texts);
    result.ToUnifiedFormat(count, stored);
    for (duckdb::idx_t i = 0; i < count; i++) {
      if (texts.validity.RowIsValid(texts.sel->get_index(i)) &&
          !stored.validity.RowIsValid(stored.sel->get_index(i)))
        lost.set_index(lost_count++, i);
    }
  } else {
    // There and back: what was rounded, cut or wrapped is another value then.
    duckdb::Vector back(type, count);
    std::string ignored;
    duckdb::VectorOperations::TryCast(state.GetContext(), result, back, count, &ignored);
    lost_count =
        duckdb::VectorOperations::DistinctFrom(values, back, nullptr, count, &lost, nullptr);
  }
  if (lost_count == 0) return;
  const auto column = arguments.data[1].GetValue(0).GetValue<std::string>();
  ThrowLoss(column, values.GetValue(lost.get_index(0)), result.GetType());
}

// Both are microseconds since 1970; the session's time zone is UTC. The cast asks a calendar for
// each value.
void Instants(duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& result) {
  result.Reinterpret(arguments.data[0]);
}

// Nanoseconds since 1970, of whole microseconds.
void InstantsOfNanoseconds(duckdb::DataChunk& arguments, duckdb::ExpressionState&,
                           duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<duckdb::timestamp_ns_t, duckdb::timestamp_t>(
      arguments.data[0], result, arguments.size(), [](duckdb::timestamp_ns_t time) {
        constexpr std::int64_t kNanosPerMicro = 1000;
        if (!duckdb::Timestamp::IsFinite(time)) return duckdb::timestamp_t(time.value);
        if (time.value % kNanosPerMicro != 0) {
          throw duckdb::InvalidInputException(
              "the time %s has nanoseconds, and a table stores microseconds; cast it to timestamp "
              "to cut them off",
              duckdb::Value::TIMESTAMPNS(time).ToString());
        }
        return duckdb::timestamp_t(time.value / kNanosPerMicro);
      });
}

void AddRows(RowsApart& apart, duckdb::ClientContext& context, duckdb::Vector& structs,
             const duckdb::SelectionVector& chosen, duckdb::idx_t count, duckdb::idx_t chunk_size) {
  structs.Flatten(chunk_size);
  duckdb::DataChunk rows;
  duckdb::vector<duckdb::LogicalType> types;
  for (const auto& field : duckdb::StructType::GetChildTypes(structs.GetType()))
    types.push_back(field.second);
  types.pop_back();  // is_apart
  rows.InitializeEmpty(types);
  auto& columns = duckdb::StructVector::GetEntries(structs);
  for (std::size_t i = 0; i < types.size(); i++) rows.data[i].Reference(*columns[i]);
  rows.SetCardinality(chunk_size);
  rows.Slice(chosen, count);
  const std::lock_guard lock(apart.mutex);
  if (!apart.rows) {
    apart.rows = duckdb::make_uniq<duckdb::ColumnDataCollection>(context, std::move(types));
    apart.rows->InitializeAppend(apart.append);
  }
  apart.rows->Append(apart.append, rows);
}

void Keep(duckdb::DataChunk& arguments, duckdb::ExpressionState& state, duckdb::Vector& result) {
  const duckdb::idx_t size = arguments.size();
  duckdb::UnifiedVectorFormat is_apart;
  arguments.data[0].ToUnifiedFormat(size, is_apart);
  const bool* flags = duckdb::UnifiedVectorFormat::GetData<bool>(is_apart);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  bool* kept = duckdb::FlatVector::GetData<bool>(result);
  duckdb::SelectionVector chosen(size);
  duckdb::idx_t count = 0;
  for (duckdb::idx_t row = 0; row < size; row++) {
    kept[row] = !flags[is_apart.sel->get_index(row)];
    if (!kept[row]) chosen.set_index(count++, row);
  }
  if (count == 0) return;
  duckdb::ClientContext& context = state.GetContext();
  RowsApart* const apart = SessionState::Of(context)->rows_apart.get();
  if (apart == nullptr) throw duckdb::InvalidInputException("leat_keep is for Leat's own queries");
  AddRows(*apart, context, arguments.data[1], chosen, count, size);
}

// Rows come file by file in long runs, mostly.
void Mark(duckdb::DataChunk& arguments, duckdb::ExpressionState& state, duckdb::Vector& result) {
  RowMarks* const marks = SessionState::Of(state.GetContext())->row_marks.get();
  if (marks == nullptr) throw duckdb::InvalidInputException("leat_mark is for Leat's own queries");
  const duckdb::idx_t size = arguments.size();
  duckdb::UnifiedVectorFormat files, rows;
  arguments.data[0].ToUnifiedFormat(size, files);
  arguments.data[1].ToUnifiedFormat(size, rows);
  const auto* names = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(files);
  const auto* numbers = duckdb::UnifiedVectorFormat::GetData<std::int64_t>(rows);
  const std::lock_guard lock(marks->mutex);
  RowMarks::File* file = nullptr;
  for (duckdb::idx_t i = 0; i < size; i++) {
    const duckdb::string_t& name = names[files.sel->get_index(i)];
    if (file == nullptr || std::string_view(name.GetData(), name.GetSize()) != file->name) {
      file = &marks->files[name.GetString()];
      if (file->name.empty()) file->name = name.GetString();
    }
    file->rows.Add(static_cast<std::uint64_t>(numbers[rows.sel->get_index(i)]));
    file->times++;
  }
  result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::GetData<bool>(result)[0] = true;
}

}  // namespace

void RegisterFunctions(duckdb::DatabaseInstance& database) {
  using duckdb::LogicalType;
  duckdb::ScalarFunction strict("leat_strict",
                                {LogicalType::VARCHAR, LogicalType::VARCHAR, LogicalType::ANY},
                                LogicalType::ANY, Strict, BindAsThird);
  strict.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  duckdb::ScalarFunction assign("leat_assign",
                                {LogicalType::ANY, LogicalType::VARCHAR, LogicalType::ANY},
                                LogicalType::ANY, Assign, BindAsThird);
  assign.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  assign.SetFallible();
  duckdb::ScalarFunction keep("leat_keep", {LogicalType::BOOLEAN, LogicalType::ANY},
                              LogicalType::BOOLEAN, Keep);
  keep.SetVolatile();
  duckdb::ScalarFunction mark("leat_mark", {LogicalType::VARCHAR, LogicalType::BIGINT},
                              LogicalType::BOOLEAN, Mark);
  mark.SetVolatile();
  auto& catalog = duckdb::Catalog::GetSystemCatalog(database);
  duckdb::ScalarFunctionSet instant("leat_instant");
  for (const auto& type : {LogicalType::TIMESTAMP, LogicalType::TIMESTAMP_TZ})
    instant.AddFunction(duckdb::ScalarFunction({type}, LogicalType::TIMESTAMP_TZ, Instants));
  instant.AddFunction(duckdb::ScalarFunction({LogicalType::TIMESTAMP_NS}, LogicalType::TIMESTAMP_TZ,
                                             InstantsOfNanoseconds));
  duckdb::CreateScalarFunctionInfo instants(instant);
  catalog.CreateFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), instants);
  for (auto& function : {strict, assign, keep, mark}) {
    duckdb::CreateScalarFunctionInfo info(function);
    catalog.CreateFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), info);
  }
}

}  // namespace leat::engine
