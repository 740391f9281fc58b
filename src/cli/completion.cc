#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/text.h"
#include "cli/app.h"
#include "cli/command.h"
#include "cli/completion_script.h"
#include "project/project_files.h"

namespace leat::cli {
namespace {

constexpr char kBash[] = "bash";
constexpr char kZsh[] = "zsh";
constexpr char kFish[] = "fish";
constexpr char kAssets[] = "assets";

std::optional<std::string> FindRoot(io::FileSystem& files) {
  for (std::string folder = io::AbsolutePath(".");; folder = io::ParentPath(folder)) {
    if (files.Stat(io::JoinPath(folder, "leat.yml")).ok()) return folder;
    if (folder == io::ParentPath(folder)) return std::nullopt;
  }
}

// From the names of files alone, since a project in the middle of an edit has to complete as well.
std::set<std::string> AssetNames(io::FileSystem& files) {
  std::set<std::string> names;
  const auto root = FindRoot(files);
  if (!root) return names;
  for (const char* folder : {"assets", "seeds"}) {
    const auto found = io::Glob(files, io::JoinPath(*root, folder) + "/**/*");
    if (!found.ok()) continue;
    for (const io::FileInfo& file : *found) {
      const std::string extension = project::ExtensionOf(file.path);
      const bool is_asset =
          extension == "sql" || extension == "yml" || extension == "yaml" || extension == "csv";
      if (file.is_directory || !is_asset) continue;
      const auto name = project::AssetNameOf(file.path.substr(root->size() + 1));
      if (name.ok()) names.insert(name->value());
    }
  }
  return names;
}

int RunCompletion(App& app, const std::string& shell) {
  if (shell == kAssets) {
    for (const std::string& name : AssetNames(app.environment().files)) app.Out(name + "\n");
    return kDone;
  }
  const Command root = MakeCommandLine(app);
  if (shell == kBash) app.Out(BashCompletion(root));
  if (shell == kZsh) app.Out(ZshCompletion(root));
  if (shell == kFish) app.Out(FishCompletion(root));
  return kDone;
}

}  // namespace

Command MakeCompletion() {
  auto shell = std::make_shared<std::string>();
  return {
      .name = "completion",
      .summary = "Print a script that completes commands, options and asset names in a shell",
      .details = "`leat completion assets` prints the names that the scripts complete.",
      .options =
          {{"SHELL", "", "bash, zsh or fish", shell.get(), {kBash, kZsh, kFish, kAssets}, true}},
      .examples = {{"source <(leat completion bash)", "in ~/.bashrc"},
                   {"source <(leat completion zsh)", "in ~/.zshrc, after compinit"},
                   {"leat completion fish > ~/.config/fish/completions/leat.fish", "once"}},
      .run = [shell](App& app) { return RunCompletion(app, *shell); }};
}

}  // namespace leat::cli
