// Names to assets, and assets to the order in which they run.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "project/diagnostics.h"
#include "project/parsed_asset.h"

namespace leat::project {

// Finds assets by the names that SQL uses for them, case ignored. Points into `assets`, which
// outlives it unchanged.
class AssetIndex {
 public:
  explicit AssetIndex(const std::vector<Asset>& assets);

  // The asset for a table name without quotes: its full name ("gold.finance.margin"), or a seed's
  // without the schema
  // ("country_codes"). Null when there is none.
  const Asset* Resolve(const std::string& table) const;
  // All assets' names.
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::unordered_map<std::string, const Asset*> by_name_;  // lower case
  std::vector<std::string> names_;
};

// The assets that a model's SQL reads (not those that only its checks read), sorted, unique.
std::vector<AssetName> ModelInputs(const Asset& model, const AssetIndex& index);

// Resolves every table that the assets use, fills their dependencies and returns them in dependency
// order, ties by name. Unknown tables and cycles are reported; what is part of a cycle comes last.
std::vector<Asset> OrderAssets(std::vector<ParsedAsset> parsed, Diagnostics& diagnostics);

}  // namespace leat::project
