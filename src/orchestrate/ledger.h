// Which intervals a table holds, as the table itself says: the lake is the ledger. Kept in the
// table's properties, so that data and ledger change in one commit.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "delta/table.h"

namespace leat::orchestrate {

constexpr const char* kIntervalsProperty = "leat.intervals";  // "start/end start/end", RFC 3339
constexpr const char* kFingerprintProperty =
    "leat.fingerprint";  // of the definition that wrote last
// Intervals that are done and hold something else than they would now, like kIntervalsProperty.
constexpr const char* kOldDefinitionProperty = "leat.intervals.oldDefinition";
constexpr const char* kLateRowsProperty = "leat.intervals.lateRows";

// Empty for a table without the property; an unreadable property is kCorrupt.
Result<IntervalSet> ReadIntervals(const delta::Snapshot& table);
std::string WriteIntervals(const IntervalSet& intervals);

// Finished intervals that an earlier definition computed, and those of which rows came afterwards.
struct Outdated {
  IntervalSet by_definition, by_late_rows;
};
Result<Outdated> ReadOutdated(const delta::Snapshot& table);
// Sets the properties, or empties them where the table has them without need.
void WriteOutdated(const Outdated& outdated, const delta::Snapshot* table,
                   std::map<std::string, std::string>& configuration);

std::optional<std::string> ReadFingerprint(const delta::Snapshot& table);

}  // namespace leat::orchestrate
