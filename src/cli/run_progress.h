// Shows a run on standard error while it works.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "cli/app.h"
#include "cli/progress.h"
#include "orchestrate/run.h"

namespace leat::cli {

// Thread-safe, as its interface demands. The app outlives it.
class RunProgress final : public orchestrate::RunObserver {
 public:
  explicit RunProgress(App& app) : app_(app) {}

  void RunStarted(const RunId& run, const orchestrate::Plan& plan) override;
  void TaskStarted(const orchestrate::Step& step) override;
  void TaskProgressed(const orchestrate::Step& step, double fraction) override;
  void TaskFinished(const orchestrate::Step& step, const orchestrate::TaskResult& result) override;

  // Removes the block; what is printed next stands below the lines of finished tasks.
  void Stop();

 private:
  App& app_;
  std::unique_ptr<Progress> progress_;  // set by RunStarted, before any task; none when quiet
};

// "gold.sales 2026-11-01 to 2026-11-03": how people and logs name a task.
std::string TaskName(const AssetName& asset, const std::optional<Interval>& interval);
// "2026-11-01 to 2026-11-03"; times only where they are not midnight.
std::string IntervalText(const Interval& interval);

}  // namespace leat::cli
