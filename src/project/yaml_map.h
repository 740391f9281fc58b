// Reads a YAML map key by key. What is asked for is what is known: ReportUnknownKeys() then names
// the rest. Every getter reports a value of the wrong kind at its place and returns nothing for it,
// so that reading goes on. A key without a value ("owner:") is reported, and counts as absent.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "project/yaml.h"

namespace leat::project {

class YamlMap {
 public:
  // Reports a node that is no map, and then behaves as an empty one. `node` and `reporter` outlive
  // this. `what` names the thing in messages: "check", "leat.yml".
  YamlMap(const YamlNode& node, std::string what, Reporter& reporter);

  const YamlNode* Find(const std::string& key);
  // Reports a missing key.
  const YamlNode* Require(const std::string& key, const std::string& example);

  std::optional<std::string> Text(const std::string& key);
  std::optional<bool> Boolean(const std::string& key);
  std::optional<std::int64_t> Integer(const std::string& key, std::int64_t min, std::int64_t max);
  std::optional<double> Number(const std::string& key, double min, double max);
  std::optional<TimestampUs> Instant(const std::string& key);
  std::optional<std::int64_t> DurationUs(const std::string& key);
  // A list of texts, or one text alone.
  std::vector<std::string> Texts(const std::string& key);

  // One of the named values; others are reported with the nearest name.
  template <typename T>
  std::optional<T> Choice(const std::string& key,
                          std::initializer_list<std::pair<const char*, T>> choices) {
    std::vector<std::string> names;
    for (const auto& choice : choices) names.emplace_back(choice.first);
    const auto index = ChoiceIndex(key, names);
    if (!index) return std::nullopt;
    return (choices.begin() + *index)->second;
  }

  void ReportUnknownKeys();

  const YamlNode& node() const { return node_; }
  Reporter& reporter() { return reporter_; }

 private:
  std::optional<std::size_t> ChoiceIndex(const std::string& key,
                                         const std::vector<std::string>& names);
  // The scalar of the key, unless it is absent or of another kind; `expected` is what to say then.
  const YamlNode* Scalar(const std::string& key, const std::string& expected);

  const YamlNode& node_;
  std::string what_;
  Reporter& reporter_;
  std::vector<std::string> known_;
  std::vector<std::string> empty_;  // of them, reported as such
};

// The texts of a list, or one text alone; others are reported.
std::vector<std::string> TextsOf(const YamlNode& node, Reporter& reporter);

}  // namespace leat::project
