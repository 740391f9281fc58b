#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/age.h"
#include "base/text.h"
#include "cli/app.h"
#include "cli/assets.h"
#include "cli/command.h"
#include "cli/limits.h"
#include "cli/output.h"
#include "cli/text_width.h"
#include "orchestrate/staleness.h"

namespace leat::cli {
namespace {

struct StatusOptions {
  std::int64_t runs = kDefaultStatusRuns;
  bool strict = false;
};

struct CheckCounts {
  int passed = 0, failed = 0, warned = 0, error = 0;
};

struct AssetStatus {
  const project::Asset* asset = nullptr;
  std::optional<state::TaskRecord> task;  // the latest
  std::optional<TableVersion> version;    // of the table, whoever wrote it
  std::optional<TimestampUs> updated_us;  // when that version was committed
  std::optional<std::int64_t> rows;       // of that version
  bool is_gone = false;                   // a run wrote the table, and it does not exist
  CheckCounts checks;                     // of the last run that checked it
  std::vector<orchestrate::Remark> remarks;
};

struct ProjectStatus {
  std::vector<AssetStatus> assets;
  std::vector<state::RunRecord> runs;
  TimestampUs now = 0;
};

void Count(const state::CheckRecord& check, CheckCounts& counts) {
  switch (check.status) {
    case state::CheckStatus::kPassed: counts.passed++; break;
    case state::CheckStatus::kFailed: counts.failed++; break;
    case state::CheckStatus::kWarned: counts.warned++; break;
    case state::CheckStatus::kError: counts.error++; break;
  }
}

// The table's latest version, if there is a table.
Status AddTable(orchestrate::Workspace& workspace, AssetStatus& status) {
  if (status.asset->is_view()) return Ok();
  const AssetName& name = status.asset->name;
  const auto remark = [&](std::string text) {
    status.remarks.push_back({.asset = name, .text = std::move(text), .is_warning = true});
  };
  const auto snapshot = workspace.TableOf(name).Load();
  if (!snapshot.ok() && snapshot.error().kind() == ErrorKind::kNotFound) {
    LEAT_ASSIGN(state::StateReader* const reader, workspace.reader());
    LEAT_ASSIGN(const auto written, reader->RowCounts(name, 1));
    status.is_gone = !written.empty();
    if (status.is_gone) remark("its table is gone: leat run -s " + name.value() + " makes it anew");
    return Ok();
  }
  if (!snapshot.ok()) {
    remark("its table cannot be read: " + snapshot.error().message());
    return Ok();
  }
  status.rows = orchestrate::RowCount(**snapshot);
  const auto* model = std::get_if<project::ModelSpec>(&status.asset->spec);
  if (model != nullptr && model->materialized != project::Materialization::kInterval) {
    const auto fingerprint = orchestrate::ReadFingerprint(**snapshot);
    if (fingerprint && *fingerprint != status.asset->fingerprint && status.asset->broken.empty())
      remark("its definition changed since it was computed: leat run -s " + name.value());
  }
  if (model != nullptr) {
    LEAT_ASSIGN(const auto newer, orchestrate::NewerInputs(workspace, *status.asset));
    if (!newer.empty()) remark("out of date: " + Join(newer, ", "));
  }
  status.version = (*snapshot)->version();
  status.updated_us = (*snapshot)->timestamp_ms() * kMicrosPerMilli;
  return Ok();
}

Result<ProjectStatus> Collect(App& app, orchestrate::Workspace& workspace, std::int64_t run_count) {
  LEAT_ASSIGN(state::StateReader * reader, workspace.reader());
  if (reader->warning()) app.Warn(Corrupt(*reader->warning()));
  ProjectStatus status{.now = app.environment().clock.Now()};
  LEAT_ASSIGN(status.runs, reader->Runs(static_cast<std::size_t>(run_count)));
  LEAT_ASSIGN(const auto tasks, reader->LatestTaskPerAsset());
  LEAT_ASSIGN(const auto checks, reader->LatestChecksPerAsset());
  std::map<AssetName, CheckCounts> counts;
  for (const state::CheckRecord& check : checks) Count(check, counts[check.asset]);
  for (const project::Asset& asset : workspace.project().assets) {
    AssetStatus& entry = status.assets.emplace_back();
    entry.asset = &asset;
    entry.checks = counts[asset.name];
    const auto task = std::find_if(tasks.begin(), tasks.end(),
                                   [&](const auto& record) { return record.asset == asset.name; });
    if (task != tasks.end()) entry.task = *task;
    if (!asset.broken.empty()) {
      entry.remarks.push_back(
          {.asset = asset.name, .text = "left out: " + asset.broken, .is_warning = true});
    }
    LEAT_TRY(AddTable(workspace, entry));
    LEAT_ASSIGN(auto remarks, orchestrate::RemarksOn(workspace, {asset.name}));
    for (auto& remark : remarks) entry.remarks.push_back(std::move(remark));
  }
  return status;
}

std::string StatusWord(const AssetStatus& status) {
  if (status.is_gone) return "table is gone";
  const bool is_unbegun = status.task && status.task->status == state::TaskStatus::kCancelled &&
                          status.task->error == state::kInterrupted;
  if (is_unbegun) return "not run";  // when the run was cut off
  return status.task ? ToString(status.task->status) : "never run";
}

Json OptionalTime(const std::optional<TimestampUs>& time) {
  return time ? ToJsonTime(*time) : Json(nullptr);
}

Json ToJson(const AssetStatus& status, TimestampUs now) {
  const auto& task = status.task;
  Json interval = nullptr;
  if (task && task->interval) {
    interval = {{"start", ToJsonTime(task->interval->start)},
                {"end", ToJsonTime(task->interval->end)}};
  }
  const CheckCounts& checks = status.checks;
  Json object = {{"asset", status.asset->name.value()}, {"kind", KindOf(*status.asset)}};
  object["status"] = task ? Json(ToString(task->status)) : Json(nullptr);
  object["run_id"] = task ? Json(task->run.value()) : Json(nullptr);
  object["started_at"] = task ? ToJsonTime(task->started_us) : Json(nullptr);
  object["ended_at"] = task ? OptionalTime(task->ended_us) : Json(nullptr);
  object["interval"] = interval;
  object["rows_written"] = task ? cli::ToJson(task->rows_written) : Json(nullptr);
  object["rows_quarantined"] = task ? cli::ToJson(task->rows_quarantined) : Json(nullptr);
  object["error"] = task && !task->error.empty() ? Json(task->error) : Json(nullptr);
  object["version"] = status.version ? Json(status.version->value()) : Json(nullptr);
  object["updated_at"] = OptionalTime(status.updated_us);
  object["age_seconds"] =
      status.updated_us ? Json((now - *status.updated_us) / kMicrosPerSecond) : Json(nullptr);
  object["rows"] = status.rows ? cli::ToJson(*status.rows) : Json(nullptr);
  object["is_gone"] = status.is_gone;
  object["remarks"] = Json::array();
  for (const orchestrate::Remark& remark : status.remarks) {
    object["remarks"].push_back(
        {{"message", remark.text}, {"severity", remark.is_warning ? "warning" : "note"}});
  }
  object["checks"] = {{"passed", checks.passed},
                      {"failed", checks.failed},
                      {"warned", checks.warned},
                      {"error", checks.error}};
  return object;
}

Json ToJson(const state::RunRecord& run) {
  Json object = {{"run_id", run.id.value()},
                 {"status", ToString(run.status)},
                 {"command", run.command},
                 {"started_at", ToJsonTime(run.started_us)},
                 {"ended_at", OptionalTime(run.ended_us)}};
  object["duration_ms"] =
      run.ended_us ? Json((*run.ended_us - run.started_us) / kMicrosPerMilli) : Json(nullptr);
  object["error"] = run.error.empty() ? Json(nullptr) : Json(run.error);
  return object;
}

Json ToJson(const ProjectStatus& status) {
  Json assets = Json::array();
  for (const AssetStatus& asset : status.assets) assets.push_back(ToJson(asset, status.now));
  Json runs = Json::array();
  for (const state::RunRecord& run : status.runs) runs.push_back(ToJson(run));
  return {{"assets", assets}, {"runs", runs}};
}

std::string ChecksText(const CheckCounts& checks) {
  const int all = checks.passed + checks.failed + checks.warned + checks.error;
  if (all == 0) return "";
  std::string text = fmt::format("{}/{} passed", checks.passed, all);
  if (checks.failed > 0) text += fmt::format(", {} failed", checks.failed);
  if (checks.warned > 0) text += fmt::format(", {} warned", checks.warned);
  if (checks.error > 0) text += fmt::format(", {} not evaluated", checks.error);
  return text;
}

std::vector<data::Value> SharedCells(const AssetStatus& entry) {
  data::Value version;
  if (entry.version) version = static_cast<std::int64_t>(entry.version->value());
  return {entry.asset->name.value(), KindOf(*entry.asset), StatusWord(entry), version};
}

data::Value NumberOf(const AssetStatus& entry, std::int64_t state::TaskRecord::* member) {
  return entry.task ? data::Value((*entry.task).*member) : data::Value();
}

data::Rows PlainAssets(const ProjectStatus& status) {
  data::Rows rows{.schema = TextColumns({"asset", "kind", "status", "version", "updated", "rows",
                                         "new", "quarantined", "checks"}),
                  .rows = {}};
  for (const AssetStatus& entry : status.assets) {
    std::vector<data::Value> row = SharedCells(entry);
    row.push_back(entry.updated_us ? data::Value(AgeText(status.now - *entry.updated_us))
                                   : data::Value());
    row.push_back(entry.rows ? data::Value(*entry.rows) : data::Value());
    row.push_back(NumberOf(entry, &state::TaskRecord::rows_written));
    row.push_back(NumberOf(entry, &state::TaskRecord::rows_quarantined));
    row.emplace_back(ChecksText(entry.checks));
    rows.rows.push_back(std::move(row));
  }
  return rows;
}

data::Rows CsvAssets(const ProjectStatus& status) {
  data::Rows rows{.schema = TextColumns({"asset", "kind", "status", "version", "updated_at",
                                         "rows_written", "rows_quarantined", "checks_passed",
                                         "checks_failed", "checks_warned", "checks_error", "rows"}),
                  .rows = {}};
  for (const AssetStatus& entry : status.assets) {
    std::vector<data::Value> row = SharedCells(entry);
    row.push_back(entry.updated_us ? data::Value(data::Instant{*entry.updated_us}) : data::Value());
    row.push_back(NumberOf(entry, &state::TaskRecord::rows_written));
    row.push_back(NumberOf(entry, &state::TaskRecord::rows_quarantined));
    const CheckCounts& checks = entry.checks;
    for (const int count : {checks.passed, checks.failed, checks.warned, checks.error}) {
      row.emplace_back(std::int64_t{count});
    }
    row.push_back(entry.rows ? data::Value(*entry.rows) : data::Value());
    rows.rows.push_back(std::move(row));
  }
  return rows;
}

data::Rows RunRows(const ProjectStatus& status) {
  data::Rows rows{.schema = TextColumns({"run", "status", "started", "duration", "command"}),
                  .rows = {}};
  for (const state::RunRecord& run : status.runs) {
    const TimestampUs end = run.ended_us.value_or(status.now);
    rows.rows.push_back({run.id.value(), std::string(ToString(run.status)),
                         AgeText(status.now - run.started_us), FormatDuration(end - run.started_us),
                         run.command});
  }
  return rows;
}

std::string Plain(App& app, const ProjectStatus& status) {
  std::string text = PlainTable(app, PlainAssets(status));
  std::string remarks;
  for (const AssetStatus& entry : status.assets) {
    for (const orchestrate::Remark& remark : entry.remarks) {
      remarks += fmt::format("{}{}: {}\n", remark.is_warning ? "warning: " : "",
                             remark.asset.value(), remark.text);
    }
  }
  if (!remarks.empty()) text += "\n" + remarks;
  if (status.runs.empty()) return text + "\nNo runs yet: leat run\n";
  text += "\nLast runs (leat logs RUN)\n" + PlainTable(app, RunRows(status));
  for (const AssetStatus& entry : status.assets) {
    if (!entry.task || entry.task->status != state::TaskStatus::kFailed) continue;
    text += fmt::format("\n{}: {}\n", entry.asset->name.value(), entry.task->error);
  }
  return text;
}

int RunStatus(App& app, const StatusOptions& options) {
  if (options.runs < 0 || options.runs > kMaxListedRows) {
    return app.Fail(InvalidInput(fmt::format("--runs must be 0 to {}", kMaxListedRows)));
  }
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto status = Collect(app, *workspace, options.runs);
  if (!status.ok()) return app.Fail(status.error());
  PrintReport(app, {.json = [&] { return ToJson(*status); },
                    .csv = [&] { return CsvAssets(*status); },
                    .plain = [&] { return Plain(app, *status); }});
  const bool has_warnings =
      std::any_of(status->assets.begin(), status->assets.end(), [](const AssetStatus& entry) {
        return std::any_of(entry.remarks.begin(), entry.remarks.end(),
                           [](const auto& remark) { return remark.is_warning; });
      });
  return options.strict && has_warnings ? kWarnings : kDone;
}

}  // namespace

Command MakeStatus() {
  auto options = std::make_shared<StatusOptions>();
  return {.name = "status",
          .summary = "Show every asset's last task, how fresh its table is, and the last runs",
          .options = {{"--runs", "N", "at most N runs (5)", &options->runs},
                      {"--strict", "", "exit code 3 when something is out of date or missing",
                       &options->strict}},
          .examples = {{"leat status", "the project at a glance"},
                       {"leat status -o json", "for a program"}},
          .run = [options](App& app) { return RunStatus(app, *options); }};
}

}  // namespace leat::cli
