// Changes of a table's schema and properties: metadata only, no data file is touched.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "io/environment.h"

namespace leat::delta {

// Paths name a column, or a field within structs, from the root. Case is ignored in them.
using ColumnPath = std::vector<std::string>;

struct AddColumn {
  ColumnPath parent;  // a struct; empty: the table
  data::Field field;  // nullable: the rows so far have no value
};
struct RenameColumn {
  ColumnPath path;
  std::string new_name;
};
struct DropColumn {
  ColumnPath path;
};
// To a type that holds all values of the present one: data files stay as they are.
struct WidenColumn {
  ColumnPath path;
  data::Type type;
};
// For rows to come that lack the column. Nothing: none.
struct SetColumnDefault {
  std::string column;
  std::optional<std::string> expression;
};
struct SetColumnNullable {
  std::string column;
  bool nullable = true;  // false: the caller has seen that no row has a null there
};
struct SetTableProperties {
  std::map<std::string, std::optional<std::string>> values;  // nothing: the property is removed
};
using Alteration = std::variant<AddColumn, RenameColumn, DropColumn, WidenColumn, SetColumnDefault,
                                SetColumnNullable, SetTableProperties>;

// The metadata after the change. kInvalidInput: no such column or one with the name already; what
// needs column mapping or type widening, which the table does not have (the hint says how it gets
// it); a column that partitions the table or stands in a constraint; a property that Leat does not
// know or that cannot be changed.
Result<Metadata> Alter(const Metadata& metadata, const Alteration& alteration, io::Random& random);

// Whether values of `from` may be read from data files as values of `to`. Source: PROTOCOL.md,
// "Type Widening".
bool IsWidening(const data::Type& from, const data::Type& to);

// Gives the field the wider type, and notes the change as the protocol asks.
void Widen(data::Field& field, const data::Type& type);

}  // namespace leat::delta
