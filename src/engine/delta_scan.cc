// delta_scan: DuckDB's Parquet reader driven by the file list of a Delta snapshot, with files
// skipped by their partition values and statistics before they are opened.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "delta/deletion_vector.h"
#include "delta/file_skipping.h"
#include "duckdb/catalog/catalog.hpp"
#include "duckdb/catalog/catalog_entry/table_function_catalog_entry.hpp"
#include "duckdb/common/multi_file/multi_file_data.hpp"
#include "duckdb/common/multi_file/multi_file_list.hpp"
#include "duckdb/common/multi_file/multi_file_reader.hpp"
#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "duckdb/function/replacement_scan.hpp"
#include "duckdb/parser/expression/comparison_expression.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/subqueryref.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "engine/data_file.h"
#include "engine/duckdb_file_system.h"
#include "engine/duckdb_text.h"
#include "engine/duckdb_types.h"
#include "engine/mapped_columns.h"
#include "engine/pushed_filters.h"
#include "engine/session_state.h"
#include "engine/table_names.h"

namespace leat::engine {
namespace {

using delta::Predicate;

constexpr char kHelperPrefix = '\001';

const delta::FileList& FilesOf(const ScanSource& source) {
  static const delta::FileList kNone;
  if (source.files) return *source.files;
  return source.snapshot ? source.snapshot->files() : kNone;
}

// The files of one scan. Immutable; pruning makes a new list over the same source.
class DeltaFileList final : public duckdb::MultiFileList {
 public:
  explicit DeltaFileList(std::shared_ptr<const ScanSource> source) : source_(std::move(source)) {
    for (const delta::AddFile& file : FilesOf(*source_)) files_.push_back(&file);
  }
  DeltaFileList(std::shared_ptr<const ScanSource> source, std::vector<const delta::AddFile*> files)
      : source_(std::move(source)), files_(std::move(files)) {}

  const std::shared_ptr<const ScanSource>& source() const { return source_; }
  const delta::AddFile& At(std::size_t i) const { return *files_[i]; }

  duckdb::unique_ptr<duckdb::MultiFileList> Without(
      const std::vector<Predicate>& predicates) const {
    if (predicates.empty() || !source_->snapshot) return nullptr;
    const delta::FileSkipper skipper(*source_->snapshot, predicates);
    std::vector<const delta::AddFile*> kept;
    for (const delta::AddFile* file : files_) {
      if (!skipper.CanSkip(*file)) kept.push_back(file);
    }
    if (kept.size() == files_.size()) return nullptr;
    return duckdb::make_uniq<DeltaFileList>(source_, std::move(kept));
  }

  duckdb::vector<duckdb::OpenFileInfo> GetAllFiles() const override {
    duckdb::vector<duckdb::OpenFileInfo> all;
    for (std::size_t i = 0; i < files_.size(); i++) all.push_back(GetFile(i));
    return all;
  }
  duckdb::FileExpandResult GetExpandResult() const override {
    // A scan of a single file has as many threads as the file, opened by the binder, has row
    // groups. Here no file is opened before the scan: it takes all threads.
    return files_.empty() ? duckdb::FileExpandResult::NO_FILES
                          : duckdb::FileExpandResult::MULTIPLE_FILES;
  }
  duckdb::idx_t GetTotalFileCount() const override { return files_.size(); }
  duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(duckdb::ClientContext&) const override {
    std::int64_t rows = 0;
    for (const delta::AddFile* file : files_) {
      const auto count = delta::RowCount(*file);
      if (!count) return nullptr;
      rows += *count;
    }
    return duckdb::make_uniq<duckdb::NodeStatistics>(rows, rows);
  }
  duckdb::unique_ptr<duckdb::MultiFileList> Copy() const override {
    return duckdb::make_uniq<DeltaFileList>(source_, files_);
  }

 protected:
  duckdb::OpenFileInfo GetFile(duckdb::idx_t i) const override {
    if (i >= files_.size()) return duckdb::OpenFileInfo("");
    return FileOfTable(io::JoinPath(source_->root, files_[i]->path), files_[i]->size_bytes);
  }

 private:
  std::shared_ptr<const ScanSource> source_;
  std::vector<const delta::AddFile*> files_;
};

// --- the reader
// -------------------------------------------------------------------------------------------------

// Leaves out the rows that a deletion vector names. Used by several threads at once.
class DeletedRows final : public duckdb::DeleteFilter {
 public:
  explicit DeletedRows(delta::DeletionVector deleted) : deleted_(std::move(deleted)) {}

  duckdb::idx_t Filter(duckdb::row_t first, duckdb::idx_t count,
                       duckdb::SelectionVector& kept) override {
    if (!kept.IsSet()) kept.Initialize(STANDARD_VECTOR_SIZE);
    return deleted_.KeptRows(static_cast<std::uint64_t>(first), count, kept.data());
  }

 private:
  const delta::DeletionVector deleted_;
};

struct DeltaGlobalState final : duckdb::MultiFileReaderGlobalState {
  explicit DeltaGlobalState(const duckdb::MultiFileList& list)
      : MultiFileReaderGlobalState({}, duckdb::optional_ptr<const duckdb::MultiFileList>(&list)) {}
};

// The log's text of a partition value; bytes stand in it as they are.
duckdb::Value PartitionValue(duckdb::ClientContext& context, const data::Type& type,
                             const std::optional<std::string>& text) {
  const duckdb::LogicalType logical = ToLogicalType(type);
  if (!text) return duckdb::Value(logical);
  if (type.kind == data::TypeKind::kBinary) return duckdb::Value::BLOB_RAW(*text);
  return duckdb::Value(*text).CastAs(context, logical);
}

std::vector<delta::AddFile> FilesNamed(const delta::Snapshot& snapshot, const duckdb::Value& list) {
  std::unordered_set<std::string> names;
  for (const duckdb::Value& name : duckdb::ListValue::GetChildren(list)) {
    names.insert(duckdb::StringValue::Get(name));
  }
  std::vector<delta::AddFile> files;
  for (const delta::AddFile& file : snapshot.files()) {
    if (names.erase(file.path) > 0) files.push_back(file);
  }
  if (!names.empty()) {
    throw duckdb::InvalidInputException("version %d of the table has no file %s",
                                        snapshot.version().value(), *names.begin());
  }
  return files;
}

std::shared_ptr<const ScanSource> LoadSource(duckdb::ClientContext& context,
                                             const std::string& path,
                                             const duckdb::named_parameter_map_t& options) {
  SessionState* state = SessionState::Of(context);
  if (path.starts_with(kSourcePrefix)) {
    const auto found = state->sources.find(path.substr(std::string(kSourcePrefix).size()));
    if (found == state->sources.end()) throw duckdb::InternalException("unknown source " + path);
    return found->second;
  }
  std::optional<TableVersion> version;
  const auto option = options.find("version");
  if (option != options.end()) {
    version = TableVersion(option->second.GetValue<std::int64_t>());
  }
  auto& table = state->engine->TableAt(path);
  const auto at = options.find("timestamp");
  auto snapshot = at == options.end()
                      ? table.Load(version)
                      : table.LoadAt(at->second.GetValue<duckdb::timestamp_tz_t>().value);
  if (!snapshot.ok()) Throw(snapshot.error());
  auto source = std::make_shared<ScanSource>();
  source->name = path;
  source->root = table.path();
  source->schema = (*snapshot)->schema();
  source->mapping = delta::MappingOf((*snapshot)->metadata()).value();  // checked when loaded
  source->snapshot = *snapshot;
  const auto files = options.find("files");
  if (files != options.end()) source->files = FilesNamed(**snapshot, files->second);
  return source;
}

bool HoldsReals(const data::Type& type) {
  if (type.kind == data::TypeKind::kFloat || type.kind == data::TypeKind::kDouble) return true;
  return std::any_of(type.children.begin(), type.children.end(),
                     [](const data::Field& child) { return HoldsReals(child.type); });
}

// Whether a file may hold NaN beside minima and maxima, in its row groups, that leave it out. Files
// of Leat do not: they have no minima and maxima of a column with NaN. Others' files say nothing.
bool MayHideNan(const ScanSource& source) {
  const auto& fields = source.schema.fields;
  if (std::none_of(fields.begin(), fields.end(),
                   [](const data::Field& field) { return HoldsReals(field.type); })) {
    return false;
  }
  const auto& files = FilesOf(source);
  return std::any_of(files.begin(), files.end(),
                     [](const delta::AddFile& file) { return !IsDataFileOfLeat(file.path); });
}

// The bind of parquet_scan, which delta_scan's extends.
struct ParquetBind final : duckdb::TableFunctionInfo {
  explicit ParquetBind(duckdb::table_function_bind_t bind) : function(bind) {}
  const duckdb::table_function_bind_t function;
};

duckdb::unique_ptr<duckdb::FunctionData> BindDeltaScan(duckdb::ClientContext& context,
                                                       duckdb::TableFunctionBindInput& input,
                                                       duckdb::vector<duckdb::LogicalType>& types,
                                                       duckdb::vector<duckdb::string>& names) {
  if (input.inputs[0].IsNull() || input.inputs[0].type().id() != duckdb::LogicalTypeId::VARCHAR) {
    throw duckdb::BinderException("delta_scan takes one path");
  }
  SessionState& state = *SessionState::Of(context);
  auto& source = state.bound_source;
  source = LoadSource(context, input.inputs[0].ToString(), input.named_parameters);
  state.bound_tables.insert(source->root);
  if (source->schema.fields.empty()) {
    Throw(InvalidInput("table " + source->name + " has no columns"));
  }
  if (MayHideNan(*source)) {
    input.named_parameters["can_have_nan"] = duckdb::Value::BOOLEAN(true);
  }
  return static_cast<const ParquetBind&>(*input.info).function(context, input, types, names);
}

class DeltaReader final : public duckdb::MultiFileReader {
 public:
  static duckdb::unique_ptr<duckdb::MultiFileReader> Create(const duckdb::TableFunction&) {
    return duckdb::make_uniq<DeltaReader>();
  }
  duckdb::unique_ptr<duckdb::MultiFileReader> Copy() const override {
    return duckdb::make_uniq<DeltaReader>(*this);
  }

  duckdb::shared_ptr<duckdb::MultiFileList> CreateFileList(duckdb::ClientContext& context,
                                                           const duckdb::vector<duckdb::string>&,
                                                           const duckdb::FileGlobInput&) override {
    return duckdb::make_shared_ptr<DeltaFileList>(
        std::exchange(SessionState::Of(context)->bound_source, nullptr));
  }

  bool ParseOption(const duckdb::string& key, const duckdb::Value& value,
                   duckdb::MultiFileOptions& options, duckdb::ClientContext& context) override {
    if (key == "version" || key == "timestamp" || key == "files") return true;  // in BindDeltaScan
    return MultiFileReader::ParseOption(key, value, options, context);
  }

  bool Bind(duckdb::MultiFileOptions&, duckdb::MultiFileList& files,
            duckdb::vector<duckdb::LogicalType>& return_types,
            duckdb::vector<duckdb::string>& names,
            duckdb::MultiFileReaderBindData& bind_data) override {
    const auto& list = static_cast<const DeltaFileList&>(files);
    for (const data::Field& field : list.source()->schema.fields) {
      names.push_back(field.name);
      return_types.push_back(ToLogicalType(field.type));
    }
    bind_data.schema =
        duckdb::MultiFileColumnDefinition::ColumnsFromNamesAndTypes(names, return_types);
    for (auto& column : bind_data.schema) {  // a column that an older file lacks reads as null
      column.default_expression =
          duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(column.type));
    }
    return true;
  }

  void BindOptions(duckdb::MultiFileOptions& options, duckdb::MultiFileList& files,
                   duckdb::vector<duckdb::LogicalType>& return_types,
                   duckdb::vector<duckdb::string>& names,
                   duckdb::MultiFileReaderBindData& bind_data) override {
    options.auto_detect_hive_partitioning = false;
    options.hive_partitioning = false;
    options.union_by_name = false;
    MultiFileReader::BindOptions(options, files, return_types, names, bind_data);
  }

  duckdb::unique_ptr<duckdb::MultiFileList> ComplexFilterPushdown(
      duckdb::ClientContext&, duckdb::MultiFileList& files, const duckdb::MultiFileOptions&,
      duckdb::MultiFilePushdownInfo& info,
      duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) override {
    const auto& list = static_cast<const DeltaFileList&>(files);
    return list.Without(PredicatesOf(info, list.source()->schema, filters));
  }
  duckdb::unique_ptr<duckdb::MultiFileList> DynamicFilterPushdown(
      duckdb::ClientContext&, const duckdb::MultiFileList&, const duckdb::MultiFileOptions&,
      const duckdb::vector<duckdb::string>&, const duckdb::vector<duckdb::LogicalType>&,
      const duckdb::vector<duckdb::column_t>&, duckdb::TableFilterSet&) override {
    return nullptr;  // the Parquet reader applies join filters to row groups itself
  }

  duckdb::unique_ptr<duckdb::MultiFileReaderGlobalState> InitializeGlobalState(
      duckdb::ClientContext&, const duckdb::MultiFileOptions&,
      const duckdb::MultiFileReaderBindData&, const duckdb::MultiFileList& files,
      const duckdb::vector<duckdb::MultiFileColumnDefinition>&,
      const duckdb::vector<duckdb::ColumnIndex>&) override {
    return duckdb::make_uniq<DeltaGlobalState>(files);
  }

  void FinalizeBind(duckdb::MultiFileReaderData& reader_data,
                    const duckdb::MultiFileOptions& options,
                    const duckdb::MultiFileReaderBindData& bind_data,
                    const duckdb::vector<duckdb::MultiFileColumnDefinition>& columns,
                    const duckdb::vector<duckdb::ColumnIndex>& column_ids,
                    duckdb::ClientContext& context,
                    duckdb::optional_ptr<duckdb::MultiFileReaderGlobalState> state) override {
    MultiFileReader::FinalizeBind(reader_data, options, bind_data, columns, column_ids, context,
                                  state);
    const auto& list = static_cast<const DeltaFileList&>(*state->file_list);
    const ScanSource& source = *list.source();
    duckdb::BaseFileReader& reader = *reader_data.reader;
    const delta::AddFile& file = list.At(reader.file_list_idx.GetIndex());
    ApplyColumnMapping(source.schema, source.mapping, reader.GetFileName(), reader.columns);
    if (file.deletion_vector) {
      Engine& engine = *SessionState::Of(context)->engine;
      auto deleted = delta::ReadDeletionVector(engine.files(), source.root, *file.deletion_vector,
                                               engine.file_roots());
      if (!deleted.ok()) Throw(deleted.error());
      reader.deletion_filter = duckdb::make_uniq<DeletedRows>(std::move(*deleted));
    }
    for (duckdb::idx_t i = 0; i < column_ids.size(); i++) {
      const auto id = column_ids[i].GetPrimaryIndex();
      if (duckdb::IsVirtualColumn(id) || id >= source.schema.fields.size()) continue;
      const data::Field& field = source.schema.fields[id];
      const auto value = file.partition_values.find(delta::PhysicalName(source.mapping, field));
      if (value == file.partition_values.end()) continue;
      reader_data.constant_map.Add(duckdb::MultiFileGlobalIndex(i),
                                   PartitionValue(context, field.type, value->second));
    }
  }
};

// The Parquet reader's own; set when delta_scan is registered, for all databases the same.
duckdb::table_function_get_virtual_columns_t parquet_virtual_columns = nullptr;

duckdb::virtual_column_map_t VirtualColumns(duckdb::ClientContext& context,
                                            duckdb::optional_ptr<duckdb::FunctionData> bind) {
  auto& data = bind->Cast<duckdb::MultiFileBindData>();
  parquet_virtual_columns(context, bind);
  for (auto& [id, column] : data.virtual_columns) {
    if (!column.name.empty()) column.name.insert(0, 1, kHelperPrefix);
  }
  return data.virtual_columns;
}

// --- names
// ------------------------------------------------------------------------------------------------------

duckdb::unique_ptr<duckdb::TableFunctionRef> ScanOf(const std::string& path) {
  auto reference = duckdb::make_uniq<duckdb::TableFunctionRef>();
  duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
  arguments.push_back(duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(path)));
  reference->function =
      duckdb::make_uniq<duckdb::FunctionExpression>("delta_scan", std::move(arguments));
  return reference;
}

void AddOption(duckdb::TableFunctionRef& reference, const std::string& name, duckdb::Value value) {
  auto& function = reference.function->Cast<duckdb::FunctionExpression>();
  auto argument = duckdb::make_uniq<duckdb::ConstantExpression>(std::move(value));
  argument->alias = name;
  function.children.push_back(std::move(argument));
}

duckdb::unique_ptr<duckdb::TableRef> ScanOfSource(SessionState& state, const std::string& key,
                                                  ScanSource source) {
  source.name = key;
  state.sources[key] = std::make_shared<ScanSource>(std::move(source));
  return ScanOf(kSourcePrefix + key);
}

void Pin(duckdb::TableFunctionRef& reference, const std::string& pin) {
  const bool is_version = pin.size() > 1 && (pin[0] == 'v' || pin[0] == 'V') &&
                          pin.find_first_not_of("0123456789", 1) == std::string::npos;
  if (is_version) {
    AddOption(reference, "version", duckdb::Value::BIGINT(std::stoll(pin.substr(1))));
    return;
  }
  const auto instant = ParseTimestamp(pin);
  if (!instant.ok()) Throw(instant.error());
  AddOption(reference, "timestamp", duckdb::Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(*instant)));
}

duckdb::unique_ptr<duckdb::TableRef> ToTableRef(SessionState& state, const std::string& key,
                                                const PinnedName& name, const TableSource& source) {
  if (!name.pin.empty() && !std::holds_alternative<DeltaSource>(source) &&
      !std::holds_alternative<SchemaSource>(source)) {
    Throw(InvalidInput(key + " has no versions: only tables can be pinned with @"));
  }
  if (const auto* table = std::get_if<DeltaSource>(&source)) {
    auto reference = ScanOf(table->path);
    if (!name.pin.empty()) {
      Pin(*reference, name.pin);
    } else if (table->version) {
      AddOption(*reference, "version", duckdb::Value::BIGINT(table->version->value()));
    }
    if (table->files) {
      duckdb::vector<duckdb::Value> names(table->files->begin(), table->files->end());
      AddOption(*reference, "files",
                duckdb::Value::LIST(duckdb::LogicalType::VARCHAR, std::move(names)));
    }
    return reference;
  }
  if (const auto* files = std::get_if<FilesSource>(&source)) {
    ScanSource scan{.schema = files->schema};
    std::vector<delta::AddFile> named;
    for (std::size_t i = 0; i < files->paths.size(); i++) {
      const bool is_known = i < files->row_counts.size();
      named.push_back(
          {.path = files->paths[i],
           .stats_json =
               is_known ? "{\"numRecords\":" + std::to_string(files->row_counts[i]) + "}" : ""});
    }
    scan.files = std::move(named);
    return ScanOfSource(state, key, std::move(scan));
  }
  if (const auto* schema = std::get_if<SchemaSource>(&source)) {
    return ScanOfSource(state, key, {.schema = schema->schema, .asset = schema->asset});
  }
  auto statements = Parse(std::get<QuerySource>(source).sql);
  auto select = duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(
      std::move(statements[0]));
  return duckdb::make_uniq<duckdb::SubqueryRef>(std::move(select));
}

duckdb::unique_ptr<duckdb::TableRef> Replace(duckdb::ClientContext& context,
                                             duckdb::ReplacementScanInput& input,
                                             duckdb::optional_ptr<duckdb::ReplacementScanData>) {
  SessionState* state = SessionState::Of(context);
  if (state == nullptr || !state->resolver) return nullptr;
  // silver.orders may also be read as catalog.table; a three-part name is catalog.schema.table.
  const std::string schema =
      UnmarkedSchema(input.schema_name.empty() ? input.catalog_name : input.schema_name);
  const PinnedName name = SplitPin(input.table_name);
  auto source = state->resolver(schema, name.name);
  if (!source.ok()) Throw(source.error());
  if (!source->has_value()) return nullptr;
  const std::string key = schema.empty() ? name.name : schema + "." + name.name;
  auto reference = ToTableRef(*state, key, name, **source);
  reference->alias = name.name;
  return reference;
}

}  // namespace

PlaceColumns PlaceColumnsOf(const data::Schema&) {
  return {.file = kFileNameColumn, .row = kFileRowColumn};
}

std::string HelperColumn(std::string_view name) {
  return QuoteIdentifier(std::string(1, kHelperPrefix) + std::string(name));
}

void Throw(const Error& error) {
  std::string message = error.message();
  if (!error.hint().empty()) message += "; " + error.hint();
  if (error.kind() == ErrorKind::kRetryLater) throw duckdb::IOException(message);
  throw duckdb::InvalidInputException(message);
}

void RegisterDeltaScan(duckdb::DatabaseInstance& database) {
  auto& catalog = duckdb::Catalog::GetSystemCatalog(database);
  const auto transaction = duckdb::CatalogTransaction::GetSystemTransaction(database);
  auto& schema = catalog.GetSchema(transaction, DEFAULT_SCHEMA);
  auto entry =
      schema.GetEntry(transaction, duckdb::CatalogType::TABLE_FUNCTION_ENTRY, "parquet_scan");
  auto functions = entry->Cast<duckdb::TableFunctionCatalogEntry>().functions;
  functions.name = "delta_scan";
  for (auto& function : functions.functions) {
    function.name = "delta_scan";
    function.function_info = duckdb::make_shared_ptr<ParquetBind>(function.bind);
    function.bind = BindDeltaScan;
    function.get_multi_file_reader = DeltaReader::Create;
    parquet_virtual_columns = function.get_virtual_columns;
    function.get_virtual_columns = VirtualColumns;
    function.serialize = nullptr;
    function.deserialize = nullptr;
    function.statistics = nullptr;           // read from the first file only
    function.get_partition_stats = nullptr;  // count deleted rows
    function.get_bind_info = nullptr;
    function.late_materialization = false;
    function.named_parameters.erase("schema");
    function.named_parameters["version"] = duckdb::LogicalType::BIGINT;
    function.named_parameters["timestamp"] = duckdb::LogicalType::TIMESTAMP_TZ;
    function.named_parameters["files"] = duckdb::LogicalType::LIST(duckdb::LogicalType::VARCHAR);
  }
  duckdb::CreateTableFunctionInfo info(std::move(functions));
  catalog.CreateTableFunction(transaction, info);
  // Before DuckDB's own, which take a table named silver.json for a file.
  auto& scans = duckdb::DBConfig::GetConfig(database).replacement_scans;
  scans.emplace(scans.begin(), Replace);
}

}  // namespace leat::engine
