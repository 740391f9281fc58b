// Finds the rows that checks set aside, and writes the files again without them. Internal to
// quality/.
#pragma once

#include <string>
#include <vector>

#include "quality/audit.h"

namespace leat::quality {

struct SetAside {
  std::int64_t rows_quarantined = 0;
  std::int64_t rows_dropped = 0;
  std::string quarantine_sql;  // see AuditResult; empty without rows
};

// `broken` are the indexes of the checks with quarantine or drop that rows break; Measure has run
// in this session. The rows are kept in temporary tables.
Result<SetAside> FindRowsToSetAside(engine::Session& session, const AuditInput& input,
                                    const std::vector<std::size_t>& broken);

// The staged rows without those found last.
Result<std::vector<engine::WrittenFile>> WriteWithoutThem(engine::Session& session,
                                                          const AuditInput& input,
                                                          const engine::WriteOptions& rewrite);

}  // namespace leat::quality
