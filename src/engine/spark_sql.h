// Expressions that stand in a table's metadata, in the SQL of the engine that wrote them (Spark's
// or DataFusion's): CHECK constraints, invariants, defaults.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace leat::engine {

// The expression in our SQL. Only what means the same in all three is let through: columns,
// literals, comparisons, and, or, not, between, in, like, case, + - * %, casts of literals and a
// few functions of text and numbers. kInvalidInput naming what else there is.
Result<std::string> FromSparkSql(std::string_view expression);

}  // namespace leat::engine
