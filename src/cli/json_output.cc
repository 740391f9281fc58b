#include "cli/json_output.h"

#include <algorithm>

namespace leat::cli {
namespace {

Json ToJson(const quality::CheckOutcome& check) {
  Json object = {{"name", check.name}};
  object["column"] = check.column.empty() ? Json(nullptr) : Json(check.column);
  object["status"] = quality::ToString(check.status);
  object["failing_rows"] = cli::ToJson(check.failing_rows);
  object["on_fail"] = quality::ToString(check.on_fail);
  object["message"] = check.message.empty() ? Json(nullptr) : Json(check.message);
  object["location"] = {{"file", check.location.file},
                        {"line", check.location.line},
                        {"column", check.location.column}};
  Json samples = Json::array();
  for (const auto& row : check.samples.rows) {
    samples.push_back(cli::ToJson(check.samples.schema, row));
  }
  object["samples"] = std::move(samples);
  return object;
}

std::optional<Interval> IntervalOf(const orchestrate::Step& step) {
  if (const auto* build = std::get_if<orchestrate::BuildInterval>(&step.kind))
    return build->interval;
  return std::nullopt;
}

}  // namespace

Json ToJson(const std::optional<Interval>& interval) {
  if (!interval) return nullptr;
  return {{"start", ToJsonTime(interval->start)}, {"end", ToJsonTime(interval->end)}};
}

const char* StatusWord(const orchestrate::RunResult& result) {
  if (result.status != state::RunStatus::kCancelled) return state::ToString(result.status);
  const bool any_done = std::any_of(result.tasks.begin(), result.tasks.end(), [](const auto& task) {
    return task.status == state::TaskStatus::kSucceeded;
  });
  return any_done ? "partial" : "failed";
}

Json ToJson(const orchestrate::TaskResult& task) {
  Json object = {{"asset", task.asset.value()},
                 {"status", state::ToString(task.status)},
                 {"attempt", task.attempt},
                 {"interval", ToJson(task.interval)},
                 {"rows_read", ToJson(task.rows_read)},
                 {"rows_written", ToJson(task.rows_written)},
                 {"rows_quarantined", ToJson(task.rows_quarantined)},
                 {"bytes_written", ToJson(task.bytes_written)}};
  object["version"] = task.version ? Json(task.version->value()) : Json(nullptr);
  object["duration_ms"] = task.duration_us / kMicrosPerMilli;
  object["error"] = task.error ? Json(task.error->PlacedMessage()) : Json(nullptr);
  const bool has_hint = task.error && !task.error->hint().empty();
  object["hint"] = has_hint ? Json(task.error->hint()) : Json(nullptr);
  object["notes"] = task.notes;
  Json checks = Json::array();
  for (const quality::CheckOutcome& check : task.checks) checks.push_back(ToJson(check));
  object["checks"] = std::move(checks);
  return object;
}

Json ToJson(const orchestrate::RunResult& result) {
  Json tasks = Json::array();
  for (const orchestrate::TaskResult& task : result.tasks) tasks.push_back(ToJson(task));
  return {{"run_id", result.id.value()},
          {"status", StatusWord(result)},
          {"started_at", ToJsonTime(result.started_us)},
          {"duration_ms", result.duration_us / kMicrosPerMilli},
          {"tasks", std::move(tasks)},
          {"warnings", result.warnings}};
}

const char* ActionOf(const orchestrate::StepKind& kind) {
  struct Visitor {
    const char* operator()(const orchestrate::LoadFiles&) const { return "load_files"; }
    const char* operator()(const orchestrate::LoadSeed&) const { return "load_seed"; }
    const char* operator()(const orchestrate::CreateView&) const { return "create_view"; }
    const char* operator()(const orchestrate::BuildTable&) const { return "build_table"; }
    const char* operator()(const orchestrate::ReviewDone&) const { return "review_done"; }
    const char* operator()(const orchestrate::BuildInterval&) const { return "build_interval"; }
  };
  return std::visit(Visitor(), kind);
}

Json ToJson(const orchestrate::Plan& plan) {
  Json steps = Json::array();
  for (std::size_t i = 0; i < plan.steps.size(); i++) {
    const orchestrate::Step& step = plan.steps[i];
    steps.push_back({{"id", i},
                     {"asset", step.asset.value()},
                     {"action", ActionOf(step.kind)},
                     {"interval", ToJson(IntervalOf(step))},
                     {"after", step.after}});
  }
  return {{"steps", std::move(steps)}};
}

}  // namespace leat::cli
