#include "cli/run_progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/limits.h"
#include "cli/text_width.h"
#include "io/terminal.h"

namespace leat::cli {
namespace {

std::optional<Interval> IntervalOf(const orchestrate::Step& step) {
  if (const auto* build = std::get_if<orchestrate::BuildInterval>(&step.kind))
    return build->interval;
  return std::nullopt;
}

std::string NameOf(const orchestrate::Step& step) { return TaskName(step.asset, IntervalOf(step)); }

TaskOutcome::Status StatusOf(state::TaskStatus status) {
  switch (status) {
    case state::TaskStatus::kSucceeded: return TaskOutcome::Status::kSucceeded;
    case state::TaskStatus::kSkipped: return TaskOutcome::Status::kSkipped;
    case state::TaskStatus::kCancelled: return TaskOutcome::Status::kCancelled;
    case state::TaskStatus::kFailed:
    case state::TaskStatus::kRunning: return TaskOutcome::Status::kFailed;
  }
  return TaskOutcome::Status::kFailed;
}

std::size_t LongestName(const orchestrate::Plan& plan) {
  std::size_t longest = 0;
  for (const orchestrate::Step& step : plan.steps) {
    longest = std::max(longest, DisplayWidth(NameOf(step)));
  }
  return std::min(longest, kMaxTaskNameWidth);
}

bool StoresRows(const orchestrate::StepKind& kind) {
  return !std::holds_alternative<orchestrate::CreateView>(kind);
}

std::string DayText(TimestampUs time) {
  return time % kMicrosPerDay == 0 ? FormatTimestamp(time).substr(0, 10) : FormatTimestamp(time);
}

}  // namespace

std::string IntervalText(const Interval& interval) {
  return DayText(interval.start) + " to " + DayText(interval.end);
}

std::string TaskName(const AssetName& asset, const std::optional<Interval>& interval) {
  return interval ? asset.value() + " " + IntervalText(*interval) : asset.value();
}

void RunProgress::RunStarted(const RunId& run, const orchestrate::Plan& plan) {
  app_.Detail("run " + run.value());
  if (app_.options().quiet) return;
  constexpr int kStream = io::kStandardError;
  const bool live = app_.console().IsTerminal(kStream) && io::SupportsEscapes(kStream);
  ProgressOptions options{.live = live,
                          .color = app_.colored(kStream),
                          .total_tasks = plan.steps.size(),
                          .name_width = LongestName(plan),
                          .width = [this] { return app_.console().Width(kStream); },
                          .write =
                              [this](std::string_view text) {
                                const auto written =
                                    app_.console().Write(kStream, app_.Redact(text));
                                return written.ok() && *written;
                              }};
  progress_ = std::make_unique<Progress>(std::move(options), app_.environment().clock);
}

void RunProgress::TaskStarted(const orchestrate::Step& step) {
  if (progress_) progress_->Started(NameOf(step));
}

void RunProgress::TaskProgressed(const orchestrate::Step& step, double fraction) {
  if (progress_) progress_->Progressed(NameOf(step), {.fraction = fraction});
}

void RunProgress::TaskFinished(const orchestrate::Step& step,
                               const orchestrate::TaskResult& result) {
  if (!progress_) return;
  TaskOutcome outcome{.status = StatusOf(result.status),
                      .rows_quarantined = result.rows_quarantined,
                      .duration_us = result.duration_us};
  if (outcome.status == TaskOutcome::Status::kSucceeded && StoresRows(step.kind)) {
    outcome.rows_written = result.rows_written;
  }
  if (result.error) outcome.message = result.error->ToString();
  if (result.status == state::TaskStatus::kSkipped && !result.error)
    outcome.message = "something that it reads failed";
  progress_->Finished(NameOf(step), outcome);
  for (const std::string& note : result.notes) {
    progress_->Print("note: " + app_.Redact(OneLine(NameOf(step) + ": " + note)));
  }
}

void RunProgress::Stop() {
  if (progress_) progress_->Stop();
}

}  // namespace leat::cli
