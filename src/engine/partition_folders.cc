// leat_folder: values of partitions whose folders would have names that are too long.
#include <fmt/format.h>

#include <cctype>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/common/types/hash.hpp"
#include "duckdb/common/vector_operations/unary_executor.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"
#include "engine/session_state.h"

namespace leat::engine {
namespace {

constexpr std::string_view kPrefix = "leat-";

// As folders are named: bytes other than letters, digits and -_.~ become %XX.
std::int64_t EncodedBytes(std::string_view text) {
  std::int64_t bytes = 0;
  for (const char c : text) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ||
                          c == '_' || c == '.' || c == '~';
    bytes += is_plain ? 1 : 3;
  }
  return bytes;
}

// A name of its own for each value, however its hash falls.
std::string NameOf(std::string_view value, FolderNames& names) {
  const std::lock_guard lock(names.mutex);
  const auto hash = duckdb::Hash(value.data(), value.size());
  for (int attempt = 0;; attempt++) {
    std::string name = fmt::format("{}{:016x}-{}", kPrefix, hash, attempt);
    const auto [found, is_new] = names.values.try_emplace(name, value);
    if (is_new || found->second == value) return name;
  }
}

void Folders(duckdb::DataChunk& arguments, duckdb::ExpressionState& state, duckdb::Vector& result) {
  FolderNames& names = SessionState::Of(state.GetContext())->folder_names;
  const std::int64_t max_bytes = arguments.data[1].GetValue(0).GetValue<std::int64_t>();
  duckdb::UnaryExecutor::Execute<duckdb::string_t, duckdb::string_t>(
      arguments.data[0], result, arguments.size(), [&](duckdb::string_t text) {
        const std::string_view value(text.GetData(), text.GetSize());
        const bool fits = std::ssize(value) * 3 <= max_bytes || EncodedBytes(value) <= max_bytes;
        if (fits && !value.starts_with(kPrefix))
          return duckdb::StringVector::AddString(result, text);
        return duckdb::StringVector::AddString(result, NameOf(value, names));
      });
}

}  // namespace

void RegisterPartitionFolders(duckdb::DatabaseInstance& database) {
  using duckdb::LogicalType;
  duckdb::ScalarFunction folder("leat_folder", {LogicalType::VARCHAR, LogicalType::BIGINT},
                                LogicalType::VARCHAR, Folders);
  folder.SetVolatile();
  duckdb::CreateScalarFunctionInfo info(folder);
  duckdb::Catalog::GetSystemCatalog(database).CreateFunction(
      duckdb::CatalogTransaction::GetSystemTransaction(database), info);
}

}  // namespace leat::engine
