// connections.yml, kept out of git:
//
//   connections:                     # for every environment
//     shop_db: {type: postgres, host: localhost, user: leat, password: "${SHOP_DB_PASSWORD}"}
//   environments:
//     prod:                          # instead of those above, name by name
//       shop_db: {type: postgres, host: db.internal, user: leat, password: "${SHOP_DB_PASSWORD}"}
//
// Values are text, numbers or booleans and may contain ${ENVIRONMENT_VARIABLE}; or they are
// {env: NAME}, {file: path} or {command: "pass show shop"}, which is read when it is used.
#pragma once

#include "project/definition.h"
#include "project/diagnostics.h"
#include "project/source_text.h"
#include "project/substitution.h"

namespace leat::project {

// Fills project.connections, and adds the values that must never be printed to project.secrets: all
// that came from the environment, and those of keys that name a secret. Messages never show a
// value.
void ReadConnections(const SourceText& source, const VariableLookup& variables, Project& project,
                     Diagnostics& diagnostics);

}  // namespace leat::project
