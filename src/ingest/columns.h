// Which columns a source's table has after a load, and of which types.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "connect/file/file_format.h"
#include "connect/file/read_plan.h"
#include "delta/table.h"
#include "project/definition.h"

namespace leat::ingest {

// The property in which a table remembers what its files' values could be, column by column
// (connect::DetectedType), so that a later file is read as if all had come at once.
constexpr const char* kDetectedProperty = "leat.detectedColumns";

struct ColumnsInput {
  const project::Asset& asset;
  const delta::Snapshot* table = nullptr;  // null: a new table, or one that is loaded anew
  // Of the files to load.
  std::vector<const connect::FilePlan*> files = {};
};

struct PlannedColumns {
  std::vector<connect::TargetColumn> columns;  // of the table, without _leat_ columns
  std::string remembered;                      // for kDetectedProperty
  std::vector<std::string> notes;              // changes of shape, one line each
  // Columns whose values no longer fit the type that the table has: all files have to be read
  // again.
  std::vector<std::string> retyped;
};

// `keeps_types`: columns that the table has keep their types; what does not fit is rejected.
// kInvalidInput: columns or fields that schema_policy freeze forbids; dates of a declared column
// whose day and month could be either way around; names that a table cannot have.
Result<PlannedColumns> PlanColumns(const ColumnsInput& input, bool keeps_types);

// As a load stores it: times without a zone are instants in UTC.
data::Type Stored(data::Type type);

}  // namespace leat::ingest
