#include "cli/completion_script.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <vector>

#include "base/text.h"

namespace leat::cli {
namespace {

constexpr char kListAssets[] = "leat completion assets 2>/dev/null";

enum class Completes { kNothing, kFiles, kAssets, kChoices };

Completes KindOf(const Option& option) {
  if (!option.choices.empty()) return Completes::kChoices;
  const std::string& value = option.is_positional() ? option.names : option.value;
  if (value == "ASSET" || value == "TASK" || value == "SEL") return Completes::kAssets;
  if (value == "FILE" || value == "DIR") return Completes::kFiles;
  return Completes::kNothing;
}

// "run", "generate retail": each command and what a user may type after it.
void Visit(const Command& command, const std::string& path,
           const std::function<void(const std::string&, const Command&)>& visit) {
  visit(path, command);
  for (const Command& sub : command.subcommands) {
    Visit(sub, path.empty() ? sub.name : path + " " + sub.name, visit);
  }
}

std::string OptionNames(const Command& command) {
  std::vector<std::string> names;
  for (const Option& option : command.options) {
    if (option.is_positional()) continue;
    for (std::string& name : Split(option.names, ',')) names.push_back(std::move(name));
  }
  return Join(names, " ");
}

// The words after a command; assets are asked for when the user completes.
std::string WordsOf(const Command& command) {
  std::vector<std::string> words;
  for (const Command& sub : command.subcommands) words.push_back(sub.name);
  bool has_assets = false;
  for (const Option& option : command.options) {
    if (!option.is_positional()) continue;
    words.insert(words.end(), option.choices.begin(), option.choices.end());
    has_assets |= KindOf(option) == Completes::kAssets;
  }
  std::string text = Join(words, " ");
  if (has_assets) text += fmt::format("$({})", kListAssets);
  return text;
}

// "-s|--select) words=... ;;" for every option with a value, of all commands.
std::string ValueCases(const Command& root, const char* indent) {
  std::map<std::string, std::string> cases;
  Visit(root, "", [&](const std::string&, const Command& command) {
    for (const Option& option : command.options) {
      if (option.is_positional() || option.is_flag()) continue;
      std::string action = "files=1";
      if (KindOf(option) == Completes::kNothing) action = "return";
      if (KindOf(option) == Completes::kChoices)
        action = fmt::format("choices=\"{}\"", Join(option.choices, " "));
      if (KindOf(option) == Completes::kAssets)
        action = fmt::format("choices=\"$({})\"", kListAssets);
      cases.emplace(Join(Split(option.names, ','), "|"), action);
    }
  });
  std::string text;
  for (const auto& [names, action] : cases)
    text += fmt::format("{}{}) {} ;;\n", indent, names, action);
  return text;
}

// The part that bash and zsh share: from the words typed so far (in `typed`) and `previous` to
// `words` or `files`.
std::string SharedBody(const Command& root) {
  std::string paths;
  std::string words;
  Visit(root, "", [&](const std::string& path, const Command& command) {
    for (const Command& sub : command.subcommands) {
      paths += fmt::format("      \"{}/{}\") at=\"{}\" ;;\n", path, sub.name,
                           path.empty() ? sub.name : path + " " + sub.name);
    }
    words += fmt::format("    \"{}\") choices=\"{}\"; options=\"{}\" ;;\n", path, WordsOf(command),
                         path.empty() ? "" : OptionNames(command));
  });
  return fmt::format(
      "  local at=\"\" word choices=\"\" options=\"\" files=\"\"\n"
      "  for word in \"${{typed[@]}}\"; do\n"
      "    case \"$at/$word\" in\n{}    esac\n"
      "  done\n"
      "  case \"$previous\" in\n{}"
      "    *)\n"
      "      case \"$at\" in\n{}      esac\n"
      "      [[ $current == -* ]] && choices=\"$options {} --help\"\n"
      "      ;;\n"
      "  esac\n",
      paths, ValueCases(root, "    "), words, OptionNames(root));
}

// In a fish script: single quotes, with quotes and backslashes escaped.
std::string FishQuote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string FishOption(const std::string& condition, const Option& option) {
  std::string line = "complete -c leat" + condition;
  if (option.is_positional()) {
    if (KindOf(option) == Completes::kChoices)
      line += " -a " + FishQuote(Join(option.choices, " "));
    else if (KindOf(option) == Completes::kAssets)
      line += fmt::format(" -a '({})'", kListAssets);
    else
      return "";
    return line + "\n";
  }
  for (const std::string& name : Split(option.names, ',')) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.is_flag()) line += KindOf(option) == Completes::kFiles ? " -rF" : " -x";
  if (KindOf(option) == Completes::kChoices) line += " -a " + FishQuote(Join(option.choices, " "));
  if (KindOf(option) == Completes::kAssets) line += fmt::format(" -a '({})'", kListAssets);
  return line + " -d " + FishQuote(option.help) + "\n";
}

}  // namespace

std::string BashCompletion(const Command& root) {
  return "# Completion of leat for bash: source <(leat completion bash)\n"
         "_leat() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  local typed=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
         "  COMPREPLY=()\n" +
         SharedBody(root) +
         "  if [[ -n $files ]]; then\n"
         "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _leat leat\n";
}

std::string ZshCompletion(const Command& root) {
  return "#compdef leat\n"
         "# Completion of leat for zsh: source <(leat completion zsh)\n"
         "_leat() {\n"
         "  local current=\"${words[CURRENT]}\" previous=\"${words[CURRENT-1]}\"\n"
         "  local -a typed=(\"${(@)words[2,CURRENT-1]}\")\n" +
         SharedBody(root) +
         "  if [[ -n $files ]]; then\n"
         "    _files\n"
         "  else\n"
         "    compadd -- ${=choices}\n"
         "  fi\n"
         "}\n"
         "compdef _leat leat\n";
}

std::string FishCompletion(const Command& root) {
  std::string script = "# Completion of leat for fish\ncomplete -c leat -f\n";
  for (const Option& option : root.options) script += FishOption("", option);
  for (const Command& command : root.subcommands) {
    script += fmt::format("complete -c leat -n __fish_use_subcommand -a {} -d {}\n", command.name,
                          FishQuote(command.summary));
    const std::string seen = fmt::format("__fish_seen_subcommand_from {}", command.name);
    for (const Option& option : command.options) {
      script += FishOption(fmt::format(" -n '{}'", seen), option);
    }
    for (const Command& sub : command.subcommands) {
      script += fmt::format("complete -c leat -n '{}' -a {} -d {}\n", seen, sub.name,
                            FishQuote(sub.summary));
      for (const Option& option : sub.options) {
        script += FishOption(
            fmt::format(" -n '{}; and __fish_seen_subcommand_from {}'", seen, sub.name), option);
      }
    }
  }
  return script;
}

}  // namespace leat::cli
