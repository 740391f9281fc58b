// What DuckDB's callbacks need to know of the session that runs a query. Includes DuckDB: engine/
// only.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "delta/column_mapping.h"
#include "delta/deletion_vector.h"
#include "duckdb.hpp"
#include "duckdb/function/copy_function.hpp"
#include "duckdb/main/client_context_state.hpp"
#include "engine/engine.h"

namespace leat::engine {

// The rows behind one table name: files with their schema, from a Delta snapshot or staged.
struct ScanSource {
  std::string name;  // for messages
  std::string root;  // relative file paths start here
  data::Schema schema;
  delta::ColumnMapping mapping = delta::ColumnMapping::kNone;
  // Staged files, or some of the snapshot's; none: all of the snapshot's.
  std::optional<delta::FileList> files;
  std::shared_ptr<const delta::Snapshot>
      snapshot;     // shared: pruned lists of one scan point into it
  AssetName asset;  // set for schema-only sources: column lineage
};

// The columns that a COPY of WriteParquet writes, as its plan has them.
struct PlannedCopy {
  duckdb::vector<std::string> names;
  duckdb::vector<duckdb::LogicalType> types;
  bool needs_casts = false;  // to types that a table can store; the COPY was stopped for that
};

// The rows that leat_keep has taken out of a query.
struct RowsApart {
  std::mutex mutex;
  duckdb::unique_ptr<duckdb::ColumnDataCollection> rows;  // none yet: null
  duckdb::ColumnDataAppendState append;
};

// The rows that leat_mark has been called with.
struct RowMarks {
  struct File {
    std::string name;
    delta::DeletionVector rows;
    std::int64_t times = 0;  // calls, more than rows if some came again
  };
  std::mutex mutex;
  std::unordered_map<std::string, File> files;
};

// Short names that leat_folder has given to values of partitions.
struct FolderNames {
  std::mutex mutex;
  std::unordered_map<std::string, std::string> values;  // by name
};

// A file of leat_parquet, complete.
struct ParquetFile {
  std::string path;
  duckdb::CopyFunctionFileStatistics statistics;
};
WrittenFile ToWrittenFile(const ParquetFile& written);

// Registered with each connection under kKey. Used by one query at a time, but from DuckDB's binder
// only.
class SessionState final : public duckdb::ClientContextState {
 public:
  static constexpr const char* kKey = "leat";
  static SessionState* Of(duckdb::ClientContext& context) {
    return context.registered_state->Get<SessionState>(kKey).get();
  }

  TableResolver resolver;
  std::vector<std::string> table_names;  // of the project, "schema.table"
  Engine* engine = nullptr;
  std::map<std::string, std::shared_ptr<const ScanSource>>
      sources;  // by the key in "leat-source:<key>"
  std::map<std::string, std::shared_ptr<const RowSource>> row_sources;  // by the key of leat_rows
  std::shared_ptr<const ScanSource> bound_source;  // while delta_scan is bound: for its reader
  std::string parquet_read;                        // what the statement gave to read_parquet last
  std::set<std::string> bound_tables;              // folders that delta_scan was bound to
  std::optional<PlannedCopy> planned_copy;         // while WriteParquet waits for a plan
  std::unique_ptr<RowsApart> rows_apart;           // while WriteParquet writes some
  std::unique_ptr<RowMarks> row_marks;             // while MarkRows collects them
  FolderNames folder_names;                        // while WriteParquet writes
  std::string late_path;                           // of the file that leat_parquet adds if need be
  std::vector<data::Field> file_columns;           // FileLayout::columns, while WriteParquet writes
  std::mutex opened_mutex;
  std::vector<std::string> opened;   // by leat_parquet, in the order of their opening
  std::vector<ParquetFile> written;  // by leat_parquet
};

constexpr const char* kParquetCopy = "leat_parquet";
constexpr const char* kSourcePrefix = "leat-source:";

// delta_scan(path), also over "leat-source:<key>"; and the replacement of unknown table names by
// their sources.
void RegisterDeltaScan(duckdb::DatabaseInstance& database);
// changes(table, first version[, last version]): the rows that they changed.
void RegisterChanges(duckdb::DatabaseInstance& database);
// leat_rows(key): see Session::ScanRows.
void RegisterRowScan(duckdb::DatabaseInstance& database);
// The COPY format kParquetCopy: Parquet, into one file or two.
void RegisterParquetCopy(duckdb::DatabaseInstance& database);
// leat_strict(text, format, null of a type): the value of that type, null if the text spells none.
// leat_instant(timestamp): the TIMESTAMP WITH TIME ZONE that it is in UTC.
// leat_keep(is_apart, row): not is_apart; the rows apart are added to the session's RowsApart,
// without their last column, which is is_apart.
// leat_mark(filename, row number): true; the row is added to the session's RowMarks.
void RegisterFunctions(duckdb::DatabaseInstance& database);

// leat_folder(value, bytes): the value, or a short name for it if that of its folder would have
// more bytes; see FolderNames.
void RegisterPartitionFolders(duckdb::DatabaseInstance& database);
// Text to TIMESTAMP WITH TIME ZONE, each row in its own zone.
void RegisterZoneCasts(duckdb::DatabaseInstance& database);
// read_parquet, with files that DuckDB misreads refused. After RegisterDeltaScan.
void RegisterParquetChecks(duckdb::DatabaseInstance& database);

// The error of a statement with what DuckDB cannot know: the project's tables, why a file of a
// table may be gone, and that an internal error over a Parquet file is the file's.
Error Explain(Error error, const SessionState& state);

// The error as the exception that DuckDB hands back to us.
[[noreturn]] void Throw(const Error& error);

// Hands each chunk of a streaming result to `visit` as an Arrow batch.
Status VisitBatches(duckdb::QueryResult& result,
                    const std::function<Status(const data::ArrowBatch&)>& visit);

std::unique_ptr<delta::ParquetHandler> MakeParquetHandler(duckdb::DuckDB& database);

// The columns of one SELECT statement; throws DuckDB's exceptions.
struct Planned {
  std::vector<std::string> names;
  std::vector<duckdb::LogicalType> types;
};
Planned Plan(duckdb::Connection& connection, const std::string& sql, const Parameters& parameters);

// Binds `sql` in the connection and traces its columns; throws DuckDB's exceptions.
BoundQuery BindAndTrace(duckdb::Connection& connection, const std::string& sql,
                        const Parameters& parameters);

duckdb::case_insensitive_map_t<duckdb::BoundParameterData> ToBoundParameters(
    const Parameters& parameters);

}  // namespace leat::engine
