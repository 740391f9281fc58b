// Values of a file's statistics in JSON. Source: PROTOCOL.md, "Per-file Statistics".
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>

#include "base/text.h"

namespace leat::delta {

// A string's own text, a number or boolean as it stands; nothing for anything else.
inline std::optional<std::string> StatsText(simdjson::ondemand::value value) {
  simdjson::ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return std::nullopt;
  if (type == simdjson::ondemand::json_type::string) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    return std::string(text);
  }
  const bool is_token = type == simdjson::ondemand::json_type::number ||
                        type == simdjson::ondemand::json_type::boolean;
  if (!is_token) return std::nullopt;
  return std::string(Trim(value.raw_json_token()));
}

}  // namespace leat::delta
