// Limits of data/.
#pragma once

#include <cstddef>

namespace leat::data {

// Nesting of types in a schema or a type name. DuckDB and Spark stop far earlier; this protects our
// stack.
constexpr int kMaxTypeDepth = 64;
constexpr int kMaxDecimalPrecision = 38;
// What "decimal" without precision means in SQL: DuckDB's default. In Delta's JSON it means
// decimal(10,0).
constexpr int kDefaultSqlDecimalPrecision = 18;
constexpr int kDefaultSqlDecimalScale = 3;
constexpr int kDefaultDeltaDecimalPrecision = 10;
// Of a value that does not fit its type, in messages.
constexpr std::size_t kMaxMisfitBytes = 200;

}  // namespace leat::data
