// SQLite behind Result: one connection, its kept statements, transactions. Used only inside state/.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/strong.h"

namespace leat::state {

// A prepared statement. Texts given to Bind must live until the statement is reset.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

  template <typename... Arguments>
  void BindAll(const Arguments&... arguments) {
    int index = 0;
    (Bind(++index, arguments), ...);
  }

  // Columns count from 0. A null reads as 0 or "".
  bool IsNull(int column) const;
  std::int64_t Integer(int column) const;
  std::string Text(int column) const;
  std::optional<std::int64_t> OptionalInteger(int column) const;

 private:
  friend class Connection;
  struct Finalizer {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };

  void Bind(int index, std::int64_t value) { sqlite3_bind_int64(handle_.get(), index, value); }
  void Bind(int index, int value) { Bind(index, static_cast<std::int64_t>(value)); }
  void Bind(int index, bool value) { Bind(index, static_cast<std::int64_t>(value)); }
  void Bind(int index, std::string_view text);
  void Bind(int index, const char* text) { Bind(index, std::string_view(text)); }
  void Bind(int index, const std::string& text) { Bind(index, std::string_view(text)); }
  template <typename Tag, typename T>
  void Bind(int index, const Strong<Tag, T>& value) {
    Bind(index, value.value());
  }
  template <typename T>
  void Bind(int index, const std::optional<T>& value) {
    if (value) {
      Bind(index, *value);
    } else {
      sqlite3_bind_null(handle_.get(), index);
    }
  }

  std::unique_ptr<sqlite3_stmt, Finalizer> handle_;
};

enum class OpenMode {
  kReadWrite,  // creates the file when it is missing
  kReadOnly,
  kImmutable,  // read-only, for a folder that cannot be written; the file must not have a
               // write-ahead log
  kMemory,     // an empty database; the path is only named in errors
};

// Not thread-safe. Errors name the database: kRetryLater (another process is writing, disk full or
// failing), kDenied, kCorrupt (damaged, or no database at all).
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> Open(const std::string& path, OpenMode mode);

  const std::string& path() const { return path_; }

  // Whether the path no longer leads to the file that is open.
  bool HasMoved() const;

  // Runs one or several statements without results or parameters.
  Status Execute(const char* sql);

  // Runs one statement, kept prepared for the next time; parameters are ?1, ?2, ....
  template <typename... Arguments>
  Status Run(const std::string& sql, const Arguments&... arguments) {
    return Query(sql, [](Statement&) { return Ok(); }, arguments...);
  }

  // Calls visit(Statement&), which returns a Status, for each row; stops at its first error.
  template <typename Visit, typename... Arguments>
  Status Query(const std::string& sql, Visit visit, const Arguments&... arguments) {
    LEAT_ASSIGN(Statement * statement, Prepare(sql));
    statement->BindAll(arguments...);
    Status status;
    while (status.ok()) {
      auto has_row = Step(*statement);
      if (!has_row.ok()) {
        status = std::move(has_row).error();
      } else if (!*has_row) {
        break;
      } else {
        status = visit(*statement);
      }
    }
    Reset(*statement);
    return status;
  }

  // The first column of the first row, if there is one and it is not null.
  template <typename... Arguments>
  Result<std::optional<std::int64_t>> QueryInteger(const std::string& sql,
                                                   const Arguments&... arguments) {
    std::optional<std::int64_t> value;
    bool first = true;
    LEAT_TRY(Query(
        sql,
        [&](Statement& row) {
          if (first) value = row.OptionalInteger(0);
          first = false;
          return Ok();
        },
        arguments...));
    return value;
  }

  // Takes the write lock, runs the body, and commits; an error of the body or of the commit undoes
  // everything.
  Status InTransaction(const std::function<Status()>& body);

  // Copies the whole database `source` over this one.
  Status CopyFrom(Connection& source);

 private:
  Connection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

  Result<Statement*> Prepare(const std::string& sql);
  Result<bool> Step(Statement& statement);
  static void Reset(Statement& statement);
  Error LastError() const;

  struct Closer {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Closer> handle_;
  std::string path_;
  std::unordered_map<std::string, Statement> statements_;  // destroyed before the handle
};

}  // namespace leat::state
