// What the readers of single files hand to the loader: an asset whose table names are not resolved
// yet.
#pragma once

#include <string>
#include <vector>

#include "project/definition.h"

namespace leat::project {

// A table name as written somewhere in an asset's file.
struct TableUse {
  std::string table;
  Location location;
  bool in_check = false;  // only checks may name the asset itself
};

// Likewise a parameter ($name).
struct ParameterUse {
  std::string parameter;
  Location location;
};

struct ParsedAsset {
  Asset asset;
  std::vector<TableUse> tables;
  std::vector<ParameterUse> parameters;
};

}  // namespace leat::project
