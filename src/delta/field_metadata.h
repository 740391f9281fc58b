// What the schema notes of a column besides its type. Source: PROTOCOL.md, "Column Metadata".
#pragma once

#include <nlohmann/json.hpp>

#include "data/schema.h"

namespace leat::delta {

// data::Field::metadata_json as an object; empty when there is none that can be read.
inline nlohmann::json MetadataOf(const data::Field& field) {
  if (field.metadata_json.empty() || field.metadata_json == "{}") return nlohmann::json::object();
  auto metadata = nlohmann::json::parse(field.metadata_json, nullptr, /*allow_exceptions=*/false);
  return metadata.is_object() ? metadata : nlohmann::json::object();
}

}  // namespace leat::delta
