// Source files for the tables of a connection.
#pragma once

#include <string>

#include "cli/app.h"

namespace leat::cli {

struct InitSourcesOptions {
  std::string connection;
  std::string tables = "*";  // a glob over "schema.table"
};

// Writes assets/bronze/<table>.yml for each table, ready to run; files that are there stay. Returns
// the exit code.
int RunInitSources(App& app, const InitSourcesOptions& options);

}  // namespace leat::cli
