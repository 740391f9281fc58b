// Which intervals a table holds, as the table itself says: the lake is the ledger. Kept in the
// table's properties, so that data and ledger change in one commit.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "delta/table.h"

namespace leat::orchestrate {

constexpr const char* kIntervalsProperty = "leat.intervals";  // "start/end start/end", RFC 3339
constexpr const char* kFingerprintProperty =
    "leat.fingerprint";  // of the definition that wrote last

// Empty for a table without the property; an unreadable property is kCorrupt.
Result<IntervalSet> ReadIntervals(const delta::Snapshot& table);
std::string WriteIntervals(const IntervalSet& intervals);
std::optional<std::string> ReadFingerprint(const delta::Snapshot& table);

}  // namespace leat::orchestrate
