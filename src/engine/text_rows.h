// Rows as CSV and JSON, one way for all commands: what each type looks like is told in
// docs/guide/reference/commands.md. Includes DuckDB: engine/ only.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "duckdb.hpp"
#include "engine/engine.h"

namespace leat::engine {

// Not thread-safe.
class TextRows {
 public:
  // kInvalidInput: JSON cannot have two columns of one name.
  static Result<TextRows> Make(const TextFormat& format, std::vector<std::string> names,
                               std::vector<duckdb::LogicalType> types);

  std::string Begin() const;
  // The first `count` rows of the chunk, which may be flattened.
  void Append(duckdb::DataChunk& chunk, duckdb::idx_t count, std::string& out);
  std::string End() const;

 private:
  TextRows(const TextFormat& format, std::vector<std::string> names,
           std::vector<duckdb::LogicalType> types);

  TextFormat format_;
  std::vector<std::string> names_;
  std::vector<std::string> keys_;  // in JSON: "name":
  std::vector<duckdb::LogicalType> types_;
  bool is_empty_ = true;
};

// All rows of a streaming result.
Result<TextWritten> WriteRows(duckdb::QueryResult& result, std::string_view sql,
                              const TextFormat& format,
                              const std::function<Status(std::string_view)>& write);

// The query with casts around columns whose types Parquet lacks, or readers other than DuckDB: to
// what a table would store. As it is when there are none.
std::string CastForParquet(const std::string& sql, const std::vector<std::string>& names,
                           const std::vector<duckdb::LogicalType>& types);

}  // namespace leat::engine
