// Rows as JSON text and back, without loss: numbers, booleans and text stay what they are in JSON;
// decimals, times, binary and numbers that JSON lacks (NaN) become text. Internal to quality/.
#pragma once

#include <string>
#include <vector>

#include "data/schema.h"

namespace leat::quality {

// Below whose name a column's value stands: the key is the column's name as the schema has it.
// A SQL expression of type VARCHAR over the schema's columns, except those named; `prefix` stands
// before each ("t.").
std::string RowAsJson(const data::Schema& schema, const std::vector<std::string>& except,
                      const std::string& prefix);

// The column's value out of `json` (a SQL expression of type VARCHAR), in the column's type. Null
// when it is null, missing, or not of that type.
std::string ValueFromJson(const std::string& json, const data::Field& field);
// True when the value is there, but not of the column's type.
std::string IsUnreadable(const std::string& json, const data::Field& field);
// The value as text, for any key.
std::string TextFromJson(const std::string& json, const std::string& key);

}  // namespace leat::quality
