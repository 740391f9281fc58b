#include "project/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "project/config.h"
#include "project/connections.h"
#include "project/fingerprint.h"
#include "project/graph.h"
#include "project/limits.h"
#include "project/model.h"
#include "project/project_files.h"
#include "project/seed.h"
#include "project/source.h"
#include "project/source_text.h"
#include "project/sql_scan.h"
#include "project/test_cases.h"

namespace leat::project {
namespace {

constexpr char kConfigFile[] = "leat.yml";
constexpr char kConnectionsFile[] = "connections.yml";

bool IsYaml(const std::string& file) {
  const std::string extension = ExtensionOf(file);
  return extension == "yml" || extension == "yaml";
}

class Loader {
 public:
  Loader(const io::Environment& world, const std::string& root, const LoadOptions& options)
      : world_(world), files_(world.files, root, diagnostics_), options_(options) {
    project_.root = root;
  }

  LoadResult Load() && {
    LoadConfiguration();
    LoadAssets();
    LoadSeeds();
    LoadMacros();
    LoadTests();
    CheckUnusedFolders();
    CheckParameters();
    CheckStarts();
    CheckConnections();
    RemoveDuplicates();
    project_.assets = OrderAssets(std::move(parsed_), diagnostics_);
    MarkBroken();
    project_.tests = ResolveTestCases(std::move(tests_), project_, diagnostics_);
    for (Asset& asset : project_.assets) {
      asset.fingerprint = Fingerprint(asset, project_, seed_contents_[asset.name]);
    }
    diagnostics_.Sort();
    LoadResult result{.is_usable = config_is_sound_, .knows_macros = knows_macros_};
    if (diagnostics_.errors.empty()) {
      result.project = std::move(project_);
    } else if (!project_.storage.empty()) {
      result.sound_part = std::move(project_);
    }
    result.diagnostics = std::move(diagnostics_);
    return result;
  }

 private:
  void Fail(const std::string& file, std::string message, std::string hint) {
    diagnostics_.errors.push_back(
        InvalidInput(std::move(message)).WithHint(std::move(hint)).At({.file = file}));
  }

  void Warn(const std::string& file, std::string message, std::string hint) {
    diagnostics_.warnings.push_back(
        InvalidInput(std::move(message)).WithHint(std::move(hint)).At({.file = file}));
  }

  std::optional<SourceText> Read(const std::string& file) {
    auto source = ReadSourceText(world_.files, project_.root, file);
    if (source.ok()) return std::move(source).value();
    diagnostics_.errors.push_back(std::move(source).error());
    return std::nullopt;
  }

  void LoadConfiguration() {
    if (files_.Has(kConfigFile)) {
      if (const auto source = Read(kConfigFile)) {
        const std::size_t errors_before = diagnostics_.errors.size();
        ReadConfig({world_, options_.environment, options_.variables}, *source, project_,
                   diagnostics_);
        config_is_sound_ = diagnostics_.errors.size() == errors_before;
      }
    }
    if (files_.Has(kConnectionsFile)) {
      if (const auto source = Read(kConnectionsFile)) {
        ReadConnections(*source, options_.variables, project_, diagnostics_);
      }
    }
  }

  void LoadAssets() {
    for (const std::string& file : files_.Below("assets", true)) {
      const std::string extension = ExtensionOf(file);
      if (extension == "py") {
        Fail(file, "Python models are not available in this release", "write the model in SQL");
      } else if (extension == "sql" || IsYaml(file)) {
        LoadAsset(file);
      } else if (extension != "md" && extension != "txt") {
        Warn(file, "this is neither a source (.yml) nor a model (.sql): it is not used",
             "move it out of assets/");
      }
    }
  }

  void LoadAsset(const std::string& file) {
    auto name = AssetNameOf(file);
    if (!name.ok()) {
      diagnostics_.errors.push_back(std::move(name).error());
      return;
    }
    const auto source = Read(file);
    if (!source) {
      // Known by name, so that its readers are not reported as well.
      parsed_.push_back({.asset = {.name = *name, .location = {.file = file}, .spec = SeedSpec{}},
                         .tables = {},
                         .parameters = {}});
      return;
    }
    parsed_.push_back(IsYaml(file) ? ReadSource(*source, *name, diagnostics_)
                                   : ReadModel(*source, *name, diagnostics_));
  }

  void LoadSeeds() {
    const std::vector<std::string> found = files_.Below("seeds", false);
    std::map<std::string, std::string> descriptions;  // by the path without extension
    const auto stem = [](const std::string& file) { return file.substr(0, file.rfind('.')); };
    for (const std::string& file : found) {
      if (IsYaml(file)) descriptions[stem(file)] = file;
    }
    for (const std::string& file : found) {
      if (ExtensionOf(file) == "csv") {
        const auto description = descriptions.find(stem(file));
        LoadSeed(file, description == descriptions.end() ? "" : description->second);
        if (description != descriptions.end()) descriptions.erase(description);
      } else if (!IsYaml(file) && ExtensionOf(file) != "md" && ExtensionOf(file) != "txt") {
        Warn(file, "this is no seed (.csv): it is not used", "move it out of seeds/");
      }
    }
    for (const auto& entry : descriptions) {
      Fail(entry.second, "there is no seed that this describes",
           fmt::format("expected {}.csv beside it", entry.first));
    }
  }

  void LoadSeed(const std::string& file, const std::string& description_file) {
    auto name = AssetNameOf(file);
    if (!name.ok()) {
      diagnostics_.errors.push_back(std::move(name).error());
      return;
    }
    std::optional<SourceText> description;
    if (!description_file.empty()) description = Read(description_file);
    auto content =
        world_.files.ReadRange(io::JoinPath(project_.root, file), 0, kMaxSeedFileBytes + 1);
    if (!content.ok()) {
      diagnostics_.errors.push_back(std::move(content).error().At({.file = file}));
    } else if (static_cast<std::int64_t>(content->size()) > kMaxSeedFileBytes) {
      Fail(file, "the seed is larger than 64 MiB", "make it a source: assets/bronze/NAME.yml");
    } else if (Trim(*content).empty()) {
      Fail(file, "the seed is empty", "its first line names the columns");
    } else {
      seed_contents_[*name] = std::move(content).value();
    }
    parsed_.push_back(ReadSeed(*name, file, description ? &*description : nullptr, diagnostics_));
  }

  void LoadMacros() {
    std::map<std::string, Location> places_by_name;
    for (const std::string& file : files_.Below("macros", false)) {
      if (ExtensionOf(file) != "sql") continue;
      const auto source = Read(file);
      knows_macros_ &= source.has_value();
      if (!source) continue;
      auto macros = engine::AnalyzeMacros(source->text);
      knows_macros_ &= macros.ok();
      if (!macros.ok()) {
        Location at = macros.error().location().value_or(Location{});
        at.file = file;
        diagnostics_.errors.push_back(std::move(macros).error().At(std::move(at)));
        continue;
      }
      const std::vector<std::size_t> offsets = FindMacroNames(source->text);
      for (engine::MacroDefinition& macro : *macros) {
        const auto number = static_cast<std::size_t>(&macro - macros->data());
        const Location place = source->At(number < offsets.size() ? offsets[number] : 0);
        const auto [first, is_new] = places_by_name.emplace(ToLower(macro.name), place);
        if (!is_new) {
          diagnostics_.errors.push_back(
              InvalidInput(fmt::format("the macro '{}' is defined twice (first at {})", macro.name,
                                       first->second.ToString()))
                  .WithHint("remove one")
                  .At(place));
          knows_macros_ = false;
        }
        project_.macros.push_back(std::move(macro));
      }
    }
  }

  void LoadTests() {
    for (const std::string& file : files_.Below("tests", true)) {
      if (!IsYaml(file)) continue;
      const auto source = Read(file);
      if (!source) continue;
      for (ParsedTest& test : ReadTestCases(*source, diagnostics_))
        tests_.push_back(std::move(test));
    }
  }

  void CheckUnusedFolders() {
    for (const char* folder : {"contracts", "apis", "dashboards", "features"}) {
      if (!world_.files.Stat(io::JoinPath(project_.root, folder)).ok()) continue;
      Warn(folder, fmt::format("{}/ is not available in this release: it is not used", folder),
           "the rest of the project works without it");
    }
    for (const auto& [folder, used] :
         {std::pair("models", "assets"), std::pair("sources", "assets"),
          std::pair("snapshots", "assets"), std::pair("asset", "assets"),
          std::pair("seed", "seeds"), std::pair("macro", "macros"), std::pair("test", "tests")}) {
      if (!world_.files.Stat(io::JoinPath(project_.root, folder)).ok()) continue;
      Warn(folder, fmt::format("{}/ is not read: nothing in it is used", folder),
           fmt::format("move its files below {}/", used));
    }
    if (parsed_.empty() && diagnostics_.errors.empty()) {
      Warn("assets", "the project has no assets",
           "add a source to assets/bronze/ and a model to assets/silver/");
    }
  }

  void CheckConnections() {
    for (const ParsedAsset& parsed : parsed_) {
      const auto* source = std::get_if<SourceSpec>(&parsed.asset.spec);
      const auto* table = source == nullptr ? nullptr : source->table();
      if (table == nullptr || table->connection.empty()) continue;
      auto found = project_.FindConnection(table->connection);
      if (!found.ok()) diagnostics_.errors.push_back(std::move(found).error().At(table->location));
    }
  }

  bool HasErrors(const std::string& file) const {
    return std::any_of(
        diagnostics_.errors.begin(), diagnostics_.errors.end(),
        [&](const Error& error) { return error.location() && error.location()->file == file; });
  }

  // Runs of other models have no interval. What a broken file is meant to be is not known.
  void CheckInterval(const ParsedAsset& parsed, const ParameterUse& use) {
    const auto* model = std::get_if<ModelSpec>(&parsed.asset.spec);
    if (model != nullptr && model->materialized == Materialization::kInterval) return;
    if (HasErrors(use.location.file)) return;
    diagnostics_.errors.push_back(
        InvalidInput(fmt::format("only interval models have ${}", ToLower(use.parameter)))
            .WithHint("write 'materialized: interval', or declare a variable under 'vars:' of "
                      "leat.yml")
            .At(use.location));
  }

  void CheckStarts() {
    if (!config_is_sound_ || project_.start) return;
    for (const ParsedAsset& parsed : parsed_) {
      const auto* model = std::get_if<ModelSpec>(&parsed.asset.spec);
      if (model == nullptr || model->materialized != Materialization::kInterval) continue;
      if (parsed.asset.start || HasErrors(parsed.asset.location.file)) continue;
      diagnostics_.errors.push_back(
          InvalidInput(parsed.asset.name.value() +
                       " has no start, so it is unknown which intervals are missing")
              .WithHint("add `start: 2026-01-01` to the asset or to leat.yml")
              .At(parsed.asset.location));
    }
  }

  void CheckParameters() {
    if (!config_is_sound_) return;
    std::vector<std::string> known = {"start", "end"};
    for (const auto& var : project_.vars) known.push_back(var.first);
    for (const ParsedAsset& parsed : parsed_) {
      for (const ParameterUse& use : parsed.parameters) {
        if (EqualsIgnoreCase(use.parameter, "start") || EqualsIgnoreCase(use.parameter, "end")) {
          CheckInterval(parsed, use);
          continue;
        }
        const bool is_known = std::any_of(known.begin(), known.end(), [&](const std::string& name) {
          return EqualsIgnoreCase(name, use.parameter);
        });
        if (is_known) continue;
        diagnostics_.errors.push_back(
            InvalidInput(fmt::format("there is no variable '${}'", use.parameter))
                .WithHint(Nearest(use.parameter, known) ? NearestHint(use.parameter, known)
                                                        : "declare it under 'vars:' of leat.yml")
                .At(use.location));
      }
    }
  }

  // Keeps the first of assets with one name, case ignored, so that the rest can be checked.
  void RemoveDuplicates() {
    std::map<std::string, Location> places_by_name;
    std::vector<ParsedAsset> unique;
    for (ParsedAsset& parsed : parsed_) {
      const Asset& asset = parsed.asset;
      const auto [first, is_new] =
          places_by_name.emplace(ToLower(asset.name.value()), asset.location);
      if (is_new) {
        unique.push_back(std::move(parsed));
      } else {
        diagnostics_.errors.push_back(
            InvalidInput(fmt::format("a second asset is named {} (first at {})", asset.name.value(),
                                     first->second.ToString()))
                .WithHint("rename one; upper and lower case are not told apart")
                .At(asset.location));
        doubled_.emplace(ToLower(asset.name.value()), diagnostics_.errors.back().PlacedMessage());
      }
    }
    parsed_ = std::move(unique);
  }

  // An error in a seed's description is the seed's.
  void MarkBroken() {
    std::map<std::string, std::string> errors;  // the first of each file
    for (const Error& error : diagnostics_.errors) {
      if (error.location()) errors.emplace(error.location()->file, error.PlacedMessage());
    }
    for (Asset& asset : project_.assets) {
      const std::string& file = asset.location.file;
      const std::string stem = file.substr(0, file.rfind('.'));
      for (const std::string& path : {file, stem + ".yml", stem + ".yaml"}) {
        if (const auto error = errors.find(path); asset.broken.empty() && error != errors.end())
          asset.broken = error->second;
      }
      const auto doubled = doubled_.find(ToLower(asset.name.value()));
      if (asset.broken.empty() && doubled != doubled_.end()) asset.broken = doubled->second;
    }
  }

  const io::Environment& world_;
  Diagnostics diagnostics_;
  ProjectFiles files_;
  const LoadOptions& options_;
  Project project_;
  bool config_is_sound_ = false;
  bool knows_macros_ = true;
  std::map<std::string, std::string> doubled_;  // the error by the name that two assets have
  std::vector<ParsedAsset> parsed_;
  std::vector<ParsedTest> tests_;
  std::map<AssetName, std::string> seed_contents_;
};

std::optional<std::string> FindRoot(io::FileSystem& files, const std::string& directory) {
  for (std::string folder = io::AbsolutePath(directory);; folder = io::ParentPath(folder)) {
    if (files.Stat(io::JoinPath(folder, kConfigFile)).ok()) return folder;
    if (folder == io::ParentPath(folder)) return std::nullopt;
  }
}

}  // namespace

LoadResult LoadProject(const io::Environment& environment, const std::string& directory,
                       const LoadOptions& options) {
  if (const auto root = FindRoot(environment.files, directory)) {
    return Loader(environment, *root, options).Load();
  }
  LoadResult result;
  result.diagnostics.errors.push_back(
      NotFound(
          fmt::format("no {} in {} or a folder above it", kConfigFile, io::AbsolutePath(directory)))
          .WithHint("go to a project (-C DIR), or make one: leat init DIR"));
  return result;
}

}  // namespace leat::project
