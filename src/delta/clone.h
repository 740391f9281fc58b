// Shallow clones: a new table made of another table's files.
#pragma once

#include <string>

#include "base/result.h"
#include "delta/table.h"

namespace leat::delta {

// The transaction that creates a table with the rows, schema, properties, domains and positions of
// applications of the snapshot, whose files it names where they are. Both tables go their own ways
// from then on; but a vacuum of the source takes files from the clone that the source no longer
// needs. kCorrupt: a deletion vector without a name.
Result<Transaction> MakeClone(const Snapshot& source, const std::string& source_path);

}  // namespace leat::delta
