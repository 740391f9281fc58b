// Row ids of the files of a commit. Source: PROTOCOL.md, "Row Tracking".
#pragma once

#include "base/result.h"
#include "delta/log_entry.h"
#include "delta/table.h"

namespace leat::delta {

// Whether the table, as the transaction leaves it, gives its rows ids.
bool TracksRows(const Protocol& protocol);

// kInvalidInput: the table promises that a row keeps its id (delta.enableRowTracking), and the
// transaction copies rows into new files, which Leat writes without their ids.
Status CheckRowTracking(const Transaction& transaction, const Metadata& metadata,
                        const std::string& table_path);

// Gives each added file that has none the ids after those of `latest` (null: a new table) and
// `version` as the version of its rows, and notes the last id. kInvalidInput: a file without a row
// count in its statistics.
Status AssignRowIds(const Snapshot* latest, TableVersion version, LogEntry& entry);

}  // namespace leat::delta
