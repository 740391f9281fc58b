#include "delta/column_mapping.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/text.h"

namespace leat::delta {
namespace {

constexpr const char* kModeProperty = "delta.columnMapping.mode";
constexpr const char* kPhysicalNameKey = "delta.columnMapping.physicalName";
constexpr const char* kIdKey = "delta.columnMapping.id";

nlohmann::json MetadataOf(const data::Field& field) {
  if (field.metadata_json.find("delta.columnMapping") == std::string::npos) return {};
  return nlohmann::json::parse(field.metadata_json, nullptr, /*allow_exceptions=*/false);
}

class MappingCheck {
 public:
  Status Check(const std::vector<data::Field>& fields, const std::string& parent) {
    std::unordered_set<std::string> physical_names;  // unique among siblings
    for (const data::Field& field : fields) {
      const std::string path = parent.empty() ? field.name : parent + "." + field.name;
      const nlohmann::json metadata = MetadataOf(field);
      const auto name = metadata.find(kPhysicalNameKey);
      if (name == metadata.end() || !name->is_string() || name->get<std::string>().empty()) {
        return Corrupt(fmt::format("column '{}' of a mapped table has no physical name", path));
      }
      if (!physical_names.insert(name->get<std::string>()).second) {
        return Corrupt(fmt::format("column '{}' shares its physical name '{}' with another one",
                                   path, name->get<std::string>()));
      }
      const auto id = ColumnId(field);
      if (!id) return Corrupt(fmt::format("column '{}' of a mapped table has no id", path));
      if (!ids_.insert(*id).second) {
        return Corrupt(fmt::format("column '{}' shares its id {} with another one", path, *id));
      }
      LEAT_TRY(CheckType(field.type, path));
    }
    return Ok();
  }

 private:
  // Structs may lie within lists and maps, whose own elements have no names.
  Status CheckType(const data::Type& type, const std::string& path) {
    if (type.kind == data::TypeKind::kStruct) return Check(type.children, path);
    for (const data::Field& child : type.children) {
      LEAT_TRY(CheckType(child.type, path + "." + child.name));
    }
    return Ok();
  }

  std::unordered_set<std::int32_t> ids_;
};

}  // namespace

Result<ColumnMapping> MappingOf(const Metadata& metadata) {
  const auto found = metadata.configuration.find(kModeProperty);
  if (found == metadata.configuration.end() || EqualsIgnoreCase(found->second, "none")) {
    return ColumnMapping::kNone;
  }
  if (EqualsIgnoreCase(found->second, "name")) return ColumnMapping::kName;
  if (EqualsIgnoreCase(found->second, "id")) return ColumnMapping::kId;
  return InvalidInput(fmt::format("table property {} is '{}', expected none, name or id",
                                  kModeProperty, Shorten(found->second, 80)));
}

std::string PhysicalName(ColumnMapping mapping, const data::Field& field) {
  if (mapping == ColumnMapping::kNone) return field.name;
  const nlohmann::json metadata = MetadataOf(field);
  const auto name = metadata.find(kPhysicalNameKey);
  return name != metadata.end() && name->is_string() ? name->get<std::string>() : field.name;
}

std::optional<std::int32_t> ColumnId(const data::Field& field) {
  const nlohmann::json metadata = MetadataOf(field);
  const auto id = metadata.find(kIdKey);
  if (id == metadata.end() || !id->is_number_integer()) return std::nullopt;
  const auto number = id->get<std::int64_t>();
  if (number < 0 || number > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return static_cast<std::int32_t>(number);
}

Status CheckColumnMapping(const Metadata& metadata) {
  LEAT_ASSIGN(const ColumnMapping mapping, MappingOf(metadata));
  if (mapping == ColumnMapping::kNone) return Ok();
  return MappingCheck().Check(metadata.schema.fields, "");
}

}  // namespace leat::delta
