#include "transform/schema_evolution.h"

#include <fmt/format.h>

#include "base/text.h"
#include "delta/alter.h"
#include "delta/table_properties.h"

namespace leat::transform {
namespace {

using data::TypeKind;

class Evolution {
 public:
  explicit Evolution(bool widens) : widens_(widens) {}

  void Fields(std::vector<data::Field>& table, const std::vector<data::Field>& added,
              const std::string& parent) {
    for (const data::Field& field : added) {
      data::Field* known = nullptr;
      for (data::Field& candidate : table) {
        if (EqualsIgnoreCase(candidate.name, field.name)) known = &candidate;
      }
      if (known == nullptr) {
        table.push_back(field);
        table.back().nullable = true;  // the rows so far have no value
      } else {
        Column(*known, field.type, parent + known->name, widens_);
      }
    }
  }

  std::vector<std::string> differences;

 private:
  // The elements of arrays and maps are no fields, so they cannot note that they were widened.
  void Column(data::Field& known, const data::Type& added, const std::string& path, bool widens) {
    data::Type& type = known.type;
    const bool is_midnight = added.kind == TypeKind::kDate && type.kind == TypeKind::kTimestamp;
    if (type == added || is_midnight || delta::IsWidening(added, type)) return;
    if (type.kind == added.kind && !type.children.empty()) {
      if (type.kind == TypeKind::kStruct) return Fields(type.children, added.children, path + ".");
      for (std::size_t i = 0; i < type.children.size(); i++) {
        Column(type.children[i], added.children[i].type, path + "." + type.children[i].name, false);
      }
      return;
    }
    if (widens && delta::IsWidening(type, added)) {
      delta::Widen(known, added);
      return;
    }
    differences.push_back(fmt::format("column {} has type {} in the table and {} in the new rows",
                                      path, type.ToString(), added.ToString()));
  }

  const bool widens_;
};

}  // namespace

Status Evolve(delta::Metadata& metadata, const data::Schema& added) {
  Evolution evolution(delta::IsOn(metadata, "delta.enableTypeWidening"));
  evolution.Fields(metadata.schema.fields, added.fields, "");
  if (evolution.differences.empty()) return Ok();
  return InvalidInput(Join(evolution.differences, "; "))
      .WithHint("cast them, or rebuild the table with --full-refresh");
}

}  // namespace leat::transform
