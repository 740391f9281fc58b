// Which commits of others a transaction must not ignore.
#pragma once

#include <optional>
#include <string>

#include "delta/log_entry.h"
#include "delta/table.h"

namespace leat::delta {

// Why `winner`, committed after the transaction's base, forbids the transaction; nothing when both
// can stand.
std::optional<std::string> FindConflict(const Transaction& transaction, const LogEntry& winner);

}  // namespace leat::delta
