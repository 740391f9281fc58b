// Checks a whole project against the columns of its sources before anything runs.
#pragma once

#include "cli/app.h"
#include "project/schema_check.h"

namespace leat::cli {

enum class SourceColumns {
  kStored,        // as in the tables; of sources that have none, as in their files
  kStoredAndNew,  // also those that only files have: a load may add them. Opens files
};

// Reads no rows beyond what tells the columns of files.
Result<project::BindResult> Bind(orchestrate::Workspace& workspace, SourceColumns columns);

// For commands that run models: prints every error and returns false when something does not bind.
// Columns that only new files have count.
bool CheckBinds(App& app, orchestrate::Workspace& workspace);

}  // namespace leat::cli
