// What is checked and filled in before a transaction is tried.
#pragma once

#include "base/result.h"
#include "delta/log_entry.h"
#include "delta/table.h"
#include "io/environment.h"

namespace leat::delta {

// The entry that the transaction writes, without its commitInfo: identifiers and times filled in,
// partition values in the protocol's form, a protocol action when the schema needs one.
// kInvalidInput: the table cannot be written (feature by name, appendOnly), a path leads out of the
// table, names double, a partition value is missing or of a wrong type, a property cannot be
// understood. kBug: a file is added or removed twice, or removed and not in the base.
Result<LogEntry> PrepareEntry(const Transaction& transaction, const io::Environment& environment,
                              const std::string& table_path, const FileRoots& roots);

}  // namespace leat::delta
