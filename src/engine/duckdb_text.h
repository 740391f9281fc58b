// Text in, text out: what several files of engine/ need around DuckDB's parser. Includes DuckDB:
// engine/ only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "duckdb.hpp"

namespace leat::engine {

// silver.orders@v12 and silver.orders@'2026-11-01' are not SQL; they become silver."orders@v12".
// Other text is unchanged. Strings and comments are skipped.
std::string QuotePins(std::string_view sql);
// The offset in `sql` that an offset in its text with quoted pins stands for.
std::size_t OffsetBeforeQuoting(std::string_view sql, std::size_t offset);

// The bare name and the pin of a table name made by QuotePins: "orders@v12" → {"orders", "v12"}.
struct PinnedName {
  std::string name;
  std::string pin;
};
PinnedName SplitPin(const std::string& table_name);

// Parses statements; throws DuckDB's exceptions.
std::vector<duckdb::unique_ptr<duckdb::SQLStatement>> Parse(std::string_view sql);

}  // namespace leat::engine
