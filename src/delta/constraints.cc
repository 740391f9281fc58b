#include "delta/constraints.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "delta/field_metadata.h"

namespace leat::delta {
namespace {

using nlohmann::json;

constexpr std::string_view kCheckPrefix = "delta.constraints.";
constexpr const char* kInvariantsKey = "delta.invariants";
constexpr const char* kDefaultKey = "CURRENT_DEFAULT";

// {"expression": {"expression": "x > 3"}}, as text within the metadata.
Status AddInvariants(const std::vector<data::Field>& fields, const std::string& parent,
                     std::vector<Constraint>& constraints) {
  for (const data::Field& field : fields) {
    const std::string path = parent.empty() ? field.name : parent + "." + field.name;
    const json metadata = MetadataOf(field);
    const auto invariant = metadata.find(kInvariantsKey);
    if (invariant != metadata.end()) {
      const json parsed =
          invariant->is_string() ? ParseJson(invariant->get<std::string>()) : *invariant;
      const json::json_pointer place("/expression/expression");
      if (!parsed.is_object() || !parsed.contains(place) || !parsed.at(place).is_string()) {
        return Corrupt(fmt::format("the invariant of column '{}' cannot be read: {}", path,
                                   Shorten(invariant->dump(), 200)));
      }
      constraints.push_back({.name = path, .expression = parsed.at(place).get<std::string>()});
    }
    LEAT_TRY(AddInvariants(field.type.children, path, constraints));
  }
  return Ok();
}

void AddRequired(const std::vector<data::Field>& fields, const std::vector<std::string>& parent,
                 std::vector<std::vector<std::string>>& required) {
  for (const data::Field& field : fields) {
    std::vector<std::string> path = parent;
    path.push_back(field.name);
    if (!field.nullable) required.push_back(path);
    if (field.type.kind == data::TypeKind::kStruct) {
      AddRequired(field.type.children, path, required);
    }
  }
}

}  // namespace

Result<std::vector<Constraint>> ConstraintsOf(const Metadata& metadata) {
  std::vector<Constraint> constraints;
  for (const auto& [key, value] : metadata.configuration) {
    if (!key.starts_with(kCheckPrefix)) continue;
    constraints.push_back({.name = key.substr(kCheckPrefix.size()), .expression = value});
  }
  LEAT_TRY(AddInvariants(metadata.schema.fields, "", constraints));
  return constraints;
}

std::vector<std::vector<std::string>> RequiredColumns(const data::Schema& schema) {
  std::vector<std::vector<std::string>> required;
  AddRequired(schema.fields, {}, required);
  return required;
}

std::optional<std::string> DefaultOf(const data::Field& field) {
  const json metadata = MetadataOf(field);
  const auto value = metadata.find(kDefaultKey);
  if (value == metadata.end() || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

}  // namespace leat::delta
