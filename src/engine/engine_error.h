// DuckDB's errors as ours. Includes DuckDB: engine/ only.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "base/result.h"
#include "duckdb.hpp"

namespace leat::engine {

// The kind follows DuckDB's type; the location, within `sql`, comes from its position when it has
// one. Of DuckDB's several lines the message is one, and what it advises is the hint.
Error ToError(const duckdb::ErrorData& data, std::string_view sql);
Error ToError(const std::exception& exception, std::string_view sql);

// The second half of it, for text alone: {message, hint}.
std::pair<std::string, std::string> Reword(std::string_view text);

}  // namespace leat::engine
