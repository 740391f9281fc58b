#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "duckdb/common/type_visitor.hpp"
#include "duckdb/main/client_data.hpp"
#include "duckdb/main/pending_query_result.hpp"
#include "duckdb/main/settings.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/parser/expression/star_expression.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/copy_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/column_data_ref.hpp"
#include "duckdb/planner/operator/logical_copy_to_file.hpp"
#include "engine/data_file.h"
#include "engine/duckdb_file_system.h"
#include "engine/duckdb_text.h"
#include "engine/duckdb_types.h"
#include "engine/engine_error.h"
#include "engine/limits.h"
#include "engine/resources.h"
#include "engine/session_state.h"
#include "engine/sql.h"
#include "engine/statements.h"
#include "engine/table_names.h"
#include "engine/text_rows.h"
#include "engine/work_connection.h"

namespace leat::engine {
namespace {

constexpr duckdb::idx_t kOrderSetting = duckdb::PreserveInsertionOrderSetting::SettingIndex;

// "SELECT <casts> FROM (\n" is put before a query; positions in errors count from the query's own
// text.
struct Wrapped {
  std::string sql;
  std::size_t prefix_bytes = 0;
};

Error ToErrorIn(const duckdb::ErrorData& data, const Wrapped& text) {
  Error error = ToError(data, text.sql);
  const auto position = data.ExtraInfo().find("position");
  if (position == data.ExtraInfo().end() || text.prefix_bytes == 0) return error;
  const std::size_t at = OffsetBeforeQuoting(text.sql, std::stoull(position->second));
  const std::string_view inner = std::string_view(text.sql).substr(text.prefix_bytes);
  return std::move(error).At(
      LocationOf(inner, at < text.prefix_bytes ? 0 : at - text.prefix_bytes));
}

std::string AsStored(const std::string& column, const duckdb::LogicalType& type,
                     const data::Type& stored) {
  const bool is_local = type.id() == duckdb::LogicalTypeId::TIMESTAMP ||
                        type.id() == duckdb::LogicalTypeId::TIMESTAMP_NS;
  if (is_local && stored.kind == data::TypeKind::kTimestamp) return "leat_instant(" + column + ")";
  return fmt::format("CAST({} AS {})", column, data::ToSql(stored));
}

bool IsStoredAsItIs(const duckdb::LogicalType& type) {
  const auto stored = ToStoredType(type);
  return stored && ToLogicalType(*stored) == type && type.GetAlias().empty();
}

// Notes what a COPY is about to write, and stops it if a table cannot store the types as they are:
// so a query whose types need no cast is planned once.
void NoteCopy(duckdb::OptimizerExtensionInput& input,
              duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
  SessionState* const state = SessionState::Of(input.context);
  if (state == nullptr || !state->planned_copy ||
      plan->type != duckdb::LogicalOperatorType::LOGICAL_COPY_TO_FILE) {
    return;
  }
  const auto& copy = plan->Cast<duckdb::LogicalCopyToFile>();
  PlannedCopy& planned = *state->planned_copy;
  planned.names = copy.names;
  planned.types = copy.expected_types;
  planned.needs_casts = !std::all_of(planned.types.begin(), planned.types.end(), IsStoredAsItIs);
  if (planned.needs_casts) throw duckdb::BinderException("the query's types need casts");
}

class DuckSession final : public Session {
 public:
  DuckSession(duckdb::DuckDB& database, Engine& engine, const io::Environment& environment)
      : environment_(environment), connection_(database) {
    state_ = connection_->context->registered_state->GetOrCreate<SessionState>(SessionState::kKey);
    state_->engine = &engine;
    auto& config = duckdb::ClientConfig::GetConfig(*connection_->context);
    config.enable_progress_bar = true;
    config.print_progress_bar = false;
    config.wait_time = 0;
    Set(duckdb::ErrorsAsJSONSetting::SettingIndex, true);  // see ToError
  }

  void SetResolver(TableResolver resolver) override { state_->resolver = std::move(resolver); }
  void SetTableNames(std::vector<std::string> names) override {
    state_->table_names = std::move(names);
  }

  Status Execute(const std::string& sql, const Parameters& parameters) override {
    try {
      auto statements = Parse(sql);
      for (auto& statement : statements) {
        MakeMacroTemporary(*statement);
        LEAT_ASSIGN(const auto result,
                    RunStatement(std::move(statement), {.sql = sql}, parameters, false));
      }
      return statements.empty() ? Status(InvalidInput("the statement is empty")) : Ok();
    } catch (const std::exception& e) {
      return ToError(e, sql);
    }
  }

  Result<data::Rows> Query(const std::string& sql, const Parameters& parameters,
                           std::size_t max_rows) override {
    LEAT_ASSIGN(const auto result, Run(sql, parameters, true));
    try {
      data::Rows rows{.schema = SchemaOf(*result), .rows = {}};
      while (rows.rows.size() < max_rows) {
        auto chunk = result->Fetch();
        if (!chunk || chunk->size() == 0) break;
        AddRows(*chunk, max_rows, rows);
      }
      if (result->HasError()) return Explained(ToError(result->GetErrorObject(), sql));
      return rows;
    } catch (const std::exception& e) {
      return ToError(e, sql);
    }
  }

  Status Stream(const std::string& sql, const Parameters& parameters,
                const std::function<Status(const data::ArrowBatch&)>& visit) override {
    LEAT_ASSIGN(const auto result, Run(sql, parameters, true));
    try {
      return VisitBatches(*result, visit);
    } catch (const std::exception& e) {
      return ToError(e, sql);
    }
  }

  Result<BoundQuery> Bind(const std::string& sql, const Parameters& parameters) override {
    try {
      state_->bound_tables.clear();
      BoundQuery bound = BindAndTrace(*connection_, sql, parameters);
      bound.tables = std::exchange(state_->bound_tables, {});
      return bound;
    } catch (const std::exception& e) {
      return Explained(ToError(e, sql));
    }
  }

  Result<WrittenQuery> WriteParquet(const std::string& sql, const Parameters& parameters,
                                    const WriteOptions& options) override {
    Set(kOrderSetting, options.keep_order);
    const auto write = [&](const Wrapped& query) {
      return options.apart.empty() ? Write(query, parameters, options)
                                   : WriteApart(query, parameters, options);
    };
    state_->planned_copy = PlannedCopy{};
    auto files = write({.sql = WithoutSemicolon(sql)});
    if (state_->planned_copy->needs_casts) {
      auto query = CastToStored(WithoutSemicolon(sql), *state_->planned_copy);
      if (query.ok()) {
        files = write(*query);
      } else {
        files = std::move(query).error();
      }
    }
    const PlannedCopy plan = *std::exchange(state_->planned_copy, std::nullopt);
    if (!files.ok()) return std::move(files).error();
    WrittenQuery written{.files = *std::move(files)};
    for (std::size_t i = 0; i < plan.names.size(); i++)
      written.schema.fields.push_back(
          {.name = plan.names[i], .type = *ToStoredType(plan.types[i])});
    return written;
  }

  Result<std::string> ScanOf(const TableFiles& files) override {
    LEAT_ASSIGN(const auto mapping, delta::MappingOf(files.metadata));
    const std::string key = fmt::format("files:{}", state_->sources.size());
    state_->sources[key] =
        std::make_shared<ScanSource>(ScanSource{.name = files.table_path,
                                                .root = io::AbsolutePath(files.table_path),
                                                .schema = files.metadata.schema,
                                                .mapping = mapping,
                                                .files = files.files,
                                                .snapshot = files.snapshot});
    return "delta_scan(" + QuoteLiteral(kSourcePrefix + key) + ")";
  }
  std::string ScanRows(std::shared_ptr<const RowSource> rows) override {
    const std::string key = fmt::format("{}", state_->row_sources.size());
    state_->row_sources[key] = std::move(rows);
    return "leat_rows(" + QuoteLiteral(key) + ")";
  }
  Result<std::vector<MarkedRows>> MarkRows(const std::string& sql,
                                           const Parameters& parameters) override {
    state_->row_marks = std::make_unique<RowMarks>();
    const auto counted =
        Query(fmt::format("SELECT count(leat_mark(leat_file, leat_row)) FROM (\n{}\n)", sql),
              parameters, SIZE_MAX);
    const auto marks = std::move(state_->row_marks);
    if (!counted.ok()) return counted.error();
    std::vector<MarkedRows> rows;
    for (auto& [path, file] : marks->files) {
      rows.push_back({.path = path, .rows = std::move(file.rows), .times = file.times});
    }
    std::sort(rows.begin(), rows.end(),
              [](const MarkedRows& a, const MarkedRows& b) { return a.path < b.path; });
    return rows;
  }

  Result<TextWritten> WriteText(const std::string& sql, const Parameters& parameters,
                                const TextFormat& format,
                                const std::function<Status(std::string_view)>& write) override {
    Set(kOrderSetting, true);
    LEAT_ASSIGN(const auto result, Run(sql, parameters, true));
    try {
      auto written = WriteRows(*result, sql, format, write);
      if (!written.ok()) return Explained(std::move(written).error());
      return written;
    } catch (const std::exception& e) {
      return ToError(e, sql);
    }
  }

  Result<std::int64_t> CopyTo(const std::string& sql, const std::string& path,
                              const std::string& format, const Parameters& parameters) override {
    try {
      if (format != "parquet")
        return CopyText(sql, path, {.is_json = format == "json"}, parameters);
      Set(kOrderSetting, true);
      const Planned planned = Plan(*connection_, sql, parameters);
      const std::string typed = CastForParquet(WithoutSemicolon(sql), planned.names, planned.types);
      LEAT_ASSIGN(const auto result, RunStatement(MakeCopy(typed, path, format, {}), {.sql = typed},
                                                  parameters, false));
      const auto chunk = result->Fetch();
      return chunk ? chunk->GetValue(0, 0).GetValue<std::int64_t>() : 0;
    } catch (const std::exception& e) {
      return ToError(e, sql);
    }
  }

  void Interrupt() override { connection_->Interrupt(); }
  QueryProgress Progress() const override {
    const double percent = connection_->context->GetQueryProgress().GetPercentage();
    return {.fraction = percent < 0 ? -1 : percent / 100};
  }

 private:
  using QueryResult = duckdb::unique_ptr<duckdb::QueryResult>;

  static data::Schema SchemaOf(const duckdb::QueryResult& result) {
    data::Schema schema;
    for (std::size_t i = 0; i < result.names.size(); i++) {
      data::Type shown = ToStoredType(result.types[i]).value_or(data::Type{});
      if (result.types[i].id() == duckdb::LogicalTypeId::HUGEINT) {
        shown = {.kind = data::TypeKind::kDecimal, .precision = 38};
      }
      schema.fields.push_back({.name = result.names[i], .type = shown});
    }
    return schema;
  }

  static void AddRows(const duckdb::DataChunk& chunk, std::size_t max_rows, data::Rows& rows) {
    for (duckdb::idx_t row = 0; row < chunk.size() && rows.rows.size() < max_rows; row++) {
      auto& cells = rows.rows.emplace_back();
      for (duckdb::idx_t c = 0; c < chunk.ColumnCount(); c++)
        cells.push_back(ToValue(chunk.GetValue(c, row)));
    }
  }

  Result<QueryResult> Run(const std::string& sql, const Parameters& parameters, bool streaming) {
    try {
      Result<QueryResult> result = InvalidInput("the statement is empty");
      for (auto& statement : Parse(sql)) {
        result = RunStatement(std::move(statement), {.sql = sql}, parameters, streaming);
        if (!result.ok()) break;
      }
      return result;
    } catch (const std::exception& e) {
      return ToError(e, sql);
    }
  }

  // `text` is what the statement was parsed from.
  Result<QueryResult> RunStatement(duckdb::unique_ptr<duckdb::SQLStatement> statement,
                                   const Wrapped& text, const Parameters& parameters,
                                   bool streaming) {
    LEAT_TRY(connection_.RefuseIfStopped());
    MarkProjectTables(*statement, state_->table_names);
    state_->parquet_read.clear();
    auto values = ToBoundParameters(UsedBy(*statement, parameters));
    auto pending = connection_->context->PendingQuery(std::move(statement), values, streaming);
    if (!pending->HasError()) Work(*pending);
    if (pending->HasError()) return Explained(ToErrorIn(pending->GetErrorObject(), text));
    QueryResult result = pending->Execute();
    if (result->HasError()) return Explained(ToErrorIn(result->GetErrorObject(), text));
    return result;
  }

  Error Explained(Error error) const { return Explain(std::move(error), *state_); }

  // Until the result is there, this thread takes its part of the work. While others have the rest
  // of it, Execute() would spin, and take a core from other sessions.
  void Work(duckdb::PendingQueryResult& pending) {
    for (int idle = 0;;) {
      const auto state = pending.ExecuteTask();
      if (duckdb::PendingQueryResult::IsResultReady(state)) return;
      if (state == duckdb::PendingExecutionResult::BLOCKED) {
        pending.WaitForTask();
      } else if (state != duckdb::PendingExecutionResult::NO_TASKS_AVAILABLE) {
        idle = 0;
      } else if (++idle < kIdleYields) {
        std::this_thread::yield();
      } else {
        environment_.clock.Sleep(kIdleSleepUs);
      }
    }
  }

  // Through DuckDB's file systems, which know object stores and .gz.
  Result<std::int64_t> CopyText(const std::string& sql, const std::string& path,
                                const TextFormat& format, const Parameters& parameters) {
    using duckdb::FileFlags;
    duckdb::FileOpenFlags flags = FileFlags::FILE_FLAGS_WRITE;
    flags |= FileFlags::FILE_FLAGS_FILE_CREATE_NEW;
    flags |= duckdb::FileCompressionType::AUTO_DETECT;
    auto file = duckdb::FileSystem::GetFileSystem(*connection_->context).OpenFile(path, flags);
    const auto written =
        WriteText(sql, parameters, format, [&file](std::string_view text) -> Status {
          std::string bytes(text);
          file->Write(bytes.data(), bytes.size());
          return Ok();
        });
    if (!written.ok()) return written.error();
    file->Close();
    return written->rows;
  }

  std::string NewFile(const std::string& directory) const {
    return io::JoinPath(directory, NewDataFileName(environment_.random));
  }

  using CopyMaker = std::function<duckdb::unique_ptr<duckdb::CopyStatement>(
      const std::string& target, const std::string& format, CopyOptions options)>;

  // On error, no file is left.
  Result<std::vector<WrittenFile>> WriteFiles(const WriteOptions& options, const CopyMaker& make,
                                              const Wrapped& text, const Parameters& parameters) {
    const bool is_partitioned = options.layout && !options.layout->partition_by.empty();
    CopyOptions copy = ParquetOptions();
    if (is_partitioned) AddPartitions(options.layout->partition_by, copy);
    if (options.layout) state_->file_columns = options.layout->columns;
    state_->late_path = NewFile(options.directory);
    auto result = Result<QueryResult>(Bug("nothing was written"));
    try {
      result = RunStatement(make(is_partitioned ? options.directory : NewFile(options.directory),
                                 kParquetCopy, std::move(copy)),
                            text, parameters, false);
    } catch (const std::exception& e) {
      result = ToErrorIn(duckdb::ErrorData(e), text);
    }
    state_->file_columns.clear();
    const std::vector<std::string> opened = std::exchange(state_->opened, {});
    auto files = TakeWritten(options);
    state_->folder_names.values.clear();
    if (result.ok()) return files;
    for (const std::string& path : opened) RemoveIfThere(path);
    return std::move(result).error();
  }

  Result<std::vector<WrittenFile>> Write(const Wrapped& query, const Parameters& parameters,
                                         const WriteOptions& options) {
    const auto make = [&](const std::string& target, const std::string& format, CopyOptions with) {
      return MakeCopy(query.sql, target, format, std::move(with));
    };
    return WriteFiles(options, make, query, parameters);
  }

  // The query with casts around the columns that a table cannot store as they are.
  static Result<Wrapped> CastToStored(const std::string& sql, const PlannedCopy& plan) {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < plan.names.size(); i++) {
      const auto& type = plan.types[i];
      const auto stored = ToStoredType(type);
      // A cast would cut nested nanoseconds off.
      const bool is_cut = type.IsNested() &&
                          duckdb::TypeVisitor::Contains(type, duckdb::LogicalTypeId::TIMESTAMP_NS);
      if (!stored || is_cut) {
        return InvalidInput(fmt::format("column {} has type {}, which no table can store",
                                        plan.names[i], type.ToString()))
            .WithHint("cast it, for instance to VARCHAR");
      }
      const std::string name = QuoteIdentifier(plan.names[i]);
      columns.push_back(IsStoredAsItIs(type) ? name
                                             : AsStored(name, type, *stored) + " AS " + name);
    }
    std::string prefix = "SELECT " + Join(columns, ", ") + " FROM (\n";
    const std::size_t prefix_bytes = prefix.size();
    return Wrapped{.sql = std::move(prefix) + sql + "\n)", .prefix_bytes = prefix_bytes};
  }

  // In one pass: the rows for which the condition is true wait in memory until the others are
  // written.
  Result<std::vector<WrittenFile>> WriteApart(const Wrapped& query, const Parameters& parameters,
                                              const WriteOptions& options) {
    const std::string is_apart = HelperColumn("is_apart"), is_kept = HelperColumn("is_kept");
    const std::string row = HelperColumn("row");  // is_apart is its last field
    Wrapped marked{
        .sql = fmt::format("SELECT * EXCLUDE ({0}, {1}) FROM (SELECT *, leat_keep({0}, {2}) AS {1} "
                           "FROM (SELECT *, coalesce(({3}), false) AS {0} FROM (\n",
                           is_apart, is_kept, row, options.apart)};
    marked.prefix_bytes = marked.sql.size() + query.prefix_bytes;
    marked.sql += fmt::format("{}\n) AS this) AS {}) WHERE {}", query.sql, row, is_kept);
    state_->rows_apart = std::make_unique<RowsApart>();
    auto files = Write(marked, parameters, options);
    const auto rows_apart = std::move(state_->rows_apart);
    if (!files.ok() || !rows_apart->rows) return files;
    auto apart = WriteCollected(*rows_apart->rows, options);
    if (!apart.ok()) {
      for (const WrittenFile& file : *files) RemoveIfThere(file.path);
      return std::move(apart).error();
    }
    for (WrittenFile& file : *apart) {
      file.is_apart = true;
      files->push_back(std::move(file));
    }
    return files;
  }

  Result<std::vector<WrittenFile>> WriteCollected(duckdb::ColumnDataCollection& rows,
                                                  const WriteOptions& options) {
    const auto make = [&](const std::string& target, const std::string& format, CopyOptions with) {
      auto source = duckdb::make_uniq<duckdb::ColumnDataRef>(
          duckdb::optionally_owned_ptr<duckdb::ColumnDataCollection>(rows),
          state_->planned_copy->names);
      source->alias = "apart";
      auto all = duckdb::make_uniq<duckdb::SelectNode>();
      all->select_list.push_back(duckdb::make_uniq<duckdb::StarExpression>());
      all->from_table = std::move(source);
      return MakeCopy(std::move(all), target, format, std::move(with));
    };
    return WriteFiles(options, make, {}, {});
  }

  // For this session only; a SET statement would set it for all.
  void Set(duckdb::idx_t setting, bool value) {
    duckdb::ClientConfig::GetConfig(*connection_->context)
        .user_settings.SetUserSetting(setting, duckdb::Value::BOOLEAN(value));
  }

  // Of the files that leat_parquet has written; those without rows are removed.
  Result<std::vector<WrittenFile>> TakeWritten(const WriteOptions& options) {
    std::vector<WrittenFile> files;
    for (const ParquetFile& written : std::exchange(state_->written, {})) {
      if (written.statistics.row_count == 0) {
        LEAT_TRY(environment_.files.Remove(written.path));
      } else {
        files.push_back(ToWrittenFile(written));
        if (options.layout) AddPartitionValues(options, files.back());
      }
    }
    return files;
  }

  // From the names of its folders.
  void AddPartitionValues(const WriteOptions& options, WrittenFile& file) const {
    const auto& columns = options.layout->partition_by;
    auto folders = Split(file.path, '/');
    folders.pop_back();
    for (std::size_t i = 0; i < columns.size(); i++) {
      const std::string& folder = folders.at(folders.size() - columns.size() + i);
      auto value = PartitionOfFolder(folder).value().second;
      const auto& short_names = state_->folder_names.values;
      const auto found = value ? short_names.find(*value) : short_names.end();
      if (found != short_names.end()) value = found->second;
      file.partition_values[columns[i]] = std::move(value);
    }
  }

  // A file that was begun when the query failed.
  void RemoveIfThere(const std::string& target) {
    const Status removed = environment_.files.Remove(target);
    (void)removed;  // DuckDB removes the file itself in most cases; what stays is an orphan
  }

  const io::Environment& environment_;
  WorkConnection connection_;
  duckdb::shared_ptr<SessionState> state_;
};

class DuckEngine final : public Engine {
 public:
  DuckEngine(const io::Environment& environment, duckdb::DBConfig& config,
             delta::FileRoots file_roots)
      : environment_(environment),
        file_roots_(std::move(file_roots)),
        database_(nullptr, &config),
        parquet_(MakeParquetHandler(database_)) {
    duckdb::OptimizerExtension note_copy;
    note_copy.pre_optimize_function = NoteCopy;
    duckdb::OptimizerExtension::Register(database_.instance->config, std::move(note_copy));
    RegisterObjectStores(*database_.instance, environment_.files);
    RegisterDeltaScan(*database_.instance);
    RegisterChanges(*database_.instance);
    RegisterRowScan(*database_.instance);
    RegisterFunctions(*database_.instance);
    RegisterParquetCopy(*database_.instance);
    RegisterPartitionFolders(*database_.instance);
    RegisterZoneCasts(*database_.instance);
    RegisterParquetChecks(*database_.instance);
    // An option of the ICU extension, which is there only once the database is open.
    auto result = duckdb::Connection(database_).Query("SET GLOBAL TimeZone = 'UTC'");
    if (result->HasError()) result->ThrowError();
  }

  std::unique_ptr<Session> NewSession() override {
    return std::make_unique<DuckSession>(database_, *this, environment_);
  }
  delta::ParquetHandler& parquet() override { return *parquet_; }
  io::FileSystem& files() override { return environment_.files; }
  const delta::FileRoots& file_roots() const override { return file_roots_; }

  delta::Table& TableAt(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    auto& table = tables_[io::AbsolutePath(path)];
    if (!table)
      table = std::make_unique<delta::Table>(environment_, *parquet_, io::AbsolutePath(path),
                                             file_roots_);
    return *table;
  }

 private:
  io::Environment environment_;
  const delta::FileRoots file_roots_;
  duckdb::DuckDB database_;
  std::unique_ptr<delta::ParquetHandler> parquet_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<delta::Table>> tables_;
};

Result<std::int64_t> MemoryFor(const EngineOptions& options) {
  if (options.memory_bytes > 0) return options.memory_bytes;
  const auto text = io::GetEnv("LEAT_MEMORY");
  if (!text) return DefaultMemory();
  auto bytes = MemoryOf(*text, TotalMemory());
  if (!bytes.ok()) return std::move(bytes).error().At({.file = "LEAT_MEMORY"});
  return bytes;
}

Result<int> ThreadsFor(const EngineOptions& options) {
  const auto text = options.threads > 0 ? std::nullopt : io::GetEnv("LEAT_THREADS");
  if (!text) return options.threads;
  auto threads = ThreadsOf(*text, Cores());
  if (!threads.ok()) return std::move(threads).error().At({.file = "LEAT_THREADS"});
  return threads;
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::Open(const io::Environment& environment,
                                             const EngineOptions& options) {
  try {
    // DuckDB asks this while it opens, and aborts when it fails there: for want of open files, say.
    duckdb::DBConfig::GetSystemAvailableMemory(*duckdb::FileSystem::CreateLocal());
    duckdb::DBConfig config;
    const auto set = [&config](const char* name, duckdb::Value value) {
      config.SetOptionByName(name, value);
    };
    LEAT_ASSIGN(const std::int64_t memory_bytes, MemoryFor(options));
    LEAT_ASSIGN(const int threads, ThreadsFor(options));
    set("memory_limit", duckdb::Value(fmt::format("{}B", memory_bytes)));
    set("max_temp_directory_size", duckdb::Value(kMaxTemporaryDirectorySize));
    set("enable_external_file_cache", duckdb::Value::BOOLEAN(options.caches_files));
    set("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
    set("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
    if (threads > 0) set("threads", duckdb::Value::INTEGER(threads));
    if (!options.temporary_directory.empty())
      set("temp_directory", duckdb::Value(options.temporary_directory));
    return std::unique_ptr<Engine>(new DuckEngine(environment, config, options.file_roots));
  } catch (const std::exception& e) {
    return ToError(e, "").WithContext("opening the embedded engine");
  }
}

}  // namespace leat::engine
