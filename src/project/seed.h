// seeds/<name>.csv is the asset seeds.<name>: a small table kept in git, whose first line names the
// columns. Beside it may stand seeds/<name>.yml with description, owner, tags, columns and checks
// of asset_keys.h. Models may leave out the schema: "from country_codes" reads seeds.country_codes.
#pragma once

#include "project/diagnostics.h"
#include "project/parsed_asset.h"
#include "project/source_text.h"

namespace leat::project {

// `csv_file` is relative to the project. `description` is the .yml file, or null.
ParsedAsset ReadSeed(const AssetName& name, const std::string& csv_file,
                     const SourceText* description, Diagnostics& diagnostics);

}  // namespace leat::project
