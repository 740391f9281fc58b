#include "cli/app.h"

#include "cli/text_width.h"
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

std::optional<project::Project> App::LoadProject() {
  auto loaded = project::LoadProject(environment_, ".", {.environment = options_.environment});
  if (loaded.project) HideSecrets(loaded.project->secrets);
  FailAll(loaded.diagnostics.errors);
  for (const Error& warning : loaded.diagnostics.warnings) Warn(warning);
  if (loaded.diagnostics.errors.size() > 1) {
    Note(Counted(std::ssize(loaded.diagnostics.errors), "error"));
  }
  return std::move(loaded.project);
}

std::unique_ptr<orchestrate::Workspace> App::OpenWorkspace(orchestrate::Purpose purpose) {
  auto loaded = LoadProject();
  if (!loaded) return nullptr;
  auto opened = orchestrate::Workspace::Open(environment_, std::move(*loaded), purpose);
  if (!opened.ok()) {
    Fail(opened.error());
    return nullptr;
  }
  return std::move(opened).value();
}

bool App::InProject() const {
  for (std::string folder = io::AbsolutePath(".");; folder = io::ParentPath(folder)) {
    if (environment_.files.Stat(io::JoinPath(folder, "leat.yml")).ok()) return true;
    if (folder == io::ParentPath(folder)) return false;
  }
}

}  // namespace leat::cli
