#include "project/connections.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

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

// What a connection of each type may say.
const std::map<std::string, std::vector<std::string>>& KeysByType() {
  static const std::vector<std::string> server = {"host",   "port",     "database", "user",
                                                  "schema", "password", "url",      "sslmode"};
  static const std::vector<std::string> store = {
      "endpoint", "region", "bucket", "access_key_id", "secret_access_key", "session_token", "url"};
  static const std::map<std::string, std::vector<std::string>> keys = {
      {"postgres", server},
      {"mysql", server},
      {"mariadb", server},
      {"sqlserver", server},
      {"sqlite", {"path"}},
      {"duckdb", {"path"}},
      {"s3", store},
      {"gcs", store},
      {"azure", {"account", "container", "key", "sas_token", "connection_string", "endpoint"}},
      {"http", {"url", "token", "user", "password", "headers"}},
      {"kafka", {"brokers", "user", "password", "security_protocol", "mechanism"}}};
  return keys;
}

void CheckKeys(const YamlNode& connection, Reporter& reporter) {
  if (!connection.is_map()) return;
  const auto type = std::find_if(connection.children.begin(), connection.children.end(),
                                 [](const YamlNode& child) { return child.key == "type"; });
  if (type == connection.children.end() || !type->is_scalar()) return;
  std::vector<std::string> types;
  for (const auto& entry : KeysByType()) types.push_back(entry.first);
  const auto keys = KeysByType().find(type->text);
  if (keys == KeysByType().end()) {
    reporter.Warn(reporter.At(*type),
                  fmt::format("'{}' is not a type of connection that Leat knows", type->text),
                  NearestHint(type->text, types));
    return;
  }
  for (const YamlNode& child : connection.children) {
    const bool is_known = child.key == "type" || std::find(keys->second.begin(), keys->second.end(),
                                                           child.key) != keys->second.end();
    if (is_known) continue;
    reporter.FailAtKey(
        child, fmt::format("unknown key '{}' in connection '{}'", child.key, connection.key),
        NearestHint(child.key, keys->second));
  }
}

// {env: NAME}, {file: path} or {command: text}.
bool IsElsewhere(const YamlNode& value) {
  if (!value.is_map() || value.children.size() != 1 || !value.children[0].is_scalar()) return false;
  const std::string& key = value.children[0].key;
  return key == "env" || key == "file" || key == "command";
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
    CheckKeys(child, reporter);
    for (const YamlNode& value : connection.node().children) {
      if (value.is_list() || (value.is_map() && !IsElsewhere(value))) {
        reporter.Fail(value,
                      fmt::format("'{}' must be one value, not {}", value.key, value.KindName()),
                      "a value, or {env: NAME}, {file: path} or {command: \"pass show db\"}");
      }
    }
    found[child.key] = &child;
  }
}

void ResolveElsewhere(const YamlNode& value, const VariableLookup& variables, Reporter& reporter,
                      std::vector<std::string>& secrets, Connection& resolved) {
  const YamlNode& place = value.children[0];
  if (place.key == "file") resolved.secret_files[value.key] = place.text;
  if (place.key == "command") resolved.secret_commands[value.key] = place.text;
  if (place.key != "env") return;
  const auto text = variables(place.text);
  if (!text) {
    const std::string message = fmt::format("the environment variable {} is not set", place.text);
    reporter.Fail(place, message);
    resolved.broken = InvalidInput(message).At(reporter.At(place)).PlacedMessage();
    return;
  }
  if (!text->empty()) secrets.push_back(*text);
  resolved.options[value.key] = *text;
}

Connection Resolve(const YamlNode& connection, const VariableLookup& variables, Reporter& reporter,
                   std::vector<std::string>& secrets) {
  Connection resolved{
      .name = connection.key, .type = "", .options = {}, .location = reporter.At(connection)};
  for (const YamlNode& value : connection.children) {
    if (IsElsewhere(value)) {
      ResolveElsewhere(value, variables, reporter, secrets, resolved);
      continue;
    }
    if (!value.is_scalar()) continue;
    auto text = SubstituteEnvironment(value.text, variables, secrets);
    if (!text.ok()) {
      resolved.broken = Error(text.error()).At(reporter.At(value)).PlacedMessage();
      reporter.Fail(value, std::move(text).error());
      continue;
    }
    if (NamesSecret(value.key) && !text->empty()) secrets.push_back(*text);
    (value.key == "type" ? resolved.type : resolved.options[value.key]) = *text;
  }
  return resolved;
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
  for (const auto& entry : chosen) {
    project.connections.push_back(Resolve(*entry.second, variables, reporter, project.secrets));
  }
}

}  // namespace leat::project
