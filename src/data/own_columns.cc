#include "data/own_columns.h"

#include <algorithm>

#include "base/text.h"

namespace leat::data {

const std::vector<Field>& ProvenanceColumns() {
  static const std::vector<Field> columns = {
      {.name = kRunIdColumn, .type = {.kind = TypeKind::kString}},
      {.name = kSourceColumn, .type = {.kind = TypeKind::kString}},
      {.name = kPositionColumn, .type = {.kind = TypeKind::kLong}},
      {.name = kIngestedAtColumn, .type = {.kind = TypeKind::kTimestamp}}};
  return columns;
}

bool IsProvenance(std::string_view name) {
  const auto& columns = ProvenanceColumns();
  return std::any_of(columns.begin(), columns.end(),
                     [&](const Field& field) { return EqualsIgnoreCase(field.name, name); });
}

const std::vector<Field>& HistoryColumns() {
  static const std::vector<Field> columns = {
      {.name = kValidFromColumn, .type = {.kind = TypeKind::kTimestamp}},
      {.name = kValidToColumn, .type = {.kind = TypeKind::kTimestamp}},
      {.name = kIsCurrentColumn, .type = {.kind = TypeKind::kBoolean}}};
  return columns;
}

}  // namespace leat::data
