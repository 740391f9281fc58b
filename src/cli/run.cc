#include <algorithm>
#include <memory>

#include "cli/app.h"
#include "cli/command.h"
#include "cli/execute.h"
#include "cli/run_request.h"

namespace leat::cli {
namespace {

struct RunOptions {
  SelectionOptions selection;
  WindowOptions window;
  bool full_refresh = false;
  bool strict = false;
  std::int64_t jobs = 0;
};

int RunRun(App& app, const RunOptions& options) {
  const auto window = WindowOf(options.window, app.environment().clock.Now());
  if (!window.ok()) return app.Fail(window.error());
  if (options.jobs < 0 || options.jobs > kMaxJobs) {
    return app.Fail(InvalidInput("-j must be 1 to " + std::to_string(kMaxJobs)));
  }
  const auto workspace = app.OpenWorkspace(orchestrate::Purpose::kRun);
  if (!workspace) return kError;
  return Execute(app, *workspace,
                 {.select = options.selection.select,
                  .exclude = options.selection.exclude,
                  .window = *window,
                  .full_refresh = options.full_refresh,
                  .jobs = static_cast<int>(options.jobs)},
                 options.strict);
}

}  // namespace

Command MakeRun() {
  auto options = std::make_shared<RunOptions>();
  return {.name = "run",
          .summary = "Run assets in dependency order with their checks",
          .details =
              "Sources load new and changed files, models are computed, and each table is "
              "published once\n"
              "its checks have passed. Without --start, interval models process what is missing.",
          .options = Concat(
              {OptionsOf(options->selection),
               OptionsOf(options->window),
               {{"--full-refresh", "", "forget what was loaded and compute everything anew",
                 &options->full_refresh},
                {"-j,--jobs", "N", "assets at a time (default: two per core)", &options->jobs},
                {"--strict", "", "exit code 3 when there are only warnings", &options->strict}}}),
          .examples = {{"leat run", "everything that is new or missing"},
                       {"leat run -s silver.orders+", "one asset and all that reads it"},
                       {"leat run -s gold.daily_sales --start 2026-11-01 --end 2026-11-08",
                        "a week again"}},
          .run = [options](App& app) { return RunRun(app, *options); }};
}

}  // namespace leat::cli
