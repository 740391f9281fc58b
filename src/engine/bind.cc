// Binding without running, and column lineage from the bound plan.
#include <functional>
#include <map>
#include <set>

#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "duckdb/function/table_function.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/logical_operator_visitor.hpp"
#include "duckdb/planner/operator/list.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "duckdb/planner/planner.hpp"
#include "engine/duckdb_text.h"
#include "engine/duckdb_types.h"
#include "engine/session_state.h"
#include "engine/table_names.h"

namespace leat::engine {
namespace {

using Source = std::pair<AssetName, std::string>;
using Sources = std::set<Source>;
using BindingKey = std::pair<duckdb::idx_t, duckdb::idx_t>;

// Where the columns of a plan come from. Operators are visited bottom-up; every binding that an
// operator makes is the union of the columns in the expression that makes it. An operator that is
// not known here maps its columns to all its inputs: lineage may then say too much, never too
// little.
class Tracer {
 public:
  explicit Tracer(SessionState& state) : state_(state) {}

  void Visit(duckdb::LogicalOperator& op) {
    VisitChildren(op);
    switch (op.type) {
      case duckdb::LogicalOperatorType::LOGICAL_GET:
        VisitGet(op.Cast<duckdb::LogicalGet>());
        return;
      case duckdb::LogicalOperatorType::LOGICAL_PROJECTION:
        Assign(op.Cast<duckdb::LogicalProjection>().table_index, op.expressions);
        return;
      case duckdb::LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY: {
        auto& aggregate = op.Cast<duckdb::LogicalAggregate>();
        Assign(aggregate.group_index, aggregate.groups);
        Assign(aggregate.aggregate_index, aggregate.expressions);
        VisitOther(op);  // grouping()
        return;
      }
      case duckdb::LogicalOperatorType::LOGICAL_WINDOW:
        Assign(op.Cast<duckdb::LogicalWindow>().window_index, op.expressions);
        return;
      case duckdb::LogicalOperatorType::LOGICAL_UNNEST:
        Assign(op.Cast<duckdb::LogicalUnnest>().unnest_index, op.expressions);
        return;
      case duckdb::LogicalOperatorType::LOGICAL_UNION:
      case duckdb::LogicalOperatorType::LOGICAL_EXCEPT:
      case duckdb::LogicalOperatorType::LOGICAL_INTERSECT:
        VisitSetOperation(op.Cast<duckdb::LogicalSetOperation>());
        return;
      case duckdb::LogicalOperatorType::LOGICAL_MATERIALIZED_CTE:
        return;  // passes its second child on
      case duckdb::LogicalOperatorType::LOGICAL_DELIM_GET:
        VisitOuterColumns(op.Cast<duckdb::LogicalDelimGet>());
        return;
      case duckdb::LogicalOperatorType::LOGICAL_CTE_REF:
        VisitCteReference(op.Cast<duckdb::LogicalCTERef>());
        return;
      default: VisitOther(op); return;
    }
  }

  const Sources& Of(const duckdb::ColumnBinding& binding) {
    return sources_[{binding.table_index, binding.column_index}];
  }

 private:
  // Common table expressions are known to the operators that read them, and the columns of an outer
  // query to the inner query that is correlated with it: DuckDB has made it the second child of a
  // DELIM_JOIN, in which DELIM_GETs stand for those columns.
  void VisitChildren(duckdb::LogicalOperator& op) {
    const bool is_cte = op.type == duckdb::LogicalOperatorType::LOGICAL_MATERIALIZED_CTE ||
                        op.type == duckdb::LogicalOperatorType::LOGICAL_RECURSIVE_CTE;
    const bool is_correlated = op.type == duckdb::LogicalOperatorType::LOGICAL_DELIM_JOIN;
    for (std::size_t i = 0; i < op.children.size(); i++) {
      Visit(*op.children[i]);
      if (i > 0) continue;
      if (is_cte) {
        auto& columns = ctes_[op.Cast<duckdb::LogicalCTE>().table_index];
        columns.clear();
        for (const auto& binding : op.children[0]->GetColumnBindings())
          columns.push_back(Of(binding));
      } else if (is_correlated) {
        auto& columns = outer_columns_.emplace_back();
        for (auto& column : op.Cast<duckdb::LogicalComparisonJoin>().duplicate_eliminated_columns)
          columns.push_back(Of(*column));
      }
    }
    if (is_correlated) outer_columns_.pop_back();
  }

  // The innermost correlated query's, in their order. Should their number not tell, all.
  void VisitOuterColumns(duckdb::LogicalDelimGet& get) {
    const std::size_t count = get.GetColumnBindings().size();
    const bool is_known = !outer_columns_.empty() && outer_columns_.back().size() == count;
    Sources all;
    for (const auto& columns : outer_columns_) {
      for (const Sources& sources : columns) all.insert(sources.begin(), sources.end());
    }
    for (std::size_t i = 0; i < count; i++)
      sources_[{get.table_index, i}] = is_known ? outer_columns_.back()[i] : all;
  }

  Sources Of(duckdb::Expression& expression) {
    Sources found;
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
      found = Of(expression.Cast<duckdb::BoundColumnRefExpression>().binding);
    }
    duckdb::ExpressionIterator::EnumerateChildren(expression, [&](duckdb::Expression& child) {
      const Sources more = Of(child);
      found.insert(more.begin(), more.end());
    });
    return found;
  }

  void VisitGet(duckdb::LogicalGet& get) {
    if (!get.children.empty()) return VisitOther(get);  // a table function over the rows of a query
    const AssetName asset = AssetOf(get);
    if (asset.value().empty()) return;
    const auto& ids = get.GetColumnIds();
    const auto bindings = get.GetColumnBindings();
    for (std::size_t i = 0; i < bindings.size(); i++) {
      if (bindings[i].column_index >= ids.size()) continue;  // count(*): no column at all
      const auto id = ids[bindings[i].column_index].GetPrimaryIndex();
      if (id >= get.names.size()) continue;
      sources_[{bindings[i].table_index, bindings[i].column_index}].insert({asset, get.names[id]});
    }
  }

  AssetName AssetOf(const duckdb::LogicalGet& get) {
    if (get.function.name != "delta_scan" || get.parameters.empty()) return AssetName();
    const std::string path = get.parameters[0].ToString();
    if (!path.starts_with(kSourcePrefix)) return AssetName();
    const auto source = state_.sources.find(path.substr(std::string(kSourcePrefix).size()));
    return source == state_.sources.end() ? AssetName() : source->second->asset;
  }

  void VisitSetOperation(duckdb::LogicalSetOperation& op) {
    for (duckdb::idx_t column = 0; column < op.column_count; column++) {
      Sources& sources = sources_[{op.table_index, column}];
      for (auto& child : op.children) {
        const auto bindings = child->GetColumnBindings();
        if (column >= bindings.size()) continue;
        const Sources more = Of(bindings[column]);
        sources.insert(more.begin(), more.end());
      }
    }
  }

  void VisitCteReference(duckdb::LogicalCTERef& reference) {
    const auto found = ctes_.find(reference.cte_index);
    if (found == ctes_.end()) return;
    for (std::size_t i = 0; i < found->second.size(); i++)
      sources_[{reference.table_index, i}] = found->second[i];
  }

  void VisitOther(duckdb::LogicalOperator& op) {
    Sources all;
    bool complete = false;
    for (const auto& binding : op.GetColumnBindings()) {
      const BindingKey key{binding.table_index, binding.column_index};
      if (sources_.contains(key)) continue;
      if (!complete) {
        for (auto& child : op.children) {
          for (const auto& input : child->GetColumnBindings()) {
            const Sources more = Of(input);
            all.insert(more.begin(), more.end());
          }
        }
        complete = true;
      }
      sources_[key] = all;
    }
  }

  void Assign(duckdb::idx_t table_index,
              duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& expressions) {
    for (std::size_t i = 0; i < expressions.size(); i++)
      sources_[{table_index, i}] = Of(*expressions[i]);
  }

  SessionState& state_;
  std::map<BindingKey, Sources> sources_;
  std::map<duckdb::idx_t, std::vector<Sources>> ctes_;
  std::vector<std::vector<Sources>> outer_columns_;  // of the correlated queries around
};

}  // namespace

duckdb::case_insensitive_map_t<duckdb::BoundParameterData> ToBoundParameters(
    const Parameters& parameters) {
  duckdb::case_insensitive_map_t<duckdb::BoundParameterData> bound;
  for (const auto& [name, value] : parameters) {
    bound.emplace(name, duckdb::BoundParameterData(ToDuckValue(value)));
  }
  return bound;
}

namespace {

// Parses and plans one SELECT, and hands the plan on while its transaction lasts.
void WithPlan(duckdb::Connection& connection, const std::string& sql, const Parameters& parameters,
              const std::function<void(duckdb::Planner&)>& use) {
  auto statements = Parse(sql);
  if (statements.size() != 1) throw duckdb::BinderException("expected one SELECT statement");
  SessionState& state = *SessionState::Of(*connection.context);
  MarkProjectTables(*statements[0], state.table_names);
  state.parquet_read.clear();
  auto values = ToBoundParameters(parameters);
  connection.context->RunFunctionInTransaction([&] {
    duckdb::Planner planner(*connection.context);
    planner.parameter_data = values;
    planner.CreatePlan(std::move(statements[0]));
    use(planner);
  });
}

}  // namespace

Planned Plan(duckdb::Connection& connection, const std::string& sql, const Parameters& parameters) {
  Planned planned;
  WithPlan(connection, sql, parameters, [&](duckdb::Planner& planner) {
    planned.names = {planner.names.begin(), planner.names.end()};
    planned.types = {planner.types.begin(), planner.types.end()};
  });
  return planned;
}

BoundQuery BindAndTrace(duckdb::Connection& connection, const std::string& sql,
                        const Parameters& parameters) {
  BoundQuery bound;
  WithPlan(connection, sql, parameters, [&](duckdb::Planner& planner) {
    for (std::size_t i = 0; i < planner.names.size(); i++) {
      const auto type = ToStoredType(planner.types[i]);
      if (!type) {
        throw duckdb::BinderException(
            "column \"%s\" has type %s, which no table can store; cast it, for instance "
            "to VARCHAR",
            planner.names[i], planner.types[i].ToString());
      }
      bound.schema.fields.push_back({.name = planner.names[i], .type = *type});
    }
    Tracer tracer(*SessionState::Of(*connection.context));
    tracer.Visit(*planner.plan);
    const auto bindings = planner.plan->GetColumnBindings();
    for (std::size_t i = 0; i < planner.names.size() && i < bindings.size(); i++) {
      const Sources& sources = tracer.Of(bindings[i]);
      bound.lineage.push_back(
          {.column = planner.names[i], .sources = {sources.begin(), sources.end()}});
    }
  });
  return bound;
}

}  // namespace leat::engine
