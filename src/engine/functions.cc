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

}  // namespace

void RegisterFunctions(duckdb::DatabaseInstance& database) {
  duckdb::CreateScalarFunctionInfo info(duckdb::ScalarFunction(
      "leat_integer", {duckdb::LogicalType::VARCHAR}, duckdb::LogicalType::BIGINT, Integers));
  auto& catalog = duckdb::Catalog::GetSystemCatalog(database);
  catalog.CreateFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), info);
}

}  // namespace leat::engine
