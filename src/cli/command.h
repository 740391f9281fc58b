// A command as data: its words, options, help and what it does. Parsing, help, completion and the
// reference are made from it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace leat::cli {

class App;

// Where an option's value goes. A bool is a flag without a value; a list takes one or more values.
using Target = std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<std::string>*>;

struct Option {
  std::string names;  // "-s,--select", or one upper-case word for an argument by position: "ASSET"
  std::string value;  // how help names the value: "SEL"; empty for flags and arguments
  std::string help;
  Target target;  // outlives the parsing: commands keep it in what `run` captures
  std::vector<std::string> choices = {};  // the only accepted values; empty: any
  bool required = false;

  bool is_positional() const { return names[0] != '-'; }
  bool is_flag() const { return std::holds_alternative<bool*>(target); }
};

struct Example {
  std::string command;
  std::string meaning;
};

struct Command {
  std::string name;
  std::string summary;  // one line for lists
  std::string details = {};
  std::vector<Option> options = {};
  std::vector<Command> subcommands = {};
  std::vector<Example> examples = {};
  // Does the work and returns the exit code. Empty for a command that only groups subcommands.
  std::function<int(App&)> run = {};
};

// The whole command line, and every command by itself (commands.cc, and one file per command).
Command MakeCommandLine(App& app);

Command MakeInit();
Command MakeValidate();
Command MakePlan();
Command MakeRun();
Command MakeRetry();
Command MakeTest();
Command MakeCheck();
Command MakeRender();
Command MakeQuery();
Command MakeChange();
Command MakeLineage();
Command MakeStatus();
Command MakeLogs();
Command MakeHistory();
Command MakeQuarantine();
Command MakeGenerate();
Command MakeExport();
Command MakeMaintain();
Command MakeRestore();
Command MakeConvert();
Command MakeClone();
Command MakeConnect();
Command MakeDoctor();
Command MakeCompletion();
Command MakeVersion();

}  // namespace leat::cli
