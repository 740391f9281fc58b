// A connection to DuckDB that belongs to what its thread is doing. Includes DuckDB: engine/ only.
#pragma once

#include <memory>

#include "duckdb.hpp"
#include "duckdb/main/client_context_state.hpp"
#include "io/work.h"

namespace leat::engine {

// Ends its statement when the work of the thread that made it is interrupted.
class WorkConnection {
 public:
  explicit WorkConnection(duckdb::DuckDB& database);
  ~WorkConnection();
  WorkConnection(const WorkConnection&) = delete;
  WorkConnection& operator=(const WorkConnection&) = delete;

  duckdb::Connection& operator*() { return connection_; }
  duckdb::Connection* operator->() { return &connection_; }
  const duckdb::Connection* operator->() const { return &connection_; }
  // kCancelled: no statement may begin any more.
  Status RefuseIfStopped() const;

 private:
  const std::shared_ptr<io::Work> work_;  // shared with that thread; null: none
  duckdb::Connection connection_;
};

// That of the connection, for the threads that work for it; null: none.
std::shared_ptr<io::Work> WorkOf(duckdb::ClientContext& context);

}  // namespace leat::engine
