// JSON documents from and to text. nlohmann's parser and serializer are templates that take the
// compiler seconds: they are instantiated in json.cc alone, and files that only pass documents on
// include <nlohmann/json_fwd.hpp>.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace leat {

// A discarded value where `text` is not one JSON document.
nlohmann::json ParseJson(std::string_view text);
// Keys stay in the order of the text.
nlohmann::ordered_json ParseOrderedJson(std::string_view text);

// On one line, or with `indent` blanks per level. Texts that are no UTF-8 throw.
std::string JsonText(const nlohmann::json& value, int indent = -1);
std::string JsonText(const nlohmann::ordered_json& value, int indent = -1);
// For what may hold anything: what is no UTF-8 is replaced by U+FFFD.
std::string JsonTextOfAny(const nlohmann::json& value, int indent = -1);
std::string JsonTextOfAny(const nlohmann::ordered_json& value, int indent = -1);

}  // namespace leat
