#include "cli/execute.h"

#include <map>
#include <set>

#include "base/text.h"
#include "cli/bind.h"
#include "cli/notify.h"
#include "cli/run_progress.h"
#include "cli/run_summary.h"

namespace leat::cli {

io::CancelToken& CancelledByUser() {
  static io::CancelToken token;
  io::CancelOnSignals(token);
  return token;
}

namespace {

std::string FileOf(const Error& error) { return error.location() ? error.location()->file : ""; }

// Whether an error that belongs to no asset keeps something from being run: a file that should be
// an asset, or macros.
bool BreaksSomething(const std::string& file) {
  return !file.starts_with("tests/") && !file.starts_with("connections.");
}

// Tells in full what is wrong with assets that are left out, and in a line what else is wrong.
// Returns whether something is missing that no asset stands for.
bool TellProblems(App& app, const orchestrate::Workspace& workspace, const orchestrate::Plan& plan,
                  const Unbound& unbound) {
  std::map<std::string, AssetName> assets;  // by file
  for (const project::Asset& asset : workspace.project().assets) {
    const std::string stem = asset.location.file.substr(0, asset.location.file.rfind('.'));
    for (const std::string& file : {asset.location.file, stem + ".yml", stem + ".yaml"})
      assets.emplace(file, asset.name);
  }
  std::set<AssetName> causes;
  for (const orchestrate::LeftOut& out : plan.left_out) causes.insert(out.cause);
  bool misses_other = false;
  for (const auto* errors : {&app.problems().errors, &unbound.errors}) {
    for (const Error& error : *errors) {
      const auto asset = assets.find(FileOf(error));
      if (asset == assets.end() && BreaksSomething(FileOf(error))) {
        misses_other = true;
        app.Fail(error);
      } else if (asset == assets.end()) {
        app.Warn(error);
      } else if (causes.contains(asset->second)) {
        app.Fail(error);
      } else if (errors == &app.problems().errors) {
        app.Warn(InvalidInput(error.PlacedMessage()));
      }
    }
  }
  for (const Error& warning : app.problems().warnings) app.Warn(warning);
  return misses_other;
}

}  // namespace

int Execute(App& app, orchestrate::Workspace& workspace, orchestrate::RunRequest request,
            bool strict) {
  const DeclaredTypes types =
      request.full_refresh ? DeclaredTypes::kMayDiffer : DeclaredTypes::kLikeStored;
  const auto unbound = FindUnbound(workspace, types);
  if (!unbound.ok()) return app.Fail(unbound.error());
  request.unbound = unbound->reasons;
  const auto plan = orchestrate::MakePlan(workspace, request);
  if (!plan.ok()) return app.Fail(plan.error());
  const bool misses_other = TellProblems(app, workspace, *plan, *unbound);
  if (plan->steps.empty() && (misses_other || !plan->left_out.empty())) {
    app.Note("nothing was run");
    return kError;
  }
  if (!plan->left_out.empty()) {
    std::vector<std::string> names;
    for (const orchestrate::LeftOut& out : plan->left_out) names.push_back(out.asset.value());
    app.Note("left out: " + Join(names, ", "));
  }
  request.command = app.command_line();
  RunProgress progress(app);
  const auto result = orchestrate::Run(workspace, request, progress, CancelledByUser());
  progress.Stop();
  if (!result.ok()) return app.Fail(result.error());
  const int exit_code = FinishRun(app, *result, strict);
  SendNotifications(app, workspace.project(), *result);
  const bool misses = misses_other && request.select.empty() && !request.resume;
  return misses && exit_code != kError ? kFailed : exit_code;
}

}  // namespace leat::cli
