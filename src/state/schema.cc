#include "state/schema.h"

#include <array>

#include "state/limits.h"

namespace leat::state {
namespace {

// A missing interval takes part in keys as kNoInterval, because SQL holds no two nulls equal.
constexpr std::array<const char*, 2> kMigrations{
    R"sql(
create table runs (
  seq integer primary key,            -- in the order in which runs began
  id text not null unique,
  status text not null,
  started_us integer not null,
  ended_us integer,
  command text not null,
  selection text not null,
  interval_start_us integer,
  interval_end_us integer,
  full_refresh integer not null,
  error text not null,
  pid integer not null,
  process_token text not null
);
create index runs_running on runs (seq) where status = 'running';

create table tasks (
  seq integer primary key,
  run_id text not null,
  asset text not null,
  interval_start_us integer,
  interval_end_us integer,
  attempt integer not null,
  status text not null,
  started_us integer not null,
  ended_us integer,
  rows_read integer not null,
  rows_written integer not null,
  rows_quarantined integer not null,
  bytes_written integer not null,
  version integer,
  error text not null
);
create unique index tasks_key
  on tasks (run_id, asset, ifnull(interval_start_us, -9223372036854775808), attempt);
create index tasks_of_asset on tasks (asset, seq);

create table checks (
  seq integer primary key,
  run_id text not null,
  asset text not null,
  interval_start_us integer,
  interval_end_us integer,
  name text not null,
  column_name text not null,
  status text not null,
  failing_rows integer not null,
  sample_json text not null,
  on_fail text not null,
  message text not null,
  checked_us integer not null
);
create unique index checks_key
  on checks (run_id, asset, ifnull(interval_start_us, -9223372036854775808), column_name, name);
create index checks_of_asset on checks (asset, seq);

create table logs (
  seq integer primary key,
  run_id text not null,
  asset text not null,
  time_us integer not null,
  level text not null,
  message text not null
);
create index logs_of_run on logs (run_id, seq);

create table intervals (
  asset text primary key,
  fingerprint text not null,
  done_json text not null             -- [[start_us, end_us], ...], sorted and disjoint
) without rowid;
)sql",
    R"sql(
alter table runs add column first_started_us integer;

-- What a run that has not ended is to do; a crash leaves it there.
create table planned (
  seq integer primary key,
  run_id text not null,
  asset text not null,
  interval_start_us integer,
  interval_end_us integer
);
create index planned_of_run on planned (run_id);

-- Of views, which have no table that could say by which definition it was made.
create table definitions (
  asset text primary key,
  fingerprint text not null
) without rowid;

drop table intervals;
)sql"};

Result<std::int64_t> ReadPragma(Connection& connection, const std::string& name) {
  LEAT_ASSIGN(const auto value, connection.QueryInteger("PRAGMA " + name));
  return value.value_or(0);
}

// The version of its tables; 0 for an empty file.
Result<std::int64_t> ReadVersion(Connection& connection) {
  LEAT_ASSIGN(const std::int64_t application, ReadPragma(connection, "application_id"));
  LEAT_ASSIGN(const auto tables, connection.QueryInteger("select count(*) from sqlite_master"));
  if (application == 0 && tables == 0) return 0;
  if (application != kApplicationId) {
    return Corrupt("state database " + connection.path() + ": the file is not one of Leat's");
  }
  return ReadPragma(connection, "user_version");
}

Status RefuseNewer(const Connection& connection, std::int64_t version, std::int64_t known) {
  if (version <= known) return Ok();
  return InvalidInput("state database " + connection.path() + " has version " +
                      std::to_string(version) + ", and this program knows versions up to " +
                      std::to_string(known))
      .WithHint(
          "use the newer leat that wrote it, or move the file away: run history is then lost, "
          "tables are not");
}

// Write-ahead log, synced only when it is copied into the database: a power failure may lose the
// last records, never the consistency of the file.
Status SetJournal(const io::Environment& environment, Connection& connection) {
  constexpr int kAttempts = 50;
  constexpr std::int64_t kPauseUs = 20'000;
  const auto is_wal = [&]() -> Result<bool> {
    bool wal = false;
    LEAT_TRY(connection.Query("PRAGMA journal_mode", [&](Statement& row) {
      wal = row.Text(0) == "wal";
      return Ok();
    }));
    return wal;
  };
  LEAT_ASSIGN(bool wal, is_wal());
  // SQLite does not wait for others while it changes the mode, so this waits.
  for (int attempt = 1; !wal; attempt++) {
    Status changed = connection.Execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL");
    if (!changed.ok() &&
        (attempt == kAttempts || changed.error().kind() != ErrorKind::kRetryLater)) {
      return changed;
    }
    LEAT_ASSIGN(wal, is_wal());
    if (!wal && attempt == kAttempts) {
      return Denied("state database " + connection.path() + ": cannot use a write-ahead log there")
          .WithHint("keep the project on a local disk");
    }
    if (!wal) environment.clock.Sleep(kPauseUs);
  }
  return connection.Execute("PRAGMA synchronous = NORMAL");
}

Result<std::unique_ptr<Connection>> TryOpenForWriting(const io::Environment& environment,
                                                      const std::string& path) {
  LEAT_ASSIGN(auto connection, Connection::Open(path, OpenMode::kReadWrite));
  LEAT_ASSIGN(const std::int64_t version, ReadVersion(*connection));
  LEAT_TRY(RefuseNewer(*connection, version, std::ssize(Migrations())));
  LEAT_TRY(SetJournal(environment, *connection));
  LEAT_TRY(Migrate(*connection, Migrations()));
  return connection;
}

// Renames the file and its log, and names the new place.
Result<std::string> MoveAside(const io::Environment& environment, const std::string& path) {
  const std::string aside = path + ".damaged-" + std::to_string(environment.clock.Now());
  LEAT_TRY(environment.files.Rename(path, aside));
  for (const std::string suffix : {"-wal", "-shm", "-journal"}) {
    const Status moved = environment.files.Rename(path + suffix, aside + suffix);
    if (!moved.ok() && moved.error().kind() != ErrorKind::kNotFound) return moved.error();
  }
  return aside;
}

// The state stays out of git without being asked.
Status CreateFolder(const io::Environment& environment, const std::string& folder) {
  const auto there = environment.files.Stat(folder);
  if (there.ok() && there->is_directory) return Ok();
  LEAT_TRY(environment.files.CreateDirectories(folder));
  return environment.files.ReplaceFile(io::JoinPath(folder, ".gitignore"), "*\n");
}

Result<std::unique_ptr<Connection>> OpenEmpty(const std::string& path) {
  LEAT_ASSIGN(auto connection, Connection::Open(path, OpenMode::kMemory));
  LEAT_TRY(Migrate(*connection, Migrations()));
  return connection;
}

Result<std::unique_ptr<Connection>> TryOpenForReading(const io::Environment& environment,
                                                      const std::string& path) {
  const auto open = [&](OpenMode mode) -> Result<std::unique_ptr<Connection>> {
    LEAT_ASSIGN(auto connection, Connection::Open(path, mode));
    LEAT_ASSIGN(const std::int64_t version, ReadVersion(*connection));
    LEAT_TRY(RefuseNewer(*connection, version, std::ssize(Migrations())));
    if (version == std::ssize(Migrations())) return connection;
    LEAT_ASSIGN(auto copy, Connection::Open(path, OpenMode::kMemory));
    LEAT_TRY(copy->CopyFrom(*connection));
    LEAT_TRY(Migrate(*copy, Migrations()));
    return copy;
  };
  auto connection = open(OpenMode::kReadOnly);
  // Reading beside a writer needs a file next to the database. Where that cannot be made, nobody
  // writes either.
  if (!connection.ok() && connection.error().kind() == ErrorKind::kDenied &&
      !environment.files.Stat(path + "-wal").ok()) {
    return open(OpenMode::kImmutable);
  }
  return connection;
}

}  // namespace

std::span<const char* const> Migrations() { return kMigrations; }

Status Migrate(Connection& connection, std::span<const char* const> migrations) {
  const std::int64_t newest = std::ssize(migrations);
  LEAT_ASSIGN(const std::int64_t before, ReadVersion(connection));
  if (before == newest) return Ok();
  return connection.InTransaction([&]() -> Status {
    LEAT_ASSIGN(const std::int64_t version,
                ReadVersion(connection));  // somebody may have been faster
    LEAT_TRY(RefuseNewer(connection, version, newest));
    for (std::int64_t next = version; next < newest; next++) {
      LEAT_TRY(connection.Execute(migrations[static_cast<std::size_t>(next)]));
    }
    const std::string mark = "PRAGMA application_id = " + std::to_string(kApplicationId) +
                             "; PRAGMA user_version = " + std::to_string(newest);
    return connection.Execute(mark.c_str());
  });
}

std::string StatePath(const std::string& project_root, const std::string& environment) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string name = "state";
  if (!environment.empty()) name += '-';
  for (const char c : environment) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (plain) {
      name += c;
    } else {
      name += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return io::JoinPath(io::JoinPath(project_root, ".leat"), name + ".db");
}

Result<OpenedDatabase> OpenForWriting(const io::Environment& environment, const std::string& path) {
  LEAT_TRY(CreateFolder(environment, io::ParentPath(path)));
  auto connection = TryOpenForWriting(environment, path);
  if (!connection.ok() && connection.error().kind() == ErrorKind::kCorrupt) {
    // Another process may have replaced the file between the two looks at it.
    connection = TryOpenForWriting(environment, path);
  }
  if (connection.ok()) return OpenedDatabase{std::move(connection).value(), std::nullopt};
  if (connection.error().kind() != ErrorKind::kCorrupt) return std::move(connection).error();
  return ReplaceDamaged(environment, path, connection.error().message());
}

Result<OpenedDatabase> ReplaceDamaged(const io::Environment& environment, const std::string& path,
                                      const std::string& reason) {
  LEAT_ASSIGN(const std::string aside, MoveAside(environment, path));
  LEAT_ASSIGN(auto connection, TryOpenForWriting(environment, path));
  return OpenedDatabase{std::move(connection),
                        reason + ". It was moved to " + aside +
                            " and a new one begun: run history is lost, tables are not"};
}

Result<OpenedDatabase> OpenForReading(const io::Environment& environment, const std::string& path) {
  const auto there = environment.files.Stat(path);
  if (!there.ok() && there.error().kind() != ErrorKind::kNotFound) return there.error();
  std::optional<std::string> warning;
  if (there.ok()) {
    auto connection = TryOpenForReading(environment, path);
    if (connection.ok()) return OpenedDatabase{std::move(connection).value(), std::nullopt};
    if (connection.error().kind() != ErrorKind::kCorrupt) return std::move(connection).error();
    warning = connection.error().message() +
              ". It is shown as empty; the next run moves it aside and begins a new one";
  }
  LEAT_ASSIGN(auto empty, OpenEmpty(path));
  return OpenedDatabase{std::move(empty), std::move(warning)};
}

}  // namespace leat::state
