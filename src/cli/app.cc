#include "cli/app.h"

#include <set>

#include "cli/text_width.h"
#include "cli/zoned_time.h"
#include "io/terminal.h"
#include "project/loader.h"

namespace leat::cli {
Format App::format() const {
  if (options_.output == "json") return Format::kJson;
  return options_.output == "csv" ? Format::kCsv : Format::kPlain;
}

void App::Out(std::string_view text) {
  if (!text.empty()) OutData(redactor_.Redact(text));
}

void App::OutData(std::string_view bytes) {
  if (!has_reader_) return;
  const auto written = console_.Write(io::kStandardOutput, bytes);
  has_reader_ = written.ok() && *written;
  if (!written.ok()) {
    output_error_ = Error(written.error()).WithContext("cannot write to standard output");
  }
}

void App::Err(std::string_view text) {
  const auto written = console_.Write(io::kStandardError, redactor_.Redact(text));
  (void)written;  // there is no other place to complain
}

void App::Note(std::string_view text) {
  if (!options_.quiet) Err(std::string(text) + "\n");
}

void App::Detail(std::string_view text) {
  if (options_.verbose) Note(text);
}

void App::Warn(const Error& warning) {
  if (options_.quiet) return;
  Err(Styled(io::kStandardError, TextStyle::kYellow, "warning:") + " " + warning.ToString() + "\n");
}

int App::Fail(const Error& error) {
  std::string text =
      Styled(io::kStandardError, TextStyle::kRed, "error:") + " " + error.ToString() + "\n";
  if (error.kind() == ErrorKind::kBug) text += "  this is a mistake in Leat: please report it\n";
  Err(text);
  return error.kind() == ErrorKind::kCancelled ? kFailed : kError;
}

void App::FailAll(const std::vector<Error>& errors) {
  for (const Error& error : errors) Fail(error);
}

std::optional<project::Project> App::LoadProject(Problems problems) {
  auto loaded = project::LoadProject(environment_, ".", {.environment = options_.environment});
  auto& project = loaded.project ? loaded.project : loaded.sound_part;
  if (project) HideSecrets(project->secrets);
  problems_ = std::move(loaded.diagnostics);
  const bool can_work = loaded.project || (loaded.sound_part && loaded.is_usable);
  if (!can_work) {
    FailAll(problems_.errors);
    for (const Error& warning : problems_.warnings) Warn(warning);
    if (problems_.errors.size() > 1) Note(Counted(std::ssize(problems_.errors), "error"));
    return std::nullopt;
  }
  timezone_ = project->timezone;
  if (problems == Problems::kBriefly) WarnOfBrokenFiles();
  if (problems == Problems::kInFull) {
    FailAll(problems_.errors);
    for (const Error& warning : problems_.warnings) Warn(warning);
  }
  return std::move(project);
}

void App::WarnOfBrokenFiles() {
  std::set<std::string> files;
  for (const Error& error : problems_.errors) {
    const std::string file = error.location() ? error.location()->file : "";
    if (!files.insert(file).second) continue;
    const std::string line = error.PlacedMessage();
    Warn(InvalidInput(line.substr(0, line.find('\n')) + " (leat validate tells all)"));
  }
}

std::unique_ptr<orchestrate::Workspace> App::OpenWorkspace(orchestrate::Purpose purpose,
                                                           Problems problems) {
  const bool is_run = purpose == orchestrate::Purpose::kRun;
  auto loaded = LoadProject(is_run ? Problems::kNot : problems);
  if (!loaded) return nullptr;
  auto opened =
      orchestrate::Workspace::Open(environment_, connectors_, std::move(*loaded), purpose);
  if (!opened.ok()) {
    Fail(opened.error());
    return nullptr;
  }
  return std::move(opened).value();
}

std::string App::TimeText(TimestampUs time) const { return FormatInZone(time, timezone_); }

bool App::InProject() const {
  for (std::string folder = io::AbsolutePath(".");; folder = io::ParentPath(folder)) {
    if (environment_.files.Stat(io::JoinPath(folder, "leat.yml")).ok()) return true;
    if (folder == io::ParentPath(folder)) return false;
  }
}

}  // namespace leat::cli
