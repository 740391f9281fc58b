// The columns that Leat adds to tables, by name and type.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/schema.h"

namespace leat::data {

// Of rows of sources: the run that brought them, where they come from (a file, or a table of a
// connection), their place there, and when.
inline constexpr char kRunIdColumn[] = "_leat_run_id";
inline constexpr char kSourceColumn[] = "_leat_source";
inline constexpr char kPositionColumn[] = "_leat_position";
inline constexpr char kIngestedAtColumn[] = "_leat_ingested_at";
const std::vector<Field>& ProvenanceColumns();
bool IsProvenance(std::string_view name);  // case ignored

// Of rows of scd2 models: from when to when a state was true, and whether it still is.
inline constexpr char kValidFromColumn[] = "valid_from";
inline constexpr char kValidToColumn[] = "valid_to";
inline constexpr char kIsCurrentColumn[] = "is_current";
const std::vector<Field>& HistoryColumns();

}  // namespace leat::data
