// What the schema notes of a column besides its type. Source: PROTOCOL.md, "Column Metadata".
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "data/schema.h"

namespace leat::delta {

// data::Field::metadata_json as an object; empty when there is none that can be read.
nlohmann::json MetadataOf(const data::Field& field);

}  // namespace leat::delta
