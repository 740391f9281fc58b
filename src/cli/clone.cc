#include "delta/clone.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "base/text.h"
#include "cli/app.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/text_width.h"
#include "delta/log_path.h"

namespace leat::cli {
namespace {

struct CloneOptions {
  std::string source;
  std::string target;
  std::string version;
};

struct Cloned {
  TableVersion source_version;
  std::int64_t files = 0;
  std::string root_to_name;  // LEAT_FILE_ROOTS needs it to read the clone; empty: it does not
};

Result<std::optional<TableVersion>> ParseVersion(const std::string& text) {
  if (text.empty()) return std::optional<TableVersion>();
  std::string_view digits = text;
  if (digits.starts_with('v')) digits.remove_prefix(1);
  long version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (error != std::errc() || end != digits.data() + digits.size() || version < 0) {
    return InvalidInput(fmt::format("--version '{}' is not a version", text))
        .WithHint("write --version 12");
  }
  return std::optional(TableVersion(version));
}

Result<Cloned> Clone(const io::Environment& environment, engine::Engine& engine,
                     const CloneOptions& options) {
  LEAT_ASSIGN(const auto version, ParseVersion(options.version));
  delta::Table& source = engine.TableAt(options.source);
  // Who names the source here wants its files read.
  delta::FileRoots roots = engine.file_roots();
  roots.push_back(source.path());
  delta::Table target(environment, engine.parquet(), options.target, std::move(roots));
  if (source.path() == target.path()) {
    return InvalidInput("a table cannot be cloned into its own folder");
  }
  LEAT_ASSIGN(const auto snapshot, source.Load(version));
  LEAT_ASSIGN(delta::Transaction transaction, delta::MakeClone(*snapshot, source.path()));
  LEAT_ASSIGN(const delta::CommitOutcome outcome, target.Commit(std::move(transaction)));
  if (std::holds_alternative<delta::CommitConflict>(outcome)) {
    return AlreadyExists(fmt::format("{} is a Delta table already", target.path()))
        .WithHint("clone into another folder, or remove that one first");
  }
  const bool is_known =
      delta::CheckDataPath(io::JoinPath(source.path(), "file"), engine.file_roots()).ok();
  return Cloned{.source_version = snapshot->version(),
                .files = std::ssize(snapshot->files()),
                .root_to_name = is_known ? "" : source.path()};
}

int RunClone(App& app, const CloneOptions& options) {
  std::unique_ptr<orchestrate::Workspace> workspace;
  std::unique_ptr<engine::Engine> own;
  if (app.InProject()) {
    workspace = app.OpenWorkspace();
    if (!workspace) return kError;
  } else {
    auto opened = engine::Engine::Open(app.environment(), {.file_roots = orchestrate::FileRoots()});
    if (!opened.ok()) return app.Fail(opened.error());
    own = std::move(*opened);
  }
  const auto cloned = Clone(app.environment(), workspace ? workspace->engine() : *own, options);
  if (!cloned.ok()) return app.Fail(cloned.error());
  const data::Rows rows{
      .schema = TextColumns({"source", "source_version", "target", "files"}),
      .rows = {{options.source, static_cast<std::int64_t>(cloned->source_version.value()),
                options.target, cloned->files}}};
  PrintReport(app, {.json = [&] { return ToJson(rows.schema, rows.rows[0]); },
                    .csv = [&] { return rows; },
                    .plain =
                        [&] {
                          std::string text =
                              fmt::format("{} is a clone of version {} of {}: {}\n", options.target,
                                          cloned->source_version.value(), options.source,
                                          Counted(cloned->files, "file"));
                          if (!cloned->root_to_name.empty()) {
                            text += fmt::format("Leat reads it with LEAT_FILE_ROOTS={}\n",
                                                cloned->root_to_name);
                          }
                          return text;
                        },
                    .is_remark = true});
  return kDone;
}

}  // namespace

Command MakeClone() {
  auto options = std::make_shared<CloneOptions>();
  return {
      .name = "clone",
      .summary = "Make a new table of another one's files, without copying them",
      .details =
          "The clone has the rows, columns, properties and what was loaded of the source at that\n"
          "version; both go their own ways from then on. No file of the source is ever changed or\n"
          "removed by work on the clone, but a vacuum of the source takes files that only the\n"
          "clone still needs. Files outside of a table's own folder are read below the project's\n"
          "storage and the folders that LEAT_FILE_ROOTS names (separated by commas).",
      .options = {{"SOURCE", "", "folder of the table to clone", &options->source, {}, true},
                  {"TARGET", "", "folder of the new table", &options->target, {}, true},
                  {"--version", "N", "as it was at that version", &options->version}},
      .examples = {{"leat clone lake/gold/sales lake/dev/sales", "to try something out"},
                   {"leat clone lake/gold/sales lake/dev/sales --version 12",
                    "as it was at version 12"}},
      .run = [options](App& app) { return RunClone(app, *options); }};
}

}  // namespace leat::cli
