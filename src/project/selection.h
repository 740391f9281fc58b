// dbt's selection syntax over the assets of a project:
//
//   silver.orders     that asset           *orders, silver.*    any text for *
//   silver            all below silver.    orders               any whose last part is orders
//   tag:finance       by tag               path:assets/silver   by file or folder, * allowed
//   state:modified    what changed
//   +x  x+  2+x+1     with all upstream, all downstream, or so many steps of them
//   @x                with all downstream and everything upstream of those
//   a b               either (also as separate -s)    a,b    both
//
// Case is ignored. Names with blanks, commas, colons or plus signs stand in double quotes:
// +"gold.my table".
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "project/definition.h"

namespace leat::project {

// The selected assets less the excluded ones, in the project's order; all assets when `select` is
// empty. `modified` is what state:modified means. kInvalidInput for wrong syntax and for names,
// tags, paths that match nothing, with the nearest one; for an
// empty text; and when nothing is selected, unless state:modified is asked for.
Result<std::vector<AssetName>> Select(const Project& project,
                                      const std::vector<std::string>& select,
                                      const std::vector<std::string>& exclude,
                                      const std::set<AssetName>& modified);

}  // namespace leat::project
