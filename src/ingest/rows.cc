#include "ingest/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "data/own_columns.h"
#include "engine/resources.h"
#include "ingest/columns.h"
#include "ingest/error_budget.h"
#include "ingest/position.h"
#include "ingest/read.h"

namespace leat::ingest {
namespace {

using project::LoadMode;
using project::SchemaPolicy;

constexpr const char* kRow = "leat_row";
constexpr const char* kOld = "leat_old";

class RowsLoad {
 public:
  RowsLoad(const io::Environment& environment, engine::Session& session, const RowsInput& input)
      : environment_(environment),
        session_(session),
        input_(input),
        spec_(std::get<project::SourceSpec>(input.asset.spec)),
        from_(*spec_.table()),
        adds_(from_.load != LoadMode::kReplace && input.table && !input.reads_all) {}

  Result<StagedRows> Run() {
    std::optional<std::string> position;
    if (adds_) {
      LEAT_ASSIGN(position, ReadPosition(*input_.table));
      LEAT_ASSIGN(known_cursor_, CursorIn(position));
    }
    LEAT_ASSIGN(extract_, input_.connector.Open({.connection = input_.connection,
                                                 .source = from_,
                                                 .cursor = known_cursor_,
                                                 .max_threads = engine::Cores()}));
    LEAT_TRY(PlanColumns());
    LEAT_TRY(PlanKey());
    LEAT_ASSIGN(const std::string sql, RowsSql());
    LEAT_ASSIGN(auto written,
                session_.WriteParquet(sql, {}, {.directory = input_.staging_directory}));
    staged_.files = std::move(written.files);
    staged_.schema = std::move(written.schema);
    const Status finished = Finish(position);
    if (finished.ok()) return std::move(staged_);
    RemoveWritten(environment_.files, staged_.files);
    return finished.error();
  }

 private:
  // The position's cursor, if it is one of this table and column.
  Result<std::optional<std::string>> CursorIn(const std::optional<std::string>& position) const {
    if (!position || from_.cursor.empty()) return std::optional<std::string>();
    const auto json = ParseJson(*position);
    if (!json.is_object() || !json.contains("value") || !json["value"].is_string())
      return Corrupt("the table's log says in no known way how far the source was read");
    if (json.value("of", "") == Subject()) return std::optional(json["value"].get<std::string>());
    return InvalidInput(fmt::format("the table was read from {}, and the source is {}",
                                    json.value("of", ""), Subject()))
        .At(from_.cursor_location)
        .WithHint(fmt::format("leat run -s {} --full-refresh reads everything again",
                              input_.asset.name.value()));
  }

  std::string Subject() const {
    return fmt::format("{}/{} by {}", from_.connection, from_.table.empty() ? "query" : from_.table,
                       from_.cursor);
  }

  const project::Column* Declared(const std::string& name) const {
    for (const project::Column& column : input_.asset.columns) {
      if (EqualsIgnoreCase(column.name, name)) return &column;
    }
    return nullptr;
  }

  // What is selected, under the names that the table has for it.
  Status PlanColumns() {
    const data::Schema* table = input_.table ? &input_.table->schema() : nullptr;
    for (const data::Field& field : extract_.description.schema.fields) {
      if (data::IsProvenance(field.name)) {
        return InvalidInput(fmt::format("{} has a column named {}, a name that Leat uses itself",
                                        extract_.name, field.name))
            .At(from_.location)
            .WithHint("read it with query: \"select ... as NAME\"");
      }
      const data::Field* known = table != nullptr ? table->Find(field.name) : nullptr;
      const project::Column* declared = Declared(field.name);
      if (table != nullptr && known == nullptr && declared == nullptr) {
        LEAT_ASSIGN(const bool is_taken, TakeNew(field));
        if (!is_taken) continue;
      }
      const std::string name = known != nullptr ? known->name : field.name;
      std::string value = fmt::format("{}.{}", kRow, QuoteIdentifier(field.name));
      if (declared != nullptr && declared->type && *declared->type != field.type) {
        if (declared->type->kind != data::TypeKind::kString) return OtherType(field, *declared);
        value = fmt::format("CAST({} AS VARCHAR)", value);
      }
      columns_.push_back({.name = name, .source_name = field.name, .value = value});
    }
    NoteMissing(table);
    return Ok();
  }

  // Whether a column that the table lacks joins it.
  Result<bool> TakeNew(const data::Field& field) {
    if (spec_.schema_policy == SchemaPolicy::kFreeze) {
      return InvalidInput(fmt::format("{} has a new column '{}', and schema_policy is freeze",
                                      extract_.name, field.name))
          .At(from_.location)
          .WithHint("add the column under columns:, or choose evolve or discard_value");
    }
    const bool is_taken = spec_.schema_policy == SchemaPolicy::kEvolve;
    staged_.notes.push_back(is_taken ? fmt::format("new column {}", field.name)
                                     : fmt::format("the source has a column {} that the table "
                                                   "lacks: it is not stored (schema_policy)",
                                                   field.name));
    return is_taken;
  }

  Status OtherType(const data::Field& field, const project::Column& declared) const {
    return InvalidInput(fmt::format("column '{}' is declared as {}, and the source has {}",
                                    field.name, declared.type->ToString(), field.type.ToString()))
        .At(declared.location)
        .WithHint("declare the type that the source has, or cast in a query: \"select ...\"");
  }

  void NoteMissing(const data::Schema* table) {
    const auto has = [this](const std::string& name) {
      return extract_.description.schema.Find(name) != nullptr;
    };
    std::vector<std::string> missing;
    if (table != nullptr) {
      for (const data::Field& field : table->fields) {
        if (!data::IsProvenance(field.name) && !has(field.name)) missing.push_back(field.name);
      }
    }
    for (const project::Column& column : input_.asset.columns) {
      const bool is_listed = table != nullptr && table->Find(column.name) != nullptr;
      if (!has(column.name) && !is_listed) missing.push_back(column.name);
    }
    if (!missing.empty()) staged_.notes.push_back("the source lacks " + Join(missing, ", "));
  }

  // The key by which rows are told apart, in the table's spelling.
  Status PlanKey() {
    if (from_.load == LoadMode::kReplace) return Ok();
    std::vector<std::string> key = from_.key;
    if (key.empty()) key = extract_.description.key;
    if (key.empty()) {
      return InvalidInput(fmt::format("{} has no primary key, by which rows with the same {} could "
                                      "be told apart",
                                      extract_.name, from_.cursor))
          .At(from_.location)
          .WithHint("name the columns that identify a row: key: [id]");
    }
    for (const std::string& name : key) {
      const auto column = std::find_if(columns_.begin(), columns_.end(), [&](const auto& each) {
        return EqualsIgnoreCase(each.source_name, name);
      });
      if (column == columns_.end()) {
        return InvalidInput(fmt::format("{} has no column '{}' for a key", extract_.name, name))
            .At(from_.key_location)
            .WithHint(NearestHint(name, extract_.description.schema.names()));
      }
      key_.push_back(column->name);
    }
    return Ok();
  }

  Result<std::string> RowsSql() {
    std::vector<std::string> columns;
    for (const Column& column : columns_)
      columns.push_back(column.value + " AS " + QuoteIdentifier(column.name));
    columns.push_back(QuoteLiteral(input_.run.value()) + " AS _leat_run_id");
    columns.push_back(QuoteLiteral(extract_.name) + " AS _leat_source");
    columns.push_back(
        fmt::format("{}.{} AS _leat_position", kRow, QuoteIdentifier(connect::kRowNumberColumn)));
    columns.push_back(
        fmt::format("make_timestamptz({}) AS _leat_ingested_at", environment_.clock.Now()));
    std::string sql = fmt::format("SELECT {} FROM {} AS {}", Join(columns, ", "),
                                  session_.ScanRows(extract_.rows), kRow);
    if (!adds_) return sql;
    LEAT_ASSIGN(const std::string known, KnownSql());
    return sql + " WHERE NOT EXISTS (" + known + ")";
  }

  // The rows of the table that a row of the source is: those with its key, where they are merged
  // with the same values. The cursor's bound is inclusive, so the last rows come again.
  Result<std::string> KnownSql() {
    const delta::Snapshot& table = *input_.table;
    LEAT_ASSIGN(const std::string scan, session_.ScanOf({.table_path = input_.table_path,
                                                         .metadata = table.metadata(),
                                                         .files = table.files(),
                                                         .snapshot = input_.table}));
    std::vector<std::string> conditions;
    for (const Column& column : columns_) {
      const bool is_key = std::find(key_.begin(), key_.end(), column.name) != key_.end();
      if (!is_key && from_.load == LoadMode::kAppend) continue;
      const std::string value = fmt::format("{}.{}", kOld, QuoteIdentifier(column.name));
      conditions.push_back(table.schema().Find(column.name) == nullptr
                               ? column.value + " IS NULL"
                               : value + " IS NOT DISTINCT FROM " + column.value);
    }
    const std::string bound = BoundSql();
    if (!bound.empty()) conditions.push_back(bound);
    return fmt::format("SELECT 1 FROM {} AS {} WHERE {}", scan, kOld, Join(conditions, " AND "));
  }

  // Leaves out files of the table that are older than what is read. Of texts, the source may have
  // another order than ours.
  std::string BoundSql() const {
    if (!known_cursor_) return "";
    const data::Field* field = input_.table->schema().Find(from_.cursor);
    if (field == nullptr) return "";
    const bool is_time = field->type.kind == data::TypeKind::kTimestamp;
    const bool is_ordered = is_time || field->type.kind == data::TypeKind::kDate ||
                            field->type.kind == data::TypeKind::kDecimal ||
                            field->type.kind == data::TypeKind::kInteger ||
                            field->type.kind == data::TypeKind::kLong ||
                            field->type.kind == data::TypeKind::kShort;
    if (!is_ordered) return "";
    const std::string column = fmt::format("{}.{}", kOld, QuoteIdentifier(field->name));
    std::string value =
        fmt::format("CAST({} AS {})", QuoteLiteral(*known_cursor_), data::ToSql(field->type));
    if (from_.lag_us > 0) value += fmt::format(" - to_microseconds({})", from_.lag_us);
    return fmt::format("({0} >= {1} OR {0} IS NULL)", column, value);
  }

  Status Finish(const std::optional<std::string>& before) {
    auto rejects = extract_.rejects->Take();
    staged_.rows_rejected = std::ssize(rejects);
    staged_.rows_read = staged_.rows_rejected;
    for (const engine::WrittenFile& file : staged_.files) staged_.rows_read += file.row_count;
    LEAT_TRY(CheckErrorBudget(spec_, rejects, staged_.rows_read,
                              "correct them in the source, select them out or cast them with a "
                              "query, or raise error_budget"));
    std::optional<std::string> now = before;
    if (!from_.cursor.empty() && extract_.cursor)
      now = JsonText(nlohmann::json{{"of", Subject()}, {"value", *extract_.cursor}});
    if (now) staged_.position = WritePosition(*now);
    staged_.nothing_new = adds_ && staged_.rows_read == 0 && now == before;
    if (!rejects.empty())
      staged_.rejects_sql = "SELECT * FROM " + session_.ScanRows(RejectRows(std::move(rejects)));
    return Ok();
  }

  struct Column {
    std::string name;         // in the table
    std::string source_name;  // in the source
    std::string value;        // SQL over a row of the source
  };

  const io::Environment& environment_;
  engine::Session& session_;
  const RowsInput& input_;
  const project::SourceSpec& spec_;
  const project::TableSourceOptions& from_;
  const bool adds_;  // to rows of the table that are there
  std::optional<std::string> known_cursor_;
  connect::Extract extract_;
  std::vector<Column> columns_;
  std::vector<std::string> key_;
  StagedRows staged_;
};

}  // namespace

Result<StagedRows> StageRows(const io::Environment& environment, engine::Session& session,
                             const RowsInput& input) {
  return RowsLoad(environment, session, input).Run();
}

}  // namespace leat::ingest
