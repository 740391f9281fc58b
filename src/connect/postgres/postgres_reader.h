// Rows of PostgreSQL by binary COPY, in pieces that several connections read at once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connect/connector.h"
#include "connect/postgres/postgres_connection.h"
#include "connect/postgres/postgres_value.h"
#include "engine/row_source.h"

namespace leat::connect {

struct PostgresReading {
  project::Connection connection;
  // In a transaction whose snapshot, exported under this name, all others take over.
  std::unique_ptr<PostgresConnection> first;
  std::string snapshot;
  std::string source;                     // for rejects
  std::vector<std::string> columns;       // names
  std::vector<PostgresMapping> mappings;  // of the columns
  std::vector<std::string> pieces;        // SELECTs of these columns, that together have all rows
  int max_connections = 1;
  std::shared_ptr<RejectLog> rejects;
};

// A batch has the columns, and kRowNumberColumn.
std::unique_ptr<engine::RowReader> MakePostgresReader(PostgresReading reading);

// Begins the transaction in which everything is read: the snapshot of `snapshot`, or, empty, one of
// its own.
Status BeginReading(PostgresConnection& connection, const std::string& snapshot);

}  // namespace leat::connect
