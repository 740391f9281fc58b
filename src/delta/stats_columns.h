// The columns of a checkpoint that hold statistics and partition values with their types:
// stats_parsed and partitionValues_parsed. Source: PROTOCOL.md, "Checkpoint Schema".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/arrow_builder.h"
#include "delta/actions.h"

namespace leat::delta {

// A column of a checkpoint below stats_parsed or partitionValues_parsed.
struct TypedColumn {
  std::string name;  // physical
  data::Type type;   // kStruct: of the children
  std::vector<TypedColumn> children = {};
  std::optional<std::string> text = std::nullopt;  // its value in the row that is being made
};

// Makes both columns of added files. Not thread-safe.
class StatsColumns {
 public:
  // kInvalidInput: a column mapping that the protocol does not have.
  static Result<StatsColumns> Of(const Metadata& metadata);

  data::ArrowColumn StatsColumn() const;
  // Nothing for a table without partitions.
  std::optional<data::ArrowColumn> PartitionColumn() const;

  // A row each. Statistics that cannot be read are null, as is a value that is not of its column's
  // type: what is missing skips nothing.
  void AppendStats(data::ArrowColumn& column, std::string_view stats_json);
  void AppendPartition(data::ArrowColumn& column, const NullableTexts& values);

 private:
  TypedColumn stats_;
  TypedColumn partition_;
};

}  // namespace leat::delta
