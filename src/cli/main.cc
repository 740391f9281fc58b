#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <unordered_map>

#include "base/text.h"
#include "cli/app.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/version.h"
#include "io/machine.h"
#include "io/terminal.h"

namespace leat::cli {
namespace {

// CLI11 takes one text for an error: the message, and in a second line the hint.
std::string UnknownChoice(const std::string& value, const std::vector<std::string>& choices) {
  const bool has_near = Nearest(value, choices).has_value();
  return fmt::format("'{}' is none of {}\n{}", value, Join(choices, ", "),
                     has_near ? NearestHint(value, choices) : "");
}

void AddOption(CLI::App& parser, const Option& option) {
  CLI::Option* added = std::visit(
      [&](auto* target) -> CLI::Option* {
        if constexpr (std::is_same_v<decltype(target), bool*>) {
          return parser.add_flag(option.names, *target);
        } else {
          return parser.add_option(option.names, *target);
        }
      },
      option.target);
  if (!option.choices.empty()) {
    added->check([choices = option.choices](const std::string& value) {
      return std::find(choices.begin(), choices.end(), value) == choices.end()
                 ? UnknownChoice(value, choices)
                 : std::string();
    });
  }
  if (option.required) added->required();
  const bool is_list = std::holds_alternative<std::vector<std::string>*>(option.target);
  if (!is_list && !option.is_positional()) {
    added->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
}

// Global options are understood on both sides of a command, since what a command does not know
// falls through to its parent.
void Build(CLI::App& parser, const Command& command) {
  parser.fallthrough();
  parser.set_help_flag("-h,--help");
  for (const Option& option : command.options) AddOption(parser, option);
  for (const Command& sub : command.subcommands) Build(*parser.add_subcommand(sub.name), sub);
  if (!command.subcommands.empty()) parser.require_subcommand(0, 1);
}

// The commands that were named, from the root.
std::vector<const Command*> PathOf(const CLI::App& parser, const Command& root) {
  std::vector<const Command*> path = {&root};
  const CLI::App* at = &parser;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    for (const Command& sub : path.back()->subcommands) {
      if (sub.name != at->get_name()) continue;
      path.push_back(&sub);
      break;
    }
  }
  return path;
}

std::string WordsOf(const std::vector<const Command*>& path) {
  std::string words;
  for (const Command* command : path) words += (words.empty() ? "" : " ") + command->name;
  return words;
}

// What is left over is a word that nothing knows.
Error UnknownWord(const std::string& word, const std::vector<const Command*>& path) {
  const std::string help = WordsOf(path) + " --help lists what there is";
  if (word[0] == '-') {
    std::vector<std::string> known;
    for (const Command* command : {path.front(), path.back()}) {
      for (const Option& option : command->options) {
        if (option.is_positional()) continue;
        for (std::string& name : Split(option.names, ',')) known.push_back(std::move(name));
      }
    }
    const std::string name = word.substr(0, word.find('='));
    const bool has_near = Nearest(name, known).has_value();
    return InvalidInput(fmt::format("{} has no option {}", WordsOf(path), name))
        .WithHint(has_near ? NearestHint(name, known) : help);
  }
  if (path.back()->subcommands.empty()) {
    return InvalidInput(fmt::format("{} takes no further argument '{}'", WordsOf(path), word))
        .WithHint(help);
  }
  std::vector<std::string> known;
  for (const Command& sub : path.back()->subcommands) known.push_back(sub.name);
  const bool has_near = Nearest(word, known).has_value();
  return InvalidInput(fmt::format("unknown command '{}'", word))
      .WithHint(has_near ? NearestHint(word, known) : help);
}

Error ToError(const CLI::ParseError& e, const CLI::App& parser,
              const std::vector<const Command*>& path) {
  const std::vector<std::string> left = parser.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr && !left.empty() && !left[0].empty()) {
    return UnknownWord(left[0], path);
  }
  const std::string text = e.what();
  const std::size_t line_end = std::min(text.find('\n'), text.size());
  const std::string_view hint = Trim(std::string_view(text).substr(line_end));
  return InvalidInput(text.substr(0, line_end))
      .WithHint(hint.empty() ? WordsOf(path) + " --help" : std::string(hint));
}

// As a shell would take it.
std::string CommandLine(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& argument : arguments) {
    if (!line.empty()) line += ' ';
    const bool is_plain =
        !argument.empty() && argument.find_first_of(" \t\n\"'$\\*?;&|<>()") == std::string::npos;
    line += is_plain ? argument : QuoteLiteral(argument);
  }
  return line;
}

int Dispatch(App& app, const std::vector<const Command*>& path) {
  if (app.options().version) {
    app.Out(VersionLine() + "\n");
    return kDone;
  }
  if (app.options().directory != ".") {
    const Status entered = io::ChangeDirectory(app.options().directory);
    if (!entered.ok()) return app.Fail(entered.error());
  }
  if (path.back()->run) return path.back()->run(app);
  app.Err(HelpFor(path));
  return kError;
}

int ParseAndRun(App& app, const std::vector<std::string>& arguments) {
  const Command root = MakeCommandLine(app);
  CLI::App parser(root.summary, root.name);
  Build(parser, root);
  try {
    // CLI11 wants them in reverse.
    parser.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    app.Out(HelpFor(PathOf(parser, root)));
    return kDone;
  } catch (const CLI::ParseError& e) {
    return app.Fail(ToError(e, parser, PathOf(parser, root)));
  }
  return Dispatch(app, PathOf(parser, root));
}

}  // namespace

int Main(const io::Environment& environment, const connect::Connectors& connectors,
         Console& console, const std::vector<std::string>& arguments) {
  App app(environment, connectors, console, CommandLine(arguments));
  int exit_code = kError;
  try {
    exit_code = ParseAndRun(app, arguments);
  } catch (const std::exception& e) {
    exit_code = app.Fail(Bug(e.what()));
  }
  // Whatever was done: a result that is cut off must not look complete.
  return app.output_error() ? app.Fail(*app.output_error()) : exit_code;
}

}  // namespace leat::cli
