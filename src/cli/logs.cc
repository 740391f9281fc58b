#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/json.h"
#include "cli/app.h"
#include "cli/assets.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_progress.h"
#include "cli/text_width.h"
#include "io/terminal.h"

namespace leat::cli {
namespace {

struct LogsOptions {
  std::string run = "latest";
  std::string asset;
};

TextStyle StyleOf(state::LogLevel level) {
  switch (level) {
    case state::LogLevel::kError: return TextStyle::kRed;
    case state::LogLevel::kWarning: return TextStyle::kYellow;
    case state::LogLevel::kInfo: return TextStyle::kBold;
    case state::LogLevel::kDebug: return TextStyle::kDim;
  }
  return TextStyle::kDim;
}

std::string PlainLines(const App& app, const std::vector<state::LogRecord>& lines) {
  std::string text;
  for (const state::LogRecord& line : lines) {
    const std::string level = fmt::format("{:7}", ToString(line.level));
    text += fmt::format("{}  {}  {}{}\n", app.TimeText(line.time_us),
                        app.Styled(io::kStandardOutput, StyleOf(line.level), level),
                        line.asset.value().empty() ? "" : line.asset.value() + ": ", line.message);
  }
  return text;
}

data::Rows ToRows(const std::vector<state::LogRecord>& lines) {
  data::Rows rows{.schema = TextColumns({"time", "level", "run_id", "asset", "message"}),
                  .rows = {}};
  for (const state::LogRecord& line : lines) {
    const data::Value asset =
        line.asset.value().empty() ? data::Value() : data::Value(line.asset.value());
    rows.rows.push_back({data::Instant{line.time_us}, std::string(ToString(line.level)),
                         line.run.value(), asset, line.message});
  }
  return rows;
}

// The log of a run: what its records tell (begin and end of tasks, checks that warned), among the
// lines that were written while it ran.
class RunLog {
 public:
  explicit RunLog(const state::RunRecord& run) : run_(run) {}

  void Add(const state::TaskRecord& task) {
    const std::string interval = task.interval ? IntervalText(*task.interval) + ": " : "";
    if (task.status == state::TaskStatus::kSkipped) {
      Add(task.asset, task.ended_us.value_or(task.started_us), state::LogLevel::kWarning,
          interval +
              "skipped: " + (task.error.empty() ? "something that it reads failed" : task.error));
      return;
    }
    if (task.status == state::TaskStatus::kCancelled && task.error == state::kInterrupted) {
      Add(task.asset, task.ended_us.value_or(task.started_us), state::LogLevel::kError,
          interval + "not begun: the run was cut off");
      return;
    }
    const bool has_begun = task.status != state::TaskStatus::kCancelled || task.rows_read > 0;
    if (has_begun) {
      const std::string attempt =
          task.attempt > 1 ? fmt::format(", attempt {}", task.attempt) : std::string();
      Add(task.asset, task.started_us, state::LogLevel::kInfo, interval + "started" + attempt);
    }
    if (task.ended_us) Add(task.asset, *task.ended_us, LevelOf(task.status), interval + End(task));
  }

  // Checks that failed are in the error of their task; what they found is only kept here.
  void Add(const state::CheckRecord& check) {
    if (check.status == state::CheckStatus::kWarned) {
      Add(check.asset, check.checked_us, state::LogLevel::kWarning,
          fmt::format("check '{}': {} ({})", check.name, check.message, check.on_fail));
    }
    const Json samples = ParseOrderedJson(check.sample_json);
    if (!samples.is_array()) return;
    for (const Json& row : samples) {
      Add(check.asset, check.checked_us, state::LogLevel::kDebug,
          fmt::format("check '{}' found, for example: {}", check.name, Dump(row)));
    }
  }

  void Add(state::LogRecord line) { lines_.push_back(std::move(line)); }

  // With the begin and the end of the run itself.
  std::vector<state::LogRecord> Whole(const std::vector<state::TaskRecord>& tasks) && {
    Add(AssetName(), run_.started_us, state::LogLevel::kInfo, "run started: leat " + run_.command);
    std::rotate(lines_.begin(), lines_.end() - 1, lines_.end());
    std::vector<state::LogRecord> lines = std::move(*this).Sorted();
    if (run_.status == state::RunStatus::kRunning) return lines;
    const TimestampUs end = run_.ended_us.value_or(lines.back().time_us);
    std::set<std::string> all, succeeded;
    for (const state::TaskRecord& task : tasks) {
      const std::string name = TaskName(task.asset, task.interval);
      all.insert(name);
      if (task.status == state::TaskStatus::kSucceeded) succeeded.insert(name);
    }
    const bool is_cut_off = run_.error == state::kInterrupted;
    std::string why = run_.error.empty() ? "" : ": " + run_.error;
    if (is_cut_off) why = "; it was cut off, as its process ended without a word: leat retry";
    lines.push_back({.run = run_.id,
                     .time_us = end,
                     .level = run_.status == state::RunStatus::kSucceeded ? state::LogLevel::kInfo
                                                                          : state::LogLevel::kError,
                     .message = fmt::format("run {} after {}, {} of {}{}", ToString(run_.status),
                                            FormatDuration(end - run_.started_us), succeeded.size(),
                                            Counted(std::ssize(all), "task"), why)});
    return lines;
  }

  std::vector<state::LogRecord> Sorted() && {
    std::stable_sort(lines_.begin(), lines_.end(),
                     [](const auto& a, const auto& b) { return a.time_us < b.time_us; });
    return std::move(lines_);
  }

 private:
  static state::LogLevel LevelOf(state::TaskStatus status) {
    return status == state::TaskStatus::kSucceeded ? state::LogLevel::kInfo
                                                   : state::LogLevel::kError;
  }

  static std::string End(const state::TaskRecord& task) {
    std::string text = fmt::format("{} after {}", ToString(task.status),
                                   FormatDuration(*task.ended_us - task.started_us));
    if (task.status != state::TaskStatus::kSucceeded) return text;
    text += fmt::format(", {} read, {} written", Counted(task.rows_read, "row"),
                        WithThousands(task.rows_written));
    if (task.rows_quarantined > 0) {
      text += fmt::format(", {} quarantined", WithThousands(task.rows_quarantined));
    }
    if (task.version) text += fmt::format(", version {}", task.version->value());
    return text;
  }

  void Add(const AssetName& asset, TimestampUs time, state::LogLevel level, std::string message) {
    lines_.push_back({.run = run_.id,
                      .asset = asset,
                      .time_us = time,
                      .level = level,
                      .message = std::move(message)});
  }

  const state::RunRecord& run_;
  std::vector<state::LogRecord> lines_;
};

Result<std::vector<state::LogRecord>> ReadLog(state::StateReader& reader,
                                              const state::RunRecord& run,
                                              const std::optional<AssetName>& asset) {
  RunLog log(run);
  const auto is_asked = [&](const AssetName& name) { return !asset || name == *asset; };
  LEAT_ASSIGN(const auto checks, reader.Checks(run.id));
  for (const state::CheckRecord& check : checks) {
    if (is_asked(check.asset)) log.Add(check);
  }
  LEAT_ASSIGN(const auto tasks, reader.Tasks(run.id));
  for (const state::TaskRecord& task : tasks) {
    if (is_asked(task.asset)) log.Add(task);
  }
  LEAT_ASSIGN(auto lines, reader.Logs(run.id, asset));
  for (state::LogRecord& line : lines) log.Add(std::move(line));
  return asset ? std::move(log).Sorted() : std::move(log).Whole(tasks);
}

Status PrintLogs(App& app, orchestrate::Workspace& workspace, const LogsOptions& options) {
  std::optional<AssetName> asset;
  if (!options.asset.empty()) {
    LEAT_ASSIGN(const project::Asset* found, FindAsset(workspace.project(), options.asset));
    asset = found->name;
  }
  LEAT_ASSIGN(state::StateReader * reader, workspace.reader());
  if (reader->warning()) app.Warn(Corrupt(*reader->warning()));
  LEAT_ASSIGN(const state::RunRecord run, reader->Run(options.run));
  LEAT_ASSIGN(const auto lines, ReadLog(*reader, run, asset));
  if (!app.plain()) {
    PrintRows(app, ToRows(lines));
    return Ok();
  }
  app.Note("run " + run.id.value());
  app.Out(PlainLines(app, lines));
  if (asset && lines.empty()) app.Note(asset->value() + " was no part of this run");
  return Ok();
}

int RunLogs(App& app, const LogsOptions& options) {
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const Status printed = PrintLogs(app, *workspace, options);
  return printed.ok() ? kDone : app.Fail(printed.error());
}

}  // namespace

Command MakeLogs() {
  auto options = std::make_shared<LogsOptions>();
  return {.name = "logs",
          .summary = "Print what a run did, line by line: tasks, rows, durations, errors",
          .details = "Of a check that found rows, some of these rows are shown.",
          .options = {{"RUN", "", "a run's id or its beginning (default: latest)", &options->run},
                      {"TASK", "", "only the lines of this asset", &options->asset}},
          .examples = {{"leat logs", "the last run"},
                       {"leat logs 3f2a silver.orders", "one asset in another run"}},
          .run = [options](App& app) { return RunLogs(app, *options); }};
}

}  // namespace leat::cli
