#include "engine/mapped_columns.h"

#include <algorithm>

namespace leat::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::MultiFileColumnDefinition;

// In front of the names of columns that the table does not have.
constexpr const char* kUnmapped = "\x01";

class Renamer {
 public:
  explicit Renamer(delta::ColumnMapping mapping) : mapping_(mapping) {}

  void Rename(const std::vector<data::Field>& fields,
              duckdb::vector<MultiFileColumnDefinition>& columns) const {
    for (MultiFileColumnDefinition& column : columns) {
      const data::Field* field = FieldOf(fields, column);
      if (field == nullptr) {
        column.name = kUnmapped + column.name;
      } else {
        column.name = field->name;
        RenameWithin(field->type, column);
      }
    }
  }

 private:
  const data::Field* FieldOf(const std::vector<data::Field>& fields,
                             const MultiFileColumnDefinition& column) const {
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const data::Field& field) {
      if (mapping_ == delta::ColumnMapping::kName) {
        return delta::PhysicalName(mapping_, field) == column.name;
      }
      const auto id = delta::ColumnId(field);
      if (!id) return field.name == column.name;  // _change_type of a change data feed
      return !column.identifier.IsNull() && column.GetIdentifierFieldId() == *id;
    });
    return found == fields.end() ? nullptr : &*found;
  }

  // A struct's fields have names of their own; the elements of lists and maps do not, but structs
  // may lie within.
  void RenameWithin(const data::Type& type, MultiFileColumnDefinition& column) const {
    if (type.kind == data::TypeKind::kStruct && column.type.id() == LogicalTypeId::STRUCT) {
      Rename(type.children, column.children);
    } else if (type.kind == data::TypeKind::kArray && column.type.id() == LogicalTypeId::LIST &&
               column.children.size() == 1) {
      RenameWithin(type.children[0].type, column.children[0]);
    } else if (type.kind == data::TypeKind::kMap && column.type.id() == LogicalTypeId::MAP &&
               column.children.size() == 1 && column.children[0].children.size() == 2) {
      RenameWithin(type.children[0].type, column.children[0].children[0]);
      RenameWithin(type.children[1].type, column.children[0].children[1]);
    }
    column.type = TypeOf(column);
  }

  // The column's type with the names of its children as they are now.
  static LogicalType TypeOf(const MultiFileColumnDefinition& column) {
    const auto& children = column.children;
    if (column.type.id() == LogicalTypeId::STRUCT) {
      duckdb::child_list_t<LogicalType> fields;
      for (const auto& child : children) fields.emplace_back(child.name, child.type);
      return LogicalType::STRUCT(std::move(fields));
    }
    if (column.type.id() == LogicalTypeId::LIST && children.size() == 1) {
      return LogicalType::LIST(children[0].type);
    }
    if (column.type.id() == LogicalTypeId::MAP && children.size() == 1 &&
        children[0].children.size() == 2) {
      return LogicalType::MAP(children[0].children[0].type, children[0].children[1].type);
    }
    return column.type;
  }

  delta::ColumnMapping mapping_;
};

}  // namespace

void ApplyColumnMapping(const data::Schema& schema, delta::ColumnMapping mapping,
                        const std::string& file,
                        duckdb::vector<MultiFileColumnDefinition>& columns) {
  if (mapping == delta::ColumnMapping::kNone) return;
  const bool has_ids =
      std::any_of(columns.begin(), columns.end(),
                  [](const MultiFileColumnDefinition& c) { return !c.identifier.IsNull(); });
  if (mapping == delta::ColumnMapping::kId && !has_ids) {
    throw duckdb::InvalidInputException(
        "the table maps columns by id, and the file %s has no ids: it was added by a program that "
        "does not know column mapping",
        file);
  }
  Renamer(mapping).Rename(schema.fields, columns);
}

}  // namespace leat::engine
