// `leat check`: the checks of published tables.
#include <algorithm>
#include <exception>
#include <memory>
#include <set>

#include "io/work.h"
#include "orchestrate/limits.h"
#include "orchestrate/run.h"
#include "project/selection.h"

namespace leat::orchestrate {
namespace {

Result<engine::TableSource> SourceOf(Workspace& workspace, const project::Asset& asset) {
  const std::string& name = asset.name.value();
  const std::size_t dot = name.rfind('.');
  LEAT_ASSIGN(auto source, workspace.Resolver()(dot == std::string::npos ? "" : name.substr(0, dot),
                                                name.substr(dot + 1)));
  if (!source) return NotFound("there is no table " + name);
  return std::move(*source);
}

TaskResult CheckAsset(Workspace& workspace, const project::Asset& asset) {
  TaskResult result{.asset = asset.name};
  const std::int64_t begun = workspace.environment().clock.MonotonicUs();
  const auto check = [&]() -> Status {
    LEAT_ASSIGN(const auto session, workspace.NewSession());
    LEAT_ASSIGN(const auto source, SourceOf(workspace, asset));
    const auto parameters = workspace.ParametersFor(std::nullopt);
    data::Schema schema;
    if (const auto* query = std::get_if<engine::QuerySource>(&source)) {
      LEAT_ASSIGN(auto bound, session->Bind(query->sql, parameters));
      schema = std::move(bound.schema);
    } else {
      schema = workspace.StoredSchema(asset.name).value_or(data::Schema{});
    }
    LEAT_ASSIGN(state::StateReader* const reader, workspace.reader());
    LEAT_ASSIGN(auto history, reader->RowCounts(asset.name, kMaxRowCountHistory));
    std::reverse(history.begin(), history.end());
    const quality::AuditInput input{.asset = asset,
                                    .schema = schema,
                                    .files = {},
                                    .published = source,
                                    .tables = workspace.Resolver(),
                                    .parameters = parameters,
                                    .row_count_history = std::move(history),
                                    .now = workspace.environment().clock.Now()};
    LEAT_ASSIGN(auto audited, quality::Audit(*session, workspace.environment().files, input, {}));
    result.checks = std::move(audited.checks);
    result.rows_read = audited.rows;
    if (!audited.publishable) result.status = state::TaskStatus::kFailed;
    return Ok();
  };
  Status status;
  try {
    status = check();
  } catch (const std::exception& e) {
    status = Bug(e.what());
  }
  if (!status.ok()) {
    result.status = status.error().kind() == ErrorKind::kCancelled ? state::TaskStatus::kCancelled
                                                                   : state::TaskStatus::kFailed;
    result.error = status.error();
  }
  result.duration_us = workspace.environment().clock.MonotonicUs() - begun;
  return result;
}

}  // namespace

Result<RunResult> RunChecks(Workspace& workspace, const std::vector<std::string>& select,
                            const std::vector<std::string>& exclude,
                            const io::CancelToken& cancel) {
  LEAT_ASSIGN(const auto names, project::Select(workspace.project(), select, exclude, {}));
  const std::set<AssetName> chosen(names.begin(), names.end());
  const auto work = std::make_shared<io::Work>(cancel);
  const io::WorkScope scope(work);
  const io::WorkWatch watch(work);
  const std::int64_t begun = workspace.environment().clock.MonotonicUs();
  RunResult result{.started_us = workspace.environment().clock.Now()};
  std::size_t failed = 0;
  for (const project::Asset& asset : workspace.project().assets) {
    if (!chosen.contains(asset.name) || asset.checks.empty() || !asset.broken.empty()) continue;
    if (cancel.cancelled()) {
      result.status = state::RunStatus::kCancelled;
      return result;
    }
    result.tasks.push_back(CheckAsset(workspace, asset));
    failed += result.tasks.back().status == state::TaskStatus::kSucceeded ? 0 : 1;
  }
  if (failed > 0) {
    result.status =
        failed == result.tasks.size() ? state::RunStatus::kFailed : state::RunStatus::kPartial;
  }
  result.duration_us = workspace.environment().clock.MonotonicUs() - begun;
  return result;
}

}  // namespace leat::orchestrate
