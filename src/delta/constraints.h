// What a table demands of the rows that are written into it, and the values of columns that they
// lack. Source: PROTOCOL.md, "CHECK Constraints", "Column Invariants" and "Default Columns".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"

namespace leat::delta {

// A condition that must be true, not null either, for each row.
struct Constraint {
  std::string name;        // of a CHECK constraint, or the path of the column with the invariant
  std::string expression;  // in the SQL of the engine that wrote it, mostly Spark's
};

// CHECK constraints (properties delta.constraints.*) and the invariants of columns, nested ones
// too. kCorrupt: an invariant that cannot be read.
Result<std::vector<Constraint>> ConstraintsOf(const Metadata& metadata);

// The columns that must not be null, as paths from the root. Fields of structs count where the
// struct is not null; what lies within arrays and maps is left out: Spark cannot demand it either.
std::vector<std::vector<std::string>> RequiredColumns(const data::Schema& schema);

// The expression of CURRENT_DEFAULT, in the SQL of the engine that wrote it; nothing without one.
std::optional<std::string> DefaultOf(const data::Field& field);

}  // namespace leat::delta
