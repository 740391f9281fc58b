#include "engine/change_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "engine/key_range.h"
#include "engine/limits.h"
#include "engine/row_ids.h"
#include "engine/table_edit.h"

namespace leat::engine {
namespace {

using Action = ChangeClause::Action;
using When = ChangeClause::When;

// The rows to change with their new values, and the source's rows, while a statement runs.
constexpr const char* kChanges = "temp.main.leat_changes";
constexpr const char* kSource = "temp.main.leat_source";
constexpr std::size_t kMaxPredicateBytes = 1000;

// One attempt on one snapshot.
class Attempt {
 public:
  Attempt(const io::Environment& environment, const Engine& engine, Session& session,
          const RowChange& change, std::shared_ptr<const delta::Snapshot> base)
      : session_(session),
        change_(change),
        statement_(change.statement),
        base_(std::move(base)),
        edit_(environment, session, change.table_path, base_, base_->metadata(),
              engine.file_roots()) {}

  Result<delta::Transaction> Build() {
    LEAT_ASSIGN(ids_, RowIds::Of(base_->metadata()));
    LEAT_TRY(CheckColumns());
    delta::Transaction transaction{.base = base_, .scope = delta::ReadScope::kWholeTable};
    transaction.info.operation = statement_.operation;
    transaction.info.extra = change_.commit_extra;
    const std::string& predicate =
        change_.replace_where.empty() ? statement_.condition : change_.replace_where;
    if (!predicate.empty()) {
      transaction.info.operation_parameters["predicate"] = Shorten(predicate, kMaxPredicateBytes);
    }
    if (!statement_.rows.empty()) {
      LEAT_TRY(Insert(transaction));
    } else if (statement_.operation == "DELETE" && statement_.source.empty()) {
      LEAT_TRY(Delete());
    } else {
      LEAT_TRY(Merge());
    }
    LEAT_TRY(edit_.Finish(transaction));
    AddMetrics(transaction);
    return transaction;
  }

  void Discard() { edit_.Discard(); }
  const ChangedRows& changed() const { return changed_; }

 private:
  // The table's rows with their places and ids, as a FROM item. `range` bounds them: " WHERE ...".
  Result<std::string> Target(const std::string& range = "") const {
    LEAT_ASSIGN(const std::string scan, ids_.Scan(session_, {.table_path = change_.table_path,
                                                             .metadata = base_->metadata(),
                                                             .files = base_->files(),
                                                             .snapshot = base_}));
    return fmt::format("(SELECT {}, {}, {} FROM {}{}) AS {}", ids_.Selected(), kFileNameColumn,
                       kFileRowColumn, scan, range, QuoteIdentifier(statement_.alias));
  }

  // The columns that the statement gives values to.
  Status CheckColumns() const {
    std::vector<std::string> columns = statement_.columns;
    for (const ChangeClause& clause : statement_.clauses) {
      for (const auto& [column, value] : clause.values) columns.push_back(column);
    }
    const auto& fields = base_->schema().fields;
    for (const std::string& column : columns) {
      const bool is_there = std::any_of(
          fields.begin(), fields.end(),
          [&](const data::Field& field) { return EqualsIgnoreCase(field.name, column); });
      if (is_there) continue;
      return InvalidInput(fmt::format("table {} has no column \"{}\"", statement_.table, column))
          .WithHint(NearestHint(column, base_->schema().names()));
    }
    return Ok();
  }

  Result<std::int64_t> DeleteWhere(const std::string& condition) {
    LEAT_ASSIGN(const std::string target, Target());
    return edit_.Delete(
        fmt::format("{}SELECT {} AS leat_file, {} AS leat_row FROM {} WHERE {}", statement_.with,
                    kFileNameColumn, kFileRowColumn, target, condition),
        {}, ChangeType::kDelete);
  }

  Status Delete() {
    LEAT_ASSIGN(changed_.deleted,
                DeleteWhere(statement_.condition.empty() ? "true" : statement_.condition));
    return Ok();
  }

  Status Insert(delta::Transaction& transaction) {
    transaction.info.operation_parameters["mode"] = "Append";
    std::vector<std::string> names;
    const auto columns = statement_.columns.empty() ? base_->schema().names() : statement_.columns;
    for (const std::string& column : columns) names.push_back(QuoteIdentifier(column));
    const std::string aliases = statement_.by_name ? "" : "(" + Join(names, ", ") + ")";
    const std::string rows = fmt::format("{}SELECT * FROM ({}) AS leat_new{}", statement_.with,
                                         statement_.rows, aliases);
    LEAT_ASSIGN(const BoundQuery bound, session_.Bind(statement_.with + statement_.rows));
    if (!statement_.by_name && bound.schema.fields.size() != columns.size()) {
      return InvalidInput(
                 fmt::format("the rows to insert have {} columns, and {} are to be filled: {}",
                             bound.schema.fields.size(), columns.size(), Join(columns, ", ")))
          .WithHint("name those that are given: insert into table (a, b) ..., or insert by name");
    }
    const bool reads_itself = bound.tables.contains(io::AbsolutePath(change_.table_path));
    if (change_.replace_where.empty()) {
      if (!reads_itself) transaction.scope = delta::ReadScope::kNothing;
    } else {
      transaction.info.operation_parameters["mode"] = "Overwrite";
      edit_.writer().Require(
          change_.replace_where,
          fmt::format("a new row is outside of the rows to replace ({})", change_.replace_where));
      LEAT_ASSIGN(changed_.deleted, DeleteWhere("(" + change_.replace_where + ")"));
    }
    LEAT_TRY(edit_.Insert(rows, ChangeType::kInsert));
    changed_.inserted = edit_.writer().rows_written();
    return Ok();
  }

  Status Merge() {
    std::string from;
    if (!statement_.source.empty()) {
      // Its rows are needed more than once, and must be the same each time.
      LEAT_TRY(session_.Execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} AS {}SELECT * FROM {}",
                                            kSource, statement_.with, statement_.source)));
      LEAT_ASSIGN(from, Joined());
    } else {
      LEAT_ASSIGN(from, Target());
      if (!statement_.condition.empty()) from += " WHERE " + statement_.condition;
    }
    LEAT_ASSIGN(const std::string columns, Columns());
    LEAT_TRY(session_.Execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE {} AS {}SELECT * FROM (SELECT {}, {}, {} "
        "FROM {}) WHERE {} IS NOT NULL",
        kChanges, statement_.with, kFileNameColumn, kFileRowColumn, columns, from, Clause())));
    LEAT_TRY(Take(Action::kDelete, ChangeType::kDelete, changed_.deleted));
    LEAT_TRY(Take(Action::kUpdate, ChangeType::kUpdatePreimage, changed_.updated));
    LEAT_TRY(Put(Action::kUpdate, ChangeType::kUpdatePostimage));
    const std::int64_t updated = edit_.writer().rows_written();
    LEAT_TRY(Put(Action::kInsert, ChangeType::kInsert));
    changed_.inserted = edit_.writer().rows_written() - updated;
    for (const char* table : {kChanges, kSource}) {
      LEAT_TRY(session_.Execute(fmt::format("DROP TABLE IF EXISTS {}", table)));
    }
    return Ok();
  }

  bool Has(When when) const {
    return std::any_of(statement_.clauses.begin(), statement_.clauses.end(),
                       [&](const ChangeClause& clause) { return clause.when == when; });
  }

  // The table's and the source's rows side by side; those without a partner only where a clause
  // wants them.
  Result<std::string> Joined() {
    const bool wants_table = Has(When::kNotMatchedBySource);
    const bool wants_source = Has(When::kNotMatchedByTarget);
    std::string range;
    if (!wants_table) {
      LEAT_ASSIGN(range, KeyRange(session_, base_->schema(), statement_.equal_columns, kSource,
                                  NullKeys::kNeverMatch));
    }
    const char* join =
        wants_table ? (wants_source ? "FULL" : "LEFT") : (wants_source ? "RIGHT" : "INNER");
    LEAT_ASSIGN(const std::string target, Target(range));
    return fmt::format("{} {} JOIN (SELECT *, true AS {} FROM {}) AS {} ON {}", target, join,
                       FromSource(), kSource, QuoteIdentifier(statement_.source_alias),
                       statement_.condition);
  }

  static std::string Clause() { return HelperColumn("clause"); }
  static std::string FromSource() { return HelperColumn("from_source"); }
  static std::string RowId() { return HelperColumn("row_id"); }
  static std::string NewValueOf(std::size_t field) {
    return HelperColumn("value_" + std::to_string(field));
  }

  // Clause(), the number of the clause that a row meets, and its new values, NewValueOf() each.
  Result<std::string> Columns() const {
    std::string clauses = "CASE";
    for (std::size_t i = 0; i < statement_.clauses.size(); i++) {
      const ChangeClause& clause = statement_.clauses[i];
      std::string result = std::to_string(i);
      if (clause.action == Action::kNothing) result = "NULL";
      if (clause.action == Action::kError) {
        result = fmt::format("error(CAST({} AS VARCHAR))", clause.message);
      }
      clauses +=
          fmt::format(" WHEN {}{} THEN {}", Presence(clause.when),
                      clause.condition.empty() ? "" : " AND (" + clause.condition + ")", result);
    }
    std::vector<std::string> columns = {clauses + " END AS " + Clause()};
    if (ids_.columns()) {
      columns.push_back(fmt::format("{}.{} AS {}", QuoteIdentifier(statement_.alias),
                                    QuoteIdentifier(ids_.columns()->id), RowId()));
    }
    const auto& fields = base_->schema().fields;
    for (std::size_t i = 0; i < fields.size(); i++) {
      const std::string no_value = "CASE " + Clause();
      std::string value = no_value;
      for (std::size_t c = 0; c < statement_.clauses.size(); c++) {
        const ChangeClause& clause = statement_.clauses[c];
        if (clause.action != Action::kUpdate && clause.action != Action::kInsert) continue;
        LEAT_ASSIGN(const std::string expression, NewValue(clause, fields[i]));
        value += fmt::format(" WHEN {} THEN {}", c, AssignedTo(fields[i], expression));
      }
      if (value == no_value) continue;
      columns.push_back(fmt::format("{} END AS {}", value, NewValueOf(i)));
    }
    return Join(columns, ", ");
  }

  std::string Presence(When when) const {
    if (statement_.source.empty()) return "true";
    const std::string in_table = QuoteIdentifier(statement_.alias) + "." + kFileRowColumn + " IS ";
    const std::string in_source =
        QuoteIdentifier(statement_.source_alias) + "." + FromSource() + " IS ";
    switch (when) {
      case When::kMatched: return in_table + "NOT NULL AND " + in_source + "NOT NULL";
      case When::kNotMatchedByTarget: return in_table + "NULL";
      case When::kNotMatchedBySource: return in_source + "NULL";
    }
    return "";
  }

  Result<std::string> NewValue(const ChangeClause& clause, const data::Field& field) const {
    const std::string name = QuoteIdentifier(field.name);
    if (clause.takes_all) return QuoteIdentifier(statement_.source_alias) + "." + name;
    for (const auto& [column, expression] : clause.values) {
      if (!EqualsIgnoreCase(column, field.name)) continue;
      return ToLower(expression) == "default" ? edit_.writer().DefaultValue(field)
                                              : Result<std::string>("(" + expression + ")");
    }
    if (clause.action == Action::kInsert) return edit_.writer().DefaultValue(field);
    return QuoteIdentifier(statement_.alias) + "." + name;
  }

  // The numbers of the clauses with the action, "0, 2"; empty: there are none.
  std::string ClausesThat(Action action) const {
    std::vector<std::string> numbers;
    for (std::size_t i = 0; i < statement_.clauses.size(); i++) {
      if (statement_.clauses[i].action == action) numbers.push_back(std::to_string(i));
    }
    return Join(numbers, ", ");
  }

  Status Take(Action action, ChangeType type, std::int64_t& count) {
    const std::string clauses = ClausesThat(action);
    if (clauses.empty()) return Ok();
    LEAT_ASSIGN(
        count,
        edit_.Delete(fmt::format("SELECT {} AS leat_file, {} AS leat_row FROM {} WHERE {} IN ({})",
                                 kFileNameColumn, kFileRowColumn, kChanges, Clause(), clauses),
                     {}, type));
    // Deleting a row twice is as good as once.
    const bool only_deletes =
        ClausesThat(Action::kUpdate).empty() && ClausesThat(Action::kDelete).size() == 1;
    if (!edit_.came_twice() || only_deletes) return Ok();
    return InvalidInput(
               fmt::format("more than one row of the source would change the same row of {}",
                           statement_.table))
        .WithHint(
            "give the source one row per key, for instance with qualify row_number() over (...) "
            "= 1");
  }

  Status Put(Action action, ChangeType type) {
    const std::string clauses = ClausesThat(action);
    if (clauses.empty()) return Ok();
    std::vector<std::string> columns;
    const auto& fields = base_->schema().fields;
    for (std::size_t i = 0; i < fields.size(); i++) {
      columns.push_back(NewValueOf(i) + " AS " + QuoteIdentifier(fields[i].name));
    }
    if (action == Action::kUpdate && ids_.columns()) {
      columns.push_back(RowId() + " AS " + QuoteIdentifier(ids_.columns()->id));
      columns.push_back("CAST(NULL AS BIGINT) AS " + QuoteIdentifier(ids_.columns()->version));
    }
    return edit_.Insert(fmt::format("SELECT {} FROM {} WHERE {} IN ({})", Join(columns, ", "),
                                    kChanges, Clause(), clauses),
                        type);
  }

  // Under the names that Spark's history has.
  void AddMetrics(delta::Transaction& transaction) const {
    auto& metrics = transaction.info.operation_metrics;
    const auto set = [&](const char* name, std::int64_t value) {
      metrics[name] = std::to_string(value);
    };
    if (statement_.operation == "DELETE") {
      set("numDeletedRows", changed_.deleted);
    } else if (statement_.operation == "UPDATE") {
      set("numUpdatedRows", changed_.updated);
    } else if (statement_.operation == "MERGE") {
      set("numTargetRowsInserted", changed_.inserted);
      set("numTargetRowsUpdated", changed_.updated);
      set("numTargetRowsDeleted", changed_.deleted);
    } else {
      set("numDeletedRows", changed_.deleted);
    }
    metrics["numOutputRows"] = std::to_string(changed_.inserted + changed_.updated);
    set("numAddedFiles", std::ssize(transaction.adds));
    set("numRemovedFiles", std::ssize(transaction.removes));
    set("numCopiedRows", edit_.rows_rewritten());
  }

  Session& session_;
  const RowChange& change_;
  const ChangeStatement& statement_;
  const std::shared_ptr<const delta::Snapshot> base_;  // shared with the transaction
  TableEdit edit_;
  RowIds ids_;
  ChangedRows changed_;
};

}  // namespace

Result<ChangedRows> ChangeRows(const io::Environment& environment, Engine& engine, Session& session,
                               const RowChange& change) {
  delta::Table& table = engine.TableAt(change.table_path);
  for (int i = 0; i < kMaxChangeAttempts; i++) {
    LEAT_ASSIGN(auto base, table.Load());
    Attempt attempt(environment, engine, session, change, std::move(base));
    auto transaction = attempt.Build();
    if (!transaction.ok()) {
      attempt.Discard();
      return std::move(transaction).error();
    }
    ChangedRows changed = attempt.changed();
    if (transaction->adds.empty() && transaction->removes.empty()) return changed;
    auto outcome = table.Commit(std::move(*transaction));
    if (!outcome.ok()) {
      // An unknown outcome may be a success: its files stay.
      if (outcome.error().kind() != ErrorKind::kOutcomeUnknown) attempt.Discard();
      return std::move(outcome).error();
    }
    if (const auto* committed = std::get_if<delta::Committed>(&*outcome)) {
      changed.version = committed->version;
      changed.checkpoint_error = committed->checkpoint_error;
      return changed;
    }
    attempt.Discard();
  }
  return Conflict(fmt::format("{} kept changing: gave up after {} attempts", change.table_path,
                              kMaxChangeAttempts))
      .WithHint("run it again when the other writers have finished");
}

}  // namespace leat::engine
