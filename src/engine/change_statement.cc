#include "engine/change_statement.h"

#include <fmt/format.h>

#include "base/text.h"
#include "duckdb.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/expression/comparison_expression.hpp"
#include "duckdb/parser/expression/conjunction_expression.hpp"
#include "duckdb/parser/expression/star_expression.hpp"
#include "duckdb/parser/statement/delete_statement.hpp"
#include "duckdb/parser/statement/insert_statement.hpp"
#include "duckdb/parser/statement/merge_into_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/statement/update_statement.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"
#include "engine/duckdb_text.h"
#include "engine/engine_error.h"

namespace leat::engine {
namespace {

using Expression = duckdb::unique_ptr<duckdb::ParsedExpression>;

std::string TextOf(const Expression& expression) {
  return expression ? expression->ToString() : std::string();
}

[[noreturn]] void Refuse(const std::string& what) {
  throw duckdb::BinderException(what + " is not possible here");
}

void SetTable(const duckdb::TableRef& reference, ChangeStatement& change) {
  if (reference.type != duckdb::TableReferenceType::BASE_TABLE)
    Refuse("changing anything but a table");
  const auto& table = reference.Cast<duckdb::BaseTableRef>();
  if (!SplitPin(table.table_name).pin.empty()) Refuse("changing an earlier version");
  // silver.orders may also be read as catalog.table.
  const std::string& schema = table.schema_name.empty() ? table.catalog_name : table.schema_name;
  change.table = schema.empty() ? table.table_name : schema + "." + table.table_name;
  change.alias = table.alias.empty() ? table.table_name : table.alias;
}

void SetSource(duckdb::TableRef& reference, ChangeStatement& change) {
  if (reference.type == duckdb::TableReferenceType::JOIN) {
    Refuse("a join as the source: put it into a subquery, USING (SELECT ...) AS name, or it");
  }
  change.source_alias = reference.alias;
  if (change.source_alias.empty() && reference.type == duckdb::TableReferenceType::BASE_TABLE) {
    change.source_alias = reference.Cast<duckdb::BaseTableRef>().table_name;
  }
  if (change.source_alias.empty()) Refuse("a source without a name (USING (...) AS name)");
  change.source = reference.ToString();
}

std::string TextOf(const duckdb::CommonTableExpressionMap& tables) {
  return tables.map.empty() ? std::string() : tables.ToString();
}

std::vector<Assignment> AssignmentsOf(const duckdb::UpdateSetInfo& set) {
  std::vector<Assignment> values;
  for (std::size_t i = 0; i < set.columns.size(); i++) {
    values.emplace_back(set.columns[i], TextOf(set.expressions[i]));
  }
  return values;
}

ChangeStatement FromDelete(duckdb::DeleteStatement& statement) {
  ChangeStatement change{.operation = "DELETE"};
  SetTable(*statement.table, change);
  change.with = TextOf(statement.cte_map);
  if (statement.using_clauses.size() > 1) Refuse("DELETE with several tables after USING");
  if (!statement.using_clauses.empty()) SetSource(*statement.using_clauses[0], change);
  change.condition = TextOf(statement.condition);
  change.clauses.push_back({.action = ChangeClause::Action::kDelete});
  return change;
}

ChangeStatement FromUpdate(duckdb::UpdateStatement& statement) {
  ChangeStatement change{.operation = "UPDATE"};
  SetTable(*statement.table, change);
  change.with = TextOf(statement.cte_map);
  if (statement.from_table) SetSource(*statement.from_table, change);
  change.condition = TextOf(statement.set_info->condition);
  change.clauses.push_back(
      {.action = ChangeClause::Action::kUpdate, .values = AssignmentsOf(*statement.set_info)});
  return change;
}

bool IsStar(const std::vector<std::string>& columns,
            const duckdb::vector<Expression>& expressions) {
  return columns.empty() &&
         (expressions.empty() || (expressions.size() == 1 && expressions[0]->GetExpressionClass() ==
                                                                 duckdb::ExpressionClass::STAR));
}

void SetInsert(const duckdb::MergeIntoAction& action, ChangeClause& clause) {
  if (action.default_values) Refuse("INSERT DEFAULT VALUES");
  clause.takes_all = IsStar(action.insert_columns, action.expressions);
  if (clause.takes_all) return;
  if (action.insert_columns.size() != action.expressions.size()) {
    throw duckdb::BinderException("INSERT names %d columns and gives %d values; name each column",
                                  action.insert_columns.size(), action.expressions.size());
  }
  for (std::size_t i = 0; i < action.insert_columns.size(); i++) {
    clause.values.emplace_back(action.insert_columns[i], TextOf(action.expressions[i]));
  }
}

// A row can only be changed where the table has one, and inserted where it has none.
void CheckClause(const ChangeClause& clause) {
  using Action = ChangeClause::Action;
  const bool is_new = clause.when == ChangeClause::When::kNotMatchedByTarget;
  if (is_new && clause.action == Action::kUpdate) Refuse("WHEN NOT MATCHED THEN UPDATE");
  if (is_new && clause.action == Action::kDelete) Refuse("WHEN NOT MATCHED THEN DELETE");
  if (!is_new && clause.action == Action::kInsert) {
    Refuse("INSERT for rows that the table has (WHEN MATCHED, WHEN NOT MATCHED BY SOURCE)");
  }
}

ChangeClause ToClause(const duckdb::MergeIntoAction& action, ChangeClause::When when) {
  using Action = ChangeClause::Action;
  ChangeClause clause{.when = when, .condition = TextOf(action.condition)};
  switch (action.action_type) {
    case duckdb::MergeActionType::MERGE_UPDATE:
      clause.action = Action::kUpdate;
      clause.takes_all = !action.update_info;
      if (action.update_info) clause.values = AssignmentsOf(*action.update_info);
      break;
    case duckdb::MergeActionType::MERGE_DELETE: clause.action = Action::kDelete; break;
    case duckdb::MergeActionType::MERGE_INSERT:
      clause.action = Action::kInsert;
      SetInsert(action, clause);
      break;
    case duckdb::MergeActionType::MERGE_DO_NOTHING: break;
    case duckdb::MergeActionType::MERGE_ERROR:
      clause.action = Action::kError;
      clause.message = action.expressions.empty() ? "'a row that MERGE was told to refuse'"
                                                  : TextOf(action.expressions[0]);
      break;
  }
  CheckClause(clause);
  return clause;
}

// The column's name when the expression is one of the table known as `alias`.
std::string ColumnOf(const duckdb::ParsedExpression& expression, const std::string& alias) {
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF) return {};
  const auto& names = expression.Cast<duckdb::ColumnRefExpression>().column_names;
  return names.size() == 2 && EqualsIgnoreCase(names[0], alias) ? names[1] : std::string();
}

void AddEqualColumns(const duckdb::ParsedExpression& condition, ChangeStatement& change) {
  if (condition.type == duckdb::ExpressionType::CONJUNCTION_AND) {
    for (const auto& child : condition.Cast<duckdb::ConjunctionExpression>().children) {
      AddEqualColumns(*child, change);
    }
  }
  if (condition.type != duckdb::ExpressionType::COMPARE_EQUAL) return;
  const auto& equal = condition.Cast<duckdb::ComparisonExpression>();
  for (const auto& [a, b] :
       {std::pair(&equal.left, &equal.right), std::pair(&equal.right, &equal.left)}) {
    std::string of_table = ColumnOf(**a, change.alias);
    std::string of_source = ColumnOf(**b, change.source_alias);
    if (!of_table.empty() && !of_source.empty()) {
      change.equal_columns.push_back({std::move(of_table), std::move(of_source)});
    }
  }
}

ChangeStatement FromMerge(duckdb::MergeIntoStatement& statement) {
  using When = ChangeClause::When;
  ChangeStatement change{.operation = "MERGE"};
  SetTable(*statement.target, change);
  SetSource(*statement.source, change);
  change.with = TextOf(statement.cte_map);
  change.condition = TextOf(statement.join_condition);
  if (statement.join_condition) AddEqualColumns(*statement.join_condition, change);
  for (const std::string& column : statement.using_columns) {
    change.equal_columns.push_back({column, column});
    const std::string name = QuoteIdentifier(column);
    if (!change.condition.empty()) change.condition += " AND ";
    change.condition += fmt::format("{}.{} = {}.{}", QuoteIdentifier(change.alias), name,
                                    QuoteIdentifier(change.source_alias), name);
  }
  for (const auto& [condition, actions] : statement.actions) {
    When when = When::kMatched;
    if (condition == duckdb::MergeActionCondition::WHEN_NOT_MATCHED_BY_TARGET) {
      when = When::kNotMatchedByTarget;
    } else if (condition == duckdb::MergeActionCondition::WHEN_NOT_MATCHED_BY_SOURCE) {
      when = When::kNotMatchedBySource;
    }
    for (const auto& action : actions) change.clauses.push_back(ToClause(*action, when));
  }
  return change;
}

ChangeStatement FromInsert(duckdb::InsertStatement& statement) {
  ChangeStatement change{.operation = "WRITE"};
  if (statement.on_conflict_info) Refuse("INSERT with ON CONFLICT (use MERGE INTO), or it");
  if (statement.default_values) Refuse("INSERT DEFAULT VALUES");
  duckdb::BaseTableRef table;
  table.schema_name = statement.schema;
  table.catalog_name = statement.catalog;
  table.table_name = statement.table;
  SetTable(table, change);
  change.with = TextOf(statement.cte_map);
  change.rows = statement.select_statement->ToString();
  change.columns.assign(statement.columns.begin(), statement.columns.end());
  change.by_name = statement.column_order == duckdb::InsertColumnOrder::INSERT_BY_NAME;
  return change;
}

template <typename Statement>
Statement& Changing(duckdb::SQLStatement& statement) {
  auto& typed = statement.Cast<Statement>();
  if (!typed.returning_list.empty()) Refuse("RETURNING");
  return typed;
}

}  // namespace

Result<ChangeStatement> ParseChange(std::string_view sql) {
  try {
    const auto statements = Parse(sql);
    if (statements.size() == 1) {
      duckdb::SQLStatement& statement = *statements[0];
      switch (statement.type) {
        case duckdb::StatementType::INSERT_STATEMENT:
          return FromInsert(Changing<duckdb::InsertStatement>(statement));
        case duckdb::StatementType::DELETE_STATEMENT:
          return FromDelete(Changing<duckdb::DeleteStatement>(statement));
        case duckdb::StatementType::UPDATE_STATEMENT:
          return FromUpdate(Changing<duckdb::UpdateStatement>(statement));
        case duckdb::StatementType::MERGE_INTO_STATEMENT:
          return FromMerge(Changing<duckdb::MergeIntoStatement>(statement));
        default: break;
      }
    }
    return InvalidInput("expected one INSERT, UPDATE, DELETE or MERGE INTO statement")
        .WithHint("leat query runs SELECT");
  } catch (const std::exception& e) {
    return ToError(e, sql);
  }
}

}  // namespace leat::engine
