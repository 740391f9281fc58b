#include "engine/table_names.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "duckdb/parser/expression/parameter_expression.hpp"
#include "duckdb/parser/expression/subquery_expression.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/cte_node.hpp"
#include "duckdb/parser/query_node/recursive_cte_node.hpp"
#include "duckdb/parser/query_node/set_operation_node.hpp"
#include "duckdb/parser/statement/copy_statement.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "engine/duckdb_text.h"

namespace leat::engine {
namespace {

constexpr char kMark = '\001';
constexpr const char* kSeedSchema = "seeds.";  // seeds may be named without it

class NameWalker {
 public:
  explicit NameWalker(const NameVisitor& visitor) : visitor_(visitor) {}

  void Visit(duckdb::QueryNode& node) {
    const std::size_t scope = cte_names_.size();
    for (auto& [name, cte] : node.cte_map.map) {
      // A CTE sees the ones before it, and itself (WITH RECURSIVE).
      cte_names_.push_back(ToLower(name));
      Visit(*cte->query->node);
    }
    VisitBody(node);
    cte_names_.resize(scope);
  }

 private:
  void VisitBody(duckdb::QueryNode& node) {
    if (node.type == duckdb::QueryNodeType::CTE_NODE) {
      auto& cte = node.Cast<duckdb::CTENode>();
      cte_names_.push_back(ToLower(cte.ctename));
      Visit(*cte.query);
      Visit(*cte.child);
      return;
    }
    if (node.type == duckdb::QueryNodeType::SET_OPERATION_NODE) {
      for (auto& child : node.Cast<duckdb::SetOperationNode>().children) Visit(*child);
      VisitModifiers(node);
      return;
    }
    if (node.type == duckdb::QueryNodeType::RECURSIVE_CTE_NODE) {
      auto& recursive = node.Cast<duckdb::RecursiveCTENode>();
      cte_names_.push_back(ToLower(recursive.ctename));
      Visit(*recursive.left);
      Visit(*recursive.right);
      return;
    }
    duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(
        node, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& child) { Visit(*child); },
        [this](duckdb::TableRef& table) { Visit(table); });
  }

  void VisitModifiers(duckdb::QueryNode& node) {
    duckdb::ParsedExpressionIterator::EnumerateQueryNodeModifiers(
        node, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& child) { Visit(*child); });
  }

  void Visit(duckdb::ParsedExpression& expression) {
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::PARAMETER) {
      visitor_.on_parameter(expression.Cast<duckdb::ParameterExpression>().identifier);
    }
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
      Visit(*expression.Cast<duckdb::SubqueryExpression>().subquery->node);
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        expression, [this](duckdb::unique_ptr<duckdb::ParsedExpression>& child) { Visit(*child); });
  }

  // EnumerateTableRefChildren calls back for the reference itself and its inner ones; subqueries
  // are ours.
  void Visit(duckdb::TableRef& table) {
    switch (table.type) {
      case duckdb::TableReferenceType::BASE_TABLE:
        VisitTable(table.Cast<duckdb::BaseTableRef>());
        return;
      case duckdb::TableReferenceType::SUBQUERY:
        Visit(*table.Cast<duckdb::SubqueryRef>().subquery->node);
        return;
      case duckdb::TableReferenceType::JOIN: {
        auto& join = table.Cast<duckdb::JoinRef>();
        Visit(*join.left);
        Visit(*join.right);
        if (join.condition) Visit(*join.condition);
        return;
      }
      case duckdb::TableReferenceType::PIVOT: Visit(*table.Cast<duckdb::PivotRef>().source); return;
      case duckdb::TableReferenceType::SHOW_REF:
        if (auto& query = table.Cast<duckdb::ShowRef>().query) Visit(*query);
        return;
      case duckdb::TableReferenceType::TABLE_FUNCTION:
        Visit(*table.Cast<duckdb::TableFunctionRef>().function);
        return;
      case duckdb::TableReferenceType::EXPRESSION_LIST:
        for (auto& row : table.Cast<duckdb::ExpressionListRef>().values) {
          for (auto& value : row) Visit(*value);
        }
        return;
      default: return;
    }
  }

  void VisitTable(duckdb::BaseTableRef& table) {
    const std::string name = ToLower(SplitPin(table.table_name).name);
    const bool is_cte = table.schema_name.empty() &&
                        std::find(cte_names_.begin(), cte_names_.end(), name) != cte_names_.end();
    if (!is_cte) visitor_.on_table(table);
  }

  const NameVisitor& visitor_;
  std::vector<std::string> cte_names_;
};

duckdb::QueryNode* QueryIn(duckdb::SQLStatement& statement) {
  switch (statement.type) {
    case duckdb::StatementType::SELECT_STATEMENT:
      return statement.Cast<duckdb::SelectStatement>().node.get();
    case duckdb::StatementType::COPY_STATEMENT:
      return statement.Cast<duckdb::CopyStatement>().info->select_statement.get();
    case duckdb::StatementType::CREATE_STATEMENT: {
      auto& info = *statement.Cast<duckdb::CreateStatement>().info;
      if (info.type != duckdb::CatalogType::TABLE_ENTRY) return nullptr;
      const auto& query = info.Cast<duckdb::CreateTableInfo>().query;
      return query ? query->node.get() : nullptr;
    }
    default: return nullptr;
  }
}

bool IsOfDuckDb(const std::string& name) {
  constexpr std::array kPrefixes = {"pg_", "duckdb_", "sqlite_", "pragma_"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [&](const char* prefix) { return name.starts_with(prefix); });
}

// Whether DuckDB has tables and views of its own where it looks for the name.
bool MayBeDuckDbs(const duckdb::BaseTableRef& table) {
  if (!table.catalog_name.empty()) return false;
  const std::string name = ToLower(table.table_name);
  const bool is_own_name = IsOfDuckDb(name);
  if (table.schema_name.empty()) return is_own_name;
  const std::string schema = ToLower(table.schema_name);
  if (schema == "information_schema" || schema == "pg_catalog") return true;
  return is_own_name && (schema == "main" || schema == "system");
}

bool IsOneOf(const std::vector<std::string>& tables, const std::string& name) {
  return std::any_of(tables.begin(), tables.end(),
                     [&](const std::string& table) { return EqualsIgnoreCase(table, name); });
}

}  // namespace

void VisitNames(duckdb::QueryNode& node, const NameVisitor& visitor) {
  NameWalker(visitor).Visit(node);
}

void MarkProjectTables(duckdb::SQLStatement& statement,
                       const std::vector<std::string>& project_tables) {
  duckdb::QueryNode* const query = project_tables.empty() ? nullptr : QueryIn(statement);
  if (query == nullptr) return;
  VisitNames(*query, {.on_table = [&](duckdb::BaseTableRef& table) {
    if (!MayBeDuckDbs(table)) return;
    const std::string name = SplitPin(table.table_name).name;
    const std::string full =
        table.schema_name.empty() ? kSeedSchema + name : table.schema_name + "." + name;
    if (IsOneOf(project_tables, full)) table.schema_name.insert(0, 1, kMark);
  }});
}

std::string UnmarkedSchema(const std::string& schema) {
  return schema.starts_with(kMark) ? schema.substr(1) : schema;
}

std::string HintForTable(const std::string& name, const std::vector<std::string>& project_tables) {
  std::vector<std::string> same;
  std::vector<std::string> candidates = project_tables;
  for (const std::string& table : project_tables) {
    const std::string last = table.substr(table.find('.') + 1);
    if (EqualsIgnoreCase(last, name)) same.push_back("'" + table + "'");
    candidates.push_back(last);
  }
  if (!same.empty()) return "did you mean " + Join(same, " or ") + "?";
  const auto near = Nearest(name, candidates);
  if (!near) return NearestHint(name, project_tables);
  for (const std::string& table : project_tables) {
    if (table.substr(table.find('.') + 1) == *near) return "did you mean '" + table + "'?";
  }
  return "did you mean '" + *near + "'?";
}

}  // namespace leat::engine
