#include "cli/assets.h"

#include <fmt/format.h>

#include "base/text.h"

namespace leat::cli {

Result<const project::Asset*> FindAsset(const project::Project& project, const std::string& name) {
  std::vector<std::string> known;
  for (const project::Asset& asset : project.assets) {
    const std::string& full = asset.name.value();
    const bool is_seed = std::holds_alternative<project::SeedSpec>(asset.spec);
    if (EqualsIgnoreCase(full, name)) return &asset;
    if (is_seed && EqualsIgnoreCase(full.substr(full.find('.') + 1), name)) return &asset;
    known.push_back(full);
  }
  std::string hint = NearestHint(name, known);
  if (hint.empty()) hint = "leat status lists the assets";
  return NotFound(fmt::format("there is no asset '{}'", name)).WithHint(std::move(hint));
}

std::string KindOf(const project::Asset& asset) {
  if (std::holds_alternative<project::SourceSpec>(asset.spec)) return "source";
  const auto* model = std::get_if<project::ModelSpec>(&asset.spec);
  if (model == nullptr) return "seed";
  switch (model->materialized) {
    case project::Materialization::kTable: return "table";
    case project::Materialization::kView: return "view";
    case project::Materialization::kAppend: return "append";
    case project::Materialization::kMerge: return "merge";
    case project::Materialization::kInterval: return "interval";
    case project::Materialization::kScd2: return "scd2";
  }
  return "model";
}

}  // namespace leat::cli
