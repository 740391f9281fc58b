#include "quality/measure.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "quality/check_sql.h"
#include "quality/file_statistics.h"
#include "quality/limits.h"

namespace leat::quality {
namespace {

using project::Check;

// On lines of its own: the query may end in a comment.
std::string Wrap(const std::string& before, const std::string& sql) {
  return before + "(\n" + sql + "\n)";
}

std::optional<std::int64_t> ToNumber(const data::Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  return std::nullopt;
}

class Measurer {
 public:
  Measurer(engine::Session& session, const AuditInput& input)
      : session_(session),
        input_(input),
        self_{.table = input.asset.name.value(), .has_existing = input.existing.has_value()},
        measurements_(input.asset.checks.size()),
        aggregates_(input.asset.checks.size()) {}

  Result<Measurements> Run() {
    if (input_.published) {
      LEAT_ASSIGN(const auto count, One(fmt::format("SELECT count(*) FROM {}", kAuditedRows)));
      rows_ = count.value_or(0);
    } else {
      for (const engine::WrittenFile& file : input_.files) rows_ += file.row_count;
    }
    for (std::size_t i = 0; i < checks().size(); i++) Prepare(i);
    LEAT_TRY(AskRowsApart());
    LEAT_TRY(AskStatistics());
    LEAT_TRY(ScanOnce());
    for (std::size_t i = 0; i < checks().size(); i++) LEAT_TRY(AskAlone(i));
    return Measurements{.rows = rows_, .checks = std::move(measurements_)};
  }

 private:
  const std::vector<Check>& checks() const { return input_.asset.checks; }
  bool has_existing() const { return input_.existing.has_value(); }

  // Settles what needs no data, and decides which aggregate answers the rest.
  void Prepare(std::size_t i) {
    const Check& check = checks()[i];
    if (JudgesWholeTable(check) && IsSetAside(check)) {
      measurements_[i].error =
          InvalidInput("the check judges the table as a whole: there are no rows to set aside")
              .WithHint("use on_fail fail or warn");
      return;
    }
    if (auto status = CheckColumns(check, input_.schema); !status.ok()) {
      measurements_[i].error = std::move(status).error();
      return;
    }
    aggregates_[i] = AggregateOf(check);
  }

  // An expression over `this`; empty for checks that need no scan, or one of their own.
  std::string AggregateOf(const Check& check) const {
    if (const auto predicate = BreaksRow(check, input_.schema, self_)) {
      return fmt::format("count(*) FILTER (WHERE {})", *predicate);
    }
    if (const auto* fresh = std::get_if<project::Freshness>(&check.kind)) {
      return Newest("max(" + QuoteIdentifier(fresh->column) + ")");
    }
    const auto key = KeyColumns(check);
    if (key.size() == 1 && !has_existing()) return RepetitionsOf(*input_.schema.Find(key[0]));
    return "";
  }

  static std::string Newest(const std::string& value) {
    return fmt::format("epoch_us(CAST({} AS TIMESTAMP WITH TIME ZONE))", value);
  }

  // Values that were there before. A bitmap over a small range of integers takes a fraction of a
  // hash table's time and memory.
  std::string RepetitionsOf(const data::Field& field) const {
    const std::string column = QuoteIdentifier(field.name);
    const auto range = IntegerRangeOf(input_.files, field);
    if (range && !input_.published) {
      const auto bits =
          static_cast<std::uint64_t>(range->max) - static_cast<std::uint64_t>(range->min);
      const auto limit = std::min(kMaxBitmapBits, kMaxBitmapBitsPerRow * rows_);
      if (bits < static_cast<std::uint64_t>(limit)) {
        return fmt::format(
            "count({0}) - coalesce(bit_count(bitstring_agg({0}::BIGINT, '{1}'::BIGINT, "
            "'{2}'::BIGINT)), 0)",
            column, range->min, range->max);
      }
    }
    return fmt::format("count({0}) - count(DISTINCT {0})", column);
  }

  // --- rows written apart: all that break these checks, among few others ---

  Status AskRowsApart() {
    if (!input_.told_apart) return Ok();
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < checks().size(); i++) {
      if (!aggregates_[i].empty() && SetsRowAside(checks()[i], input_.schema, self_.table))
        asked.push_back(i);
    }
    const bool has_rows =
        std::any_of(input_.files.begin(), input_.files.end(),
                    [](const engine::WrittenFile& file) { return file.is_apart; });
    if (has_rows) return Scan(asked, kRowsApart);
    for (const std::size_t i : asked) Settle(i, 0);
    return Ok();
  }

  // --- without a scan ---

  // A BIGINT without a table that is the aggregate's value, or NULL when statistics do not tell it.
  std::optional<std::string> StatisticOf(const Check& check) const {
    if (const auto* fresh = std::get_if<project::Freshness>(&check.kind)) {
      const auto bounds = BoundsOf(input_.files, *input_.schema.Find(fresh->column));
      if (!bounds || bounds->maxs.empty()) return std::nullopt;
      return Newest("greatest(" + Join(bounds->maxs, ", ") + ")");
    }
    if (std::holds_alternative<project::NotNull>(check.kind)) {
      const auto nulls = NullCount(input_.files, input_.schema.Find(check.column)->name);
      return nulls ? std::optional(fmt::format("{}::BIGINT", *nulls)) : std::nullopt;
    }
    if (!HasConvexGoodRange(check)) return std::nullopt;
    const data::Field& field = *input_.schema.Find(check.column);
    const auto bounds = BoundsOf(input_.files, field);
    if (!bounds) return std::nullopt;
    std::vector<std::string> breaks = {"false"};
    for (const auto* ends : {&bounds->mins, &bounds->maxs}) {
      for (const std::string& end : *ends) {
        breaks.push_back(*BreaksCheck(check, {.sql = end, .type = field.type}, self_));
      }
    }
    return fmt::format("CASE WHEN {} THEN NULL ELSE 0::BIGINT END", Join(breaks, " OR "));
  }

  Status AskStatistics() {
    if (input_.published || input_.files.empty()) return Ok();
    std::vector<std::size_t> asked;
    std::vector<std::string> expressions;
    for (std::size_t i = 0; i < checks().size(); i++) {
      if (aggregates_[i].empty()) continue;
      if (auto expression = StatisticOf(checks()[i])) {
        asked.push_back(i);
        expressions.push_back(std::move(*expression));
      }
    }
    if (asked.empty()) return Ok();
    auto answers = session_.Query("SELECT " + Join(expressions, ", "));
    if (!answers.ok())
      return Interrupted(answers.error());  // the scan will say what is wrong, check by check
    for (std::size_t n = 0; n < asked.size(); n++) {
      if (const auto value = ToNumber(answers->rows[0][n])) Settle(asked[n], value);
    }
    return Ok();
  }

  // --- with one scan ---

  Status ScanOnce() {
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < checks().size(); i++) {
      if (!aggregates_[i].empty()) asked.push_back(i);
    }
    return Scan(asked, kAuditedRows);
  }

  Status Scan(const std::vector<std::size_t>& asked, const char* rows) {
    if (asked.empty()) return Ok();
    std::vector<std::string> expressions;
    for (const std::size_t i : asked) expressions.push_back(aggregates_[i]);
    auto answers = session_.Query(fmt::format("SELECT {} FROM {}", Join(expressions, ", "), rows),
                                  input_.parameters);
    if (answers.ok()) {
      for (std::size_t n = 0; n < asked.size(); n++)
        Settle(asked[n], ToNumber(answers->rows[0][n]));
      return Ok();
    }
    LEAT_TRY(Interrupted(answers.error()));
    for (const std::size_t i : asked) {  // one of them is wrong: the others keep their results
      if (std::holds_alternative<project::CustomSql>(checks()[i].kind)) {
        aggregates_[i].clear();  // asked as it is written, so that an error tells its place there
        continue;
      }
      LEAT_TRY(Take(i, One(fmt::format("SELECT {} FROM {}", aggregates_[i], rows))));
    }
    return Ok();
  }

  // --- with a statement of its own ---

  Status AskAlone(std::size_t i) {
    const Check& check = checks()[i];
    if (measurements_[i].error) return Ok();
    const auto key = KeyColumns(check);
    const bool counted = measurements_[i].value.has_value();
    // The aggregate counts repetitions; with fail and warn the first row of a repeated key fails as
    // well.
    if (!key.empty() && (!counted || (*measurements_[i].value > 0 && !IsSetAside(check)))) {
      return Take(i, One(CountRepeatedKeys(key, !IsSetAside(check), has_existing())));
    }
    const auto* custom = std::get_if<project::CustomSql>(&check.kind);
    if (custom == nullptr || counted) return Ok();
    auto count = IsSetAside(check) && !input_.published ? CollectCustomRows(i, *custom)
                                                        : CountCustomRows(*custom);
    if (!count.ok()) count = WithPlace(*custom, std::move(count).error());
    return Take(i, std::move(count));
  }

  // Binding the query by itself tells the place in it, if it is the query that is wrong.
  Error WithPlace(const project::CustomSql& custom, Error error) {
    if (error.kind() == ErrorKind::kCancelled) return error;
    const auto bound = session_.Bind(custom.sql, input_.parameters);
    if (bound.ok() || !bound.error().location()) return error;
    const Location& place = *bound.error().location();
    return Error(bound.error().kind(), bound.error().message())
        .WithContext(fmt::format("line {}, column {} of the query", place.line, place.column));
  }

  Result<std::optional<std::int64_t>> CountCustomRows(const project::CustomSql& custom) {
    return One(Wrap("SELECT count(*) FROM ", custom.sql));
  }

  // Keeps the returned rows, and counts the rows of `this` that equal one of them.
  Result<std::optional<std::int64_t>> CollectCustomRows(std::size_t i,
                                                        const project::CustomSql& custom) {
    const auto columns = RowColumns(input_.schema);
    LEAT_ASSIGN(const auto bound, session_.Bind(custom.sql, input_.parameters));
    for (const std::string& column : columns) {
      if (bound.schema.Find(column) != nullptr) continue;
      return Error(InvalidInput(fmt::format(
                       "the query does not return the column '{}', so its rows cannot be set "
                       "aside",
                       column)))
          .WithHint(
              "select all columns (select * from this where ...), or use on_fail fail or warn");
    }
    const std::string table = CustomRowsTable(i);
    LEAT_TRY(session_.Execute(
        Wrap(fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT DISTINCT {} FROM ", table,
                         ColumnList(columns)),
             custom.sql),
        input_.parameters));
    LEAT_ASSIGN(const auto returned, One(fmt::format("SELECT count(*) FROM {}", table)));
    if (returned == 0) return returned;
    std::vector<std::string> equal;
    for (const std::string& column : columns) {
      equal.push_back(fmt::format("t.{0} IS NOT DISTINCT FROM bad.{0}", QuoteIdentifier(column)));
    }
    LEAT_ASSIGN(const auto rows,
                session_.Query(fmt::format(
                    "SELECT count(*), count(DISTINCT bad.rowid) FROM {} AS t JOIN {} AS bad "
                    "ON {}",
                    kAuditedRows, table, Join(equal, " AND "))));
    const std::int64_t found = *returned - ToNumber(rows.rows[0][1]).value_or(0);
    if (found > 0) {
      return Error(InvalidInput(fmt::format(
                       "{} returned rows are no rows of this, so they cannot be set aside", found)))
          .WithHint(
              "return the rows unchanged (select * from this where ...), or use on_fail fail or "
              "warn");
    }
    return ToNumber(rows.rows[0][0]);
  }

  // --- answers ---

  Result<std::optional<std::int64_t>> One(const std::string& sql) {
    LEAT_ASSIGN(const auto rows, session_.Query(sql, input_.parameters));
    if (rows.rows.empty()) return std::optional<std::int64_t>();
    return ToNumber(rows.rows[0][0]);
  }

  void Settle(std::size_t i, std::optional<std::int64_t> value) {
    measurements_[i].value = value;
    aggregates_[i].clear();
  }

  Status Take(std::size_t i, Result<std::optional<std::int64_t>> answer) {
    if (answer.ok()) {
      Settle(i, *answer);
      return Ok();
    }
    LEAT_TRY(Interrupted(answer.error()));
    measurements_[i].error = std::move(answer).error();
    aggregates_[i].clear();
    return Ok();
  }

  // Only an interruption ends the audit; other errors belong to a check.
  static Status Interrupted(const Error& error) {
    if (error.kind() == ErrorKind::kCancelled) return error;
    return Ok();
  }

  engine::Session& session_;
  const AuditInput& input_;
  const SelfReference self_;
  std::int64_t rows_ = 0;
  std::vector<Measurement> measurements_;
  std::vector<std::string> aggregates_;  // of the checks that are still open
};

void ShortenTexts(data::Rows& rows) {
  for (auto& row : rows.rows) {
    for (data::Value& cell : row) {
      if (auto* text = std::get_if<std::string>(&cell)) *text = Shorten(*text, kMaxSampleTextBytes);
    }
  }
}

}  // namespace

Result<Measurements> Measure(engine::Session& session, const AuditInput& input) {
  return Measurer(session, input).Run();
}

std::string CustomRowsTable(std::size_t check_index) {
  return fmt::format("temp.leat_custom_rows_{}", check_index);
}

Result<data::Rows> Sample(engine::Session& session, const AuditInput& input,
                          const project::Check& check) {
  if (JudgesWholeTable(check)) return data::Rows{};
  const bool has_existing = input.existing.has_value();
  std::string sql;
  if (const auto* custom = std::get_if<project::CustomSql>(&check.kind)) {
    sql = Wrap("SELECT * FROM ", custom->sql);
  } else {
    const auto key = KeyColumns(check);
    const data::Field* field = input.schema.Find(check.column);
    const SelfReference self{.table = input.asset.name.value(), .has_existing = has_existing};
    const std::string condition = key.empty() ? *BreaksCheck(check, ColumnOperand(*field), self)
                                              : IsRepeatedKey(key, has_existing);
    sql = fmt::format("SELECT {} FROM {} WHERE {}", ColumnList(RowColumns(input.schema)),
                      kAuditedRows, condition);
  }
  sql += fmt::format(" LIMIT {}", kMaxSampleRows);
  LEAT_ASSIGN(data::Rows rows, session.Query(sql, input.parameters, kMaxSampleRows));
  ShortenTexts(rows);
  return rows;
}

}  // namespace leat::quality
