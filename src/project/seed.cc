#include "project/seed.h"

#include "project/asset_keys.h"
#include "project/yaml_map.h"

namespace leat::project {

ParsedAsset ReadSeed(const AssetName& name, const std::string& csv_file,
                     const SourceText* description, Diagnostics& diagnostics) {
  ParsedAsset parsed;
  parsed.asset.name = name;
  parsed.asset.location = {csv_file, 1, 1};
  parsed.asset.spec = SeedSpec{};
  if (description == nullptr) return parsed;
  Reporter reporter(description->file, diagnostics);
  if (const auto root = ParseYaml(description->text, 1, reporter)) {
    YamlMap map(*root, "seed", reporter);
    ReadTableKeys(map, parsed.asset);
    ReadDescriptiveKeys(map, *description, parsed);
    map.ReportUnknownKeys();
  }
  return parsed;
}

}  // namespace leat::project
