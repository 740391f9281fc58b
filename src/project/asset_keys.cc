#include "project/asset_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "delta/column_mapping.h"
#include "delta/table_properties.h"
#include "project/checks.h"
#include "project/limits.h"

namespace leat::project {
namespace {

const std::vector<std::string>& Schedules() {
  static const std::vector<std::string> names = {"@minutely", "@hourly",  "@daily",
                                                 "@weekly",   "@monthly", "@yearly"};
  return names;
}

// In {braces} a comma ends a value, so decimal(12,2) without quotes is cut in two.
bool IsCutType(const YamlNode& node) {
  return node.is_scalar() && node.text.find('(') != std::string::npos &&
         node.text.find(')') == std::string::npos;
}

bool ReportCutType(const YamlNode& columns, Reporter& reporter) {
  for (const YamlNode& child : columns.children) {
    if (!IsCutType(child)) continue;
    reporter.Fail(child, fmt::format("the type '{}' is cut off at a comma", child.text),
                  "write it in quotes: \"decimal(12,2)\"");
    return true;
  }
  return false;
}

// `order_id: bigint` is short for `order_id: {type: bigint}`.
YamlNode WholeColumn(const YamlNode& node) {
  if (!node.is_scalar()) return node;
  YamlNode type = node;
  type.key = "type";
  YamlNode whole = node;
  whole.kind = YamlNode::Kind::kMap;
  whole.children = {std::move(type)};
  return whole;
}

void ReadColumn(const YamlNode& column_node, const SourceText& source, Reporter& reporter,
                ParsedAsset& parsed) {
  if (column_node.is_null()) {
    reporter.FailAtKey(column_node, fmt::format("column '{}' has no value", column_node.key),
                       fmt::format("give its type ({}: bigint), or {{}}", column_node.key));
    return;
  }
  const YamlNode node = WholeColumn(column_node);
  if (ReportCutType(node, reporter)) return;
  YamlMap map(node, fmt::format("column '{}'", node.key), reporter);
  Column column{.name = node.key, .type = {}, .description = "", .location = reporter.AtKey(node)};
  const auto first =
      std::find_if(parsed.asset.columns.begin(), parsed.asset.columns.end(),
                   [&](const Column& other) { return EqualsIgnoreCase(other.name, node.key); });
  if (first != parsed.asset.columns.end()) {
    reporter.FailAtKey(node, fmt::format("column '{}' differs only in case from another (first "
                                         "at {})",
                                         node.key, first->location.ToString()));
  }
  if (Trim(node.key).empty()) reporter.FailAtKey(node, "a column needs a name");
  if (const auto text = map.Text("type")) {
    auto type = data::ParseType(*text);
    if (type.ok()) {
      column.type = std::move(*type);
    } else {
      reporter.Fail(*map.Find("type"), std::move(type).error());
    }
  }
  column.description = map.Text("description").value_or("");
  parsed.asset.columns.push_back(column);
  if (const YamlNode* checks = map.Find("checks")) {
    ReadChecks(*checks, node.key, source, reporter, parsed);
  }
  map.ReportUnknownKeys();
}

void ReadColumns(const YamlNode& node, const SourceText& source, Reporter& reporter,
                 ParsedAsset& parsed) {
  if (node.is_list()) {
    reporter.Fail(node, "'columns' must be a map from names to columns, not a list",
                  "for example: columns: {order_id: {type: bigint}}");
    return;
  }
  if (ReportCutType(node, reporter)) return;
  const YamlMap map(node, "'columns'", reporter);
  for (const YamlNode& child : map.node().children) ReadColumn(child, source, reporter, parsed);
}

Retry ReadRetry(const YamlNode& node, Reporter& reporter) {
  Retry retry;
  YamlNode options = node;
  if (node.is_scalar()) {
    options = {.kind = YamlNode::Kind::kMap, .children = {node}};
    options.children[0].key = "attempts";
  }
  YamlMap map(options, "'retry'", reporter);
  if (const auto attempts = map.Integer("attempts", 1, kMaxRetryAttempts)) {
    retry.attempts = static_cast<int>(*attempts);
  }
  if (const auto delay_us = map.DurationUs("delay")) retry.delay_us = *delay_us;
  map.ReportUnknownKeys();
  return retry;
}

}  // namespace

void ReadDescriptiveKeys(YamlMap& map, const SourceText& source, ParsedAsset& parsed) {
  parsed.asset.description = map.Text("description").value_or("");
  parsed.asset.owner = map.Text("owner").value_or("");
  parsed.asset.tags = map.Texts("tags");
  if (const YamlNode* columns = map.Find("columns")) {
    ReadColumns(*columns, source, map.reporter(), parsed);
  }
  if (const YamlNode* checks = map.Find("checks")) {
    ReadChecks(*checks, "", source, map.reporter(), parsed);
  }
}

void ReadTableKeys(YamlMap& map, Asset& asset) {
  asset.partition_by = map.Texts("partition_by");
  if (const YamlNode* node = map.Find("partition_by")) {
    asset.partition_by_location = map.reporter().At(*node);
  }
  const YamlNode* properties = map.Find("properties");
  if (properties == nullptr) return;
  Reporter& reporter = map.reporter();
  YamlMap values(*properties, "'properties'", reporter);
  for (const YamlNode& child : properties->children) {
    const auto text = values.Text(child.key);
    auto known = delta::KnownProperty(child.key);
    if (!known.ok()) {
      reporter.Fail(child, known.error());
    } else if (text) {
      asset.properties[*known] = *text;
    }
  }
  const delta::Metadata metadata{.configuration = asset.properties};
  const auto parsed = delta::ParseTableProperties(metadata);
  if (!parsed.ok()) reporter.Fail(*properties, parsed.error());
  const auto mapping = delta::MappingOf(metadata);
  if (!mapping.ok()) reporter.Fail(*properties, mapping.error());
}

void ReadRunKeys(YamlMap& map, Asset& asset) {
  Reporter& reporter = map.reporter();
  if (const auto schedule = map.Text("schedule")) {
    if (ParseGrain(*schedule)) {
      asset.schedule = *schedule;
    } else {
      reporter.Fail(*map.Find("schedule"),
                    fmt::format("'{}' is not a schedule that this release knows", *schedule),
                    NearestHint(*schedule, Schedules()));
    }
  }
  asset.start = map.Instant("start");
  if (const auto timeout_us = map.DurationUs("timeout")) asset.timeout_us = *timeout_us;
  if (const YamlNode* retry = map.Find("retry")) asset.retry = ReadRetry(*retry, reporter);
}

}  // namespace leat::project
