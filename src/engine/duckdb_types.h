// DuckDB's types and values, to and from ours. Includes DuckDB: engine/ only.
#pragma once

#include <optional>
#include <string>

#include "data/value.h"
#include "duckdb.hpp"

namespace leat::engine {

// The type in which a table stores values of a DuckDB type: unsigned integers widen, sums (HUGEINT)
// become long, TIMESTAMP becomes an instant in UTC, UUID, TIME, ENUM and JSON become text. Nothing
// for INTERVAL and UNION.
std::optional<data::Type> ToStoredType(const duckdb::LogicalType& type);
duckdb::LogicalType ToLogicalType(const data::Type& type);

// Numbers, booleans, text and instants as such; everything else as text: decimals and dates as SQL
// prints them, nested values as JSON.
data::Value ToValue(const duckdb::Value& value);
duckdb::Value ToDuckValue(const data::Value& value);

}  // namespace leat::engine
