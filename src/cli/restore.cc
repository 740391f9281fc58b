#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "base/text.h"
#include "cli/app.h"
#include "cli/assets.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/text_width.h"
#include "orchestrate/maintenance.h"

namespace leat::cli {
namespace {

struct RestoreOptions {
  std::string asset;
  std::string to;
};

// "12" or "v12", as in queries.
Result<TableVersion> ParseVersion(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('v') || digits.starts_with('V')) digits.remove_prefix(1);
  long version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (error != std::errc() || end != digits.data() + digits.size() || version < 0) {
    return InvalidInput(fmt::format("--to '{}' is not a version", text))
        .WithHint("leat history lists them: --to 12");
  }
  return TableVersion(version);
}

std::string ToText(const std::string& asset, const orchestrate::RestoredTable& restored) {
  if (!restored.version) {
    return fmt::format("{} is as it was at version {} already\n", asset, restored.restored.value());
  }
  return fmt::format("{} is at version {} what it was at version {}: {} came back, {} left\n",
                     asset, restored.version->value(), restored.restored.value(),
                     Counted(restored.files_added, "file"),
                     Counted(restored.files_removed, "file"));
}

int RunRestore(App& app, const RestoreOptions& options) {
  const auto version = ParseVersion(options.to);
  if (!version.ok()) return app.Fail(version.error());
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto asset = FindAsset(workspace->project(), options.asset);
  if (!asset.ok()) return app.Fail(asset.error());
  const std::string& name = (*asset)->name.value();
  if ((*asset)->is_view()) {
    return app.Fail(InvalidInput(name + " is a view: it stores nothing and has no versions"));
  }
  const auto restored = orchestrate::Restore(*workspace, (*asset)->name, *version);
  if (!restored.ok()) return app.Fail(restored.error());
  data::Value new_version;
  if (restored->version) new_version = static_cast<std::int64_t>(restored->version->value());
  const data::Rows rows{
      .schema = TextColumns({"asset", "restored", "version", "files_added", "files_removed"}),
      .rows = {{name, static_cast<std::int64_t>(restored->restored.value()), new_version,
                restored->files_added, restored->files_removed}}};
  PrintReport(app, {.json = [&] { return ToJson(rows.schema, rows.rows[0]); },
                    .csv = [&] { return rows; },
                    .plain = [&] { return ToText(name, *restored); },
                    .is_remark = true});
  return kDone;
}

}  // namespace

Command MakeRestore() {
  auto options = std::make_shared<RestoreOptions>();
  return {.name = "restore",
          .summary = "Make a table what it was at an earlier version, as a new version",
          .details =
              "The versions in between stay in its history. What its source has loaded since "
              "counts as\n"
              "loaded: the next run does not load it again, leat run --full-refresh does.",
          .options = {{"ASSET", "", "the asset", &options->asset, {}, true},
                      {"--to", "VERSION", "the version to go back to", &options->to, {}, true}},
          .examples = {{"leat history silver.orders", "its versions"},
                       {"leat restore silver.orders --to 12", "as it was at version 12"}},
          .run = [options](App& app) { return RunRestore(app, *options); }};
}

}  // namespace leat::cli
