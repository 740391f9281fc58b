#include "delta/table_properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace leat::delta {
namespace {

std::optional<std::int64_t> ParseNumber(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> UnitInMs(std::string unit) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> kUnits = {{
      {"millisecond", 1},
      {"second", 1'000},
      {"minute", 60'000},
      {"hour", 3'600'000},
      {"day", 86'400'000},
      {"week", 604'800'000},
  }};
  if (unit.ends_with('s')) unit.pop_back();
  for (const auto& [name, ms] : kUnits) {
    if (unit == name) return ms;
  }
  return std::nullopt;
}

// Spark's calendar interval: "interval 1 week", "interval 1 day 12 hours"; months and years are not
// fixed lengths.
std::optional<std::int64_t> ParseDurationMs(std::string_view text) {
  std::vector<std::string> words;
  for (std::string& word : Split(ToLower(text), ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  if (!words.empty() && words[0] == "interval") words.erase(words.begin());
  if (words.empty() || words.size() % 2 != 0) return std::nullopt;
  std::int64_t total_ms = 0;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto count = ParseNumber(words[i]);
    const auto unit = UnitInMs(words[i + 1]);
    std::int64_t part_ms = 0;
    if (!count || *count < 0 || !unit || __builtin_mul_overflow(*count, *unit, &part_ms) ||
        __builtin_add_overflow(total_ms, part_ms, &total_ms)) {
      return std::nullopt;
    }
  }
  return total_ms;
}

// "268435456", "256m", "1 gb".
std::optional<std::int64_t> ParseSizeBytes(std::string_view text) {
  const std::string lower = ToLower(Trim(text));
  const std::size_t digits = std::min(lower.find_first_not_of("0123456789"), lower.size());
  const std::string_view unit = Trim(std::string_view(lower).substr(digits));
  const auto count = ParseNumber(std::string_view(lower).substr(0, digits));
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kUnits = {
      {{"b", 1}, {"k", 1LL << 10}, {"m", 1LL << 20}, {"g", 1LL << 30}}};
  std::int64_t size_bytes = 0;
  for (const auto& [name, bytes] : kUnits) {
    const bool is_unit = unit == name || (name != "b" && unit == std::string(name) + "b") ||
                         (name == "b" && unit.empty());
    if (is_unit && count && *count > 0 && !__builtin_mul_overflow(*count, bytes, &size_bytes)) {
      return size_bytes;
    }
  }
  return std::nullopt;
}

Error BadProperty(const std::string& key, const std::string& value, std::string_view expected) {
  return InvalidInput(
      fmt::format("table property {} is '{}', expected {}", key, Shorten(value, 80), expected));
}

Result<bool> ParseFlag(const std::string& key, const std::string& value) {
  if (EqualsIgnoreCase(value, "true")) return true;
  if (EqualsIgnoreCase(value, "false")) return false;
  return BadProperty(key, value, "true or false");
}

constexpr std::array<const char*, 15> kKnownProperties = {"delta.appendOnly",
                                                          "delta.autoOptimize.autoCompact",
                                                          "delta.checkpoint.writeStatsAsJson",
                                                          "delta.checkpoint.writeStatsAsStruct",
                                                          "delta.checkpointInterval",
                                                          "delta.checkpointPolicy",
                                                          "delta.columnMapping.mode",
                                                          "delta.deletedFileRetentionDuration",
                                                          "delta.enableChangeDataFeed",
                                                          "delta.enableDeletionVectors",
                                                          "delta.enableExpiredLogCleanup",
                                                          "delta.enableInCommitTimestamps",
                                                          "delta.enableTypeWidening",
                                                          "delta.logRetentionDuration",
                                                          "delta.targetFileSize"};
constexpr std::string_view kConstraintPrefix = "delta.constraints.";

}  // namespace

bool IsOn(const Metadata& metadata, const std::string& property) {
  const auto found = metadata.configuration.find(property);
  return found != metadata.configuration.end() && EqualsIgnoreCase(found->second, "true");
}

Result<std::string> KnownProperty(const std::string& name) {
  const std::string lower = ToLower(name);
  if (!lower.starts_with("delta.")) return name;
  if (lower.starts_with(kConstraintPrefix)) {
    return std::string(kConstraintPrefix) + name.substr(kConstraintPrefix.size());
  }
  for (const char* known : kKnownProperties) {
    if (EqualsIgnoreCase(known, name)) return std::string(known);
  }
  return InvalidInput(fmt::format("'{}' is no table property that Leat can keep", name))
      .WithHint(NearestHint(name, {kKnownProperties.begin(), kKnownProperties.end()}));
}

Result<TableProperties> ParseTableProperties(const Metadata& metadata) {
  TableProperties properties;
  for (const auto& [key, value] : metadata.configuration) {
    if (key == "delta.appendOnly") {
      LEAT_ASSIGN(properties.append_only, ParseFlag(key, value));
    } else if (key == "delta.autoOptimize.autoCompact") {
      LEAT_ASSIGN(properties.auto_compact, ParseFlag(key, value));
    } else if (key == "delta.enableInCommitTimestamps") {
      LEAT_ASSIGN(properties.in_commit_timestamps, ParseFlag(key, value));
    } else if (key == "delta.checkpoint.writeStatsAsJson") {
      LEAT_ASSIGN(properties.stats_as_json, ParseFlag(key, value));
    } else if (key == "delta.checkpoint.writeStatsAsStruct") {
      LEAT_ASSIGN(properties.stats_as_struct, ParseFlag(key, value));
    } else if (key == "delta.checkpointInterval") {
      const auto number = ParseNumber(value);
      if (!number || *number < 1) return BadProperty(key, value, "a number of commits from 1");
      properties.checkpoint_interval = *number;
    } else if (key == "delta.deletedFileRetentionDuration") {
      const auto duration_ms = ParseDurationMs(value);
      if (!duration_ms) return BadProperty(key, value, "a duration such as 'interval 7 days'");
      properties.tombstone_retention_ms = *duration_ms;
    } else if (key == "delta.logRetentionDuration") {
      const auto duration_ms = ParseDurationMs(value);
      if (!duration_ms) return BadProperty(key, value, "a duration such as 'interval 30 days'");
      properties.log_retention_ms = *duration_ms;
    } else if (key == "delta.enableExpiredLogCleanup") {
      LEAT_ASSIGN(properties.cleans_log, ParseFlag(key, value));
    } else if (key == "delta.checkpointPolicy") {
      if (value != "classic" && value != "v2") return BadProperty(key, value, "classic or v2");
      properties.v2_checkpoints = value == "v2";
    } else if (key == "delta.targetFileSize") {
      const auto size_bytes = ParseSizeBytes(value);
      if (!size_bytes) return BadProperty(key, value, "a size such as '268435456' or '256mb'");
      properties.target_file_bytes = *size_bytes;
    }
  }
  return properties;
}

}  // namespace leat::delta
