#include "engine/statements.h"

#include <utility>

#include "base/text.h"
#include "duckdb/parser/parsed_data/create_info.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "engine/duckdb_text.h"
#include "engine/limits.h"

namespace leat::engine {

duckdb::unique_ptr<duckdb::CopyStatement> MakeCopy(duckdb::unique_ptr<duckdb::QueryNode> query,
                                                   const std::string& target,
                                                   const std::string& format, CopyOptions options) {
  auto copy = duckdb::make_uniq<duckdb::CopyStatement>();
  copy->info->is_from = false;
  copy->info->format = format;
  copy->info->is_format_auto_detected = false;
  copy->info->file_path = target;
  copy->info->options = std::move(options);
  copy->info->select_statement = std::move(query);
  return copy;
}

duckdb::unique_ptr<duckdb::CopyStatement> MakeCopy(const std::string& query,
                                                   const std::string& target,
                                                   const std::string& format, CopyOptions options) {
  auto statements = Parse(query);
  if (statements.size() != 1 || statements[0]->type != duckdb::StatementType::SELECT_STATEMENT)
    throw duckdb::BinderException("expected one SELECT statement");
  auto& select = statements[0]->Cast<duckdb::SelectStatement>();
  auto copy = MakeCopy(std::move(select.node), target, format, std::move(options));
  copy->query = select.query;
  copy->stmt_length = select.stmt_length;
  copy->named_param_map = select.named_param_map;
  return copy;
}

Parameters UsedBy(duckdb::SQLStatement& statement, const Parameters& parameters) {
  Parameters used;
  for (const auto& [name, index] : statement.named_param_map) {
    const auto found = parameters.find(name);
    if (found == parameters.end()) {
      throw duckdb::BinderException(
          "parameter $%s is not defined; define it under vars: in leat.yml ($start and "
          "$end are set for interval models)",
          name);
    }
    used.insert(*found);
  }
  return used;
}

void MakeMacroTemporary(duckdb::SQLStatement& statement) {
  if (statement.type != duckdb::StatementType::CREATE_STATEMENT) return;
  duckdb::CreateInfo& info = *statement.Cast<duckdb::CreateStatement>().info;
  if (info.type != duckdb::CatalogType::MACRO_ENTRY &&
      info.type != duckdb::CatalogType::TABLE_MACRO_ENTRY) {
    return;
  }
  info.temporary = true;
  info.catalog = TEMP_CATALOG;
  info.schema = DEFAULT_SCHEMA;
}

std::string WithoutSemicolon(const std::string& sql) {
  std::string_view text = Trim(sql);
  while (text.ends_with(';')) text = Trim(text.substr(0, text.size() - 1));
  return std::string(text);
}

CopyOptions ParquetOptions() {
  using duckdb::Value;
  return {
      {"compression", {Value("zstd")}},
      {"compression_level", {Value::BIGINT(kCompressionLevel)}},
      {"dictionary_size_limit", {Value::BIGINT(kDictionaryValues)}},
      {"write_bloom_filter", {Value::BOOLEAN(false)}},  // a sixth of the time, for few values
  };
}

void AddPartitions(const std::vector<std::string>& columns, CopyOptions& options) {
  duckdb::vector<duckdb::Value> names(columns.begin(), columns.end());
  options["partition_by"] = std::move(names);
  options["filename_pattern"] = {duckdb::Value("part-{uuid}.zstd")};
  options["overwrite_or_ignore"] = {duckdb::Value::BOOLEAN(true)};  // the folder may have files
}

}  // namespace leat::engine
