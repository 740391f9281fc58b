// A connection to PostgreSQL by libpq, which is loaded when it is first needed: no other command
// waits for it, or needs it installed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/work.h"
#include "project/definition.h"

struct pg_conn;
struct pg_result;

namespace leat::connect {

// The text of a cell, null for SQL's null.
using PostgresRow = std::vector<std::optional<std::string>>;

struct PostgresColumn {
  std::string name;
  std::uint32_t type = 0;  // an OID of pg_type; of a domain, what it is made of
  int modifier = -1;       // atttypmod
};

// Not thread-safe. All that waits ends soon, kCancelled, once the work is stopped that made it.
class PostgresConnection {
 public:
  // Errors are kRetryLater where the server may answer later, and kInvalidInput where something is
  // wrong with what was asked.
  static Result<std::unique_ptr<PostgresConnection>> Open(const project::Connection& connection);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // host:port; what the server says of itself (server_version), and database and user.
  std::string address() const;
  std::string parameter(const char* name) const;
  int version() const;  // 150018 for 15.18

  // The rows of one statement, as text.
  Result<std::vector<PostgresRow>> Query(const std::string& sql,
                                         const std::vector<std::string>& parameters = {});
  // The columns of a query, which is not run.
  Result<std::vector<PostgresColumn>> Describe(const std::string& sql);

  // COPY … TO STDOUT: then Next() until it gives nothing. What it gives is valid until its next
  // call.
  Status BeginCopy(const std::string& sql);
  Result<std::optional<std::string_view>> Next();

  static std::string QuoteName(std::string_view name);
  static std::string QuoteText(std::string_view text);

 private:
  explicit PostgresConnection(std::string name);

  // `polls_left`: of so many waits, each a fraction of a second; null: as long as it takes.
  Status Wait(bool for_writing, int* polls_left);
  Status Connect(const project::Connection& connection);
  Status Send(const std::string& sql, const std::vector<std::string>& parameters);
  // Waits for the next result of what was sent; null: it is done.
  Result<pg_result*> Receive();
  Status FinishResults();
  Error ErrorOf(const pg_result* result) const;
  Error ErrorOfConnection() const;
  void CancelStatement();

  std::string name_;  // of the connection in connections.yml
  pg_conn* handle_ = nullptr;
  char* chunk_ = nullptr;
  std::shared_ptr<io::Work> work_;
};

}  // namespace leat::connect
