#include "project/connections.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "project/yaml_map.h"

namespace leat::project {
namespace {

using ConnectionNodes = std::map<std::string, const YamlNode*>;

bool NamesSecret(const std::string& key) {
  const std::string lower = ToLower(key);
  for (const char* word :
       {"password", "secret", "token", "key", "credential", "dsn", "url", "uri"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

// Checks the form of each connection and keeps its node.
void Collect(const YamlNode& node, const std::string& what, Reporter& reporter,
             ConnectionNodes& found) {
  const YamlMap map(node, what, reporter);
  for (const YamlNode& child : map.node().children) {
    YamlMap connection(child, fmt::format("connection '{}'", child.key), reporter);
    if (child.is_null()) {
      reporter.FailAtKey(child, fmt::format("connection '{}' is empty", child.key));
    }
    if (child.is_map() && connection.Require("type", "type: postgres") != nullptr) {
      static_cast<void>(connection.Text("type"));
    }
    for (const YamlNode& value : connection.node().children) {
      if (value.is_list() || value.is_map()) {
        reporter.Fail(value,
                      fmt::format("'{}' must be one value, not {}", value.key, value.KindName()));
      }
    }
    found[child.key] = &child;
  }
}

void Resolve(const YamlNode& connection, const VariableLookup& variables, Reporter& reporter,
             std::vector<std::string>& secrets) {
  for (const YamlNode& value : connection.children) {
    if (!value.is_scalar()) continue;
    auto text = SubstituteEnvironment(value.text, variables, secrets);
    if (!text.ok()) {
      reporter.Fail(value, std::move(text).error());
    } else if (NamesSecret(value.key) && !text->empty()) {
      secrets.push_back(*text);
    }
  }
}

}  // namespace

void ReadConnections(const SourceText& source, const VariableLookup& variables, Project& project,
                     Diagnostics& diagnostics) {
  Reporter reporter(source.file, diagnostics);
  const auto root = ParseYaml(source.text, 1, reporter);
  if (!root) return;
  YamlMap map(*root, "connections.yml", reporter);
  ConnectionNodes chosen;
  if (const YamlNode* all = map.Find("connections")) {
    Collect(*all, "'connections'", reporter, chosen);
  }
  if (const YamlNode* node = map.Find("environments")) {
    const YamlMap environments(*node, "'environments'", reporter);
    for (const YamlNode& child : environments.node().children) {
      ConnectionNodes here;
      Collect(child, fmt::format("environment '{}'", child.key), reporter, here);
      if (child.key != project.environment) continue;
      for (const auto& [name, connection] : here) chosen[name] = connection;
    }
  }
  map.ReportUnknownKeys();
  for (const auto& entry : chosen) Resolve(*entry.second, variables, reporter, project.secrets);
}

}  // namespace leat::project
