// What all commands share: global options, output, errors, and opening the project.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/redact.h"
#include "base/result.h"
#include "cli/console.h"
#include "cli/style.h"
#include "connect/connector.h"
#include "io/environment.h"
#include "orchestrate/workspace.h"
#include "project/definition.h"
#include "project/diagnostics.h"

namespace leat::cli {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,    // a run, check or test failed
  kError = 2,     // usage, configuration or internal error
  kWarnings = 3,  // only warnings, with --strict
};

enum class Format { kPlain, kJson, kCsv };

struct GlobalOptions {
  std::string directory = ".";
  std::string environment;
  std::string output = "plain";
  bool verbose = false;
  bool quiet = false;
  bool no_color = false;
  bool version = false;
};

// How the problems of a project that can be worked with are told.
enum class Problems {
  kBriefly,  // a line for each broken file, no warnings: for commands that look at tables
  kInFull,   // all errors and warnings
  kNot,      // the caller tells them
};

// One call of the program. Not thread-safe.
class App {
 public:
  App(const io::Environment& environment, const connect::Connectors& connectors, Console& console,
      std::string command_line)
      : environment_(environment),
        connectors_(connectors),
        console_(console),
        command_line_(std::move(command_line)) {}

  GlobalOptions& options() { return options_; }
  const io::Environment& environment() const { return environment_; }
  const connect::Connectors& connectors() const { return connectors_; }
  // As typed, without the program's name and without secrets.
  std::string command_line() const { return Redact(command_line_); }
  Console& console() const { return console_; }
  Format format() const;
  bool plain() const { return format() == Format::kPlain; }
  bool colored(int fd) const { return console_.HasColor(fd, options_.no_color); }

  // Results go to standard output. Everything below hides the project's secrets.
  void Out(std::string_view text);
  // Data as they are, of which nothing is hidden.
  void OutData(std::string_view bytes);
  // False once standard output takes no more, because its reader left or for output_error(): what
  // is yet to come may be left out.
  bool HasReader() const { return has_reader_; }
  // Why standard output does not hold all of the result, if so.
  const std::optional<Error>& output_error() const { return output_error_; }
  // Standard error, whatever --quiet says.
  void Err(std::string_view text);
  // Remarks for people, on standard error as lines; left out with --quiet.
  void Note(std::string_view text);
  // The same, only with --verbose.
  void Detail(std::string_view text);
  void Warn(const Error& warning);
  // Prints the error and returns kError, or kFailed when the user stopped the work.
  int Fail(const Error& error);
  void FailAll(const std::vector<Error>& errors);
  std::string Redact(std::string_view text) const { return redactor_.Redact(text); }

  // Wraps text in an escape sequence where `fd` shows colours.
  std::string Styled(int fd, TextStyle style, std::string_view text) const {
    return Paint(style, text, colored(fd));
  }

  // Loads the project and binds nothing. Broken files break what reads them, not the rest: their
  // assets are marked. On failure all problems have been printed.
  std::optional<project::Project> LoadProject(Problems problems = Problems::kBriefly);
  // The same, with its engine. For kRun nothing is told.
  std::unique_ptr<orchestrate::Workspace> OpenWorkspace(
      orchestrate::Purpose purpose = orchestrate::Purpose::kLook,
      Problems problems = Problems::kBriefly);
  // What is wrong with files of the project that was loaded.
  const project::Diagnostics& problems() const { return problems_; }
  // A time for people: in the time zone of the project that was loaded, else in UTC.
  std::string TimeText(TimestampUs time) const;
  // Whether there is a leat.yml here or above.
  bool InProject() const;
  // From now on these values are printed as ***.
  void HideSecrets(const std::vector<std::string>& secrets) { redactor_ = Redactor(secrets); }

 private:
  void WarnOfBrokenFiles();

  const io::Environment& environment_;
  const connect::Connectors& connectors_;
  Console& console_;
  std::string command_line_;
  GlobalOptions options_;
  Redactor redactor_;
  bool has_reader_ = true;
  std::optional<Error> output_error_;
  project::Diagnostics problems_;
  std::string timezone_ = "UTC";
};

// Parses the arguments (without the program's name), does what they say, and returns the exit code.
int Main(const io::Environment& environment, const connect::Connectors& connectors,
         Console& console, const std::vector<std::string>& arguments);

}  // namespace leat::cli
