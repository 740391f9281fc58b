#include <fmt/format.h>

#include <memory>

#include "cli/app.h"
#include "cli/bind.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/text_width.h"
#include "orchestrate/staleness.h"
#include "project/loader.h"

namespace leat::cli {
namespace {

struct ValidateOptions {
  bool strict = false;
};

struct Validation {
  project::Diagnostics problems;
  std::int64_t asset_count = 0;  // of a project that could be read
};

// Parses everything; what parses is bound as well, whatever is wrong elsewhere.
Result<Validation> Validate(App& app) {
  auto loaded =
      project::LoadProject(app.environment(), ".", {.environment = app.options().environment});
  Validation validation{.problems = std::move(loaded.diagnostics)};
  auto& project = loaded.project ? loaded.project : loaded.sound_part;
  if (!project || !loaded.knows_macros) return validation;
  app.HideSecrets(project->secrets);
  validation.asset_count = std::ssize(project->assets);
  LEAT_ASSIGN(const auto workspace,
              orchestrate::Workspace::Open(app.environment(), app.connectors(), std::move(*project),
                                           orchestrate::Purpose::kLook));
  LEAT_ASSIGN(auto bound, Bind(*workspace, SourceColumns::kStoredAndNew));
  for (Error& error : bound.diagnostics.errors)
    validation.problems.errors.push_back(std::move(error));
  for (Error& warning : bound.diagnostics.warnings) {
    validation.problems.warnings.push_back(std::move(warning));
  }
  for (const project::Asset& asset : workspace->project().assets) {
    const std::string folder = io::FileName(workspace->TablePath(asset.name));
    const std::string& name = asset.name.value();
    if (!name.ends_with(folder)) {
      validation.problems.warnings.push_back(
          InvalidInput(fmt::format("{} keeps the table in the folder '{}': names are told apart "
                                   "without case",
                                   name, folder))
              .At(asset.location));
    }
    if (!asset.broken.empty() || !std::holds_alternative<project::SourceSpec>(asset.spec)) continue;
    const auto missing = orchestrate::MissingFiles(*workspace, asset);
    if (missing) {
      validation.problems.warnings.push_back(
          NotFound(asset.name.value() + ": " + *missing)
              .At(std::get<project::SourceSpec>(asset.spec).location()));
    }
  }
  validation.problems.Sort();
  return validation;
}

Json ToJson(const std::vector<Error>& problems) {
  Json list = Json::array();
  for (const Error& problem : problems) {
    const Location at = problem.location().value_or(Location{});
    list.push_back({{"file", at.file.empty() ? Json(nullptr) : Json(at.file)},
                    {"line", at.line > 0 ? Json(at.line) : Json(nullptr)},
                    {"column", at.column > 0 ? Json(at.column) : Json(nullptr)},
                    {"message", problem.message()},
                    {"hint", problem.hint().empty() ? Json(nullptr) : Json(problem.hint())}});
  }
  return list;
}

void AddRows(const std::vector<Error>& problems, const char* severity, data::Rows& rows) {
  const auto positive = [](int number) {
    return number > 0 ? data::Value(static_cast<std::int64_t>(number)) : data::Value();
  };
  for (const Error& problem : problems) {
    const Location at = problem.location().value_or(Location{});
    rows.rows.push_back({std::string(severity), at.file, positive(at.line), positive(at.column),
                         problem.message(), problem.hint()});
  }
}

int RunValidate(App& app, const ValidateOptions& options) {
  const auto validation = Validate(app);
  if (!validation.ok()) return app.Fail(validation.error());
  const project::Diagnostics& problems = validation->problems;
  const bool is_valid = problems.errors.empty();
  if (app.plain()) {
    app.FailAll(problems.errors);
    for (const Error& warning : problems.warnings) app.Warn(warning);
  }
  PrintReport(
      app, {.json =
                [&] {
                  return Json{{"valid", is_valid},
                              {"errors", ToJson(problems.errors)},
                              {"warnings", ToJson(problems.warnings)}};
                },
            .csv =
                [&] {
                  data::Rows rows{.schema = TextColumns(
                                      {"severity", "file", "line", "column", "message", "hint"}),
                                  .rows = {}};
                  AddRows(problems.errors, "error", rows);
                  AddRows(problems.warnings, "warning", rows);
                  return rows;
                },
            .plain =
                [&] {
                  if (!is_valid) {
                    return fmt::format("{}, {}\n", Counted(std::ssize(problems.errors), "error"),
                                       Counted(std::ssize(problems.warnings), "warning"));
                  }
                  return fmt::format("valid: {}, {}\n", Counted(validation->asset_count, "asset"),
                                     Counted(std::ssize(problems.warnings), "warning"));
                },
            .is_remark = true});
  if (!is_valid) return kError;
  return options.strict && !problems.warnings.empty() ? kWarnings : kDone;
}

}  // namespace

Command MakeValidate() {
  auto options = std::make_shared<ValidateOptions>();
  return {
      .name = "validate",
      .summary = "Check every file, name, column and type of the project; touches no data",
      .details =
          "All problems are reported at once, each with file:line:column. Exit code 2 when there "
          "are any.",
      .options = {{"--strict", "", "exit code 3 when there are only warnings", &options->strict}},
      .examples = {{"leat validate", "before a commit"},
                   {"leat validate -o json", "for an editor: errors with file, line and column"}},
      .run = [options](App& app) { return RunValidate(app, *options); }};
}

}  // namespace leat::cli
