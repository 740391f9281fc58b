#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/app.h"
#include "cli/command.h"
#include "cli/limits.h"
#include "cli/output.h"
#include "cli/text_width.h"
#include "cli/version.h"
#include "connect/file/file_source.h"
#include "connect/secrets.h"
#include "io/machine.h"
#include "io/terminal.h"
#include "project/loader.h"
#include "project/timezone.h"

namespace leat::cli {
namespace {

enum class Verdict { kOk, kWarning, kProblem };

const char* ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk: return "ok";
    case Verdict::kWarning: return "warning";
    case Verdict::kProblem: return "problem";
  }
  return "problem";
}

struct Finding {
  std::string check;
  Verdict verdict = Verdict::kOk;
  std::string found;
  std::string advice = {};  // what to do; empty when ok
};

Finding FromError(const std::string& check, Verdict verdict, const Error& error) {
  return {check, verdict, error.message(), error.hint()};
}

std::string Gigabytes(std::int64_t bytes) {
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

Finding CheckMemory() {
  const auto memory = io::Memory();
  if (!memory.ok()) return FromError("memory", Verdict::kWarning, memory.error());
  const std::string found = fmt::format("{} available of {}", Gigabytes(memory->available_bytes),
                                        Gigabytes(memory->total_bytes));
  if (memory->available_bytes >= kLowMemoryBytes) return {"memory", Verdict::kOk, found};
  return {"memory", Verdict::kWarning, found,
          "large joins and sorts may fail: stop other programs, or use a machine with at least 2 "
          "GB free"};
}

Finding CheckEngine(App& app, const engine::EngineOptions& options) {
  const auto engine = engine::Engine::Open(app.environment(), options);
  if (!engine.ok()) return FromError("engine", Verdict::kProblem, engine.error());
  const auto rows = (*engine)->NewSession()->Query(
      "select version(), current_setting('memory_limit'), current_setting('threads')::bigint");
  if (!rows.ok()) return FromError("engine", Verdict::kProblem, rows.error());
  const auto& facts = rows->rows[0];
  return {"engine", Verdict::kOk,
          fmt::format("DuckDB {}, with {} of memory and {}", PlainText(facts[0]),
                      PlainText(facts[1]), Counted(std::get<std::int64_t>(facts[2]), "thread"))};
}

// What the project says of the engine, if there is one that can be read.
engine::EngineOptions EngineOptionsHere(App& app) {
  if (!app.InProject()) return {};
  const auto loaded =
      project::LoadProject(app.environment(), ".", {.environment = app.options().environment});
  if (!loaded.project) return {};
  auto options = orchestrate::EngineOptionsOf(*loaded.project);
  return options.ok() ? *std::move(options) : engine::EngineOptions{};
}

Finding CheckTimeZones(App& app, const std::string& timezone) {
  const Status known = project::CheckTimezone(app.environment().files, "Europe/Berlin");
  if (!known.ok()) {
    return {"time zones", Verdict::kProblem, "the time zone database is missing",
            "install it: apt-get install tzdata"};
  }
  const Status own = project::CheckTimezone(app.environment().files, timezone);
  if (!own.ok()) return FromError("time zones", Verdict::kProblem, own.error());
  return {"time zones", Verdict::kOk, "the project's is " + timezone};
}

Finding CheckTerminal(App& app) {
  const Console& console = app.console();
  if (!console.IsTerminal(io::kStandardOutput)) {
    return {"terminal", Verdict::kOk, "output goes to a file or pipe: plain lines"};
  }
  return {"terminal", Verdict::kOk,
          fmt::format("{} columns, {}", console.Width(io::kStandardOutput),
                      app.colored(io::kStandardOutput) ? "colours" : "no colours")};
}

// The nearest folder that exists: storage is made by the first run.
std::string ExistingFolder(io::FileSystem& files, std::string path) {
  while (!files.Stat(path).ok() && path != io::ParentPath(path)) path = io::ParentPath(path);
  return path;
}

Finding CheckDisk(App& app, const std::string& storage) {
  const std::string folder = ExistingFolder(app.environment().files, storage);
  const auto free = io::FreeDiskBytes(folder);
  if (!free.ok()) return FromError("disk space", Verdict::kWarning, free.error());
  const std::string found = fmt::format("{} free in {}", Gigabytes(*free), folder);
  if (*free >= kLowDiskBytes) return {"disk space", Verdict::kOk, found};
  return {"disk space", Verdict::kWarning, found,
          "free some: a run that fills the disk fails, and loses nothing"};
}

Finding StorageProblem(const Error& error) {
  Finding finding = FromError("storage", Verdict::kProblem, error);
  if (finding.advice.empty()) finding.advice = "set another folder: storage in leat.yml";
  return finding;
}

std::string ProbeIn(App& app, const std::string& folder) {
  return io::JoinPath(folder, ".leat-doctor-" + io::NewUuid(app.environment().random) + ".tmp");
}

// Creates, makes durable and removes a small file.
Finding CheckFolder(App& app, const std::string& storage) {
  io::FileSystem& files = app.environment().files;
  const std::string folder = ExistingFolder(files, storage);
  const std::string probe = ProbeIn(app, folder);
  Status status = files.ReplaceFile(probe, "leat doctor\n");
  if (status.ok()) status = files.Remove(probe);
  if (!status.ok()) return StorageProblem(status.error());
  if (folder != storage)
    return {"storage", Verdict::kOk, storage + " can be made by the first run"};
  return {"storage", Verdict::kOk, storage + " can be written"};
}

// Whether the store can be reached, written, listed and read, and refuses to overwrite what is
// there.
Finding CheckObjectStore(App& app, const std::string& storage) {
  io::FileSystem& files = app.environment().files;
  const std::string probe = ProbeIn(app, storage);
  const auto created = files.CreateFile(probe, "leat doctor\n");
  if (!created.ok()) return StorageProblem(created.error());
  const auto again = files.CreateFile(probe, "leat doctor, again\n");
  const auto read = files.ReadFile(probe);
  const auto listed = files.List(storage);
  const Status removed = files.Remove(probe);
  if (!again.ok()) return StorageProblem(again.error());
  if (!read.ok()) return StorageProblem(read.error());
  if (!listed.ok()) return StorageProblem(listed.error());
  if (!removed.ok()) return StorageProblem(removed.error());
  if (*again) {
    return {"storage", Verdict::kProblem,
            storage + " overwrites what a conditional write should have kept",
            "use a store that honours 'If-None-Match: *'"};
  }
  return {"storage", Verdict::kOk, storage + " can be written, and honours conditional writes"};
}

Finding CheckStorage(App& app, const std::string& storage) {
  return io::IsS3Path(storage) ? CheckObjectStore(app, storage) : CheckFolder(app, storage);
}

Finding CheckState(App& app, const project::Project& project) {
  const std::string path = state::StatePath(project.root, project.environment);
  const auto reader = state::StateReader::Open(app.environment(), path);
  if (!reader.ok()) return FromError("state database", Verdict::kProblem, reader.error());
  if ((*reader)->warning()) {
    return {"state database", Verdict::kWarning, *(*reader)->warning(),
            "the next run begins a new one; tables are not affected"};
  }
  const auto runs = (*reader)->Runs(1);
  if (!runs.ok()) return FromError("state database", Verdict::kProblem, runs.error());
  if (runs->empty()) return {"state database", Verdict::kOk, "no runs yet"};
  return {"state database", Verdict::kOk,
          fmt::format("the last run began at {}", FormatTimestamp(runs->front().started_us))};
}

// Whether a source of files finds some, and may read them.
Finding CheckSource(App& app, const project::Project& project, const project::Asset& asset) {
  const auto& file = *std::get<project::SourceSpec>(asset.spec).files();
  const std::string check = "source " + asset.name.value();
  const auto found = connect::FindFiles(app.environment().files, project.root, file);
  if (!found.ok()) return FromError(check, Verdict::kProblem, found.error());
  if (found->empty()) {
    return {check, Verdict::kWarning, "no file matches " + file.glob,
            "put files there, or correct from: in " + asset.location.file};
  }
  for (const connect::SourceFile& source : *found) {
    const auto first = app.environment().files.ReadRange(source.path, 0, 1);
    if (!first.ok()) return FromError(check, Verdict::kProblem, first.error());
  }
  return {check, Verdict::kOk, Counted(std::ssize(*found), "file") + " of " + file.glob};
}

Finding CheckConnection(App& app, const project::Project& project,
                        const project::Connection& connection) {
  const std::string check = "connection " + connection.name;
  const auto connector = app.connectors().For(connection);
  if (!connector.ok()) {
    return {check, Verdict::kWarning, "nothing reads connections of type " + connection.type, ""};
  }
  const auto filled = connect::WithSecrets(app.environment(), project.root, connection);
  if (!filled.ok()) return FromError(check, Verdict::kProblem, filled.error());
  const auto tested = (*connector)->Test(*filled);
  if (!tested.ok()) return FromError(check, Verdict::kProblem, tested.error());
  return {check, Verdict::kOk, *tested, ""};
}

void AddProjectFindings(App& app, std::vector<Finding>& findings) {
  const auto loaded =
      project::LoadProject(app.environment(), ".", {.environment = app.options().environment});
  if (!loaded.project) {
    findings.push_back(
        {"project", Verdict::kProblem,
         fmt::format("{}, first: {}", Counted(std::ssize(loaded.diagnostics.errors), "error"),
                     loaded.diagnostics.errors.front().message()),
         "leat validate lists all of them"});
    return;
  }
  const project::Project& project = *loaded.project;
  app.HideSecrets(project.secrets);
  findings.push_back({"project", Verdict::kOk,
                      fmt::format("{} in {}, {}", project.name, project.root,
                                  Counted(std::ssize(project.assets), "asset"))});
  findings.push_back(CheckTimeZones(app, project.timezone));
  // Beside an object store, the disk has the state and what large queries spill.
  findings.push_back(
      CheckDisk(app, io::IsS3Path(project.storage) ? project.root : project.storage));
  findings.push_back(CheckStorage(app, project.storage));
  findings.push_back(CheckState(app, project));
  for (const project::Connection& connection : project.connections) {
    findings.push_back(CheckConnection(app, project, connection));
  }
  for (const project::Asset& asset : project.assets) {
    const auto* source = std::get_if<project::SourceSpec>(&asset.spec);
    if (source != nullptr && source->files() != nullptr)
      findings.push_back(CheckSource(app, project, asset));
  }
}

data::Rows ToRows(const std::vector<Finding>& findings) {
  data::Rows rows{.schema = TextColumns({"check", "result", "found", "what_to_do"}), .rows = {}};
  for (const Finding& finding : findings) {
    rows.rows.push_back({finding.check, std::string(ToString(finding.verdict)), finding.found,
                         finding.advice.empty() ? data::Value() : data::Value(finding.advice)});
  }
  return rows;
}

Json ToJson(const std::vector<Finding>& findings, bool is_healthy) {
  Json checks = Json::array();
  for (const Finding& finding : findings) {
    checks.push_back(
        {{"check", finding.check},
         {"result", ToString(finding.verdict)},
         {"found", finding.found},
         {"what_to_do", finding.advice.empty() ? Json(nullptr) : Json(finding.advice)}});
  }
  return {{"healthy", is_healthy}, {"checks", checks}};
}

// One line each, with the advice below: it is longer than a column.
std::string Plain(const App& app, const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    const TextStyle style = finding.verdict == Verdict::kOk        ? TextStyle::kGreen
                            : finding.verdict == Verdict::kWarning ? TextStyle::kYellow
                                                                   : TextStyle::kRed;
    const std::string verdict = fmt::format("{:8}", ToString(finding.verdict));
    text += fmt::format("{} {}: {}\n", app.Styled(io::kStandardOutput, style, verdict),
                        finding.check, finding.found);
    if (!finding.advice.empty()) text += fmt::format("         -> {}\n", finding.advice);
  }
  return text;
}

int RunDoctor(App& app) {
  std::vector<Finding> findings = {{"version", Verdict::kOk, VersionLine()}};
  findings.push_back(CheckEngine(app, EngineOptionsHere(app)));
  findings.push_back(CheckMemory());
  findings.push_back(CheckTerminal(app));
  if (app.InProject()) {
    AddProjectFindings(app, findings);
  } else {
    findings.push_back(CheckTimeZones(app, "UTC"));
    findings.push_back({"project", Verdict::kOk, "none here: checked the installation only"});
  }
  const bool is_healthy =
      std::none_of(findings.begin(), findings.end(),
                   [](const Finding& finding) { return finding.verdict == Verdict::kProblem; });
  PrintReport(app, {.json = [&] { return ToJson(findings, is_healthy); },
                    .csv = [&] { return ToRows(findings); },
                    .plain = [&] { return Plain(app, findings); }});
  return is_healthy ? kDone : kFailed;
}

}  // namespace

Command MakeDoctor() {
  return {.name = "doctor",
          .summary = "Check the installation, the storage and the sources, and say what to do",
          .details = "Exit code 1 when there is a problem; warnings alone are 0.",
          .examples = {{"leat doctor", "in a project: its storage, state and sources as well"}},
          .run = RunDoctor};
}

}  // namespace leat::cli
