#include "engine/table_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "engine/data_file.h"
#include "engine/limits.h"
#include "engine/spark_sql.h"

namespace leat::engine {
namespace {

constexpr const char* kChangeFolder = "_change_data";
constexpr const char* kChangeType = "_change_type";
// The row that is being checked.
constexpr const char* kRow = "\"\001row\"";
constexpr int kMaxRowInMessage = 400;

std::string Path(const std::vector<std::string>& path) {
  std::vector<std::string> quoted;
  for (const std::string& name : path) quoted.push_back(QuoteIdentifier(name));
  return Join(quoted, ".");
}

// Where the struct around it is null, a field has no value that could be missing.
std::string RequiredSql(std::vector<std::string> path) {
  std::string sql = Path(path) + " IS NOT NULL";
  for (path.pop_back(); !path.empty(); path.pop_back()) sql += " OR " + Path(path) + " IS NULL";
  return "(" + sql + ")";
}

std::string Message(const std::string& message) {
  return fmt::format("{} || left(CAST({} AS VARCHAR), {})", QuoteLiteral(message + ": "), kRow,
                     kMaxRowInMessage);
}

// The value of a column that partitions the table as the log has it. Bytes are the text that they
// are in UTF-8.
std::string PartitionTextOf(const data::Field& field) {
  const std::string name = QuoteIdentifier(field.name);
  if (field.type.kind != data::TypeKind::kBinary) return fmt::format("CAST({} AS VARCHAR)", name);
  const std::string refusal = fmt::format(
      "column {} partitions the table and has bytes that are no text in UTF-8, which a log cannot "
      "hold",
      field.name);
  return fmt::format(
      "CASE WHEN {0} IS NULL THEN NULL ELSE coalesce(TRY(decode({0})), error({1})) END", name,
      QuoteLiteral(refusal));
}

}  // namespace

TableWriter::TableWriter(const io::Environment& environment, Session& session,
                         std::string table_path, delta::Metadata metadata)
    : environment_(environment),
      session_(session),
      table_path_(std::move(table_path)),
      metadata_(std::move(metadata)) {}

Status TableWriter::Prepare() {
  if (is_prepared_) return Ok();
  LEAT_ASSIGN(mapping_, delta::MappingOf(metadata_));
  physical_ = delta::PhysicalSchema(mapping_, metadata_.schema);
  LEAT_ASSIGN(ids_, RowIds::Of(metadata_));
  LEAT_ASSIGN(const auto conditions, MakeConditions());
  conditions_.insert(conditions_.begin(), conditions.begin(), conditions.end());
  is_prepared_ = true;
  return Ok();
}

Result<std::vector<TableWriter::Condition>> TableWriter::MakeConditions() const {
  std::vector<Condition> conditions;
  for (const auto& path : delta::RequiredColumns(metadata_.schema)) {
    conditions.push_back(
        {.sql = RequiredSql(path),
         .message = fmt::format("column {} must not be null, and is in the row", Join(path, "."))});
  }
  LEAT_ASSIGN(const auto constraints, delta::ConstraintsOf(metadata_));
  for (const delta::Constraint& constraint : constraints) {
    auto sql = FromSparkSql(constraint.expression);
    if (!sql.ok()) {
      return Error(sql.error())
          .WithContext(fmt::format("table {}, constraint {}", table_path_, constraint.name));
    }
    conditions.push_back({.sql = "(" + *sql + ")",
                          .message = fmt::format("the row breaks the constraint {} ({})",
                                                 constraint.name, constraint.expression)});
  }
  return conditions;
}

void TableWriter::Require(std::string condition, std::string message) {
  conditions_.push_back({.sql = "(" + std::move(condition) + ")", .message = std::move(message)});
}

// Columns of the rows that are in the files and not in the table's schema.
std::vector<std::string> TableWriter::ExtraColumns(const data::Schema& given, Rows rows) const {
  if (rows == Rows::kChanges) return {kChangeType};
  if (rows == Rows::kNew || !ids_.columns() || given.Find(ids_.columns()->id) == nullptr) return {};
  return {ids_.columns()->id, ids_.columns()->version};
}

bool TableWriter::IsPartition(const data::Field& field) const {
  const auto& partitions = metadata_.partition_columns;
  return std::find(partitions.begin(), partitions.end(), field.name) != partitions.end();
}

Result<std::vector<delta::AddFile>> TableWriter::Write(const std::string& sql,
                                                       const Parameters& parameters,
                                                       bool keep_order) {
  return WriteFiles(sql, parameters, {.directory = table_path_, .keep_order = keep_order},
                    Rows::kNew);
}

Result<std::vector<delta::AddFile>> TableWriter::WriteChanged(const std::string& sql) {
  return WriteFiles(sql, {}, {.directory = table_path_}, Rows::kChanged);
}

Result<std::vector<delta::AddFile>> TableWriter::WriteAgain(const std::string& sql,
                                                            bool keep_order) {
  return WriteFiles(sql, {}, {.directory = table_path_, .keep_order = keep_order},
                    Rows::kOfTheTable);
}

Result<std::vector<delta::ChangeFile>> TableWriter::WriteChanges(const std::string& sql,
                                                                 const Parameters& parameters) {
  const std::string folder = io::JoinPath(table_path_, kChangeFolder);
  LEAT_TRY(environment_.files.CreateDirectories(folder));
  LEAT_ASSIGN(auto files, WriteFiles(sql, parameters, {.directory = folder}, Rows::kChanges));
  std::vector<delta::ChangeFile> changes;
  for (delta::AddFile& file : files) {
    changes.push_back({.path = std::move(file.path),
                       .partition_values = std::move(file.partition_values),
                       .size_bytes = file.size_bytes});
  }
  return changes;
}

Result<std::vector<delta::AddFile>> TableWriter::WriteFiles(const std::string& sql,
                                                            const Parameters& parameters,
                                                            WriteOptions options, Rows rows) {
  LEAT_TRY(Prepare());
  LEAT_ASSIGN(const auto bound, session_.Bind(sql, parameters));
  const std::vector<std::string> extra = ExtraColumns(bound.schema, rows);
  LEAT_ASSIGN(const std::string typed, TypedRows(sql, bound.schema, extra));
  if (mapping_ != delta::ColumnMapping::kNone || !metadata_.partition_columns.empty()) {
    options.layout = Layout(extra);
  }
  LEAT_ASSIGN(const auto written,
              session_.WriteParquet(fmt::format("SELECT {} FROM ({}) AS {}",
                                                WrittenColumns(rows, extra), typed, kRow),
                                    parameters, options));
  std::vector<delta::AddFile> files;
  for (const WrittenFile& file : written.files) {
    written_.push_back(file.path);
    files.push_back(ToAdd(file));
    if (rows == Rows::kChanges) continue;
    rows_written_ += file.row_count;
    bytes_written_ += file.size_bytes;
  }
  return files;
}

FileLayout TableWriter::Layout(const std::vector<std::string>& extra) const {
  FileLayout layout;
  for (const std::string& name : metadata_.partition_columns) {
    layout.partition_by.push_back(delta::PhysicalName(mapping_, *metadata_.schema.Find(name)));
  }
  for (std::size_t i = 0; i < physical_.fields.size(); i++) {
    if (!IsPartition(metadata_.schema.fields[i])) layout.columns.push_back(physical_.fields[i]);
  }
  for (const std::string& name : extra) layout.columns.push_back({.name = name});
  return layout;
}

// The value of a column in the rows to write.
Result<std::string> TableWriter::ValueOf(const data::Field& field,
                                         const data::Schema& given) const {
  const data::Field* column = given.Find(field.name);
  if (column == nullptr) return DefaultValue(field);
  const std::string name = QuoteIdentifier(column->name);
  return column->type == field.type ? name : AssignedTo(field, name);
}

std::string AssignedTo(const data::Field& field, const std::string& value) {
  return fmt::format("leat_assign({}, {}, CAST(NULL AS {}))", value, QuoteLiteral(field.name),
                     data::ToSql(field.type));
}

Result<std::string> TableWriter::DefaultValue(const data::Field& field) const {
  std::string value = "NULL";
  if (const auto text = delta::DefaultOf(field)) {
    auto ours = FromSparkSql(*text);
    if (!ours.ok()) {
      return Error(ours.error())
          .WithContext(fmt::format("table {}, default of column {}", table_path_, field.name));
    }
    value = std::move(*ours);
  }
  return AssignedTo(field, value);
}

// The query's rows with the table's columns.
Result<std::string> TableWriter::TypedRows(const std::string& sql, const data::Schema& given,
                                           const std::vector<std::string>& extra) const {
  std::vector<std::string> columns;
  for (const data::Field& field : metadata_.schema.fields) {
    LEAT_ASSIGN(const std::string value, ValueOf(field, given));
    columns.push_back(fmt::format("{} AS {}", value, QuoteIdentifier(field.name)));
  }
  for (const data::Field& column : given.fields) {
    if (metadata_.schema.Find(column.name) != nullptr) continue;
    if (std::find(extra.begin(), extra.end(), column.name) != extra.end()) continue;
    return InvalidInput(fmt::format("table {} has no column {}", table_path_, column.name))
        .WithHint(NearestHint(column.name, metadata_.schema.names()));
  }
  for (const std::string& name : extra) columns.push_back(QuoteIdentifier(name));
  return fmt::format("SELECT {} FROM (\n{}\n)", Join(columns, ", "), sql);
}

// The columns to write; the first one only where all conditions are met. (In the column list,
// because a filter could be applied to rows that others leave out.)
std::string TableWriter::WrittenColumns(Rows rows, const std::vector<std::string>& extra) const {
  std::vector<std::string> columns;
  for (const data::Field& field : metadata_.schema.fields) {
    const std::string name = QuoteIdentifier(field.name);
    std::string value = name;
    std::string as = name;
    if (IsPartition(field)) {
      const std::string refusal =
          fmt::format("column {} partitions the table and has the text {}, which stands for null",
                      field.name, kNullPartition);
      value =
          fmt::format("CASE WHEN {0} = '{1}' THEN error({2}) WHEN {0} = '' THEN NULL ELSE {0} END",
                      PartitionTextOf(field), kNullPartition, QuoteLiteral(refusal));
      const std::string folder = delta::PhysicalName(mapping_, field);
      const std::int64_t value_bytes =
          std::max(kMinFolderValueBytes, kMaxNameBytes - 3 * std::ssize(folder) - 1);
      value = fmt::format("leat_folder({}, {})", value, value_bytes);
      as = QuoteIdentifier(folder);
    }
    const bool is_checked = rows == Rows::kNew || rows == Rows::kChanged;
    if (columns.empty() && !conditions_.empty() && is_checked) {
      std::string guarded = "CASE";
      for (const Condition& condition : conditions_) {
        guarded += fmt::format(" WHEN {} IS NOT TRUE THEN error({})", condition.sql,
                               Message(condition.message));
      }
      value = guarded + " ELSE " + value + " END";
    }
    columns.push_back(value == as ? value : value + " AS " + as);
  }
  for (const std::string& name : extra) columns.push_back(QuoteIdentifier(name));
  return Join(columns, ", ");
}

// Whether files with these columns are what the table wants.
bool TableWriter::TakesAsIs(const data::Schema& schema) const {
  if (mapping_ != delta::ColumnMapping::kNone || !metadata_.partition_columns.empty()) return false;
  for (const data::Field& field : metadata_.schema.fields) {
    const data::Field* column = schema.Find(field.name);
    if (column == nullptr && delta::DefaultOf(field)) return false;
    if (column != nullptr && (column->name != field.name || column->type != field.type))
      return false;
  }
  return true;
}

Result<std::vector<delta::AddFile>> TableWriter::Adopt(const std::vector<WrittenFile>& files,
                                                       const data::Schema& schema,
                                                       const std::string& sql) {
  if (files.empty()) return std::vector<delta::AddFile>();
  LEAT_TRY(Prepare());
  if (!TakesAsIs(schema)) return Write(sql);
  LEAT_TRY(CheckStaged(schema, sql));
  std::vector<delta::AddFile> adds;
  for (const WrittenFile& file : files) {
    adopted_.push_back(file.path);
    adds.push_back(ToAdd(file));
  }
  return adds;
}

Status TableWriter::CheckStaged(const data::Schema& schema, const std::string& sql) {
  if (conditions_.empty()) return Ok();
  LEAT_ASSIGN(const std::string rows, TypedRows(sql, schema, {}));
  std::string broken = "CASE";
  for (const Condition& condition : conditions_) {
    broken +=
        fmt::format(" WHEN {} IS NOT TRUE THEN {}", condition.sql, Message(condition.message));
  }
  LEAT_ASSIGN(const auto found,
              session_.Query(fmt::format("SELECT * FROM (SELECT {} END AS broken FROM ({}) AS {}) "
                                         "WHERE broken IS NOT NULL LIMIT 1",
                                         broken, rows, kRow)));
  if (found.rows.empty()) return Ok();
  return InvalidInput(std::get<std::string>(found.rows[0][0]));
}

delta::AddFile TableWriter::ToAdd(const WrittenFile& file) const {
  return ToAddFile(file, table_path_, physical_, environment_.clock.Now());
}

Status TableWriter::Sync() {
  std::set<std::string, std::greater<>> folders;  // inner ones first
  for (const auto* paths : {&written_, &adopted_}) {
    for (const std::string& path : *paths) {
      LEAT_TRY(environment_.files.SyncFile(path));
      for (std::string folder(io::ParentPath(path)); folder.size() >= table_path_.size();
           folder = io::ParentPath(folder)) {
        folders.insert(folder);
      }
    }
  }
  for (const std::string& folder : folders) LEAT_TRY(environment_.files.SyncDirectory(folder));
  return Ok();
}

void TableWriter::Discard() {
  for (const std::string& path : written_) {
    const Status removed = environment_.files.Remove(path);
    (void)removed;  // an orphan that no log entry refers to
  }
  written_.clear();
}

}  // namespace leat::engine
