#include "project/yaml_map.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "project/duration.h"

namespace leat::project {
namespace {

const YamlNode& EmptyMap() {
  static const YamlNode empty{.kind = YamlNode::Kind::kMap};
  return empty;
}

std::string Expected(const YamlNode& node, const std::string& expected) {
  if (node.is_scalar()) return fmt::format("'{}' must be {}", node.key, expected);
  return fmt::format("'{}' must be {}, not {}", node.key, expected, node.KindName());
}

}  // namespace

YamlMap::YamlMap(const YamlNode& node, std::string what, Reporter& reporter)
    : node_(node.is_map() ? node : EmptyMap()), what_(std::move(what)), reporter_(reporter) {
  if (!node.is_map() && !node.is_null()) {
    reporter_.Fail(
        node, fmt::format("{} must be a map of keys and values, not {}", what_, node.KindName()));
  }
}

const YamlNode* YamlMap::Find(const std::string& key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  for (const YamlNode& child : node_.children) {
    if (child.key != key) continue;
    if (!child.is_null()) return &child;
    if (std::find(empty_.begin(), empty_.end(), key) != empty_.end()) return nullptr;
    empty_.push_back(key);
    reporter_.FailAtKey(child, fmt::format("'{}' in {} has no value", key, what_),
                        "give it one, on the same line or indented below it, or remove the key");
  }
  return nullptr;
}

const YamlNode* YamlMap::Require(const std::string& key, const std::string& example) {
  const YamlNode* found = Find(key);
  const bool is_empty = std::find(empty_.begin(), empty_.end(), key) != empty_.end();
  if (found == nullptr && !is_empty) {
    reporter_.FailAtKey(node_, fmt::format("{} needs the key '{}'", what_, key),
                        "for example: " + example);
  }
  return found;
}

const YamlNode* YamlMap::Scalar(const std::string& key, const std::string& expected) {
  const YamlNode* found = Find(key);
  if (found == nullptr || found->is_scalar()) return found;
  reporter_.Fail(*found, Expected(*found, expected));
  return nullptr;
}

std::optional<std::string> YamlMap::Text(const std::string& key) {
  const YamlNode* scalar = Scalar(key, "text");
  if (scalar == nullptr) return std::nullopt;
  return scalar->text;
}

std::optional<bool> YamlMap::Boolean(const std::string& key) {
  const YamlNode* scalar = Scalar(key, "true or false");
  if (scalar == nullptr) return std::nullopt;
  const auto value = scalar->AsBoolean();
  if (!value) reporter_.Fail(*scalar, Expected(*scalar, "true or false"));
  return value;
}

std::optional<std::int64_t> YamlMap::Integer(const std::string& key, std::int64_t min,
                                             std::int64_t max) {
  const std::string expected = max == INT64_MAX
                                   ? fmt::format("a whole number of at least {}", min)
                                   : fmt::format("a whole number from {} to {}", min, max);
  const YamlNode* scalar = Scalar(key, expected);
  if (scalar == nullptr) return std::nullopt;
  const auto value = scalar->AsInteger();
  if (value && *value >= min && *value <= max) return value;
  reporter_.Fail(*scalar, Expected(*scalar, expected));
  return std::nullopt;
}

std::optional<double> YamlMap::Number(const std::string& key, double min, double max) {
  const std::string expected = fmt::format("a number from {} to {}", min, max);
  const YamlNode* scalar = Scalar(key, expected);
  if (scalar == nullptr) return std::nullopt;
  const auto value = scalar->AsNumber();
  if (value && *value >= min && *value <= max) return value;
  reporter_.Fail(*scalar, Expected(*scalar, expected));
  return std::nullopt;
}

std::optional<TimestampUs> YamlMap::Instant(const std::string& key) {
  const YamlNode* scalar = Scalar(key, "a date or time");
  if (scalar == nullptr) return std::nullopt;
  auto instant = ParseTimestamp(scalar->text);
  if (instant.ok()) return *instant;
  reporter_.Fail(*scalar, std::move(instant).error().WithContext(fmt::format("'{}'", key)));
  return std::nullopt;
}

std::optional<std::int64_t> YamlMap::DurationUs(const std::string& key) {
  const YamlNode* scalar = Scalar(key, "a duration such as 90s");
  if (scalar == nullptr) return std::nullopt;
  auto duration_us = ParseDuration(scalar->text);
  if (duration_us.ok()) return *duration_us;
  reporter_.Fail(*scalar, std::move(duration_us).error().WithContext(fmt::format("'{}'", key)));
  return std::nullopt;
}

std::vector<std::string> YamlMap::Texts(const std::string& key) {
  const YamlNode* found = Find(key);
  return found == nullptr ? std::vector<std::string>{} : TextsOf(*found, reporter_);
}

std::vector<std::string> TextsOf(const YamlNode& node, Reporter& reporter) {
  if (node.is_scalar()) return {node.text};
  if (!node.is_list()) {
    reporter.Fail(node, Expected(node, "a list of texts"));
    return {};
  }
  std::vector<std::string> texts;
  for (const YamlNode& item : node.children) {
    if (item.is_scalar()) {
      texts.push_back(item.text);
    } else {
      reporter.Fail(
          item, fmt::format("an entry of '{}' must be text, not {}", node.key, item.KindName()));
    }
  }
  return texts;
}

std::optional<std::size_t> YamlMap::ChoiceIndex(const std::string& key,
                                                const std::vector<std::string>& names) {
  const YamlNode* scalar = Scalar(key, "one of " + Join(names, ", "));
  if (scalar == nullptr) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), scalar->text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  reporter_.Fail(*scalar, fmt::format("'{}' is not a value of '{}'", scalar->text, key),
                 NearestHint(scalar->text, names));
  return std::nullopt;
}

void YamlMap::ReportUnknownKeys() {
  for (const YamlNode& child : node_.children) {
    if (std::find(known_.begin(), known_.end(), child.key) != known_.end()) continue;
    reporter_.FailAtKey(child, fmt::format("unknown key '{}' in {}", child.key, what_),
                        NearestHint(child.key, known_));
  }
}

}  // namespace leat::project
