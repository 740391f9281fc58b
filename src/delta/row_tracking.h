// Row ids of the files of a commit. Source: PROTOCOL.md, "Row Tracking".
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "delta/log_entry.h"
#include "delta/table.h"

namespace leat::delta {

// Whether the table, as the transaction leaves it, gives its rows ids.
bool TracksRows(const Protocol& protocol);

// Whether the table promises that a row keeps its id (delta.enableRowTracking).
bool KeepsRowIds(const Metadata& metadata);

// The columns of data files that hold the ids of rows from other files, and the versions that wrote
// them; in the schema they are not.
struct RowIdColumns {
  std::string id;
  std::string version;
};
// Nothing where rows do not keep their ids. kCorrupt: they do, and the columns have no names.
Result<std::optional<RowIdColumns>> RowIdColumnsOf(const Metadata& metadata);

// kBug: rows keep their ids, and the transaction copies rows into new files without them
// (Transaction::copies_row_ids).
Status CheckRowTracking(const Transaction& transaction, const Metadata& metadata,
                        const std::string& table_path);

// Gives each added file that has none the ids after those of `latest` (null: a new table) and
// `version` as the version of its rows, and notes the last id. kInvalidInput: a file without a row
// count in its statistics.
Status AssignRowIds(const Snapshot* latest, TableVersion version, LogEntry& entry);

}  // namespace leat::delta
