#include "quality/set_aside.h"

#include <fmt/format.h>

#include "base/text.h"
#include "data/own_columns.h"
#include "quality/check_sql.h"
#include "quality/measure.h"
#include "quality/row_json.h"

namespace leat::quality {
namespace {

using project::Check;

// (file, row, check_index), once per row and check that it breaks.
constexpr char kFoundTable[] = "temp.leat_found_rows";
// Once per row: file, row, checks (indexes), and for rows to quarantine what WriteQuarantine wants
// to know.
constexpr char kRowsTable[] = "temp.leat_set_aside_rows";

// Columns that differ between two runs over the same source row, so they are no part of its
// identity.
const std::vector<std::string> kRunColumns = {data::kRunIdColumn, data::kIngestedAtColumn};

class Finder {
 public:
  Finder(engine::Session& session, const AuditInput& input, const std::vector<std::size_t>& broken)
      : session_(session),
        input_(input),
        broken_(broken),
        self_{.table = input.asset.name.value(), .has_existing = input.existing.has_value()} {}

  Result<SetAside> Run() {
    LEAT_TRY(session_.Execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE {} (file BIGINT, row BIGINT, check_index INTEGER)",
        kFoundTable)));
    LEAT_TRY(FindByPredicates());
    for (const std::size_t i : broken_) LEAT_TRY(FindByOwnQuery(i));
    LEAT_TRY(session_.Execute(Collect()));
    return Summarize();
  }

 private:
  const Check& check(std::size_t i) const { return input_.asset.checks[i]; }

  Status FindByPredicates() {
    std::vector<std::string> predicates, flags, hits;
    for (const std::size_t i : broken_) {
      const auto predicate = BreaksRow(check(i), input_.schema, self_);
      if (!predicate) continue;
      const std::string flag = fmt::format("breaks_{}", i);
      predicates.push_back(fmt::format("({}) AS {}", *predicate, flag));
      flags.push_back(flag);
      hits.push_back(fmt::format("CASE WHEN {} THEN {} END", flag, i));
    }
    if (flags.empty()) return Ok();
    return session_.Execute(
        fmt::format(
            "INSERT INTO {} SELECT file, row, check_index FROM (SELECT file, row, unnest([{}]) AS "
            "check_index "
            "FROM (SELECT {} AS file, {} AS row, {} FROM {}) WHERE {}) WHERE check_index IS NOT "
            "NULL",
            kFoundTable, Join(hits, ", "), kFileColumn, kRowColumn, Join(predicates, ", "),
            kAuditedRows, Join(flags, " OR ")),
        input_.parameters);
  }

  Status FindByOwnQuery(std::size_t i) {
    const auto key = KeyColumns(check(i));
    if (!key.empty()) {
      return session_.Execute(fmt::format("INSERT INTO {} SELECT file, row, {} FROM ({})",
                                          kFoundTable, i,
                                          LaterRowsOfKeys(key, self_.has_existing)));
    }
    if (!std::holds_alternative<project::CustomSql>(check(i).kind) ||
        BreaksRow(check(i), input_.schema, self_)) {
      return Ok();
    }
    std::vector<std::string> equal;
    for (const std::string& column : RowColumns(input_.schema)) {
      equal.push_back(fmt::format("t.{0} IS NOT DISTINCT FROM bad.{0}", QuoteIdentifier(column)));
    }
    return session_.Execute(fmt::format(
        "INSERT INTO {} SELECT t.{}, t.{}, {} FROM {} AS t SEMI JOIN {} AS bad ON {}", kFoundTable,
        kFileColumn, kRowColumn, i, kAuditedRows, CustomRowsTable(i), Join(equal, " AND ")));
  }

  // A list with one text per check of the asset, so that a check's index finds it.
  template <typename Text>
  std::string PerCheck(const Text& text) const {
    std::vector<std::string> literals;
    for (const Check& c : input_.asset.checks) literals.push_back(QuoteLiteral(text(c)));
    return "[" + Join(literals, ", ") + "]";
  }

  std::string QuarantineIndexes() const {
    std::vector<std::string> indexes;
    for (const std::size_t i : broken_) {
      if (check(i).on_fail == project::OnFail::kQuarantine) indexes.push_back(std::to_string(i));
    }
    return "[" + Join(indexes, ", ") + "]::INTEGER[]";
  }

  std::string Collect() const {
    const auto column_or = [&](const char* name, const char* type) {
      return input_.schema.Find(name) == nullptr ? fmt::format("CAST(NULL AS {})", type)
                                                 : fmt::format("TRY_CAST(t.{} AS {})", name, type);
    };
    return fmt::format(
        "CREATE OR REPLACE TEMP TABLE {rows} AS "
        "SELECT b.file, b.row, b.checks, b.first_check, "
        "CASE WHEN b.first_check IS NOT NULL THEN {raw} END AS raw, "
        "CASE WHEN b.first_check IS NOT NULL THEN {identity} END AS identity, "
        "{source} AS source, {position} AS position "
        "FROM (SELECT file, row, list_sort(list(DISTINCT check_index)) AS checks, "
        "min(check_index) FILTER (WHERE list_contains({quarantine}, check_index)) AS first_check "
        "FROM {found} GROUP BY file, row) AS b "
        "JOIN {audited} AS t ON t.{file} = b.file AND t.{row} = b.row",
        fmt::arg("rows", kRowsTable), fmt::arg("raw", RowAsJson(input_.schema, {}, "t.")),
        fmt::arg("identity", RowAsJson(input_.schema, kRunColumns, "t.")),
        fmt::arg("source", column_or(data::kSourceColumn, "VARCHAR")),
        fmt::arg("position", column_or(data::kPositionColumn, "BIGINT")),
        fmt::arg("quarantine", QuarantineIndexes()), fmt::arg("found", kFoundTable),
        fmt::arg("audited", kAuditedRows), fmt::arg("file", kFileColumn),
        fmt::arg("row", kRowColumn));
  }

  Result<SetAside> Summarize() {
    LEAT_ASSIGN(
        const auto counts,
        session_.Query(fmt::format(
            "SELECT count(first_check), count(*) - count(first_check) FROM {}", kRowsTable)));
    SetAside found{.rows_quarantined = std::get<std::int64_t>(counts.rows[0][0]),
                   .rows_dropped = std::get<std::int64_t>(counts.rows[0][1])};
    if (found.rows_quarantined == 0) return found;
    found.quarantine_sql = fmt::format(
        "SELECT {}[first_check + 1] AS check_name, nullif({}[first_check + 1], '') AS column_name, "
        "array_to_string(list_select({}, list_transform(checks, lambda i: i + 1)), '; ') AS error, "
        "source, position, raw, identity FROM {} WHERE first_check IS NOT NULL ORDER BY file, row",
        PerCheck([](const Check& c) { return c.name; }),
        PerCheck([](const Check& c) { return c.column; }), PerCheck(Complaint), kRowsTable);
    return found;
  }

  engine::Session& session_;
  const AuditInput& input_;
  const std::vector<std::size_t>& broken_;
  const SelfReference self_;
};

}  // namespace

Result<SetAside> FindRowsToSetAside(engine::Session& session, const AuditInput& input,
                                    const std::vector<std::size_t>& broken) {
  return Finder(session, input, broken).Run();
}

Result<std::vector<engine::WrittenFile>> WriteWithoutThem(engine::Session& session,
                                                          const AuditInput& input,
                                                          const engine::WriteOptions& rewrite) {
  LEAT_ASSIGN(
      auto written,
      session.WriteParquet(
          fmt::format(
              "SELECT {} FROM {} AS t ANTI JOIN {} AS bad ON t.{} = bad.file AND t.{} = bad.row",
              ColumnList(input.schema.names(), "t."), kAuditedRows, kRowsTable, kFileColumn,
              kRowColumn),
          {}, rewrite));
  return std::move(written.files);
}

}  // namespace leat::quality
