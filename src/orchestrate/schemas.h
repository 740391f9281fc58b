// What columns an asset has, whether or not its table exists.
#pragma once

#include <map>
#include <memory>

#include "orchestrate/workspace.h"

namespace leat::orchestrate {

// Not thread-safe; remembers what it found.
class Schemas {
 public:
  explicit Schemas(Workspace& workspace) : workspace_(workspace) {}

  // Of a model: what its SQL yields, bound on the schemas of what it reads. Of a source or seed:
  // its table's, else the declared columns; empty when neither is known. The pointer is valid as
  // long as this object.
  Result<const data::Schema*> Of(const project::Asset& asset);

 private:
  Result<data::Schema> Find(const project::Asset& asset);

  Workspace& workspace_;
  std::map<AssetName, data::Schema> known_;
};

}  // namespace leat::orchestrate
