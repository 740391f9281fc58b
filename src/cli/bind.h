// Checks a whole project against the columns of its sources before anything runs.
#pragma once

#include <map>
#include <string>
#include <vector>

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

// What does not bind, with the errors. Columns that only new files have count.
struct Unbound {
  std::map<AssetName, std::string> reasons;  // the first error of each
  std::vector<Error> errors;
  std::vector<Error> warnings;
};
Result<Unbound> FindUnbound(orchestrate::Workspace& workspace, DeclaredTypes types);

}  // namespace leat::cli
