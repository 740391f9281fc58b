// The ids of rows, where a table keeps them (row tracking), as columns of its scans and of the
// files that rows are copied into.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "delta/row_tracking.h"
#include "engine/engine.h"

namespace leat::engine {

class RowIds {
 public:
  // kCorrupt: see RowIdColumnsOf.
  static Result<RowIds> Of(const delta::Metadata& metadata);

  // Names of the columns id and version in data files; none where no ids are kept.
  const std::optional<delta::RowIdColumns>& columns() const { return columns_; }

  // A FROM item with the files' rows, and what Selected needs.
  Result<std::string> Scan(Session& session, TableFiles files) const;
  // What to select from it: all columns of the table and, where ids are kept, id and version.
  std::string Selected() const;

 private:
  std::optional<delta::RowIdColumns> columns_;
};

}  // namespace leat::engine
