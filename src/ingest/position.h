// How far a source has been read, in the log of its table: a text of any length, in the same commit
// as the rows. See decision 0021.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/table.h"

namespace leat::ingest {

// The entries that say it, to be part of a commit.
std::vector<delta::AppTransaction> WritePosition(std::string_view text);
// What the last of these commits said; none: there was none. kCorrupt: entries are missing.
Result<std::optional<std::string>> ReadPosition(const delta::Snapshot& table);

}  // namespace leat::ingest
