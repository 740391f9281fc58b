// A parsed project: plain data, every part with the place it came from. The files are described in
// the reference of docs/guide. The file of a Location is relative to the project's folder.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"
#include "data/schema.h"
#include "data/value.h"
#include "engine/sql.h"

namespace leat::project {

enum class OnFail { kFail, kQuarantine, kDrop, kWarn };

// One check as declared. `kind` is a variant so that a new kind does not compile until every user
// handles it.
struct NotNull {};
struct Unique {};
struct Positive {};
struct AcceptedValues {
  std::vector<std::string> values;  // as text
};
struct Relationships {
  std::string table, column;  // each value exists there; the table as written
};
struct Pattern {
  std::string regex;  // matches the whole value (RE2)
};
struct Min {
  std::string value;  // inclusive; a SQL literal
};
struct Max {
  std::string value;  // inclusive; a SQL literal
};
struct Between {
  std::string min, max;  // inclusive; SQL literals
};
struct OfType {
  std::string type;  // text that casts to this SQL type
};
struct RowCount {
  std::optional<std::int64_t> min, max;
};
struct Freshness {
  std::string column;
  std::int64_t max_age_us = 0;
};
struct UniqueKey {
  std::vector<std::string> columns;
};
// The number of rows lies within mean ± sensitivity·σ of the last `history` runs.
struct VolumeAnomaly {
  int history = 14;
  double sensitivity = 3;
};
// A query that returns the bad rows of `this`.
struct CustomSql {
  std::string sql;
  std::vector<engine::TableReference> tables;  // that it reads besides `this`
};
using CheckKind =
    std::variant<NotNull, Unique, Positive, AcceptedValues, Relationships, Pattern, Min, Max,
                 Between, OfType, RowCount, Freshness, UniqueKey, VolumeAnomaly, CustomSql>;

struct Check {
  std::string name;    // "order_id not_null", or as given
  std::string column;  // empty for checks on the table
  CheckKind kind;
  OnFail on_fail = OnFail::kFail;
  Location location;
};

struct Column {
  std::string name;
  std::optional<data::Type> type;
  std::string description;
  Location location;
};

enum class SchemaPolicy { kEvolve, kFreeze, kDiscardRow, kDiscardValue };
enum class OnChange { kReplace, kAppend, kIgnore, kFail };
enum class FileFormat { kAuto, kCsv, kJson, kParquet };

// from: {file: ..., format: csv, delimiter: ";", ...}. Everything unset or empty is detected.
// encoding: a name that iconv(3) knows; compression: none, gzip, zstd.
struct FileSourceOptions {
  std::string glob;  // as written, relative to the project
  FileFormat format = FileFormat::kAuto;
  std::string delimiter, quote, escape, comment, encoding, compression, null_text, date_format,
      timestamp_format;
  bool takes_partitions = false;  // columns from folders named key=value
  std::optional<bool> header;
  std::optional<int> skip_lines;
  OnChange on_change = OnChange::kReplace;
  Location location;
};

struct ErrorBudget {  // unreadable rows accepted in one load; beyond it the load fails
  std::optional<std::int64_t> rows;
  std::optional<double> fraction;  // default 0.1 when neither is given
};

enum class LoadMode {
  kReplace,  // all rows, in the place of those that are there
  kAppend,   // the rows behind the cursor
  kMerge     // the same, in the place of rows with their key
};

// from: {connection: shop_db, table: public.orders}, or a query in the place of the table.
struct TableSourceOptions {
  std::string connection;
  std::string table, query;  // one of them is empty
  LoadMode load = LoadMode::kReplace;
  std::vector<std::string> key;
  std::string cursor;       // a column that grows with each change; empty: all rows are read
  std::int64_t lag_us = 0;  // rows may come so much later than their cursor says
  Location location, key_location, cursor_location;
};

struct SourceSpec {
  std::variant<FileSourceOptions, TableSourceOptions> from;
  SchemaPolicy schema_policy = SchemaPolicy::kEvolve;
  ErrorBudget error_budget;

  // Null: the source is another one.
  const FileSourceOptions* files() const { return std::get_if<FileSourceOptions>(&from); }
  const TableSourceOptions* table() const { return std::get_if<TableSourceOptions>(&from); }
  const Location& location() const;
};

enum class Materialization { kTable, kView, kAppend, kMerge, kInterval, kScd2 };

struct ModelSpec {
  Materialization materialized = Materialization::kTable;
  std::string sql;               // the SELECT, without front matter and closing semicolon
  int sql_line = 1;              // line of the file where `sql` begins
  std::vector<std::string> key;  // merge, scd2
  std::string time_column;       // interval; optional for scd2: when a row's values began to hold
  bool closes_deleted = false;   // scd2: keys that no longer come are closed
  Location key_location, time_column_location;
  engine::SqlFacts facts;  // their offsets are within `sql`
};

struct SeedSpec {};  // seeds/<name>.csv: location.file is the file

struct Retry {
  int attempts = 3;                   // in all, 1 = no retry
  std::int64_t delay_us = 1'000'000;  // first wait; doubles, with jitter
};

struct Asset {
  AssetName name;
  Location location;  // the file; line of the definition
  std::variant<SourceSpec, ModelSpec, SeedSpec> spec;
  std::string description, owner;
  std::vector<std::string> tags;
  std::string schedule;              // "" or "@daily", …: ParseGrain knows it
  std::optional<TimestampUs> start;  // the asset's own; else Project::start applies
  std::int64_t timeout_us = 0;       // 0: none
  Retry retry;
  std::vector<Column> columns;
  std::vector<Check> checks;
  std::vector<std::string> partition_by;          // columns of the table; empty: as it is
  std::map<std::string, std::string> properties;  // of the Delta table, to set: delta.appendOnly, …
  Location partition_by_location;
  std::vector<AssetName> dependencies;  // sorted, unique; only assets of this project
  std::string fingerprint;              // of the definition: changes when the asset's result could
  // What is wrong with its file, with the place. Its tables can be read and named; it cannot be
  // run. Empty: nothing.
  std::string broken;

  bool is_view() const;
};

struct UnitTest {  // tests/*.yml
  std::string name;
  AssetName model;
  // By asset name, one for each table that the model reads. Cells are texts as written (lists and
  // maps as JSON) or null, so that nothing is lost before they are compared. A column's type is
  // that of its cells (boolean, long, double or string), not the table's; columns may be missing.
  std::map<std::string, data::Rows> given;
  data::Rows expected;
  bool ordered = false;
  std::optional<TimestampUs> now, start, end;
  std::map<std::string, data::Value> vars;
  Location location;
};

struct Notification {
  std::string slack_url;        // secret
  std::vector<std::string> on;  // failure, check_failed, deadline_missed, success
};

// What connections.yml says of one system.
struct Connection {
  std::string name;
  std::string type;                            // postgres, …
  std::map<std::string, std::string> options;  // all but the type, variables filled in
  // Of options that stand elsewhere, by key: paths, and commands for sh (connect/secrets.h).
  std::map<std::string, std::string> secret_files = {}, secret_commands = {};
  // Why it cannot be used, with the place: a variable that is not set. Empty: nothing.
  std::string broken = {};
  Location location;
};

struct Project {
  std::string root;  // absolute folder of leat.yml
  std::string name;
  std::string storage;      // absolute folder, or s3://bucket/path
  std::string environment;  // "" = default
  std::string timezone = "UTC";
  std::string memory, threads;  // of the engine: "70%", "4GiB"; "4". Empty: the engine's own choice
  std::optional<TimestampUs> start;
  std::map<std::string, data::Value> vars;
  std::vector<Asset> assets;  // in dependency order, ties by name
  std::vector<engine::MacroDefinition> macros;
  std::vector<UnitTest> tests;
  std::vector<Notification> notifications;
  std::vector<Connection> connections;  // of the environment, by name
  std::vector<std::string> secrets;     // values that must never be printed

  const Asset* Find(const AssetName& name) const;
  // kNotFound with the nearest name, or with what to write.
  Result<const Connection*> FindConnection(const std::string& name) const;
};

}  // namespace leat::project
