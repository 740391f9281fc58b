// read_parquet in queries: what DuckDB 1.5.5 reads wrongly is refused by name, and files that it
// cannot read are no mistakes of ours. ParquetChecksTest tells when a check is not needed any more.
#include "duckdb/catalog/catalog.hpp"
#include "duckdb/catalog/catalog_entry/schema_catalog_entry.hpp"
#include "duckdb/catalog/catalog_entry/table_function_catalog_entry.hpp"
#include "duckdb/common/multi_file/multi_file_list.hpp"
#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "engine/parquet_footers.h"
#include "engine/session_state.h"

namespace leat::engine {
namespace {

// DuckDB's own, for all databases the same.
duckdb::table_function_bind_t bind_parquet = nullptr;

// A file that cannot be looked at is left to the scan, which tells why.
void RefuseLongDecimals(duckdb::ClientContext& context, const duckdb::MultiFileBindData& bound) {
  std::vector<std::string> paths;
  for (const duckdb::OpenFileInfo& file : bound.file_list->GetAllFiles())
    paths.push_back(file.path);
  duckdb::Connection connection(*context.db);
  const auto found = connection.Query(LongDecimalsIn(paths));
  if (found->HasError()) return;
  const auto row = found->Fetch();
  if (!row || row->size() == 0) return;
  throw duckdb::InvalidInputException(LongDecimalMessage(row->GetValue(0, 0).ToString(),
                                                         row->GetValue(1, 0).ToString(),
                                                         row->GetValue(2, 0).ToString()));
}

duckdb::unique_ptr<duckdb::FunctionData> BindParquet(duckdb::ClientContext& context,
                                                     duckdb::TableFunctionBindInput& input,
                                                     duckdb::vector<duckdb::LogicalType>& types,
                                                     duckdb::vector<duckdb::string>& names) {
  SessionState* const state = SessionState::Of(context);
  if (state == nullptr) return bind_parquet(context, input, types, names);  // of a checkpoint
  state->parquet_read = input.inputs[0].ToString();
  auto bound = bind_parquet(context, input, types, names);
  RefuseLongDecimals(context, bound->Cast<duckdb::MultiFileBindData>());
  return bound;
}

}  // namespace

void RegisterParquetChecks(duckdb::DatabaseInstance& database) {
  const auto transaction = duckdb::CatalogTransaction::GetSystemTransaction(database);
  auto& schema = duckdb::Catalog::GetSystemCatalog(database).GetSchema(transaction, DEFAULT_SCHEMA);
  for (const char* name : {"read_parquet", "parquet_scan"}) {
    auto entry = schema.GetEntry(transaction, duckdb::CatalogType::TABLE_FUNCTION_ENTRY, name);
    for (auto& function : entry->Cast<duckdb::TableFunctionCatalogEntry>().functions.functions) {
      if (function.bind == BindParquet) continue;
      bind_parquet = function.bind;
      function.bind = BindParquet;
    }
  }
}

}  // namespace leat::engine
