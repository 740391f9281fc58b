// Checks a whole project against the columns of its sources before anything runs.
#pragma once

#include "cli/app.h"
#include "project/schema_check.h"

namespace leat::cli {

// The types that sources declare apply to new tables only: an existing one keeps its own.
enum class DeclaredTypes {
  kLikeStored,  // another type than the stored one is an error
  kMayDiffer,   // the tables are about to be made anew
};

enum class SourceColumns {
  kStored,        // as in the tables; of sources that have none, as in their files
  kStoredAndNew,  // also those that only files have: a load may add them. Opens files
};

// Reads no rows beyond what tells the columns of files.
Result<project::BindResult> Bind(orchestrate::Workspace& workspace, SourceColumns columns,
                                 DeclaredTypes types = DeclaredTypes::kLikeStored);

// For commands that run models: prints every error and returns false when something does not bind.
// Columns that only new files have count.
bool CheckBinds(App& app, orchestrate::Workspace& workspace, DeclaredTypes types);

}  // namespace leat::cli
