// Binds every model against the columns of what it reads, without touching data: what `leat
// validate` knows beyond parsing, and the column lineage.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "engine/engine.h"
#include "project/definition.h"
#include "project/diagnostics.h"

namespace leat::project {

// The columns of a source as far as somebody knows them (from its table, or from its files); none:
// unknown.
using KnownSchema = std::function<std::optional<data::Schema>(const Asset& source)>;

struct BindResult {
  Diagnostics diagnostics;  // sorted
  // The models whose columns are known, with the schema of the table that they fill (scd2 with its
  // own columns).
  std::map<AssetName, engine::BoundQuery> bound;
};

// Reports, each with its place: macros and SQL that do not bind (unknown columns and functions with
// the nearest spelling, wrong types), columns named twice, and keys, time columns, declared columns
// and types, and columns of checks that the query does not have. Schemas: a source's are
// `known_schema` with declared types and columns over it, or, when schema_policy is not evolve, the
// declared columns alone; a seed's are read from its file; a model's follow from its SQL. Models
// behind a source with unknown columns cannot be checked: that is a warning at the source. Models
// behind an error are left out. Defines the project's macros in `session` and takes its resolver
// away.
BindResult BindProject(const Project& project, engine::Session& session,
                       const KnownSchema& known_schema);

}  // namespace leat::project
