#include "delta/column_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/json.h"
#include "base/text.h"
#include "delta/field_metadata.h"

namespace leat::delta {
namespace {

constexpr const char* kModeProperty = "delta.columnMapping.mode";
constexpr const char* kPhysicalNameKey = "delta.columnMapping.physicalName";
constexpr const char* kIdKey = "delta.columnMapping.id";

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

constexpr const char* kMaxIdProperty = "delta.columnMapping.maxColumnId";

class MappingMaker {
 public:
  MappingMaker(io::Random& random, std::int64_t max_id) : random_(random), max_id_(max_id) {}

  // `known`: fields that data files have under their own names.
  void Assign(std::vector<data::Field>& fields, const std::vector<data::Field>* known) {
    for (data::Field& field : fields) {
      auto metadata = ParseJson(field.metadata_json);
      if (!metadata.is_object()) metadata = nlohmann::json::object();
      const data::Field* before = FindIn(known, field.name);
      if (!metadata.contains(kIdKey)) metadata[kIdKey] = ++max_id_;
      if (!metadata.contains(kPhysicalNameKey)) {
        metadata[kPhysicalNameKey] = before != nullptr ? field.name : "col-" + io::NewUuid(random_);
      }
      field.metadata_json = JsonText(metadata);
      AssignWithin(field.type, before == nullptr ? nullptr : &before->type);
    }
  }
  std::int64_t max_id() const { return max_id_; }

 private:
  static const data::Field* FindIn(const std::vector<data::Field>* fields,
                                   const std::string& name) {
    if (fields == nullptr) return nullptr;
    for (const data::Field& field : *fields) {
      if (field.name == name) return &field;
    }
    return nullptr;
  }

  // The elements of arrays and maps have no names of their own.
  void AssignWithin(data::Type& type, const data::Type* known) {
    if (known != nullptr && known->kind != type.kind) known = nullptr;
    if (type.kind == data::TypeKind::kStruct) {
      Assign(type.children, known == nullptr ? nullptr : &known->children);
      return;
    }
    for (std::size_t i = 0; i < type.children.size(); i++) {
      AssignWithin(type.children[i].type, known == nullptr ? nullptr : &known->children[i].type);
    }
  }

  io::Random& random_;
  std::int64_t max_id_;
};

std::int64_t LargestId(const std::vector<data::Field>& fields) {
  std::int64_t largest = 0;
  for (const data::Field& field : fields) {
    largest = std::max(
        {largest, std::int64_t{ColumnId(field).value_or(0)}, LargestId(field.type.children)});
  }
  return largest;
}

data::Field PhysicalField(ColumnMapping mapping, const data::Field& field) {
  data::Field physical = field;
  physical.name = PhysicalName(mapping, field);
  for (data::Field& child : physical.type.children) child = PhysicalField(mapping, child);
  return physical;
}

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

data::Schema PhysicalSchema(ColumnMapping mapping, const data::Schema& schema) {
  data::Schema physical = schema;
  if (mapping == ColumnMapping::kNone) return physical;
  for (data::Field& field : physical.fields) field = PhysicalField(mapping, field);
  return physical;
}

Status AssignColumnMapping(io::Random& random, const Metadata* before, Metadata& metadata) {
  LEAT_ASSIGN(const ColumnMapping mapping, MappingOf(metadata));
  if (mapping == ColumnMapping::kNone) return Ok();
  std::int64_t max_id = LargestId(metadata.schema.fields);
  const auto noted = metadata.configuration.find(kMaxIdProperty);
  if (noted != metadata.configuration.end()) {
    std::int64_t number = 0;
    const std::string& text = noted->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return Corrupt(fmt::format("table property {} is '{}'", kMaxIdProperty, Shorten(text, 80)));
    }
    max_id = std::max(max_id, number);
  }
  const std::vector<data::Field>* known = nullptr;
  if (before != nullptr) {
    LEAT_ASSIGN(const ColumnMapping mapped_before, MappingOf(*before));
    if (mapped_before == ColumnMapping::kNone) known = &before->schema.fields;
  }
  MappingMaker maker(random, max_id);
  maker.Assign(metadata.schema.fields, known);
  metadata.configuration[kMaxIdProperty] = std::to_string(maker.max_id());
  return Ok();
}

Status CheckColumnMapping(const Metadata& metadata) {
  LEAT_ASSIGN(const ColumnMapping mapping, MappingOf(metadata));
  if (mapping == ColumnMapping::kNone) return Ok();
  return MappingCheck().Check(metadata.schema.fields, "");
}

}  // namespace leat::delta
