#include "cli/help.h"

#include <fmt/format.h>

#include "base/text.h"

namespace leat::cli {
namespace {

constexpr std::size_t kNameWidth = 26;

std::string Line(const std::string& name, const std::string& text) {
  if (name.size() > kNameWidth)
    return fmt::format("  {}\n  {:{}}  {}\n", name, "", kNameWidth, text);
  return fmt::format("  {:{}}  {}\n", name, kNameWidth, text);
}

std::string NamesOf(const Option& option) {
  std::string names = Join(Split(option.names, ','), ", ");
  if (!option.value.empty()) names += " " + option.value;
  if (std::holds_alternative<std::vector<std::string>*>(option.target)) names += "...";
  return names;
}

std::string TextOf(const Option& option) {
  return option.required && !option.is_positional() ? option.help + " (required)" : option.help;
}

std::string UsageOf(const std::vector<const Command*>& path) {
  std::string usage = "Usage:";
  for (const Command* command : path) usage += " " + command->name;
  if (!path.back()->subcommands.empty()) return usage + " COMMAND [options]\n";
  for (const Option& option : path.back()->options) {
    if (!option.is_positional()) continue;
    usage += option.required ? " " + option.names : " [" + option.names + "]";
  }
  return usage + " [options]\n";
}

std::string OptionsOf(const Command& command, bool positional) {
  std::string text;
  for (const Option& option : command.options) {
    if (option.is_positional() == positional) text += Line(NamesOf(option), TextOf(option));
  }
  return text;
}

std::string Section(const std::string& title, const std::string& body) {
  return body.empty() ? "" : "\n" + title + ":\n" + body;
}

std::string GlobalNames(const Command& root) {
  std::vector<std::string> names;
  for (const Option& option : root.options) {
    if (option.names != "--version") names.push_back(NamesOf(option));
  }
  return "  " + Join(names, "; ") + "\n";
}

}  // namespace

std::string HelpFor(const std::vector<const Command*>& path) {
  const Command& command = *path.back();
  std::string text = command.summary + "\n";
  if (!command.details.empty()) text += "\n" + command.details + "\n";
  text += "\n" + UsageOf(path);
  std::string subcommands;
  for (const Command& sub : command.subcommands) subcommands += Line(sub.name, sub.summary);
  text += Section("Commands", subcommands);
  text += Section("Arguments", OptionsOf(command, true));
  text += Section("Options", OptionsOf(command, false));
  if (path.size() > 1)
    text += Section("Global options (see leat --help)", GlobalNames(*path.front()));
  std::string examples;
  for (const Example& example : command.examples) {
    examples += fmt::format("  {}\n      {}\n", example.command, example.meaning);
  }
  return text + Section("Examples", examples);
}

}  // namespace leat::cli
