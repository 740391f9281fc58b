#include "delta/field_metadata.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace leat::delta {

nlohmann::json MetadataOf(const data::Field& field) {
  if (field.metadata_json.empty() || field.metadata_json == "{}") return nlohmann::json::object();
  nlohmann::json metadata = ParseJson(field.metadata_json);
  return metadata.is_object() ? metadata : nlohmann::json::object();
}

}  // namespace leat::delta
