#include "quality/check_sql.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "engine/sql.h"
#include "quality/limits.h"

namespace leat::quality {
namespace {

using project::Check;

bool IsText(const data::Type& type) { return type.kind == data::TypeKind::kString; }

// Numbers stay as they are, so that 1.5 bounds an integer column exactly; text takes the column's
// type.
std::string Bound(const std::string& literal, const data::Type& type) {
  if (!literal.starts_with('\'')) return literal;
  return fmt::format("CAST({} AS {})", literal, data::ToSql(type));
}

std::string ComparableWith(const std::string& literal, const Operand& operand) {
  const bool is_number = !literal.starts_with('\'');
  if (is_number && IsText(operand.type)) return fmt::format("CAST({} AS DOUBLE)", operand.sql);
  return operand.sql;
}

std::string IsBelow(const Operand& operand, const std::string& literal) {
  return fmt::format("{} < {}", ComparableWith(literal, operand), Bound(literal, operand.type));
}

std::string IsAbove(const Operand& operand, const std::string& literal) {
  return fmt::format("{} > {}", ComparableWith(literal, operand), Bound(literal, operand.type));
}

// A list is compared once per value of a dictionary-encoded column; a long one is better hashed.
std::string IsNotAccepted(const Operand& operand, const std::vector<std::string>& values) {
  std::vector<std::string> literals;
  for (const std::string& value : values) {
    literals.push_back(IsText(operand.type) ? QuoteLiteral(value)
                                            : Bound(QuoteLiteral(value), operand.type));
  }
  const std::string list = "[" + Join(literals, ", ") + "]";
  if (values.size() <= kMaxListedValues) {
    return fmt::format("NOT list_contains({}, {})", list, operand.sql);
  }
  return fmt::format("{} NOT IN (SELECT unnest({}))", operand.sql, list);
}

// A table name as people write it, in SQL: silver.orders@v3 → "silver"."orders"@v3.
std::string TableInSql(const std::string& name) {
  if (name.find('"') != std::string::npos) return name;
  const std::size_t at = name.find('@');
  std::vector<std::string> parts = Split(std::string_view(name).substr(0, at), '.');
  for (std::string& part : parts) part = QuoteIdentifier(Trim(part));
  return Join(parts, ".") + (at == std::string::npos ? "" : name.substr(at));
}

std::string HasNoParent(const Operand& operand, const project::Relationships& relation,
                        const SelfReference& self) {
  const std::string column = QuoteIdentifier(relation.column);
  const auto keys_of = [&](const std::string& table) {
    // Qualified: an unqualified name that the table lacks would be taken from the outer query.
    return fmt::format("SELECT parent.{0} FROM {1} AS parent WHERE parent.{0} IS NOT NULL", column,
                       table);
  };
  std::string keys = keys_of(TableInSql(relation.table));
  if (EqualsIgnoreCase(relation.table, self.table)) {
    keys = keys_of(kAuditedRows);
    if (self.has_existing) keys += " UNION ALL " + keys_of(kExistingRows);
  }
  return fmt::format("({0} IS NOT NULL AND {0} NOT IN ({1}))", operand.sql, keys);
}

std::string KeyTuple(const std::vector<std::string>& key) {
  return key.size() == 1 ? QuoteIdentifier(key[0]) : "(" + ColumnList(key) + ")";
}

std::string KeyIsComplete(const std::vector<std::string>& key) {
  std::vector<std::string> conditions;
  for (const std::string& column : key)
    conditions.push_back(QuoteIdentifier(column) + " IS NOT NULL");
  return Join(conditions, " AND ");
}

std::string IsExistingKey(const std::vector<std::string>& key) {
  return fmt::format(
      "{} IN (SELECT {} FROM {} AS old WHERE {})", KeyTuple(key),
      key.size() == 1 ? ColumnList(key, "old.") : "(" + ColumnList(key, "old.") + ")",
      kExistingRows, KeyIsComplete(key));
}

}  // namespace

bool IsSetAside(const Check& check) {
  return check.on_fail == project::OnFail::kQuarantine || check.on_fail == project::OnFail::kDrop;
}

bool JudgesWholeTable(const Check& check) {
  return std::holds_alternative<project::RowCount>(check.kind) ||
         std::holds_alternative<project::Freshness>(check.kind) ||
         std::holds_alternative<project::VolumeAnomaly>(check.kind);
}

Status CheckColumns(const Check& check, const data::Schema& schema) {
  std::vector<std::string> columns;
  if (!check.column.empty()) columns.push_back(check.column);
  if (const auto* key = std::get_if<project::UniqueKey>(&check.kind)) columns = key->columns;
  if (const auto* fresh = std::get_if<project::Freshness>(&check.kind)) columns = {fresh->column};
  for (const std::string& column : columns) {
    if (schema.Find(column) != nullptr) continue;
    return NotFound(fmt::format("the table has no column '{}'", column))
        .WithHint(NearestHint(column, RowColumns(schema)));
  }
  return Ok();
}

std::string Complaint(const Check& check) {
  const std::string& column = check.column;
  return std::visit(
      Overloaded{
          [&](const project::NotNull&) { return column + " is null"; },
          [&](const project::Unique&) { return column + " is not unique"; },
          [&](const project::Positive&) { return column + " is not positive"; },
          [&](const project::AcceptedValues&) {
            return column + " is none of the accepted values";
          },
          [&](const project::Relationships& kind) {
            return fmt::format("{} is not in {}.{}", column, kind.table, kind.column);
          },
          [&](const project::Pattern& kind) {
            return fmt::format("{} does not match '{}'", column, kind.regex);
          },
          [&](const project::Min& kind) {
            return fmt::format("{} is below {}", column, kind.value);
          },
          [&](const project::Max& kind) {
            return fmt::format("{} is above {}", column, kind.value);
          },
          [&](const project::Between& kind) {
            return fmt::format("{} is not between {} and {}", column, kind.min, kind.max);
          },
          [&](const project::OfType& kind) {
            return fmt::format("{} is no {}", column, kind.type);
          },
          [&](const project::UniqueKey& kind) {
            return fmt::format("the key ({}) is not unique", Join(kind.columns, ", "));
          },
          [&](const project::CustomSql&) {
            return fmt::format("found by the check '{}'", check.name);
          },
          [&](const project::RowCount&) {
            return std::string("the number of rows is out of bounds");
          },
          [&](const project::Freshness&) { return std::string("the rows are too old"); },
          [&](const project::VolumeAnomaly&) {
            return std::string("the number of rows is unusual");
          },
      },
      check.kind);
}

Operand ColumnOperand(const data::Field& field) {
  return {.sql = QuoteIdentifier(field.name), .type = field.type};
}

std::optional<std::string> BreaksCheck(const Check& check, const Operand& operand,
                                       const SelfReference& self) {
  using Predicate = std::optional<std::string>;
  return std::visit(
      Overloaded{
          [&](const project::NotNull&) -> Predicate { return operand.sql + " IS NULL"; },
          [&](const project::Positive&) -> Predicate {
            return fmt::format("{} <= 0", ComparableWith("0", operand));
          },
          [&](const project::AcceptedValues& kind) -> Predicate {
            return IsNotAccepted(operand, kind.values);
          },
          [&](const project::Relationships& kind) -> Predicate {
            return HasNoParent(operand, kind, self);
          },
          [&](const project::Pattern& kind) -> Predicate {
            return fmt::format("NOT regexp_full_match(CAST({} AS VARCHAR), {})", operand.sql,
                               QuoteLiteral(kind.regex));
          },
          [&](const project::Min& kind) -> Predicate { return IsBelow(operand, kind.value); },
          [&](const project::Max& kind) -> Predicate { return IsAbove(operand, kind.value); },
          [&](const project::Between& kind) -> Predicate {
            return fmt::format("({} OR {})", IsBelow(operand, kind.min),
                               IsAbove(operand, kind.max));
          },
          [&](const project::OfType& kind) -> Predicate {
            return fmt::format("({0} IS NOT NULL AND TRY_CAST({0} AS {1}) IS NULL)", operand.sql,
                               kind.type);
          },
          [](const auto&) -> Predicate { return std::nullopt; },
      },
      check.kind);
}

std::optional<std::string> BreaksRow(const Check& check, const data::Schema& schema,
                                     const SelfReference& self) {
  if (const auto* custom = std::get_if<project::CustomSql>(&check.kind)) {
    return engine::FilterOf(custom->sql, kAuditedRows);
  }
  const data::Field* field = schema.Find(check.column);
  return field == nullptr ? std::nullopt : BreaksCheck(check, ColumnOperand(*field), self);
}

std::optional<std::string> SetsRowAside(const Check& check, const data::Schema& schema,
                                        const std::string& table) {
  const auto* relation = std::get_if<project::Relationships>(&check.kind);
  const bool is_of_itself = relation != nullptr && EqualsIgnoreCase(relation->table, table);
  if (!IsSetAside(check) || is_of_itself) return std::nullopt;
  return BreaksRow(check, schema, {.table = table});
}

bool HasConvexGoodRange(const Check& check) {
  return std::holds_alternative<project::Positive>(check.kind) ||
         std::holds_alternative<project::Min>(check.kind) ||
         std::holds_alternative<project::Max>(check.kind) ||
         std::holds_alternative<project::Between>(check.kind);
}

std::vector<std::string> KeyColumns(const Check& check) {
  if (std::holds_alternative<project::Unique>(check.kind)) return {check.column};
  if (const auto* key = std::get_if<project::UniqueKey>(&check.kind)) return key->columns;
  return {};
}

std::string CountRepeatedKeys(const std::vector<std::string>& key, bool count_first,
                              bool has_existing) {
  if (has_existing) {
    return count_first ? fmt::format("SELECT count(*) FROM {} WHERE {}", kAuditedRows,
                                     IsRepeatedKey(key, true))
                       : fmt::format("SELECT count(*) FROM ({})", LaterRowsOfKeys(key, true));
  }
  return fmt::format(
      "SELECT coalesce(sum({})::BIGINT, 0) FROM (SELECT count(*) AS n FROM {} WHERE {} GROUP BY {} "
      "HAVING count(*) > 1)",
      count_first ? "n" : "n - 1", kAuditedRows, KeyIsComplete(key), ColumnList(key));
}

std::string IsRepeatedKey(const std::vector<std::string>& key, bool has_existing) {
  std::string condition =
      fmt::format("{0} IN (SELECT {0} FROM {1} WHERE {2} GROUP BY {3} HAVING count(*) > 1)",
                  KeyTuple(key), kAuditedRows, KeyIsComplete(key), ColumnList(key));
  if (has_existing) condition += " OR " + IsExistingKey(key);
  return fmt::format("({} AND ({}))", KeyIsComplete(key), condition);
}

std::string LaterRowsOfKeys(const std::vector<std::string>& key, bool has_existing) {
  const std::string is_existing = has_existing ? IsExistingKey(key) : "false";
  return fmt::format(
      "SELECT file, row FROM (SELECT {0} AS file, {1} AS row, {2} AS is_existing, "
      "row_number() OVER (PARTITION BY {3} ORDER BY {0}, {1}) AS nth FROM {4} WHERE {5}) "
      "WHERE nth > 1 OR is_existing",
      kFileColumn, kRowColumn, is_existing, ColumnList(key), kAuditedRows,
      IsRepeatedKey(key, has_existing));
}

std::string ColumnList(const std::vector<std::string>& columns, const std::string& prefix) {
  std::vector<std::string> quoted;
  for (const std::string& column : columns) quoted.push_back(prefix + QuoteIdentifier(column));
  return Join(quoted, ", ");
}

std::vector<std::string> RowColumns(const data::Schema& schema) {
  std::vector<std::string> names = schema.names();
  std::erase(names, kReplayIdColumn);
  return names;
}

}  // namespace leat::quality
