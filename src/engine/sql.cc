#include "engine/sql.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "duckdb/parser/expression/parameter_expression.hpp"
#include "duckdb/parser/expression/star_expression.hpp"
#include "duckdb/parser/expression/subquery_expression.hpp"
#include "duckdb/parser/parsed_data/create_macro_info.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/cte_node.hpp"
#include "duckdb/parser/query_node/recursive_cte_node.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/query_node/set_operation_node.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "engine/duckdb_text.h"
#include "engine/engine_error.h"

namespace leat::engine {
namespace {

// Collects tables and parameters of a parsed query. Names of common table expressions hide tables
// from the node that declares them down.
class FactsCollector {
 public:
  explicit FactsCollector(std::string_view sql) : sql_(sql) {}

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

  SqlFacts Finish() && {
    return {.tables = {tables_.begin(), tables_.end()},
            .parameters = {parameters_.begin(), parameters_.end()}};
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
      parameters_.insert(expression.Cast<duckdb::ParameterExpression>().identifier);
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
        AddTable(table.Cast<duckdb::BaseTableRef>());
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

  void AddTable(const duckdb::BaseTableRef& table) {
    const PinnedName pinned = SplitPin(table.table_name);
    if (table.schema_name.empty() &&
        std::find(cte_names_.begin(), cte_names_.end(), ToLower(pinned.name)) != cte_names_.end()) {
      return;
    }
    std::string name = pinned.name;
    if (!table.schema_name.empty()) name = table.schema_name + "." + name;
    if (!table.catalog_name.empty()) name = table.catalog_name + "." + name;
    const std::size_t offset = table.query_location.IsValid() ? table.query_location.GetIndex() : 0;
    tables_.insert(
        {.name = std::move(name), .pin = pinned.pin, .offset = OffsetBeforeQuoting(sql_, offset)});
  }

  const std::string_view sql_;
  std::vector<std::string> cte_names_;
  std::set<TableReference> tables_;
  std::set<std::string> parameters_;
};

Error NotASelect(const std::string& what) {
  return InvalidInput("expected one SELECT statement, found " + what)
      .WithHint("a model or query only reads: Leat creates, replaces and merges the tables itself");
}

}  // namespace

Result<SqlFacts> AnalyzeSelect(std::string_view sql) {
  try {
    auto statements = Parse(sql);
    if (statements.empty()) return NotASelect("nothing").At({.file = "", .line = 1, .column = 1});
    if (statements.size() > 1) {
      const std::size_t end =
          OffsetBeforeQuoting(sql, statements[0]->stmt_location + statements[0]->stmt_length);
      const std::size_t begin = std::min(sql.find_first_not_of(" \t\r\n;", end), sql.size());
      const auto at = LocationOf(sql, begin);
      return NotASelect(std::to_string(statements.size()) + " statements").At(at);
    }
    if (statements[0]->type != duckdb::StatementType::SELECT_STATEMENT) {
      return NotASelect(ToLower(duckdb::StatementTypeToString(statements[0]->type)))
          .At(LocationOf(sql, statements[0]->stmt_location));
    }
    FactsCollector collector(sql);
    collector.Visit(*statements[0]->Cast<duckdb::SelectStatement>().node);
    return std::move(collector).Finish();
  } catch (const std::exception& e) {
    return ToError(e, sql);
  }
}

namespace {

bool IsPlainStar(const duckdb::SelectNode& select) {
  if (select.select_list.size() != 1 ||
      select.select_list[0]->GetExpressionClass() != duckdb::ExpressionClass::STAR) {
    return false;
  }
  const auto& star = select.select_list[0]->Cast<duckdb::StarExpression>();
  return star.relation_name.empty() && star.exclude_list.empty() && star.replace_list.empty() &&
         star.rename_list.empty() && !star.columns && !star.expr;
}

// Functions other than scalar ones cannot stand in a WHERE clause, so only subqueries make it look
// beyond its row.
bool LooksBeyondItsRow(const duckdb::ParsedExpression& expression) {
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) return true;
  bool found = false;
  duckdb::ParsedExpressionIterator::EnumerateChildren(
      expression,
      [&found](const duckdb::ParsedExpression& child) { found |= LooksBeyondItsRow(child); });
  return found;
}

}  // namespace

std::optional<std::string> FilterOf(std::string_view sql, std::string_view table) {
  try {
    auto statements = Parse(sql);
    if (statements.size() != 1 || statements[0]->type != duckdb::StatementType::SELECT_STATEMENT)
      return std::nullopt;
    auto& node = *statements[0]->Cast<duckdb::SelectStatement>().node;
    if (node.type != duckdb::QueryNodeType::SELECT_NODE || !node.modifiers.empty() ||
        !node.cte_map.map.empty()) {
      return std::nullopt;
    }
    auto& select = node.Cast<duckdb::SelectNode>();
    if (!IsPlainStar(select) || !select.where_clause || select.having || select.qualify ||
        select.sample || !select.groups.group_expressions.empty() || !select.from_table ||
        select.from_table->type != duckdb::TableReferenceType::BASE_TABLE) {
      return std::nullopt;
    }
    const auto& from = select.from_table->Cast<duckdb::BaseTableRef>();
    const bool is_table = from.schema_name.empty() && from.alias.empty() && !from.sample &&
                          EqualsIgnoreCase(from.table_name, table);
    if (!is_table || LooksBeyondItsRow(*select.where_clause)) return std::nullopt;
    return select.where_clause->ToString();
  } catch (const std::exception&) {
    return std::nullopt;  // AnalyzeSelect tells what is wrong with it
  }
}

namespace {

// Functions that Leat's own statements call beside a project's SQL, in their names and in their
// syntax ([1, 2], value.field). A macro of such a name would change what the statements mean.
constexpr std::string_view kFunctionsOfLeat[] = {"any_value",
                                                 "array_extract",
                                                 "array_to_string",
                                                 "bit_count",
                                                 "bitstring_agg",
                                                 "bool_or",
                                                 "cardinality",
                                                 "changes",
                                                 "chr",
                                                 "concat_ws",
                                                 "count",
                                                 "count_star",
                                                 "date_part",
                                                 "decode",
                                                 "delta_scan",
                                                 "epoch_us",
                                                 "error",
                                                 "first",
                                                 "from_json",
                                                 "greatest",
                                                 "isfinite",
                                                 "isinf",
                                                 "isnan",
                                                 "json",
                                                 "json_extract",
                                                 "json_extract_string",
                                                 "json_group_structure",
                                                 "json_object",
                                                 "json_transform",
                                                 "json_transform_strict",
                                                 "json_type",
                                                 "json_valid",
                                                 "lag",
                                                 "lead",
                                                 "left",
                                                 "len",
                                                 "length",
                                                 "list",
                                                 "list_contains",
                                                 "list_filter",
                                                 "list_select",
                                                 "list_sort",
                                                 "list_transform",
                                                 "list_value",
                                                 "list_zip",
                                                 "lower",
                                                 "make_timestamptz",
                                                 "map",
                                                 "max",
                                                 "md5",
                                                 "min",
                                                 "ntile",
                                                 "parquet_file_metadata",
                                                 "parquet_metadata",
                                                 "parquet_schema",
                                                 "range",
                                                 "read_csv",
                                                 "read_json",
                                                 "read_json_objects",
                                                 "read_parquet",
                                                 "regexp_full_match",
                                                 "replace",
                                                 "row",
                                                 "row_number",
                                                 "sniff_csv",
                                                 "starts_with",
                                                 "string_agg",
                                                 "struct_extract",
                                                 "struct_pack",
                                                 "substr",
                                                 "substring",
                                                 "sum",
                                                 "to_json",
                                                 "trim",
                                                 "typeof",
                                                 "unnest",
                                                 "upper"};

Status RefuseReserved(const std::string& macro) {
  const std::string name = ToLower(macro);
  const bool is_prefixed = name.starts_with("leat_");
  if (!is_prefixed && std::find(std::begin(kFunctionsOfLeat), std::end(kFunctionsOfLeat), name) ==
                          std::end(kFunctionsOfLeat)) {
    return Ok();
  }
  return InvalidInput("a macro cannot be named '" + macro + "': " +
                      (is_prefixed ? "names that begin with leat_ are Leat's own"
                                   : "Leat's own statements call the function of that name"))
      .WithHint("give the macro another name");
}

}  // namespace

Result<std::vector<MacroDefinition>> AnalyzeMacros(std::string_view sql) {
  try {
    std::vector<MacroDefinition> macros;
    for (auto& statement : Parse(sql)) {
      const std::size_t begin = sql.find_first_not_of(" \t\r\n", statement->stmt_location);
      const Location at = LocationOf(sql, std::min(begin, sql.size()));
      const bool creates = statement->type == duckdb::StatementType::CREATE_STATEMENT;
      duckdb::CreateInfo* info =
          creates ? statement->Cast<duckdb::CreateStatement>().info.get() : nullptr;
      if (info == nullptr || (info->type != duckdb::CatalogType::MACRO_ENTRY &&
                              info->type != duckdb::CatalogType::TABLE_MACRO_ENTRY)) {
        return InvalidInput("only CREATE MACRO statements may stand in macros/").At(at);
      }
      info->on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
      const std::string& name = info->Cast<duckdb::CreateMacroInfo>().name;
      if (const Status free = RefuseReserved(name); !free.ok()) return Error(free.error()).At(at);
      macros.push_back({.name = name, .sql = statement->ToString()});
    }
    return macros;
  } catch (const std::exception& e) {
    return ToError(e, sql);
  }
}

}  // namespace leat::engine
