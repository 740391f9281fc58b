#include "project/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <utility>

#include "base/text.h"
#include "engine/resources.h"
#include "io/s3/s3_path.h"
#include "project/timezone.h"
#include "project/yaml_map.h"

namespace leat::project {
namespace {

template <typename T>
struct Placed {
  T value{};
  Location location;
};

struct RawNotification {
  std::optional<Placed<std::string>> slack;
  std::vector<std::string> on;
};

// The settings that leat.yml, an environment in it or LEAT_… variables may give; unset ones are
// inherited.
struct Settings {
  std::optional<Placed<std::string>> storage, engine, timezone, memory, threads;
  std::optional<TimestampUs> start;
  std::map<std::string, data::Value> vars;
  std::optional<std::vector<RawNotification>> notify;
};

bool IsIdentifier(const std::string& text) {
  const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_word) &&
         std::isdigit(static_cast<unsigned char>(text[0])) == 0;
}

std::optional<Placed<std::string>> PlacedText(YamlMap& map, const std::string& key) {
  const auto text = map.Text(key);
  if (!text) return std::nullopt;
  return Placed<std::string>{*text, map.reporter().At(*map.Find(key))};
}

void ReadVars(const YamlNode& node, Reporter& reporter, std::map<std::string, data::Value>& vars) {
  const YamlMap map(node, "'vars'", reporter);
  for (const YamlNode& child : map.node().children) {
    const bool reserved =
        EqualsIgnoreCase(child.key, "start") || EqualsIgnoreCase(child.key, "end");
    const bool twice = std::any_of(vars.begin(), vars.end(), [&](const auto& var) {
      return EqualsIgnoreCase(var.first, child.key);
    });
    if (!IsIdentifier(child.key)) {
      reporter.FailAtKey(child, fmt::format("'{}' cannot name a variable", child.key),
                         "use letters, digits and _, not beginning with a digit");
    } else if (reserved) {
      reporter.FailAtKey(
          child, fmt::format("${} is the interval's; name the variable otherwise", child.key));
    } else if (twice) {
      reporter.FailAtKey(child,
                         fmt::format("variable '{}' differs only in case from another", child.key));
    } else if (child.is_list() || child.is_map()) {
      reporter.Fail(child,
                    fmt::format("variable '{}' must be text, a number, true or false, not {}",
                                child.key, child.KindName()));
    } else {
      vars[child.key] = child.ToValue();
    }
  }
}

RawNotification ReadNotification(const YamlNode& node, Reporter& reporter) {
  YamlMap map(node, "notification", reporter);
  RawNotification notification;
  if (map.Require("slack", "slack: \"${SLACK_WEBHOOK_URL}\"") != nullptr) {
    notification.slack = PlacedText(map, "slack");
  }
  const std::vector<std::string> events = {"failure", "check_failed", "deadline_missed", "success"};
  if (const YamlNode* on = map.Find("on")) {
    notification.on = TextsOf(*on, reporter);
    for (const std::string& event : notification.on) {
      if (event == "deadline_missed") {
        reporter.Warn(reporter.At(*on),
                      "this release has no deadlines: 'deadline_missed' is never sent",
                      "failure tells of runs that did not come to their end");
      }
      if (std::find(events.begin(), events.end(), event) != events.end()) continue;
      reporter.Fail(*on, fmt::format("'{}' is not an event to notify of", event),
                    NearestHint(event, events));
    }
  } else {
    notification.on = {"failure", "check_failed", "deadline_missed"};
  }
  map.ReportUnknownKeys();
  return notification;
}

Settings ReadSettings(YamlMap& map, const io::Environment& world) {
  Settings settings;
  Reporter& reporter = map.reporter();
  settings.storage = PlacedText(map, "storage");
  settings.engine = PlacedText(map, "engine");
  settings.timezone = PlacedText(map, "timezone");
  settings.memory = PlacedText(map, "memory");
  settings.threads = PlacedText(map, "threads");
  settings.start = map.Instant("start");
  if (settings.timezone) {
    auto known = CheckTimezone(world.files, settings.timezone->value);
    if (!known.ok()) reporter.Fail(*map.Find("timezone"), std::move(known).error());
  }
  if (const YamlNode* vars = map.Find("vars")) ReadVars(*vars, reporter, settings.vars);
  if (const YamlNode* notify = map.Find("notify")) {
    settings.notify.emplace();
    if (!notify->is_list()) {
      reporter.Fail(*notify, fmt::format("'notify' must be a list, not {}", notify->KindName()),
                    "write - {slack: \"${SLACK_WEBHOOK_URL}\", on: [failure]}");
    } else {
      for (const YamlNode& item : notify->children) {
        settings.notify->push_back(ReadNotification(item, reporter));
      }
    }
  }
  return settings;
}

void Overlay(Settings&& over, Settings& base) {
  if (over.storage) base.storage = std::move(over.storage);
  if (over.engine) base.engine = std::move(over.engine);
  if (over.timezone) base.timezone = std::move(over.timezone);
  if (over.memory) base.memory = std::move(over.memory);
  if (over.threads) base.threads = std::move(over.threads);
  if (over.start) base.start = over.start;
  for (auto& [name, value] : over.vars) {
    const auto same = std::find_if(base.vars.begin(), base.vars.end(), [&](const auto& var) {
      return EqualsIgnoreCase(var.first, name);
    });
    if (same != base.vars.end()) base.vars.erase(same);
    base.vars[name] = std::move(value);
  }
  if (over.notify) base.notify = std::move(over.notify);
}

// "NAME" → the value of LEAT_NAME, with the variable as its location.
std::optional<Placed<std::string>> FromEnvironment(const VariableLookup& variables,
                                                   const std::string& suffix) {
  const std::string variable = "LEAT_" + suffix;
  auto value = variables(variable);
  if (!value) return std::nullopt;
  return Placed<std::string>{std::move(*value), {.file = variable}};
}

std::string ToUpper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

Settings SettingsFromEnvironment(const std::map<std::string, data::Value>& declared_vars,
                                 const ConfigContext& context, Diagnostics& diagnostics) {
  const VariableLookup& variables = context.variables;
  Settings settings;
  settings.storage = FromEnvironment(variables, "STORAGE");
  settings.engine = FromEnvironment(variables, "ENGINE");
  settings.timezone = FromEnvironment(variables, "TIMEZONE");
  settings.memory = FromEnvironment(variables, "MEMORY");
  settings.threads = FromEnvironment(variables, "THREADS");
  if (settings.timezone) {
    auto known = CheckTimezone(context.world.files, settings.timezone->value);
    if (!known.ok()) {
      diagnostics.errors.push_back(std::move(known).error().At(settings.timezone->location));
    }
  }
  if (const auto start = FromEnvironment(variables, "START")) {
    auto instant = ParseTimestamp(start->value);
    if (instant.ok()) {
      settings.start = *instant;
    } else {
      diagnostics.errors.push_back(std::move(instant).error().At(start->location));
    }
  }
  for (const auto& var : declared_vars) {
    const auto value = FromEnvironment(variables, "VARS_" + ToUpper(var.first));
    if (!value) continue;
    const YamlNode scalar{.kind = YamlNode::Kind::kScalar, .text = value->value, .plain = true};
    settings.vars[var.first] = scalar.ToValue();
  }
  return settings;
}

// Turns the settings that apply into the project's values.
class Resolver {
 public:
  Resolver(const VariableLookup& variables, Project& project, Diagnostics& diagnostics)
      : variables_(variables), project_(project), diagnostics_(diagnostics) {}

  void Resolve(const Settings& settings, const Location& config) {
    CheckEngine(settings);
    ResolveStorage(settings, config);
    if (settings.timezone) project_.timezone = settings.timezone->value;
    ResolveResources(settings);
    project_.start = settings.start;
    project_.vars = settings.vars;
    if (!settings.notify) return;
    for (const RawNotification& raw : *settings.notify) ResolveNotification(raw);
  }

 private:
  void Fail(const Location& location, std::string message, std::string hint) {
    diagnostics_.errors.push_back(
        InvalidInput(std::move(message)).WithHint(std::move(hint)).At(location));
  }

  std::optional<std::string> Substitute(const Placed<std::string>& text) {
    auto value = SubstituteEnvironment(text.value, variables_, project_.secrets);
    if (value.ok()) return *value;
    diagnostics_.errors.push_back(std::move(value).error().At(text.location));
    return std::nullopt;
  }

  void CheckEngine(const Settings& settings) {
    if (!settings.engine || settings.engine->value == "embedded") return;
    const auto& [name, location] = *settings.engine;
    if (name == "spark") {
      Fail(location, "engine 'spark' is not available in this release", "use embedded");
    } else {
      Fail(location, fmt::format("'{}' is not an engine", name), "use embedded");
    }
  }

  void ResolveStorage(const Settings& settings, const Location& config) {
    if (!settings.storage) {
      Fail(config, "leat.yml needs the key 'storage'", "for example: storage: ./lake");
      return;
    }
    const Location& location = settings.storage->location;
    const std::size_t secret_count = project_.secrets.size();
    const auto storage = Substitute(*settings.storage);
    project_.secrets.resize(secret_count);  // a path is no secret
    if (!storage) return;
    const std::size_t scheme = storage->find("://");
    if (io::IsS3Path(*storage)) {
      auto parsed = io::ParseS3Path(*storage);
      if (parsed.ok()) {
        project_.storage = io::AbsolutePath(*storage);
      } else {
        diagnostics_.errors.push_back(std::move(parsed).error().At(location));
      }
    } else if (scheme != std::string::npos) {
      Fail(location,
           fmt::format("storage on '{}://' is not available in this release",
                       storage->substr(0, scheme)),
           "use a local folder, or s3://bucket/path");
    } else if (Trim(*storage).empty()) {
      Fail(location, "'storage' is empty", "name a folder, for example ./lake");
    } else {
      project_.storage = io::AbsolutePath(io::JoinPath(project_.root, *storage));
    }
  }

  void ResolveResources(const Settings& settings) {
    const auto keep = [this](const Placed<std::string>& text, const auto& amount, std::string& to) {
      if (amount.ok()) {
        to = text.value;
      } else {
        diagnostics_.errors.push_back(Error(amount.error()).At(text.location));
      }
    };
    if (settings.memory) {
      const auto bytes = engine::MemoryOf(settings.memory->value, engine::TotalMemory());
      keep(*settings.memory, bytes, project_.memory);
    }
    if (settings.threads) {
      const auto threads = engine::ThreadsOf(settings.threads->value, engine::Cores());
      keep(*settings.threads, threads, project_.threads);
    }
  }

  void ResolveNotification(const RawNotification& raw) {
    if (!raw.slack) return;
    const auto url = Substitute(*raw.slack);
    if (!url) return;
    if (!url->starts_with("https://") && !url->starts_with("http://")) {
      Fail(raw.slack->location, "'slack' must be a web address", "it begins with https://");
      return;
    }
    project_.secrets.push_back(*url);
    project_.notifications.push_back({.slack_url = *url, .on = raw.on});
  }

  const VariableLookup& variables_;
  Project& project_;
  Diagnostics& diagnostics_;
};

void ReadName(YamlMap& map, const VariableLookup& variables, Project& project) {
  const YamlNode* node = map.Require("name", "name: shop");
  const auto overridden = FromEnvironment(variables, "NAME");
  if (node == nullptr && !overridden) return;
  const std::string name = overridden ? overridden->value : map.Text("name").value_or("");
  const bool valid = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  if (valid) {
    project.name = name;
  } else if (overridden || node->is_scalar()) {
    const Location location = overridden ? overridden->location : map.reporter().At(*node);
    map.reporter().Fail(location, fmt::format("'{}' cannot name a project", name),
                        "use letters, digits, _ and -");
  }
}

// Reads all environments, so that each is checked, and returns the chosen one's settings.
Settings ReadEnvironments(YamlMap& root, const io::Environment& world, const Project& project) {
  Settings chosen;
  std::vector<std::string> names;
  Reporter& reporter = root.reporter();
  const YamlNode* node = root.Find("environments");
  const YamlNode none{.kind = YamlNode::Kind::kMap};
  const YamlMap environments(node == nullptr ? none : *node, "'environments'", reporter);
  for (const YamlNode& child : environments.node().children) {
    names.push_back(child.key);
    YamlMap map(child, fmt::format("environment '{}'", child.key), reporter);
    Settings settings = ReadSettings(map, world);
    map.ReportUnknownKeys();
    if (child.key == project.environment) chosen = std::move(settings);
  }
  const bool known = std::find(names.begin(), names.end(), project.environment) != names.end();
  if (!project.environment.empty() && !known) {
    const std::string hint = NearestHint(project.environment, names);
    reporter.Fail({.file = reporter.file()},
                  fmt::format("there is no environment '{}'", project.environment),
                  hint.empty() ? "declare it under 'environments:'" : hint);
  }
  return chosen;
}

}  // namespace

void ReadConfig(const ConfigContext& context, const SourceText& source, Project& project,
                Diagnostics& diagnostics) {
  project.environment = context.environment;
  if (project.environment.empty()) project.environment = context.variables("LEAT_ENV").value_or("");
  Reporter reporter(source.file, diagnostics);
  const auto root = ParseYaml(source.text, 1, reporter);
  if (!root) return;
  YamlMap map(*root, "leat.yml", reporter);
  ReadName(map, context.variables, project);
  Settings settings = ReadSettings(map, context.world);
  Overlay(ReadEnvironments(map, context.world, project), settings);
  map.ReportUnknownKeys();
  Overlay(SettingsFromEnvironment(settings.vars, context, diagnostics), settings);
  Resolver(context.variables, project, diagnostics).Resolve(settings, {source.file, 1, 1});
}

}  // namespace leat::project
