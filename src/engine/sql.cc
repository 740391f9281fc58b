#include "engine/sql.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "duckdb/parser/expression/star_expression.hpp"
#include "duckdb/parser/expression/subquery_expression.hpp"
#include "duckdb/parser/parsed_data/create_macro_info.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"
#include "engine/duckdb_text.h"
#include "engine/engine_error.h"
#include "engine/table_names.h"

namespace leat::engine {
namespace {

SqlFacts FactsOf(duckdb::QueryNode& node, std::string_view sql) {
  std::set<TableReference> tables;
  std::set<std::string> parameters;
  const auto add_table = [&](const duckdb::BaseTableRef& table) {
    const PinnedName pinned = SplitPin(table.table_name);
    std::string name = pinned.name;
    if (!table.schema_name.empty()) name = table.schema_name + "." + name;
    if (!table.catalog_name.empty()) name = table.catalog_name + "." + name;
    const std::size_t offset = table.query_location.IsValid() ? table.query_location.GetIndex() : 0;
    tables.insert(
        {.name = std::move(name), .pin = pinned.pin, .offset = OffsetBeforeQuoting(sql, offset)});
  };
  VisitNames(node, {.on_table = add_table,
                    .on_parameter = [&](const std::string& name) { parameters.insert(name); }});
  return {.tables = {tables.begin(), tables.end()},
          .parameters = {parameters.begin(), parameters.end()}};
}

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
    return FactsOf(*statements[0]->Cast<duckdb::SelectStatement>().node, sql);
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
    std::size_t next = 0;  // the parser tells only how long a statement is, not where it begins
    for (auto& statement : Parse(sql)) {
      const std::size_t begin = sql.find_first_not_of(" \t\r\n;", OffsetBeforeQuoting(sql, next));
      const Location at = LocationOf(sql, std::min(begin, sql.size()));
      next += statement->stmt_length + 1;  // and the semicolon
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
