// Tables and queries of PostgreSQL, as connections of type postgres.
#pragma once

#include <memory>

#include "connect/connector.h"

namespace leat::connect {

// Reads by binary COPY: a table in ranges of pages, over several connections that share one
// exported snapshot (https://www.postgresql.org/docs/15/functions-admin.html); anything else over
// one connection.
std::unique_ptr<Connector> MakePostgres();

}  // namespace leat::connect
