// Column mapping: the names and ids under which a table's columns stand in its data files. Source:
// PROTOCOL.md, "Column Mapping".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "delta/actions.h"
#include "io/environment.h"

namespace leat::delta {

enum class ColumnMapping {
  kNone,  // data files have the columns' own names
  kName,  // data files have the physical names
  kId,    // data files have the ids as Parquet field ids
};

// delta.columnMapping.mode. kInvalidInput: a mode that the protocol does not have.
Result<ColumnMapping> MappingOf(const Metadata& metadata);

// The column's name in data files, partition values and statistics: its own without a mapping.
std::string PhysicalName(ColumnMapping mapping, const data::Field& field);
// The column's field id in data files, if it has one.
std::optional<std::int32_t> ColumnId(const data::Field& field);

// The schema as data files, partition values and statistics have it: with the physical names,
// nested ones too.
data::Schema PhysicalSchema(ColumnMapping mapping, const data::Schema& schema);

// kCorrupt: a mapped table in which a column, nested ones too, has no physical name or id, or
// shares it with another one.
Status CheckColumnMapping(const Metadata& metadata);

// Where the metadata asks for a mapping: gives each column that has none, nested ones too, an id
// and a physical name, and notes the largest id (delta.columnMapping.maxColumnId). The columns of
// `before`, the table so far without a mapping (null: it is new), keep their names in data files.
Status AssignColumnMapping(io::Random& random, const Metadata* before, Metadata& metadata);

}  // namespace leat::delta
