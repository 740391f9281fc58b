#include "project/definition.h"

#include <algorithm>

#include "base/text.h"

namespace leat::project {

const Location& SourceSpec::location() const {
  return std::visit([](const auto& options) -> const Location& { return options.location; }, from);
}

bool Asset::is_view() const {
  const auto* model = std::get_if<ModelSpec>(&spec);
  return model != nullptr && model->materialized == Materialization::kView;
}

const Asset* Project::Find(const AssetName& asset_name) const {
  const auto found = std::find_if(assets.begin(), assets.end(),
                                  [&](const Asset& asset) { return asset.name == asset_name; });
  return found == assets.end() ? nullptr : &*found;
}

Result<const Connection*> Project::FindConnection(const std::string& connection) const {
  std::vector<std::string> names;
  for (const Connection& each : connections) {
    if (each.name == connection) return &each;
    names.push_back(each.name);
  }
  return NotFound("there is no connection '" + connection + "'")
      .WithHint(names.empty() ? "describe it in connections.yml: {type: postgres, host: …}"
                              : NearestHint(connection, names));
}

}  // namespace leat::project
