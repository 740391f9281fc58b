// DuckDB behind our own interface: run SQL over Delta tables, bind and trace it, read files, write
// Parquet.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/strong.h"
#include "data/value.h"
#include "delta/compaction.h"
#include "delta/deletion_vector.h"
#include "delta/table.h"
#include "engine/row_source.h"

namespace leat::engine {

struct EngineOptions {
  int threads = 0;                  // 0: as LEAT_THREADS says, or all cores
  std::int64_t memory_bytes = 0;    // 0: as LEAT_MEMORY says, or a share of the machine's
  std::string temporary_directory;  // where large sorts and joins spill
  // Blocks of files that were read stay in memory as long as it suffices. Worth it where reading is
  // slow; the disk's files are in the system's cache already.
  bool caches_files = true;
  // Folders from which tables elsewhere may take their files, as shallow clones do.
  delta::FileRoots file_roots = {};
};

// What a table name in a query stands for.
struct DeltaSource {
  std::string path;
  std::optional<TableVersion> version;  // none: latest when bound
  // Only these of the version's files, as AddFile::path; none: all. Without the rows that their
  // deletion vectors name.
  std::optional<std::vector<std::string>> files = std::nullopt;
};
struct FilesSource {  // staged Parquet files that are not committed yet
  std::vector<std::string> paths;
  data::Schema schema;
  std::vector<std::int64_t> row_counts =
      {};  // by path; empty: unknown. Joins are planned with them
};
struct SchemaSource {  // a table that need not exist: binds, has no rows
  AssetName asset;
  data::Schema schema;
};
struct QuerySource {  // a view
  std::string sql;
};
using TableSource = std::variant<DeltaSource, FilesSource, SchemaSource, QuerySource>;

// Resolves names in queries; asked with the schema ("" if none) and table as written. Called from
// engine threads.
using TableResolver = std::function<Result<std::optional<TableSource>>(const std::string& schema,
                                                                       const std::string& table)>;

// Named parameters ($start): instants bind as TIMESTAMP WITH TIME ZONE.
using Parameters = std::map<std::string, data::Value>;

struct ColumnStats {
  std::vector<std::string> path;        // the column's name, then those of fields in structs
  std::optional<std::string> min, max;  // as DuckDB prints them; none when unknown
  std::optional<std::int64_t> null_count;
  bool has_nan = false;
};

struct WrittenFile {
  std::string path;  // absolute
  // Of FileLayout::partition_by, as text; null for SQL's null.
  std::map<std::string, std::optional<std::string>> partition_values;
  std::int64_t row_count = 0;
  std::int64_t size_bytes = 0;
  std::vector<ColumnStats> columns;
  bool is_apart = false;  // has the rows for which WriteOptions::apart is true, and only those
};

struct WrittenQuery {
  data::Schema schema;  // of the files: the query's columns, with types that Delta can store
  std::vector<WrittenFile> files;
};

// Files in which columns stand otherwise than the query gives them.
struct FileLayout {
  // Columns of the query, of type VARCHAR, that are not written: each of their values gets files of
  // its own, in a folder column=value.
  std::vector<std::string> partition_by;
  // The names in the files, nested ones too, and the field ids (delta::ColumnId), of the query's
  // other columns in their order. Empty: the query's names, and no ids.
  std::vector<data::Field> columns = {};
};

struct WriteOptions {
  std::string directory;    // exists; file names are part-<uuid>.zstd.parquet
  bool keep_order = false;  // true: rows in query order, one file
  // A condition on the written rows, which it may call `this`: those for which it is true go to
  // files of their own. Empty: none. Not together with keep_order.
  std::string apart = "";
  std::optional<FileLayout> layout = std::nullopt;  // not together with apart
};

// Files of a table as these entries have them, whether in its log or not.
struct TableFiles {
  std::string table_path;
  delta::Metadata metadata;
  delta::FileList files;
  // Given, files are skipped by their statistics; shared with the scans.
  std::shared_ptr<const delta::Snapshot> snapshot = nullptr;
};

// A column that a statement of Leat's adds to those of a table, quoted for SQL. It begins with
// U+0001, as no column of a table does (delta::CheckNames), so that it is never one of the user's.
std::string HelperColumn(std::string_view name);

// The names under which a scan of a table says where a row lies: its file's path and its number in
// it, quoted for SQL. They are not columns of the table.
struct PlaceColumns {
  std::string file;
  std::string row;
};
PlaceColumns PlaceColumnsOf(const data::Schema& schema);

// The virtual columns by which a scan of a table says where a row lies: its file's path, that
// file's number in the scan, and the row's number in the file. Quoted for SQL.
inline constexpr char kFileNameColumn[] = "\"\001filename\"";
inline constexpr char kFileIndexColumn[] = "\"\001file_index\"";
inline constexpr char kFileRowColumn[] = "\"\001file_row_number\"";

// Rows of one data file.
struct MarkedRows {
  std::string path;  // as kFileNameColumn has it
  delta::DeletionVector rows;
  std::int64_t times = 0;  // how often they came: more than rows when some came again
};

// How rows become text.
struct TextFormat {
  bool is_json = false;   // an object per line; else CSV with a header
  bool is_array = false;  // of JSON: the objects are one array
  std::size_t max_rows = SIZE_MAX;
};

struct TextWritten {
  std::int64_t rows = 0;
  bool is_cut = false;  // there are more than TextFormat::max_rows
};

struct ColumnLineage {
  std::string column;                                      // of the query's result
  std::vector<std::pair<AssetName, std::string>> sources;  // asset and column it is computed from
};

struct BoundQuery {
  data::Schema schema;                 // result, with types that Delta can store
  std::vector<ColumnLineage> lineage;  // only for tables resolved as SchemaSource
  std::set<std::string> tables;        // folders of the Delta tables that it reads, absolute
};

struct QueryProgress {
  double fraction = 0;  // 0 to 1, or negative when unknown
};

// One connection. Not thread-safe; make one per task. Cheap (well under a millisecond).
class Session {
 public:
  virtual ~Session() = default;

  virtual void SetResolver(TableResolver resolver) = 0;
  // The tables of the project, "schema.table" each, whatever the resolver: proposed for names that
  // nobody knows, and asked for where DuckDB has tables of the same names.
  virtual void SetTableNames(std::vector<std::string> names) = 0;
  // Runs CREATE MACRO and other set-up statements.
  virtual Status Execute(const std::string& sql, const Parameters& parameters = {}) = 0;
  // Reads all rows, at most `max_rows`.
  virtual Result<data::Rows> Query(const std::string& sql, const Parameters& parameters = {},
                                   std::size_t max_rows = SIZE_MAX) = 0;
  // Streams Arrow batches; stops at the first error of `visit`.
  virtual Status Stream(const std::string& sql, const Parameters& parameters,
                        const std::function<Status(const data::ArrowBatch&)>& visit) = 0;
  // Parses and binds without running.
  virtual Result<BoundQuery> Bind(const std::string& sql, const Parameters& parameters = {}) = 0;
  // Writes the query's rows as Parquet with types that Delta can store, and the statistics for its
  // log. Files are not synced. On error or cancellation, none are left.
  virtual Result<WrittenQuery> WriteParquet(const std::string& sql, const Parameters& parameters,
                                            const WriteOptions& options) = 0;
  // A FROM item with the files' rows, for this session's queries. kInvalidInput: see MappingOf.
  virtual Result<std::string> ScanOf(const TableFiles& files) = 0;
  // A FROM item with the source's rows, for this session's queries, as long as the session lives.
  virtual std::string ScanRows(std::shared_ptr<const RowSource> rows) = 0;
  // The rows that a query's columns leat_file and leat_row name (see PlaceColumns).
  virtual Result<std::vector<MarkedRows>> MarkRows(const std::string& sql,
                                                   const Parameters& parameters) = 0;
  // Runs the query once and hands its rows on as text, in pieces; stops at the first error of
  // `write`.
  virtual Result<TextWritten> WriteText(const std::string& sql, const Parameters& parameters,
                                        const TextFormat& format,
                                        const std::function<Status(std::string_view)>& write) = 0;
  // Writes the query's rows to one file in csv, json (an object per line) or parquet.
  virtual Result<std::int64_t> CopyTo(const std::string& sql, const std::string& path,
                                      const std::string& format,
                                      const Parameters& parameters = {}) = 0;
  // Thread-safe: ends the running statement, which then returns kCancelled.
  virtual void Interrupt() = 0;
  virtual QueryProgress Progress() const = 0;
};

// One embedded database. Thread-safe.
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> Open(const io::Environment& environment,
                                              const EngineOptions& options);
  virtual ~Engine() = default;

  virtual std::unique_ptr<Session> NewSession() = 0;
  virtual delta::ParquetHandler& parquet() = 0;
  virtual io::FileSystem& files() = 0;
  virtual const delta::FileRoots& file_roots() const = 0;
  // The table object shared by all users of that path, so that its log is read once.
  virtual delta::Table& TableAt(const std::string& path) = 0;
};

// The Delta add action of a written file: relative path, statistics JSON typed by the schema.
delta::AddFile ToAddFile(const WrittenFile& file, const std::string& table_path,
                         const data::Schema& schema, TimestampUs now);

// Serves delta/'s compaction with a session, which must outlive it.
std::unique_ptr<delta::RowRewriter> MakeRowRewriter(const io::Environment& environment,
                                                    Session& session);

}  // namespace leat::engine
