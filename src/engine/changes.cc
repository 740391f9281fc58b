// changes(table, first, last): the rows that each version of a table changed, as Delta's change
// data feed tells them: the table's columns, _change_type, _commit_version and _commit_timestamp.
// Where a commit has no files of changes, they are computed: rows of the files it removed and rows
// of the files it added that are the same cancel out.
#include <fmt/format.h>

#include "base/text.h"
#include "duckdb/catalog/catalog.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/subqueryref.hpp"
#include "engine/duckdb_text.h"
#include "engine/session_state.h"

namespace leat::engine {
namespace {

constexpr const char* kChangeType = "_change_type";

template <typename T>
T OrThrow(Result<T> result) {
  if (!result.ok()) Throw(result.error());
  return std::move(*result);
}

// One call of the function.
class ChangesQuery {
 public:
  ChangesQuery(SessionState& state, std::string name) : state_(state), name_(std::move(name)) {}

  std::string Sql(TableVersion first, std::optional<TableVersion> last) {
    const std::string path = PathOf(name_);
    delta::Table& table = state_.engine->TableAt(path);
    const auto end = OrThrow(table.Load(last));
    if (first > end->version()) {
      Throw(InvalidInput(fmt::format("changes: version {} comes after version {}", first.value(),
                                     end->version().value())));
    }
    base_.root = table.path();
    base_.schema = end->schema();
    base_.mapping = delta::MappingOf(end->metadata()).value();  // checked when loaded
    std::vector<std::string> parts;
    for (const delta::VersionChanges& version : OrThrow(table.Changes(first, end->version()))) {
      AddVersion(version, parts);
    }
    if (parts.empty()) {  // the columns, without rows
      parts.push_back(Part(Scan("none", {}), "''", {.version = first}));
    }
    return Join(parts, " UNION ALL ");
  }

 private:
  // silver.orders, or a path.
  std::string PathOf(const std::string& name) const {
    const std::size_t dot = name.rfind('.');
    const bool is_name = dot != std::string::npos && name.find('/') == std::string::npos;
    if (is_name && state_.resolver) {
      const auto source = OrThrow(state_.resolver(name.substr(0, dot), name.substr(dot + 1)));
      if (source) {
        if (const auto* table = std::get_if<DeltaSource>(&*source)) return table->path;
        Throw(InvalidInput(name + " is no table: only tables have changes"));
      }
    }
    return name;
  }

  void AddVersion(const delta::VersionChanges& version, std::vector<std::string>& parts) {
    const std::string key = std::to_string(version.version.value());
    if (!version.changes.empty()) {
      std::vector<delta::AddFile> files;
      for (const delta::ChangeFile& file : version.changes) {
        files.push_back({.path = file.path,
                         .partition_values = file.partition_values,
                         .size_bytes = file.size_bytes});
      }
      parts.push_back(Part(Scan(key + ":changes", std::move(files), true), kChangeType, version));
      return;
    }
    std::vector<delta::AddFile> removed;
    for (const delta::RemoveFile& file : version.removes) {
      removed.push_back({.path = file.path,
                         .partition_values = file.partition_values,
                         .size_bytes = file.size_bytes,
                         .deletion_vector = file.deletion_vector});
    }
    const std::string added = Scan(key + ":added", version.adds);
    if (removed.empty()) {
      if (!version.adds.empty()) parts.push_back(Part(added, "'insert'", version));
      return;
    }
    const std::string gone = Scan(key + ":removed", std::move(removed));
    if (version.adds.empty()) {
      parts.push_back(Part(gone, "'delete'", version));
      return;
    }
    const auto difference = [](const std::string& a, const std::string& b) {
      return fmt::format("(FROM {} EXCEPT ALL FROM {})", a, b);
    };
    parts.push_back(Part(difference(gone, added), "'delete'", version));
    parts.push_back(Part(difference(added, gone), "'insert'", version));
  }

  // A scan of some files, which the session remembers under the key.
  std::string Scan(const std::string& key, std::vector<delta::AddFile> files,
                   bool has_change_type = false) {
    auto source = std::make_shared<ScanSource>(base_);
    source->name = name_;
    source->files = std::move(files);
    if (has_change_type) source->schema.fields.push_back({.name = kChangeType});
    const std::string full_key = fmt::format("changes:{}:{}", base_.root, key);
    state_.sources[full_key] = std::move(source);
    return "delta_scan(" + QuoteLiteral(kSourcePrefix + full_key) + ")";
  }

  std::string Part(const std::string& from, const std::string& change_type,
                   const delta::VersionChanges& version) const {
    std::vector<std::string> columns;
    for (const data::Field& field : base_.schema.fields) {
      columns.push_back(QuoteIdentifier(field.name));
    }
    return fmt::format(
        "SELECT {}, {} AS _change_type, {}::BIGINT AS _commit_version, make_timestamptz({}) AS "
        "_commit_timestamp FROM {}",
        Join(columns, ", "), change_type, version.version.value(),
        version.timestamp_ms * kMicrosPerMilli, from);
  }

  SessionState& state_;
  const std::string name_;
  ScanSource base_;
};

duckdb::unique_ptr<duckdb::TableRef> BindChanges(duckdb::ClientContext& context,
                                                 duckdb::TableFunctionBindInput& input) {
  for (const duckdb::Value& argument : input.inputs) {
    if (argument.IsNull()) throw duckdb::BinderException("changes: an argument is null");
  }
  ChangesQuery query(*SessionState::Of(context), duckdb::StringValue::Get(input.inputs[0]));
  const TableVersion first(input.inputs[1].GetValue<std::int64_t>());
  std::optional<TableVersion> last;
  if (input.inputs.size() > 2) last = TableVersion(input.inputs[2].GetValue<std::int64_t>());
  auto statements = Parse(query.Sql(first, last));
  return duckdb::make_uniq<duckdb::SubqueryRef>(
      duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(
          std::move(statements[0])));
}

}  // namespace

void RegisterChanges(duckdb::DatabaseInstance& database) {
  duckdb::TableFunctionSet functions("changes");
  const duckdb::LogicalType text = duckdb::LogicalType::VARCHAR;
  const duckdb::LogicalType version = duckdb::LogicalType::BIGINT;
  for (const auto& arguments : {duckdb::vector<duckdb::LogicalType>{text, version},
                                duckdb::vector<duckdb::LogicalType>{text, version, version}}) {
    duckdb::TableFunction function("changes", arguments, nullptr, nullptr);
    function.bind_replace = BindChanges;
    functions.AddFunction(function);
  }
  auto& catalog = duckdb::Catalog::GetSystemCatalog(database);
  duckdb::CreateTableFunctionInfo info(std::move(functions));
  catalog.CreateTableFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), info);
}

}  // namespace leat::engine
