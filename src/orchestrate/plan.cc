// What a request runs, decided in one place.
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "orchestrate/ledger.h"
#include "orchestrate/run.h"
#include "project/selection.h"

namespace leat::orchestrate {
namespace {

using project::Asset;

class Planner {
 public:
  Planner(Workspace& workspace, const RunRequest& request)
      : workspace_(workspace), request_(request) {}

  Result<Plan> Make() {
    LEAT_ASSIGN(const std::vector<AssetName> selected, Selected());
    const std::set<AssetName> chosen(selected.begin(), selected.end());
    if (request_.resume) {
      LEAT_TRY(ReadResumed());
    }
    FindLeftOut();
    for (const Asset& asset : workspace_.project().assets) {
      std::vector<StepKind> kinds;
      if (chosen.contains(asset.name) && (!request_.resume || resumed_.contains(asset.name))) {
        plan_.selected.push_back(asset.name);
        const auto out = left_out_.find(asset.name);
        if (out == left_out_.end()) {
          LEAT_ASSIGN(kinds, KindsOf(asset));
        } else {
          plan_.left_out.push_back(out->second);
        }
      }
      AddSteps(asset, kinds);
    }
    return std::move(plan_);
  }

 private:
  Result<std::vector<AssetName>> Selected() {
    std::set<AssetName> modified;
    if (UsesModified()) {
      LEAT_ASSIGN(modified, Modified());
    }
    return project::Select(workspace_.project(), request_.select, request_.exclude, modified);
  }

  // What is wrong, and all that reads it. Assets of a cycle have no order: until nothing is added.
  void FindLeftOut() {
    for (std::size_t known = SIZE_MAX; known != left_out_.size();) {
      known = left_out_.size();
      for (const Asset& asset : workspace_.project().assets) {
        if (left_out_.contains(asset.name)) continue;
        const auto unbound = request_.unbound.find(asset.name);
        if (!asset.broken.empty()) {
          left_out_[asset.name] = {asset.name, asset.name, asset.broken};
        } else if (unbound != request_.unbound.end()) {
          left_out_[asset.name] = {asset.name, asset.name, unbound->second};
        }
        for (const AssetName& input : asset.dependencies) {
          const auto out = left_out_.find(input);
          if (out == left_out_.end() || left_out_.contains(asset.name)) continue;
          left_out_[asset.name] = {asset.name, out->second.cause,
                                   "reads " + input.value() + ", which is left out"};
        }
      }
    }
  }

  // Whose definition is another one than the table was made by; of a view, than it had when it was
  // last part of a run. Where that is not known, the tables that read it tell: its definition is a
  // part of theirs.
  Result<std::set<AssetName>> Modified() {
    LEAT_ASSIGN(state::StateReader* const reader, workspace_.reader());
    LEAT_ASSIGN(const auto definitions, reader->Definitions());
    std::set<AssetName> modified, current;
    for (const Asset& asset : workspace_.project().assets) {
      const auto known = definitions.find(asset.name);
      std::optional<std::string> fingerprint;
      if (!asset.is_view()) {
        const auto snapshot = workspace_.TableOf(asset.name).Load();
        if (snapshot.ok()) fingerprint = ReadFingerprint(**snapshot);
      } else if (known != definitions.end()) {
        fingerprint = known->second;
      }
      (fingerprint == asset.fingerprint ? current : modified).insert(asset.name);
    }
    const auto& assets = workspace_.project().assets;
    for (auto view = assets.rbegin(); view != assets.rend(); ++view) {  // readers first
      if (!view->is_view() || definitions.contains(view->name)) continue;
      const bool is_current = std::any_of(assets.begin(), assets.end(), [&](const Asset& asset) {
        const auto& reads = asset.dependencies;
        return current.contains(asset.name) &&
               std::find(reads.begin(), reads.end(), view->name) != reads.end();
      });
      if (is_current && modified.erase(view->name) > 0) current.insert(view->name);
    }
    return modified;
  }

  // Reading every table's log is needed only for state:modified.
  bool UsesModified() const {
    for (const auto* texts : {&request_.select, &request_.exclude}) {
      for (const std::string& text : *texts) {
        if (text.find("state:modified") != std::string::npos) return true;
      }
    }
    return false;
  }

  Status ReadResumed() {
    LEAT_ASSIGN(state::StateReader* const reader, workspace_.reader());
    LEAT_ASSIGN(const auto tasks, reader->Tasks(*request_.resume));
    std::map<std::pair<AssetName, TimestampUs>, state::TaskRecord> last;  // attempt of each
    for (const state::TaskRecord& task : tasks) {
      last.insert_or_assign({task.asset, task.interval ? task.interval->start : 0}, task);
    }
    for (const auto& [key, task] : last) {
      if (task.status == state::TaskStatus::kSucceeded) continue;
      auto& intervals = resumed_[task.asset];
      if (task.interval) intervals.push_back(*task.interval);
    }
    return Ok();
  }

  Result<std::vector<StepKind>> KindsOf(const Asset& asset) {
    if (std::holds_alternative<project::SourceSpec>(asset.spec))
      return std::vector<StepKind>{LoadFiles()};
    if (std::holds_alternative<project::SeedSpec>(asset.spec))
      return std::vector<StepKind>{LoadSeed()};
    const auto& model = std::get<project::ModelSpec>(asset.spec);
    if (model.materialized == project::Materialization::kView)
      return std::vector<StepKind>{CreateView()};
    if (model.materialized != project::Materialization::kInterval)
      return std::vector<StepKind>{BuildTable()};
    return IntervalsOf(asset);
  }

  Result<std::vector<StepKind>> IntervalsOf(const Asset& asset) {
    const Grain grain = ParseGrain(asset.schedule).value_or(Grain::kDay);
    if (const auto owed = resumed_.find(asset.name);
        owed != resumed_.end() && !owed->second.empty()) {
      std::vector<StepKind> kinds;
      for (const Interval& interval : owed->second) kinds.push_back(BuildInterval{interval});
      return kinds;
    }
    if (request_.window) {
      const TimestampUs last = FloorTo(grain, request_.window->end);
      const TimestampUs end =
          last == request_.window->end ? last : NextAfter(grain, request_.window->end);
      return std::vector<StepKind>{BuildInterval{{FloorTo(grain, request_.window->start), end}}};
    }
    const auto start = asset.start ? asset.start : workspace_.project().start;
    if (!start) {
      return InvalidInput(asset.name.value() +
                          " has no start, so it is unknown which intervals are missing")
          .At(asset.location)
          .WithHint(
              "add `start: 2026-01-01` to the asset or to leat.yml, or give --start and --end");
    }
    const Interval whole{FloorTo(grain, *start),
                         FloorTo(grain, workspace_.environment().clock.Now())};
    std::vector<StepKind> kinds;
    if (!request_.full_refresh) kinds.emplace_back(ReviewDone{});
    if (whole.start >= whole.end) return kinds;
    IntervalSet done;
    const auto snapshot = workspace_.TableOf(asset.name).Load();
    if (snapshot.ok() && !request_.full_refresh) {
      LEAT_ASSIGN(done, ReadIntervals(**snapshot));
    } else if (!snapshot.ok() && snapshot.error().kind() != ErrorKind::kNotFound) {
      return snapshot.error();
    }
    for (const Interval& gap : done.Gaps(whole)) kinds.push_back(BuildInterval{gap});
    return kinds;
  }

  // Steps of one asset run one after the other; they wait for all steps of the assets that this one
  // reads, also through assets that the plan leaves out.
  void AddSteps(const Asset& asset, const std::vector<StepKind>& kinds) {
    std::set<std::size_t> after;
    for (const AssetName& name : asset.dependencies) {
      after.insert(reached_[name].begin(), reached_[name].end());
    }
    std::set<std::size_t> last = after;
    for (const StepKind& kind : kinds) {
      plan_.steps.push_back(
          {.asset = asset.name, .kind = kind, .after = {last.begin(), last.end()}});
      last = {plan_.steps.size() - 1};
    }
    reached_[asset.name] = std::move(last);
  }

  Workspace& workspace_;
  const RunRequest& request_;
  Plan plan_;
  std::map<AssetName, std::set<std::size_t>> reached_;  // the steps after which an asset is ready
  std::map<AssetName, std::vector<Interval>> resumed_;  // what is owed; none: not by intervals
  std::map<AssetName, LeftOut> left_out_;
};

}  // namespace

Result<Plan> MakePlan(Workspace& workspace, const RunRequest& request) {
  if (request.window && request.window->start >= request.window->end) {
    return InvalidInput("--end " + FormatTimestamp(request.window->end) + " is not after --start " +
                        FormatTimestamp(request.window->start))
        .WithHint("an interval is [start, end): the end itself is not part of it");
  }
  return Planner(workspace, request).Make();
}

}  // namespace leat::orchestrate
