#include <memory>

#include "cli/app.h"
#include "cli/command.h"
#include "cli/execute.h"
#include "cli/run_request.h"
#include "cli/run_summary.h"

namespace leat::cli {
namespace {

struct CheckOptions {
  SelectionOptions selection;
  bool strict = false;
};

int RunCheck(App& app, const CheckOptions& options) {
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto result = orchestrate::RunChecks(*workspace, options.selection.select,
                                             options.selection.exclude, CancelledByUser());
  if (!result.ok()) return app.Fail(result.error());
  return FinishChecks(app, *result, options.strict);
}

}  // namespace

Command MakeCheck() {
  auto options = std::make_shared<CheckOptions>();
  return {
      .name = "check",
      .summary = "Evaluate checks against the published tables; changes nothing",
      .details = "A check that would quarantine or drop rows has failed here when it finds any.",
      .options = Concat(
          {OptionsOf(options->selection),
           {{"--strict", "", "exit code 3 when there are only warnings", &options->strict}}}),
      .examples = {{"leat check", "all checks"}, {"leat check -s gold.* -o json", "for a program"}},
      .run = [options](App& app) { return RunCheck(app, *options); }};
}

}  // namespace leat::cli
