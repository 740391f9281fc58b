// Removing log entries that nobody needs any more. Source: PROTOCOL.md, "Metadata Cleanup".
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "delta/log_reader.h"
#include "io/environment.h"

namespace leat::delta {

// As Table::CleanLog. What is removed lies before a checkpoint that is older than the retention and
// was read for it, so that every version within it, and that checkpoint's, can still be read;
// sidecar files follow the checkpoints that named them. A crash in between leaves a log that reads
// the same: entries go oldest first.
Result<std::vector<std::string>> CleanLog(const io::Environment& environment,
                                          const LogReader& reader, std::int64_t retention_ms,
                                          bool dry_run);

}  // namespace leat::delta
