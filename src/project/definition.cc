#include "project/definition.h"

#include <algorithm>

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

const Connection* Project::FindConnection(const std::string& connection) const {
  const auto found = std::find_if(connections.begin(), connections.end(),
                                  [&](const Connection& each) { return each.name == connection; });
  return found == connections.end() ? nullptr : &*found;
}

}  // namespace leat::project
