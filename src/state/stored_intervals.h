// The finished intervals of an asset, kept in one row: [[start_us, end_us], ...], sorted and
// disjoint.
#pragma once

#include <optional>

#include "state/records.h"
#include "state/sqlite.h"

namespace leat::state {

Status WriteIntervals(Connection& connection, const AssetName& asset,
                      const AssetIntervals& intervals);
// None: nothing was recorded for the asset. kCorrupt: the stored text is not of that form.
Result<std::optional<AssetIntervals>> ReadIntervals(Connection& connection, const AssetName& asset);

}  // namespace leat::state
