// Going back to an earlier version, as a new one.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "delta/table.h"
#include "io/file_system.h"

namespace leat::delta {

// The transaction that gives the table the rows, schema and configuration of `target` again. The
// versions in between stay in the log, and so does the progress of applications (txn): what they
// have loaded is not loaded again. kNotFound naming a data file that was vacuumed since.
Result<Transaction> MakeRestore(io::FileSystem& files, const std::string& table_path,
                                std::shared_ptr<const Snapshot> latest, const Snapshot& target);

}  // namespace leat::delta
