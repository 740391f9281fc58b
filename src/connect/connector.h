// How rows come from systems that have tables: one connector for each type of connection.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "connect/reject.h"
#include "data/schema.h"
#include "engine/row_source.h"
#include "project/definition.h"

namespace leat::connect {

// A table as the system lists it.
struct TableInfo {
  std::string name;  // as `table:` of a source takes it
  std::string kind;  // table, view, …
  std::optional<std::int64_t> estimated_rows;
};

// The columns of a table or query, as a table of Leat's would have them.
struct TableDescription {
  data::Schema schema;
  std::vector<std::string> system_types;  // of the columns, as the system names them
  std::vector<std::string> key;           // its primary key; empty: none, or a query
};

// The rows that a reading could not store. Thread-safe.
class RejectLog {
 public:
  // kInvalidInput when they become more than memory should hold.
  Status Add(Reject reject);
  // Once the reading is done.
  std::vector<Reject> Take();

 private:
  std::mutex mutex_;
  std::vector<Reject> rejects_;
  std::int64_t bytes_ = 0;
};

struct ExtractInput {
  const project::Connection& connection;
  const project::TableSourceOptions& source;
  // The newest cursor that the table has, as Extract::cursor said; none: all rows are read.
  std::optional<std::string> cursor;
  int max_threads = 1;  // that read at once
};

// One reading of a table or query, as it stands at one moment.
struct Extract {
  std::string name;  // for _leat_source
  TableDescription description;
  // The description's columns, then kRowNumberColumn. May be read once.
  std::shared_ptr<const engine::RowSource> rows;
  std::shared_ptr<RejectLog> rejects;
  // The newest cursor among these rows and those before, in the system's own text; none: there is
  // no cursor, or no row.
  std::optional<std::string> cursor;
};

// A number of each row that no other row of the reading has.
inline constexpr char kRowNumberColumn[] = "\001row_number";

// One type of system. Thread-safe. Whatever waits ends soon when the work of the thread that called
// (io/work.h) is stopped. Errors name the connection and what to do, and have no secrets.
class Connector {
 public:
  virtual ~Connector() = default;

  // Connects, and says what is there: "PostgreSQL 15.4 at db:5432, database shop, as leat".
  virtual Result<std::string> Test(const project::Connection& connection) = 0;
  virtual Result<std::vector<TableInfo>> Tables(const project::Connection& connection) = 0;
  virtual Result<TableDescription> Describe(const project::Connection& connection,
                                            const project::TableSourceOptions& source) = 0;
  virtual Result<Extract> Open(const ExtractInput& input) = 0;
};

// The connectors by type of connection. Immutable once the program has begun.
class Connectors {
 public:
  void Add(std::string type, std::unique_ptr<Connector> connector);
  // kInvalidInput: no connector reads connections of this type.
  Result<Connector*> For(const project::Connection& connection) const;
  std::vector<std::string> types() const;

 private:
  std::map<std::string, std::unique_ptr<Connector>> connectors_;
};

}  // namespace leat::connect
