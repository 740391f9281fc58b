// Reads a project folder into a Project, and reports everything that is wrong with it at once.
#pragma once

#include <optional>
#include <string>

#include "io/environment.h"
#include "project/definition.h"
#include "project/diagnostics.h"
#include "project/substitution.h"

namespace leat::project {

struct LoadOptions {
  std::string environment;  // of leat.yml's `environments`; "" = LEAT_ENV, else none
  VariableLookup variables = io::GetEnv;
};

struct LoadResult {
  std::optional<Project> project;  // only without errors
  // With errors: what could be read, with Asset::broken set where a file has an error, and without
  // the macros of broken files. Missing when leat.yml does not tell where the tables are.
  std::optional<Project> sound_part;
  bool is_usable = false;    // leat.yml has no errors: what is sound may be run
  bool knows_macros = true;  // all files of macros could be read: what is unknown is an error
  Diagnostics diagnostics;   // sorted
};

// Finds leat.yml in `directory` or its nearest parent, and reads:
//
//   leat.yml, connections.yml        see config.h, connections.h
//   assets/**/*.yml, *.sql           see source.h, model.h; an asset's name is its path with dots
//   seeds/*.csv, *.yml               see seed.h
//   macros/*.sql                     CREATE MACRO statements
//   tests/*.yml                      see test_cases.h
//
// Names, references, order, variables and options are checked; columns are schema_check.h's part.
// Nothing outside the folder is read but the time zone database and environment variables.
// Locations name files relative to the project, or an environment variable.
LoadResult LoadProject(const io::Environment& environment, const std::string& directory,
                       const LoadOptions& options);

}  // namespace leat::project
