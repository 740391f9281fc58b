// Measures what checks ask of the audited rows, in as few statements as possible. Internal to
// quality/.
#pragma once

#include <optional>
#include <vector>

#include "quality/audit.h"

namespace leat::quality {

// Of one check: the rows that break it; for freshness the newest time in microseconds (none: there
// is none). row_count and volume_anomaly measure nothing. An error: the check could not be
// evaluated.
struct Measurement {
  std::optional<std::int64_t> value;
  std::optional<Error> error;
};

struct Measurements {
  std::int64_t rows = 0;            // audited
  std::vector<Measurement> checks;  // in the order of asset.checks
};

// `this` must resolve in the session. Fails only when the session was interrupted, or when
// published rows cannot be counted.
Result<Measurements> Measure(engine::Session& session, const AuditInput& input);

// The temporary table that holds the distinct rows which a custom check with quarantine or drop has
// returned.
std::string CustomRowsTable(std::size_t check_index);

// Some rows that break a check, for people to look at. Empty for checks of the whole table.
Result<data::Rows> Sample(engine::Session& session, const AuditInput& input,
                          const project::Check& check);

}  // namespace leat::quality
