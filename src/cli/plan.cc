#include <fmt/format.h>

#include <memory>

#include "cli/app.h"
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/output.h"
#include "cli/run_progress.h"
#include "cli/run_request.h"

namespace leat::cli {
namespace {

struct PlanOptions {
  SelectionOptions selection;
  WindowOptions window;
  bool full_refresh = false;
};

data::Rows ToRows(const orchestrate::Plan& plan) {
  data::Rows rows{.schema = TextColumns({"step", "asset", "action", "interval", "after"}),
                  .rows = {}};
  for (std::size_t i = 0; i < plan.steps.size(); i++) {
    const orchestrate::Step& step = plan.steps[i];
    data::Value interval;
    if (const auto* build = std::get_if<orchestrate::BuildInterval>(&step.kind)) {
      interval = IntervalText(build->interval);
    }
    std::string after;
    for (const std::size_t before : step.after)
      after += (after.empty() ? "" : " ") + std::to_string(before);
    rows.rows.push_back({static_cast<std::int64_t>(i), step.asset.value(),
                         std::string(ActionOf(step.kind)), interval,
                         after.empty() ? data::Value() : data::Value(after)});
  }
  return rows;
}

int RunPlan(App& app, const PlanOptions& options) {
  const auto window = WindowOf(options.window, app.environment().clock.Now());
  if (!window.ok()) return app.Fail(window.error());
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto plan = orchestrate::MakePlan(*workspace, {.select = options.selection.select,
                                                       .exclude = options.selection.exclude,
                                                       .window = *window,
                                                       .full_refresh = options.full_refresh});
  if (!plan.ok()) return app.Fail(plan.error());
  PrintReport(app, {.json = [&] { return ToJson(*plan); },
                    .csv = [&] { return ToRows(*plan); },
                    .plain =
                        [&] {
                          if (plan->steps.empty()) return std::string("Nothing to do.\n");
                          return PlainTable(app, ToRows(*plan));
                        }});
  return kDone;
}

}  // namespace

Command MakePlan() {
  auto options = std::make_shared<PlanOptions>();
  return {.name = "plan",
          .summary = "Show the steps that a run would take, in order; changes nothing",
          .options = Concat({OptionsOf(options->selection),
                             OptionsOf(options->window),
                             {{"--full-refresh", "", "as if everything were computed anew",
                               &options->full_refresh}}}),
          .examples = {{"leat plan", "what `leat run` would do"},
                       {"leat plan -s gold.daily_sales -o json", "for a program"}},
          .run = [options](App& app) { return RunPlan(app, *options); }};
}

}  // namespace leat::cli
