#include "state/sqlite.h"

#include "state/limits.h"

namespace leat::state {
namespace {

Error ToError(const std::string& path, int code, const std::string& reason) {
  const std::string message = "state database " + path + ": " + reason;
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return RetryLater(message).WithHint("another leat process is writing to it: try again");
    case SQLITE_FULL: return RetryLater(message).WithHint("free disk space, then run again");
    case SQLITE_IOERR:
    case SQLITE_NOMEM: return RetryLater(message).WithHint("check the disk and its free space");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Denied(message).WithHint("check the owner and permissions of the file and its folder");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Corrupt(message).WithHint(
          "move the file away: it only indexes the tables, whose data is safe");
    case SQLITE_INTERRUPT: return Cancelled(message);
    default: return Bug(message);
  }
}

// A path as SQLite's URI, with everything that has a meaning there escaped.
std::string ToUri(const std::string& path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += {'%', kHex[static_cast<unsigned char>(c) >> 4U], kHex[c & 15]};
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

void Statement::Bind(int index, std::string_view text) {
  // SQLite takes a null pointer for NULL, which an empty string_view may hold.
  sqlite3_bind_text(handle_.get(), index, text.data() == nullptr ? "" : text.data(),
                    static_cast<int>(text.size()), SQLITE_STATIC);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string Statement::Text(int column) const {
  const auto* text = sqlite3_column_text(handle_.get(), column);
  if (text == nullptr) return "";
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

std::optional<std::int64_t> Statement::OptionalInteger(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Integer(column);
}

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& path, OpenMode mode) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  std::string name = path;
  switch (mode) {
    case OpenMode::kReadWrite: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE; break;
    case OpenMode::kReadOnly: flags |= SQLITE_OPEN_READONLY; break;
    case OpenMode::kImmutable:
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
      name = ToUri(path);
      break;
    case OpenMode::kMemory:
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      name = ":memory:";
      break;
  }
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Connection> connection(new Connection(handle, path));
  if (code != SQLITE_OK) return ToError(path, code, sqlite3_errstr(code));
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  // The last one to close copies the log into the database, and leaves it where it is: to remove
  // a file of a megabyte takes a file system that discards blocks some milliseconds.
  int keep = 1;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
  return connection;
}

bool Connection::HasMoved() const {
  int moved = 0;
  sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

Error Connection::LastError() const {
  return ToError(path_, sqlite3_extended_errcode(handle_.get()), sqlite3_errmsg(handle_.get()));
}

Status Connection::Execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return LastError();
  return Ok();
}

Result<Statement*> Connection::Prepare(const std::string& sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) return &known->second;
  sqlite3_stmt* handle = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), sql.c_str(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &handle, nullptr) != SQLITE_OK) {
    return LastError();
  }
  return &statements_.emplace(sql, Statement(handle)).first->second;
}

Result<bool> Connection::Step(Statement& statement) {
  const int code = sqlite3_step(statement.handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return LastError();
}

void Connection::Reset(Statement& statement) {
  sqlite3_reset(statement.handle_.get());
  sqlite3_clear_bindings(statement.handle_.get());
}

Status Connection::InTransaction(const std::function<Status()>& body) {
  LEAT_TRY(Run("BEGIN IMMEDIATE"));
  Status status = body();
  if (status.ok()) status = Run("COMMIT");
  // SQLite itself rolls back after some errors: there is then nothing left to undo.
  if (!status.ok() && sqlite3_get_autocommit(handle_.get()) == 0) {
    const Status undone = Run("ROLLBACK");
    if (!undone.ok()) return Error(undone.error()).WithContext("cannot undo a failed write");
  }
  return status;
}

Status Connection::CopyFrom(Connection& source) {
  sqlite3_backup* backup = sqlite3_backup_init(handle_.get(), "main", source.handle_.get(), "main");
  if (backup == nullptr) return LastError();
  const int code = sqlite3_backup_step(backup, -1);
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) return ToError(path_, code, sqlite3_errstr(code));
  return Ok();
}

}  // namespace leat::state
