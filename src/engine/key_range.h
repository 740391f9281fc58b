// Bounds on a table's keys, so that files of other keys are not even opened.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace leat::engine {

// A column of the table and the one of the source that it must equal.
struct KeyColumn {
  std::string table;
  std::string source;
};
enum class NullKeys { kNeverMatch, kMatchEachOther };

// " WHERE key BETWEEN ... AND ..." by the least and greatest keys of `source`, a FROM item of the
// session; empty where nothing can be told: no keys, nested ones, or such as are compared as
// another type than the table's.
Result<std::string> KeyRange(Session& session, const data::Schema& table,
                             const std::vector<KeyColumn>& keys, const std::string& source,
                             NullKeys null_keys);

}  // namespace leat::engine
