#include "connect/postgres/postgres_connection.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <array>

#include "base/text.h"

namespace leat::connect {
namespace {

constexpr int kPollMilliseconds = 50;
constexpr int kConnectSeconds = 15;
constexpr int kConnectPolls = kConnectSeconds * 1000 / kPollMilliseconds;

// The functions of libpq that are used here.
struct Library {
#define LEAT_PQ(name) decltype(&::name) name = nullptr;
#define LEAT_PQ_FUNCTIONS         \
  LEAT_PQ(PQconnectStartParams)   \
  LEAT_PQ(PQconnectPoll)          \
  LEAT_PQ(PQstatus)               \
  LEAT_PQ(PQfinish)               \
  LEAT_PQ(PQsocket)               \
  LEAT_PQ(PQerrorMessage)         \
  LEAT_PQ(PQhost)                 \
  LEAT_PQ(PQport)                 \
  LEAT_PQ(PQdb)                   \
  LEAT_PQ(PQuser)                 \
  LEAT_PQ(PQparameterStatus)      \
  LEAT_PQ(PQserverVersion)        \
  LEAT_PQ(PQsendQueryParams)      \
  LEAT_PQ(PQsendPrepare)          \
  LEAT_PQ(PQsendDescribePrepared) \
  LEAT_PQ(PQsetnonblocking)       \
  LEAT_PQ(PQflush)                \
  LEAT_PQ(PQconsumeInput)         \
  LEAT_PQ(PQisBusy)               \
  LEAT_PQ(PQgetResult)            \
  LEAT_PQ(PQresultStatus)         \
  LEAT_PQ(PQresultErrorField)     \
  LEAT_PQ(PQresultErrorMessage)   \
  LEAT_PQ(PQclear)                \
  LEAT_PQ(PQntuples)              \
  LEAT_PQ(PQnfields)              \
  LEAT_PQ(PQfname)                \
  LEAT_PQ(PQftype)                \
  LEAT_PQ(PQfmod)                 \
  LEAT_PQ(PQgetvalue)             \
  LEAT_PQ(PQgetlength)            \
  LEAT_PQ(PQgetisnull)            \
  LEAT_PQ(PQgetCopyData)          \
  LEAT_PQ(PQfreemem)              \
  LEAT_PQ(PQgetCancel)            \
  LEAT_PQ(PQcancel)               \
  LEAT_PQ(PQfreeCancel)           \
  LEAT_PQ(PQsetNoticeProcessor)
  LEAT_PQ_FUNCTIONS
#undef LEAT_PQ
  std::string missing;  // why it cannot be used; empty: it can
};

Library Load() {
  Library library;
  void* const handle = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    library.missing = "libpq.so.5 cannot be loaded";
    return library;
  }
#define LEAT_PQ(name)                                                            \
  library.name = reinterpret_cast<decltype(library.name)>(dlsym(handle, #name)); \
  if (library.name == nullptr) library.missing = "libpq.so.5 lacks " #name;
  LEAT_PQ_FUNCTIONS
#undef LEAT_PQ
#undef LEAT_PQ_FUNCTIONS
  return library;
}

const Library& Pq() {
  static const Library library = Load();
  return library;
}

// Lines that begin with a tab explain the one before to people who start servers.
std::string OneLine(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string& line : Split(text, '\n')) {
    if (!line.empty() && line[0] != '\t') lines.emplace_back(Trim(line));
  }
  return Join(lines, "; ");
}

// https://www.postgresql.org/docs/15/errcodes-appendix.html
struct Advice {
  std::string_view state;  // or its first two characters
  ErrorKind kind;
  const char* hint;
};
constexpr std::array kAdvice = {
    Advice{"28P01", ErrorKind::kDenied, "correct user and password in connections.yml"},
    Advice{"28", ErrorKind::kDenied,
           "the server's pg_hba.conf does not let this user in from here"},
    Advice{"3D000", ErrorKind::kNotFound, "correct database in connections.yml"},
    Advice{"42501", ErrorKind::kDenied, "grant select on it to the user of the connection"},
    Advice{"42P01", ErrorKind::kNotFound,
           "leat connect browse lists the tables; name it with its schema: public.orders"},
    Advice{"53300", ErrorKind::kRetryLater, "the server has no connection left: set threads lower"},
    Advice{"57014", ErrorKind::kRetryLater, "somebody canceled it, or statement_timeout did"},
    Advice{"57", ErrorKind::kRetryLater, "the server was stopped or restarted; run again"},
    Advice{"40", ErrorKind::kRetryLater, "run again"},
    Advice{"08", ErrorKind::kRetryLater, "run again; leat connect test tries the connection"},
    Advice{"72000", ErrorKind::kRetryLater, "the snapshot became too old; run again"},
};

}  // namespace

PostgresConnection::PostgresConnection(std::string name)
    : name_(std::move(name)), work_(io::CurrentWork()) {}

PostgresConnection::~PostgresConnection() {
  if (chunk_ != nullptr) Pq().PQfreemem(chunk_);
  if (handle_ != nullptr) Pq().PQfinish(handle_);
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(
    const project::Connection& connection) {
  if (!Pq().missing.empty()) {
    return NotFound(Pq().missing).WithHint("install it: apt-get install libpq5");
  }
  std::unique_ptr<PostgresConnection> opened(new PostgresConnection(connection.name));
  LEAT_TRY(opened->Connect(connection));
  return opened;
}

Status PostgresConnection::Connect(const project::Connection& connection) {
  std::vector<std::pair<std::string, std::string>> options;
  const auto url = connection.options.find("url");
  if (url != connection.options.end()) options.emplace_back("dbname", url->second);
  for (const auto& [key, value] : connection.options) {
    if (key == "url" || key == "schema") continue;
    options.emplace_back(key == "database" ? "dbname" : key, value);
  }
  options.emplace_back("application_name", "leat");
  options.emplace_back("client_encoding", "UTF8");
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : options) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  handle_ = Pq().PQconnectStartParams(keys.data(), values.data(), 1);
  if (handle_ == nullptr) return RetryLater("out of memory");
  Pq().PQsetNoticeProcessor(handle_, [](void*, const char*) {}, nullptr);
  int polls = kConnectPolls;
  auto state = PGRES_POLLING_WRITING;
  while (Pq().PQstatus(handle_) != CONNECTION_BAD && state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) break;
    LEAT_TRY(Wait(state == PGRES_POLLING_WRITING, &polls));
    state = Pq().PQconnectPoll(handle_);
  }
  if (Pq().PQstatus(handle_) != CONNECTION_OK) return ErrorOfConnection();
  Pq().PQsetnonblocking(handle_, 1);
  // Text of values as it is read back exactly, whatever the role's settings are.
  const auto set = Query(
      "SELECT set_config('datestyle', 'ISO, YMD', false), set_config('intervalstyle', 'iso_8601', "
      "false), set_config('timezone', 'UTC', false), set_config('extra_float_digits', '1', false), "
      "set_config('bytea_output', 'hex', false)");
  if (!set.ok()) return set.error();
  const auto schema = connection.options.find("schema");
  if (schema == connection.options.end()) return Ok();
  const auto path =
      Query("SELECT set_config('search_path', quote_ident($1), false)", {schema->second});
  return path.ok() ? Ok() : Status(path.error());
}

Status PostgresConnection::Wait(bool for_writing, int* polls_left) {
  while (true) {
    if (work_ && work_->stopped()) {
      CancelStatement();
      return Cancelled(fmt::format("cancelled while connection '{}' was read", name_));
    }
    pollfd socket{.fd = Pq().PQsocket(handle_),
                  .events = static_cast<short>(for_writing ? POLLOUT : POLLIN),
                  .revents = 0};
    const int ready = poll(&socket, 1, kPollMilliseconds);
    if (ready > 0) return Ok();
    if (polls_left != nullptr && --*polls_left < 0) {
      return RetryLater(fmt::format("connection '{}': no answer from {} within {} s", name_,
                                    address(), kConnectSeconds))
          .WithHint("is host and port right, and does a firewall let it through?");
    }
  }
}

Status PostgresConnection::Send(const std::string& sql,
                                const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  const int sent = Pq().PQsendQueryParams(handle_, sql.c_str(), static_cast<int>(values.size()),
                                          nullptr, values.data(), nullptr, nullptr, 0);
  return sent == 1 ? Ok() : Status(ErrorOfConnection());
}

Result<pg_result*> PostgresConnection::Receive() {
  while (true) {
    const int unsent = Pq().PQflush(handle_);
    if (unsent < 0) return ErrorOfConnection();
    if (unsent == 0 && Pq().PQisBusy(handle_) == 0) return Pq().PQgetResult(handle_);
    LEAT_TRY(Wait(unsent > 0, nullptr));
    if (Pq().PQconsumeInput(handle_) == 0) return ErrorOfConnection();
  }
}

Status PostgresConnection::FinishResults() {
  Status status = Ok();
  while (true) {
    LEAT_ASSIGN(pg_result* const result, Receive());
    if (result == nullptr) return status;
    const auto code = Pq().PQresultStatus(result);
    if (code == PGRES_FATAL_ERROR && status.ok()) status = ErrorOf(result);
    Pq().PQclear(result);
  }
}

Result<std::vector<PostgresRow>> PostgresConnection::Query(
    const std::string& sql, const std::vector<std::string>& parameters) {
  LEAT_TRY(Send(sql, parameters));
  LEAT_ASSIGN(pg_result* const result, Receive());
  std::vector<PostgresRow> rows;
  Status status = Ok();
  if (result != nullptr) {
    if (Pq().PQresultStatus(result) == PGRES_FATAL_ERROR) status = ErrorOf(result);
    for (int row = 0; row < Pq().PQntuples(result); row++) {
      PostgresRow& cells = rows.emplace_back();
      for (int i = 0; i < Pq().PQnfields(result); i++) {
        if (Pq().PQgetisnull(result, row, i) != 0) {
          cells.emplace_back();
        } else {
          cells.emplace_back(
              std::string(Pq().PQgetvalue(result, row, i),
                          static_cast<std::size_t>(Pq().PQgetlength(result, row, i))));
        }
      }
    }
    Pq().PQclear(result);
  }
  LEAT_TRY(FinishResults());
  if (!status.ok()) return std::move(status).error();
  return rows;
}

Result<std::vector<PostgresColumn>> PostgresConnection::Describe(const std::string& sql) {
  if (Pq().PQsendPrepare(handle_, "", sql.c_str(), 0, nullptr) != 1) return ErrorOfConnection();
  LEAT_TRY(FinishResults());
  if (Pq().PQsendDescribePrepared(handle_, "") != 1) return ErrorOfConnection();
  LEAT_ASSIGN(pg_result* const result, Receive());
  std::vector<PostgresColumn> columns;
  for (int i = 0; result != nullptr && i < Pq().PQnfields(result); i++) {
    columns.push_back({.name = Pq().PQfname(result, i),
                       .type = Pq().PQftype(result, i),
                       .modifier = Pq().PQfmod(result, i)});
  }
  if (result != nullptr) Pq().PQclear(result);
  LEAT_TRY(FinishResults());
  return columns;
}

Status PostgresConnection::BeginCopy(const std::string& sql) {
  LEAT_TRY(Send(sql, {}));
  LEAT_ASSIGN(pg_result* const result, Receive());
  if (result == nullptr) return Bug("COPY gave no answer");
  const bool is_copy = Pq().PQresultStatus(result) == PGRES_COPY_OUT;
  const Status status = is_copy ? Ok() : Status(ErrorOf(result));
  Pq().PQclear(result);
  return status;
}

Result<std::optional<std::string_view>> PostgresConnection::Next() {
  if (chunk_ != nullptr) Pq().PQfreemem(chunk_);
  chunk_ = nullptr;
  while (true) {
    const int size = Pq().PQgetCopyData(handle_, &chunk_, 1);
    if (size > 0) return std::optional(std::string_view(chunk_, static_cast<std::size_t>(size)));
    if (size < 0) {
      LEAT_TRY(FinishResults());
      return std::optional<std::string_view>();
    }
    LEAT_TRY(Wait(false, nullptr));
    if (Pq().PQconsumeInput(handle_) == 0) return ErrorOfConnection();
  }
}

std::string PostgresConnection::address() const {
  const char* host = Pq().PQhost(handle_);
  const char* port = Pq().PQport(handle_);
  return fmt::format("{}:{}", host == nullptr ? "" : host, port == nullptr ? "" : port);
}

int PostgresConnection::version() const { return Pq().PQserverVersion(handle_); }

std::string PostgresConnection::parameter(const char* name) const {
  if (std::string_view(name) == "database") return Pq().PQdb(handle_);
  if (std::string_view(name) == "user") return Pq().PQuser(handle_);
  const char* value = Pq().PQparameterStatus(handle_, name);
  return value == nullptr ? "" : value;
}

Error PostgresConnection::ErrorOf(const pg_result* result) const {
  const char* state = Pq().PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = Pq().PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char* detail = Pq().PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
  if (state == nullptr) return ErrorOfConnection();
  std::string message = fmt::format("connection '{}': {}", name_,
                                    OneLine(primary == nullptr ? "no message" : primary));
  if (detail != nullptr) message += " (" + OneLine(detail) + ")";
  for (const Advice& advice : kAdvice) {
    if (std::string_view(state).starts_with(advice.state))
      return Error(advice.kind, std::move(message)).WithHint(advice.hint);
  }
  return InvalidInput(std::move(message)).WithHint(fmt::format("SQLSTATE {}", state));
}

// Before there is a session, libpq tells the server's errors as text only.
Error PostgresConnection::ErrorOfConnection() const {
  const std::string text = OneLine(Pq().PQerrorMessage(handle_));
  const std::string message =
      fmt::format("connection '{}': {}", name_, text.empty() ? "connection lost" : text);
  const auto says = [&text](const char* part) { return text.find(part) != std::string::npos; };
  if (says("password") || says("authentication failed") || says("no pg_hba.conf entry")) {
    return Error(ErrorKind::kDenied, message)
        .WithHint("correct user and password in connections.yml");
  }
  if (says("database \"") && says("does not exist")) {
    return NotFound(message).WithHint("correct database in connections.yml");
  }
  if (says("translate host name")) {
    return RetryLater(message).WithHint("correct host in connections.yml");
  }
  if (says("terminating connection")) {
    return RetryLater(message).WithHint("the server was stopped or ended the session; run again");
  }
  if (says("SSL") || says("certificate")) {
    return Error(ErrorKind::kDenied, message)
        .WithHint("sslmode in connections.yml says what is asked of the server's certificate");
  }
  return RetryLater(message).WithHint(
      fmt::format("is the server up? leat connect test {} tries again", name_));
}

void PostgresConnection::CancelStatement() {
  if (handle_ == nullptr || Pq().PQstatus(handle_) != CONNECTION_OK) return;
  PGcancel* const cancel = Pq().PQgetCancel(handle_);
  if (cancel == nullptr) return;
  std::array<char, 256> ignored{};
  Pq().PQcancel(cancel, ignored.data(), static_cast<int>(ignored.size()));
  Pq().PQfreeCancel(cancel);
}

std::string PostgresConnection::QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string PostgresConnection::QuoteText(std::string_view text) {
  const bool has_backslash = text.find('\\') != std::string_view::npos;
  std::string quoted = has_backslash ? " E'" : "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace leat::connect
