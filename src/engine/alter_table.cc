#include "engine/alter_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "delta/constraints.h"
#include "duckdb.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/parsed_data/alter_table_info.hpp"
#include "duckdb/parser/statement/alter_statement.hpp"
#include "engine/duckdb_text.h"
#include "engine/engine_error.h"
#include "engine/limits.h"
#include "engine/spark_sql.h"

namespace leat::engine {
namespace {

[[noreturn]] void Refuse(const std::string& what) {
  throw duckdb::BinderException("%s is not possible here", what);
}

template <typename T>
T OrThrow(Result<T> result) {
  if (!result.ok()) throw duckdb::BinderException(result.error().ToString());
  return std::move(*result);
}

data::Type TypeOf(const duckdb::LogicalType& type) {
  std::string text = type.ToString();
  // The parser takes DATE and others for names of types yet to be found, and quotes them.
  if (text.size() > 2 && text.front() == '"' && text.find('"', 1) == text.size() - 1) {
    text = text.substr(1, text.size() - 2);
  }
  return OrThrow(data::ParseType(text));
}

delta::ColumnPath PathOf(const duckdb::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

delta::AddColumn Added(delta::ColumnPath parent, const duckdb::ColumnDefinition& column) {
  if (column.HasDefaultValue()) {
    Refuse(
        "a default for a new column (add it first, then ALTER COLUMN ... SET DEFAULT): rows that "
        "are "
        "there already have no value, and this");
  }
  return {.parent = std::move(parent),
          .field = {.name = column.Name(), .type = TypeOf(column.Type())}};
}

// A text or number as a property's value.
std::string ValueOf(const duckdb::ParsedExpression& expression) {
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::CONSTANT) {
    return expression.Cast<duckdb::ConstantExpression>().value.ToString();
  }
  return ToLower(expression.ToString());  // true and false, as words
}

delta::SetColumnDefault DefaultOf(const duckdb::SetDefaultInfo& info) {
  delta::SetColumnDefault change{.column = info.column_name, .expression = std::nullopt};
  if (info.expression) {
    change.expression = info.expression->ToString();
    OrThrow(FromSparkSql(*change.expression));  // others must understand it, too
  }
  return change;
}

delta::SetTableProperties PropertiesSet(const duckdb::SetTableOptionsInfo& info) {
  delta::SetTableProperties change;
  for (const auto& [name, value] : info.table_options) change.values[name] = ValueOf(*value);
  return change;
}

delta::SetTableProperties PropertiesReset(const duckdb::ResetTableOptionsInfo& info) {
  delta::SetTableProperties change;
  for (const auto& name : info.table_options) change.values[name] = std::nullopt;
  return change;
}

AlterStatement FromInfo(duckdb::AlterTableInfo& info) {
  using duckdb::AlterTableType;
  const auto statement = [](const char* operation, delta::Alteration alteration) {
    return AlterStatement{.operation = operation, .table = "", .alteration = std::move(alteration)};
  };
  switch (info.alter_table_type) {
    case AlterTableType::ADD_COLUMN:
      return statement("ADD COLUMNS", Added({}, info.Cast<duckdb::AddColumnInfo>().new_column));
    case AlterTableType::ADD_FIELD: {
      const auto& add = info.Cast<duckdb::AddFieldInfo>();
      return statement("ADD COLUMNS", Added(PathOf(add.column_path), add.new_field));
    }
    case AlterTableType::RENAME_COLUMN: {
      const auto& rename = info.Cast<duckdb::RenameColumnInfo>();
      return statement("RENAME COLUMN", delta::RenameColumn{{rename.old_name}, rename.new_name});
    }
    case AlterTableType::RENAME_FIELD: {
      const auto& rename = info.Cast<duckdb::RenameFieldInfo>();
      return statement("RENAME COLUMN",
                       delta::RenameColumn{PathOf(rename.column_path), rename.new_name});
    }
    case AlterTableType::REMOVE_COLUMN:
      return statement("DROP COLUMNS",
                       delta::DropColumn{{info.Cast<duckdb::RemoveColumnInfo>().removed_column}});
    case AlterTableType::REMOVE_FIELD:
      return statement("DROP COLUMNS",
                       delta::DropColumn{PathOf(info.Cast<duckdb::RemoveFieldInfo>().column_path)});
    case AlterTableType::ALTER_COLUMN_TYPE: {
      const auto& change = info.Cast<duckdb::ChangeColumnTypeInfo>();
      return statement("CHANGE COLUMN",
                       delta::WidenColumn{{change.column_name}, TypeOf(change.target_type)});
    }
    case AlterTableType::SET_DEFAULT:
      return statement("CHANGE COLUMN", DefaultOf(info.Cast<duckdb::SetDefaultInfo>()));
    case AlterTableType::SET_NOT_NULL:
      return statement(
          "CHANGE COLUMN",
          delta::SetColumnNullable{info.Cast<duckdb::SetNotNullInfo>().column_name, false});
    case AlterTableType::DROP_NOT_NULL:
      return statement(
          "CHANGE COLUMN",
          delta::SetColumnNullable{info.Cast<duckdb::DropNotNullInfo>().column_name, true});
    case AlterTableType::SET_TABLE_OPTIONS:
      return statement("SET TBLPROPERTIES",
                       PropertiesSet(info.Cast<duckdb::SetTableOptionsInfo>()));
    case AlterTableType::RESET_TABLE_OPTIONS:
      return statement("UNSET TBLPROPERTIES",
                       PropertiesReset(info.Cast<duckdb::ResetTableOptionsInfo>()));
    default: Refuse("this kind of ALTER TABLE");
  }
}

// Conditions that the rows of the table must meet now, and did not have to before.
std::vector<delta::Constraint> NewConstraints(const delta::Metadata& before,
                                              const delta::Metadata& after) {
  std::vector<delta::Constraint> added;
  for (const delta::Constraint& constraint : delta::ConstraintsOf(after).value()) {
    const auto known = before.configuration.find("delta.constraints." + constraint.name);
    if (known != before.configuration.end() && known->second == constraint.expression) continue;
    if (after.configuration.contains("delta.constraints." + constraint.name)) {
      added.push_back(constraint);
    }
  }
  return added;
}

// The first row that does not meet a condition; empty: all do.
Result<std::string> Broken(Session& session, const std::string& table_path,
                           const delta::Snapshot& snapshot, const std::string& condition) {
  LEAT_ASSIGN(const auto found, session.Query(fmt::format(
                                    "SELECT left(CAST({0} AS VARCHAR), 400) FROM (SELECT * FROM "
                                    "delta_scan({1}, version => {2})) AS {0} WHERE ({3}) IS NOT "
                                    "TRUE LIMIT 1",
                                    HelperColumn("row"), QuoteLiteral(table_path),
                                    snapshot.version().value(), condition)));
  return found.rows.empty() ? std::string() : std::get<std::string>(found.rows[0][0]);
}

Status CheckRows(Session& session, const std::string& table_path, const delta::Snapshot& snapshot,
                 const delta::Metadata& after, const delta::Alteration& alteration) {
  const auto* nullable = std::get_if<delta::SetColumnNullable>(&alteration);
  if (nullable != nullptr && !nullable->nullable) {
    LEAT_ASSIGN(const std::string row, Broken(session, table_path, snapshot,
                                              QuoteIdentifier(nullable->column) + " IS NOT NULL"));
    if (!row.empty()) {
      return InvalidInput(
          fmt::format("column {} has nulls, in the row {} say", nullable->column, row));
    }
  }
  for (const delta::Constraint& constraint : NewConstraints(snapshot.metadata(), after)) {
    LEAT_ASSIGN(const std::string sql, FromSparkSql(constraint.expression));
    LEAT_ASSIGN(const std::string row, Broken(session, table_path, snapshot, sql));
    if (!row.empty()) {
      return InvalidInput(fmt::format("a row of the table breaks the constraint {} ({}): {}",
                                      constraint.name, constraint.expression, row));
    }
  }
  return Ok();
}

}  // namespace

bool IsAlter(std::string_view sql) {
  try {
    const auto statements = Parse(sql);
    return !statements.empty() && (statements[0]->type == duckdb::StatementType::ALTER_STATEMENT ||
                                   statements[0]->type == duckdb::StatementType::MULTI_STATEMENT);
  } catch (const std::exception&) {
    return false;  // ParseAlter and ParseChange say what is wrong
  }
}

Result<AlterStatement> ParseAlter(std::string_view sql) {
  try {
    const auto statements = Parse(sql);
    if (statements.size() != 1 || statements[0]->type != duckdb::StatementType::ALTER_STATEMENT) {
      return InvalidInput("expected one ALTER TABLE statement, without a default that is computed");
    }
    auto& info = *statements[0]->Cast<duckdb::AlterStatement>().info;
    if (info.type != duckdb::AlterType::ALTER_TABLE) Refuse("altering anything but a table");
    AlterStatement statement = FromInfo(info.Cast<duckdb::AlterTableInfo>());
    const std::string& schema = info.schema.empty() ? info.catalog : info.schema;
    statement.table = schema.empty() ? info.name : schema + "." + info.name;
    return statement;
  } catch (const std::exception& e) {
    return ToError(e, sql);
  }
}

Result<std::optional<TableVersion>> AlterTable(const io::Environment& environment, Engine& engine,
                                               Session& session, const std::string& table_path,
                                               const AlterStatement& statement) {
  delta::Table& table = engine.TableAt(table_path);
  for (int i = 0; i < kMaxChangeAttempts; i++) {
    LEAT_ASSIGN(const auto base, table.Load());
    delta::Transaction transaction{.base = base, .scope = delta::ReadScope::kWholeTable};
    LEAT_ASSIGN(transaction.metadata,
                delta::Alter(base->metadata(), statement.alteration, environment.random));
    const delta::Metadata& after = *transaction.metadata;
    if (after.schema == base->schema() && after.configuration == base->metadata().configuration) {
      return std::optional<TableVersion>();
    }
    LEAT_TRY(CheckRows(session, table_path, *base, after, statement.alteration));
    transaction.info.operation = statement.operation;
    LEAT_ASSIGN(const auto outcome, table.Commit(std::move(transaction)));
    if (const auto* committed = std::get_if<delta::Committed>(&outcome)) {
      return std::optional(committed->version);
    }
  }
  return Conflict(fmt::format("{} kept changing: gave up after {} attempts", table_path,
                              kMaxChangeAttempts))
      .WithHint("run it again when the other writers have finished");
}

}  // namespace leat::engine
