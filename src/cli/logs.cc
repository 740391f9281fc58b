#include <fmt/format.h>

#include <memory>

#include "cli/app.h"
#include "cli/assets.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_progress.h"
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
    text += fmt::format("{}  {}  {}{}\n", FormatTimestamp(line.time_us),
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

// What a person needs to know of a run besides its log: who ran, and how it went.
data::Rows TaskRows(const std::vector<state::TaskRecord>& tasks,
                    const std::optional<AssetName>& asset) {
  data::Rows rows{
      .schema = TextColumns({"task", "attempt", "status", "started", "rows", "version"}),
      .rows = {}};
  for (const state::TaskRecord& task : tasks) {
    if (asset && task.asset != *asset) continue;
    data::Value version;
    if (task.version) version = static_cast<std::int64_t>(task.version->value());
    rows.rows.push_back({TaskName(task.asset, task.interval),
                         static_cast<std::int64_t>(task.attempt),
                         std::string(ToString(task.status)), FormatTimestamp(task.started_us),
                         task.rows_written, version});
  }
  return rows;
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
  LEAT_ASSIGN(const auto lines, reader->Logs(run.id, asset));
  if (!app.plain()) {
    PrintRows(app, ToRows(lines));
    return Ok();
  }
  app.Note(fmt::format("run {} ({}): {}", run.id.value(), run.command, ToString(run.status)));
  LEAT_ASSIGN(const auto tasks, reader->Tasks(run.id));
  app.Out(PlainTable(app, TaskRows(tasks, asset)));
  if (!lines.empty()) app.Out("\n" + PlainLines(app, lines));
  if (!run.error.empty()) app.Note("the run ended with: " + run.error);
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
          .summary = "Print what a run logged",
          .options = {{"RUN", "", "a run's id or its beginning (default: latest)", &options->run},
                      {"TASK", "", "only the lines of this asset", &options->asset}},
          .examples = {{"leat logs", "the last run"},
                       {"leat logs 3f2a silver.orders", "one asset in another run"}},
          .run = [options](App& app) { return RunLogs(app, *options); }};
}

}  // namespace leat::cli
