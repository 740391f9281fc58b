// Scalar functions that Leat adds to DuckDB's.
#include <charconv>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/common/vector_operations/unary_executor.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"
#include "engine/session_state.h"

namespace leat::engine {
namespace {

// DuckDB's own conversions round: 12.7 becomes 13.
std::int64_t ToInteger(duckdb::string_t text, duckdb::ValidityMask& mask, duckdb::idx_t row) {
  const char* begin = text.GetData();
  const char* end = begin + text.GetSize();
  while (begin != end && *begin == ' ') begin++;
  while (begin != end && end[-1] == ' ') end--;
  if (begin != end && *begin == '+' && begin + 1 != end && begin[1] != '-') begin++;
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end) mask.SetInvalid(row);
  return value;
}

void Integers(duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<duckdb::string_t, std::int64_t>(
      arguments.data[0], result, arguments.size(), ToInteger);
}

// Both are microseconds since 1970; the session's time zone is UTC. The cast asks a calendar for
// each value.
void Instants(duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& result) {
  result.Reinterpret(arguments.data[0]);
}

void AddRows(RowsApart& apart, duckdb::ClientContext& context, duckdb::Vector& structs,
             const duckdb::SelectionVector& chosen, duckdb::idx_t count, duckdb::idx_t chunk_size) {
  structs.Flatten(chunk_size);
  duckdb::DataChunk rows;
  duckdb::vector<duckdb::LogicalType> types;
  for (const auto& field : duckdb::StructType::GetChildTypes(structs.GetType()))
    types.push_back(field.second);
  rows.InitializeEmpty(types);
  auto& columns = duckdb::StructVector::GetEntries(structs);
  for (std::size_t i = 0; i < columns.size(); i++) rows.data[i].Reference(*columns[i]);
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
  duckdb::ScalarFunction integer("leat_integer", {LogicalType::VARCHAR}, LogicalType::BIGINT,
                                 Integers);
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
  duckdb::CreateScalarFunctionInfo instants(instant);
  catalog.CreateFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), instants);
  for (auto& function : {integer, keep, mark}) {
    duckdb::CreateScalarFunctionInfo info(function);
    catalog.CreateFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), info);
  }
}

}  // namespace leat::engine
