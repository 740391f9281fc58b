// simdjson's on-demand parser with nothing left unchecked: for the two files that read JSON, no
// other may include it.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "connect/file/detected_type.h"
#include "connect/file/json_text.h"
#include "connect/file/json_value.h"
#include "connect/file/limits.h"
#include "data/convert.h"

namespace leat::connect {

namespace json = simdjson::ondemand;

constexpr std::size_t kLeastCapacity = 4096;  // of a parser, which grows by doubling
constexpr const char* kNotValidJson = "not valid JSON";
constexpr const char* kNotUtf8 = "not utf-8 encoded";
static_assert(kJsonPadding >= simdjson::SIMDJSON_PADDING);

// A token of one value, checked.
struct JsonToken {
  enum class Kind { kInvalid, kNull, kTrue, kFalse, kNumber, kString, kObject, kArray };
  Kind kind = Kind::kInvalid;
  std::string_view text;  // of a string, between its quotes
};

// simdjson is lazy: it looks only at the brackets, commas, colons and quotes that it passes. So all
// values of a record are walked, and the text of every one is checked here.
inline JsonToken CheckToken(json::value& value) {
  using Kind = JsonToken::Kind;
  std::string_view text = value.raw_json_token();
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ' &&
         (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  if (text.empty()) return {};
  switch (text[0]) {
    case '{': return {Kind::kObject, text};
    case '[': return {Kind::kArray, text};
    case '"': {
      // Taken here: passed over, simdjson takes a string before a colon for a key.
      json::raw_json_string passed;
      const bool is_string = text.size() >= 2 && text.back() == '"' &&
                             value.get_raw_json_string().get(passed) == simdjson::SUCCESS;
      return {is_string ? Kind::kString : Kind::kInvalid, text.substr(1, text.size() - 2)};
    }
    case 'n': return {text == "null" ? Kind::kNull : Kind::kInvalid, text};
    case 't': return {text == "true" ? Kind::kTrue : Kind::kInvalid, text};
    case 'f': return {text == "false" ? Kind::kFalse : Kind::kInvalid, text};
    default: return {data::IsJsonNumber(text) ? Kind::kNumber : Kind::kInvalid, text};
  }
}

// What the string says. Nothing: its escapes are not valid.
inline std::optional<std::string_view> JsonTextOf(std::string_view raw, std::string& scratch) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  if (!UnescapeJson(raw, scratch)) return std::nullopt;
  return scratch;
}

inline const char* TextEnd(std::string_view text) { return text.data() + text.size(); }

// Calls visit(raw key, value) for each; false as soon as something is not valid.
template <typename Visit>
bool ForEachField(json::object object, Visit visit) {
  for (auto each : object) {
    json::field field;
    if (std::move(each).get(field) != simdjson::SUCCESS) return false;
    const char* key = field.key().raw();
    json::value value = field.value();
    if (!visit(key, value)) return false;
  }
  return true;
}

template <typename Visit>
bool ForEachElement(json::array array, Visit visit) {
  for (auto each : array) {
    json::value value;
    if (std::move(each).get(value) != simdjson::SUCCESS || !visit(value)) return false;
  }
  return true;
}

// Checks a value, and tells `to`, if any, what it is. `end`: of the record's text.
class JsonWalker {
 public:
  // A key's text; nothing: its escapes are not valid.
  static std::optional<std::string_view> KeyText(const char* raw, const char* end,
                                                 std::string& scratch) {
    const char* at = raw;
    while (at < end && *at != '"') at += *at == '\\' ? 2 : 1;
    if (at >= end) return std::nullopt;
    return JsonTextOf({raw, at}, scratch);
  }

  bool Walk(json::value value, const char* end, DetectedType* to, int depth) {
    if (depth > kMaxJsonDepth) return false;
    const JsonToken token = CheckToken(value);
    switch (token.kind) {
      case JsonToken::Kind::kInvalid: return false;
      case JsonToken::Kind::kObject: return WalkObject(value, end, to, depth);
      case JsonToken::Kind::kString:
        if (!JsonTextOf(token.text, scratch_)) return false;
        [[fallthrough]];
      case JsonToken::Kind::kNull:
      case JsonToken::Kind::kTrue:
      case JsonToken::Kind::kFalse:
      case JsonToken::Kind::kNumber:
        if (to != nullptr) Tell(token, *to);
        return true;
      case JsonToken::Kind::kArray: {
        json::array array;
        if (value.get_array().get(array) != simdjson::SUCCESS) return false;
        if (to != nullptr) to->AddList();
        return ForEachElement(array, [&](json::value element) {
          return Walk(element, end, to == nullptr ? nullptr : &to->element(), depth + 1);
        });
      }
    }
    return false;
  }

  // A scalar whose escapes are valid.
  void Tell(const JsonToken& token, DetectedType& to) {
    switch (token.kind) {
      case JsonToken::Kind::kTrue:
      case JsonToken::Kind::kFalse: to.AddBoolean(); break;
      case JsonToken::Kind::kNumber: to.AddJsonNumber(token.text); break;
      case JsonToken::Kind::kString:
        if (const auto text = JsonTextOf(token.text, scratch_)) to.AddJsonText(*text);
        break;
      default: break;
    }
  }

 private:
  bool WalkObject(json::value& value, const char* end, DetectedType* to, int depth) {
    json::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return false;
    if (to != nullptr) to->AddStruct();
    return ForEachField(object, [&](const char* key, json::value field) {
      const auto name = KeyText(key, end, scratch_);
      if (!name) return false;
      const bool is_storable = !name->empty() && name->find('\0') == std::string_view::npos;
      return Walk(field, end, to == nullptr || !is_storable ? nullptr : &to->field(*name),
                  depth + 1);
    });
  }

  std::string scratch_;
};

// A parser that is given records one by one.
class JsonParser {
 public:
  // Nothing, or the error. The document is valid until the next call.
  const char* Open(std::string_view text, json::document& document) {
    if (text.size() > parser_.capacity() || parser_.capacity() == 0) {
      std::size_t capacity = std::max(kLeastCapacity, parser_.capacity());
      while (capacity < text.size()) capacity *= 2;
      if (parser_.allocate(capacity, kMaxJsonDepth * 2) != simdjson::SUCCESS) return "too long";
    }
    const auto error = parser_
                           .iterate(simdjson::padded_string_view(
                               text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING))
                           .get(document);
    if (error == simdjson::SUCCESS) return nullptr;
    return error == simdjson::UTF8_ERROR ? kNotUtf8 : kNotValidJson;
  }

  // The same for a value of any kind: within an array, which the visitor gets.
  template <typename Visit>
  const char* OpenValue(std::string_view text, Visit visit) {
    wrapped_.assign("[").append(text).append("]");
    const std::size_t size = wrapped_.size();
    wrapped_.append(kJsonPadding, ' ');
    json::document document;
    if (const char* error = Open({wrapped_.data(), size}, document)) return error;
    json::array array;
    if (document.get_array().get(array) != simdjson::SUCCESS) return kNotValidJson;
    int count = 0;
    const char* end = wrapped_.data() + size;
    const bool is_valid =
        ForEachElement(array, [&](json::value value) { return count++ == 0 && visit(value, end); });
    return is_valid && count == 1 && IsAtEnd(document) ? nullptr : kNotValidJson;
  }

  static bool IsAtEnd(json::document& document) {
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  }

 private:
  json::parser parser_;
  std::string wrapped_;
};

}  // namespace leat::connect
