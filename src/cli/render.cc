#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/app.h"
#include "cli/assets.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_request.h"
#include "engine/sql.h"
#include "transform/model.h"

namespace leat::cli {
namespace {

struct RenderOptions {
  std::string asset;
  WindowOptions window;
};

// As asked for, aligned to the asset's grain; otherwise the last complete interval.
std::optional<Interval> WindowFor(const project::Asset& asset, const std::optional<Interval>& asked,
                                  TimestampUs now) {
  const auto& model = std::get<project::ModelSpec>(asset.spec);
  if (model.materialized != project::Materialization::kInterval) return asked;
  const Grain grain = ParseGrain(asset.schedule).value_or(Grain::kDay);
  if (!asked) {
    const TimestampUs end = FloorTo(grain, now);
    return Interval{FloorTo(grain, end - 1), end};
  }
  const TimestampUs last = FloorTo(grain, asked->end);
  return Interval{FloorTo(grain, asked->start),
                  last == asked->end ? last : NextAfter(grain, asked->end)};
}

Result<Json> Render(App& app, orchestrate::Workspace& workspace, const RenderOptions& options) {
  LEAT_ASSIGN(const project::Asset* asset, FindAsset(workspace.project(), options.asset));
  if (!asset->broken.empty()) return InvalidInput(asset->broken);
  const auto* model = std::get_if<project::ModelSpec>(&asset->spec);
  if (model == nullptr) {
    return InvalidInput(
               fmt::format("{} is a {}: it runs no SQL", asset->name.value(), KindOf(*asset)))
        .At(asset->location);
  }
  const TimestampUs now = app.environment().clock.Now();
  LEAT_ASSIGN(const auto asked, WindowOf(options.window, now));
  const auto window = WindowFor(*asset, asked, now);
  const engine::Parameters parameters = workspace.ParametersFor(window);
  Json used = Json::object();
  for (const std::string& name : model->facts.parameters) {
    for (const auto& [known, value] : parameters) {
      if (EqualsIgnoreCase(known, name)) used[name] = ToJson(value, {});
    }
  }
  Json inputs = Json::array();
  for (const AssetName& name : asset->dependencies) inputs.push_back(name.value());
  return Json{
      {"asset", asset->name.value()},
      {"materialized", KindOf(*asset)},
      {"parameters", used},
      {"depends_on", inputs},
      {"sql", std::string(Trim(engine::WithLiterals(transform::ModelSql(*asset), parameters)))}};
}

int RunRender(App& app, const RenderOptions& options) {
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto rendered = Render(app, *workspace, options);
  if (!rendered.ok()) return app.Fail(rendered.error());
  const std::string sql = (*rendered)["sql"];
  PrintReport(app, {.json = [&] { return *rendered; },
                    .csv =
                        [&] {
                          return data::Rows{
                              .schema = TextColumns({"asset", "sql"}),
                              .rows = {{(*rendered)["asset"].get<std::string>(), sql}}};
                        },
                    .plain = [&] { return sql + "\n"; }});
  return kDone;
}

}  // namespace

Command MakeRender() {
  auto options = std::make_shared<RenderOptions>();
  return {
      .name = "render",
      .summary = "Print the SQL that a model runs, with its parameters filled in",
      .options = Concat(
          {{{"ASSET", "", "a model", &options->asset, {}, true}}, OptionsOf(options->window)}),
      .examples = {{"leat render gold.daily_sales --start 2026-11-01 --end 2026-11-02",
                    "for one day; for interval models the default is the last complete interval"}},
      .run = [options](App& app) { return RunRender(app, *options); }};
}

}  // namespace leat::cli
