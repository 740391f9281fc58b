#include <fmt/format.h>

#include <memory>

#include "cli/app.h"
#include "cli/command.h"
#include "cli/execute.h"
#include "cli/run_summary.h"

namespace leat::cli {
namespace {

struct RetryOptions {
  std::string run = "latest";
  std::int64_t jobs = 0;
  bool strict = false;
};

// No run is made of it.
int NothingToRetry(App& app, const state::RunRecord& run) {
  app.Note(fmt::format("run {} {}: there is nothing to retry", run.id.value(),
                       state::ToString(run.status)));
  if (app.plain()) return kDone;
  return FinishRun(app, {.id = run.id, .started_us = run.started_us}, false);
}

int RunRetry(App& app, const RetryOptions& options) {
  if (options.jobs < 0 || options.jobs > kMaxJobs) {
    return app.Fail(InvalidInput("-j must be 1 to " + std::to_string(kMaxJobs)));
  }
  const auto workspace = app.OpenWorkspace(orchestrate::Purpose::kRun);
  if (!workspace) return kError;
  const auto reader = workspace->reader();
  if (!reader.ok()) return app.Fail(reader.error());
  const auto run = (*reader)->Run(options.run);
  if (!run.ok()) return app.Fail(run.error());
  if (run->status == state::RunStatus::kRunning) {
    return app.Fail(Conflict(fmt::format("run {} is still running", run->id.value()))
                        .WithHint("wait for its end, or stop it"));
  }
  const orchestrate::RunRequest request{.window = run->interval,
                                        .full_refresh = run->full_refresh,
                                        .jobs = static_cast<int>(options.jobs),
                                        .resume = run->id};
  const auto plan = orchestrate::MakePlan(*workspace, request);
  if (!plan.ok()) return app.Fail(plan.error());
  if (plan->steps.empty() && plan->left_out.empty()) return NothingToRetry(app, *run);
  return Execute(app, *workspace, request, options.strict);
}

}  // namespace

Command MakeRetry() {
  auto options = std::make_shared<RetryOptions>();
  return {
      .name = "retry",
      .summary = "Run again what failed in a run, and what was skipped because of it",
      .options = {{"RUN", "", "a run's id or its beginning (default: latest)", &options->run},
                  {"-j,--jobs", "N", "assets at a time (default: two per core)", &options->jobs},
                  {"--strict", "", "exit code 3 when there are only warnings", &options->strict}},
      .examples = {{"leat retry", "resume the last run"}},
      .run = [options](App& app) { return RunRetry(app, *options); }};
}

}  // namespace leat::cli
