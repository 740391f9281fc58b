#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/app.h"
#include "cli/bind.h"
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/output.h"
#include "cli/run_progress.h"
#include "cli/run_request.h"
#include "orchestrate/staleness.h"

namespace leat::cli {
namespace {

struct PlanOptions {
  SelectionOptions selection;
  WindowOptions window;
  bool full_refresh = false;
  bool strict = false;
};

using Remarks = std::vector<orchestrate::Remark>;

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

Json ToJson(const orchestrate::Plan& plan, const Remarks& remarks) {
  Json json = cli::ToJson(plan);
  json["left_out"] = Json::array();
  for (const orchestrate::LeftOut& out : plan.left_out) {
    json["left_out"].push_back({{"asset", out.asset.value()}, {"reason", out.reason}});
  }
  json["remarks"] = Json::array();
  for (const orchestrate::Remark& remark : remarks) {
    json["remarks"].push_back({{"asset", remark.asset.value()},
                               {"message", remark.text},
                               {"severity", remark.is_warning ? "warning" : "note"}});
  }
  return json;
}

std::string Plain(const App& app, const orchestrate::Plan& plan, const Remarks& remarks) {
  std::string text = plan.steps.empty() ? "Nothing to do.\n" : PlainTable(app, ToRows(plan));
  if (!plan.left_out.empty() || !remarks.empty()) text += "\n";
  for (const orchestrate::LeftOut& out : plan.left_out) {
    text += fmt::format("left out: {}: {}\n", out.asset.value(), out.reason);
  }
  for (const orchestrate::Remark& remark : remarks) {
    text += fmt::format("{}{}: {}\n", remark.is_warning ? "warning: " : "", remark.asset.value(),
                        remark.text);
  }
  return text;
}

int RunPlan(App& app, const PlanOptions& options) {
  const auto window = WindowOf(options.window, app.environment().clock.Now());
  if (!window.ok()) return app.Fail(window.error());
  const auto workspace = app.OpenWorkspace(orchestrate::Purpose::kLook, Problems::kInFull);
  if (!workspace) return kError;
  auto unbound = FindUnbound(
      *workspace, options.full_refresh ? DeclaredTypes::kMayDiffer : DeclaredTypes::kLikeStored);
  if (!unbound.ok()) return app.Fail(unbound.error());
  app.FailAll(unbound->errors);
  const auto plan = orchestrate::MakePlan(*workspace, {.select = options.selection.select,
                                                       .exclude = options.selection.exclude,
                                                       .window = *window,
                                                       .full_refresh = options.full_refresh,
                                                       .unbound = std::move(unbound->reasons)});
  if (!plan.ok()) return app.Fail(plan.error());
  const auto remarks = orchestrate::RemarksOn(*workspace, plan->selected);
  if (!remarks.ok()) return app.Fail(remarks.error());
  PrintReport(app, {.json = [&] { return ToJson(*plan, *remarks); },
                    .csv = [&] { return ToRows(*plan); },
                    .plain = [&] { return Plain(app, *plan, *remarks); }});
  if (!plan->left_out.empty()) return kFailed;
  const bool has_warnings = std::any_of(remarks->begin(), remarks->end(),
                                        [](const auto& remark) { return remark.is_warning; });
  return options.strict && has_warnings ? kWarnings : kDone;
}

}  // namespace

Command MakePlan() {
  auto options = std::make_shared<PlanOptions>();
  return {
      .name = "plan",
      .summary = "Show the steps that a run would take, in order; changes nothing",
      .options = Concat(
          {OptionsOf(options->selection),
           OptionsOf(options->window),
           {{"--full-refresh", "", "as if everything were computed anew", &options->full_refresh},
            {"--strict", "", "exit code 3 when there are only warnings", &options->strict}}}),
      .examples = {{"leat plan", "what `leat run` would do"},
                   {"leat plan -s gold.daily_sales -o json", "for a program"}},
      .run = [options](App& app) { return RunPlan(app, *options); }};
}

}  // namespace leat::cli
