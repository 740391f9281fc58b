// Log compaction files: one entry that stands for several. Source: PROTOCOL.md, "Log Compaction
// Files".
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "delta/log_reader.h"
#include "io/environment.h"

namespace leat::delta {

// What the entries, oldest first, come to: per file, application and domain the newest action,
// removed domains too, as they hide what lies before; without commitInfo.
LogEntry Reconcile(std::vector<LogEntry> entries);

// As Table::CompactLog.
Result<std::optional<std::string>> CompactLog(const io::Environment& environment,
                                              const LogReader& reader, bool dry_run);

}  // namespace leat::delta
