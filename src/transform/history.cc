#include "transform/history.h"

#include <fmt/format.h>

#include "base/text.h"
#include "data/own_columns.h"

namespace leat::transform {
namespace {

using engine::ChangeType;

// Of the session's own: the staged states that change something, and how.
constexpr const char* kPlan = "temp.main.leat_history";

class History {
 public:
  History(engine::Session& session, engine::TableEdit& edit, const HistoryInput& input)
      : session_(session),
        edit_(edit),
        input_(input),
        has_time_(!input.mode.time_column.empty()),
        now_(fmt::format("make_timestamptz({})", input.mode.now)),
        time_(has_time_ ? "CAST(s." + QuoteIdentifier(input.mode.time_column) + " AS TIMESTAMPTZ)"
                        : now_) {}

  Result<HistoryRemarks> Add() {
    LEAT_TRY(RefuseMissingTimes());
    if (input_.base == nullptr) {
      LEAT_TRY(edit_.Insert("SELECT s.*, " + time_ +
                                " AS valid_from, CAST(NULL AS TIMESTAMPTZ) AS valid_to, true AS "
                                "is_current FROM leat_staged s",
                            ChangeType::kInsert));
      return remarks_;
    }
    file_ = UnusedName(*input_.base, "leat_file");
    row_ = UnusedName(*input_.base, "leat_row");
    LEAT_TRY(session_.Execute(PlanSql()));
    LEAT_TRY(CountRemarks());
    LEAT_TRY(CarryOut());
    const Status dropped = session_.Execute(fmt::format("DROP TABLE IF EXISTS {}", kPlan));
    (void)dropped;  // it ends with the session
    if (input_.mode.closes_missing) LEAT_TRY(CloseMissing());
    return remarks_;
  }

 private:
  Status RefuseMissingTimes() {
    if (!has_time_) return Ok();
    Texts described = Named("s");
    for (std::size_t i = 0; i < described.size(); i++) {
      described[i] =
          fmt::format("concat({}, {})", QuoteLiteral(input_.mode.key[i] + " = "), described[i]);
    }
    LEAT_ASSIGN(const auto found,
                session_.Query(fmt::format(
                    "SELECT count(*), any_value(concat_ws(', ', {keys})) FROM leat_staged s WHERE "
                    "{time} IS NULL OR NOT isfinite({time})",
                    fmt::arg("keys", Join(described, ", ")), fmt::arg("time", time_))));
    const auto* rows = std::get_if<std::int64_t>(&found.rows.at(0).at(0));
    if (rows == nullptr || *rows == 0) return Ok();
    const auto* first = std::get_if<std::string>(&found.rows[0][1]);
    const std::string count =
        *rows == 1 ? std::string("1 row has") : fmt::format("{} rows have", *rows);
    return InvalidInput(fmt::format("{} no {}, so it is unknown since when it is true (for {})",
                                    count, input_.mode.time_column, first ? *first : ""))
        .WithHint("filter them out in the model, or give them a time");
  }

  using Texts = std::vector<std::string>;

  // The key's columns of a relation that has them by name, and of one that calls them k0, k1, ...
  Texts Named(const std::string& relation) const {
    Texts columns;
    for (const std::string& column : input_.mode.key) {
      columns.push_back(relation + "." + QuoteIdentifier(column));
    }
    return columns;
  }
  Texts Numbered(const std::string& relation) const {
    Texts columns;
    for (std::size_t i = 0; i < input_.mode.key.size(); i++) {
      columns.push_back(relation + ".k" + std::to_string(i));
    }
    return columns;
  }

  static std::string Same(const Texts& a, const Texts& b) {
    Texts conditions;
    for (std::size_t i = 0; i < a.size(); i++) {
      conditions.push_back(a[i] + " IS NOT DISTINCT FROM " + b[i]);
    }
    return Join(conditions, " AND ");
  }
  std::string SameKey() const { return Same(Named("t"), Named("s")); }

  // "t.id AS k0, ...".
  std::string AsNumbered(const std::string& relation) const {
    Texts columns = Named(relation);
    for (std::size_t i = 0; i < columns.size(); i++) columns[i] += " AS k" + std::to_string(i);
    return Join(columns, ", ");
  }

  // Whether a row of the target says something else than the staged one.
  std::string Differs() const {
    std::vector<std::string> differs = {"false"};
    for (const data::Field& field : input_.staged.fields) {
      const std::string name = QuoteIdentifier(field.name);
      differs.push_back(input_.base->Find(field.name) != nullptr
                            ? "t." + name + " IS DISTINCT FROM s." + name
                            : "s." + name + " IS NOT NULL");
    }
    return "(" + Join(differs, " OR ") + ")";
  }

  std::string TargetWithPlace(const std::string& condition) const {
    return fmt::format("(SELECT *, t.{} AS {}, t.{} AS {} FROM leat_target t{}) t",
                       input_.place.file, file_, input_.place.row, row_, condition);
  }

  // When a state of the target was true first, by its own account.
  std::string TimeInTarget() const {
    if (!has_time_ || input_.base->Find(input_.mode.time_column) == nullptr) return "t.valid_from";
    return "CAST(t." + QuoteIdentifier(input_.mode.time_column) + " AS TIMESTAMPTZ)";
  }

  // When a staged state begins. The state of a key that has none now begins after what it had; a
  // newer one than that of now takes its place; a late one keeps its time.
  std::string BeginSql() const {
    const std::string of_current =
        has_time_ ? "WHEN g.current_time IS NULL OR s.begins >= g.current_time THEN "
                    "greatest(s.begins, g.current_from) ELSE s.begins"
                  : "ELSE greatest(s.begins, g.current_from + INTERVAL 1 MICROSECOND)";
    return fmt::format(
        "CASE WHEN g.has_current IS NULL THEN s.begins "
        "WHEN NOT g.has_current THEN CASE WHEN s.begins > g.last_end THEN s.begins ELSE "
        "greatest({}, g.last_end) END {} END",
        now_, of_current);
  }

  // One row for each staged state that changes something: k0, k1, ... its key; begins, ends; takes:
  // the row of the target that it replaces; cuts: the one that ends where it begins.
  std::string PlanSql() const {
    return fmt::format(
        R"(CREATE OR REPLACE TEMP TABLE {plan} AS
WITH s AS (
  SELECT {key_of_s}, {time} AS begins FROM leat_staged s
  ANTI JOIN (SELECT * FROM leat_target{range}) t ON {same} AND t.is_current AND NOT {differs}),
h AS (
  SELECT {key_of_t}, coalesce(t.valid_from, CAST('-infinity' AS TIMESTAMPTZ)) AS valid_from, t.valid_to,
    coalesce(t.is_current, false) AS is_current, {time_of_t} AS state_time, t.{file} AS file, t.{row} AS row_number
  FROM {target} SEMI JOIN s ON {t_is_s}),
g AS (
  SELECT {k}, bool_or(is_current) AS has_current, max(valid_to) AS last_end,
    max(valid_from) FILTER (is_current) AS current_from, max(state_time) FILTER (is_current) AS current_time
  FROM h GROUP BY {k}),
known AS (
  SELECT DISTINCT {key_of_s} FROM leat_staged s JOIN (SELECT * FROM leat_target{range}) t
  ON {same} AND t.valid_from = {time} AND NOT coalesce(t.is_current, false) AND NOT {differs}),
e AS (
  SELECT {k_of_s}, {begin} AS begins, coalesce(g.has_current, false) AS has_current,
    coalesce(g.has_current AND {is_late}, false) AS is_late
  FROM s LEFT JOIN g ON {s_is_g}),
p AS (
  SELECT {k_of_e}, e.begins, e.has_current, e.is_late,
    arg_max({{'file': h.file, 'row_number': h.row_number, 'valid_to': h.valid_to}}, h.valid_from)
      FILTER (h.valid_from < e.begins) AS before,
    any_value({{'file': h.file, 'row_number': h.row_number, 'valid_to': h.valid_to}})
      FILTER (h.valid_from = e.begins AND e.has_current) AS takes,
    min(h.valid_from) FILTER (h.valid_from > e.begins) AS next
  FROM e LEFT JOIN h ON {e_is_h} GROUP BY {k_of_e}, e.begins, e.has_current, e.is_late),
q AS (
  SELECT p.* EXCLUDE (before), CASE WHEN takes IS NULL AND (before.valid_to IS NULL OR before.valid_to > begins)
    THEN before END AS cuts
  FROM p ANTI JOIN known ON p.is_late AND {p_is_known})
SELECT q.* EXCLUDE (has_current, next),
  CASE WHEN takes IS NOT NULL THEN takes.valid_to WHEN cuts IS NOT NULL THEN least(cuts.valid_to, next)
    ELSE next END AS ends
FROM q)",
        fmt::arg("plan", kPlan), fmt::arg("key_of_s", AsNumbered("s")),
        fmt::arg("key_of_t", AsNumbered("t")), fmt::arg("k", Join(Numbered("h"), ", ")),
        fmt::arg("k_of_s", Join(Numbered("s"), ", ")),
        fmt::arg("k_of_e", Join(Numbered("e"), ", ")), fmt::arg("time", time_),
        fmt::arg("range", input_.key_range), fmt::arg("same", SameKey()),
        fmt::arg("differs", Differs()), fmt::arg("time_of_t", TimeInTarget()),
        fmt::arg("is_late", has_time_ ? "s.begins < g.current_time" : "false"),
        fmt::arg("file", file_), fmt::arg("row", row_),
        fmt::arg("target", TargetWithPlace(input_.key_range)), fmt::arg("begin", BeginSql()),
        fmt::arg("t_is_s", Same(Named("t"), Numbered("s"))),
        fmt::arg("s_is_g", Same(Numbered("s"), Numbered("g"))),
        fmt::arg("e_is_h", Same(Numbered("e"), Numbered("h"))),
        fmt::arg("p_is_known", Same(Numbered("p"), Numbered("known"))));
  }

  Status CountRemarks() {
    LEAT_ASSIGN(const auto counts,
                session_.Query(fmt::format("SELECT count(*) FILTER (is_late AND takes IS NULL), "
                                           "count(*) FILTER (takes IS NOT NULL) FROM {}",
                                           kPlan)));
    remarks_.late = std::get<std::int64_t>(counts.rows.at(0).at(0));
    remarks_.replaced = std::get<std::int64_t>(counts.rows[0].at(1));
    return Ok();
  }

  Status CarryOut() {
    const auto taken = edit_.Delete(
        fmt::format("SELECT takes.file AS leat_file, takes.row_number AS leat_row FROM {0} WHERE "
                    "takes IS NOT NULL UNION ALL SELECT cuts.file, cuts.row_number FROM {0} WHERE "
                    "cuts IS NOT NULL",
                    kPlan),
        {}, ChangeType::kUpdatePreimage);
    if (!taken.ok()) return taken.error();
    const std::string planned = fmt::format(
        "SELECT s.*, p.begins AS valid_from, p.ends AS valid_to, p.ends IS NULL AS "
        "is_current FROM leat_staged s JOIN {} p ON {}",
        kPlan, Same(Named("s"), Numbered("p")));
    if (*taken > 0) {
      LEAT_TRY(edit_.Insert(
          fmt::format("SELECT t.* EXCLUDE ({0}, {1}) REPLACE (p.begins AS valid_to, false AS "
                      "is_current) FROM {2} JOIN {3} p ON t.{0} = p.cuts.file AND t.{1} = "
                      "p.cuts.row_number",
                      file_, row_, TargetWithPlace(input_.key_range), kPlan),
          ChangeType::kUpdatePostimage));
      LEAT_TRY(edit_.Insert(planned + " AND p.takes IS NOT NULL", ChangeType::kUpdatePostimage));
    }
    return edit_.Insert(planned + " AND p.takes IS NULL", ChangeType::kInsert);
  }

  // The keys that no longer come, as of now.
  Status CloseMissing() {
    const auto closed = edit_.Delete(
        fmt::format("SELECT t.{} AS leat_file, t.{} AS leat_row FROM {} ANTI JOIN leat_staged s ON "
                    "{} WHERE t.is_current",
                    file_, row_, TargetWithPlace(""), SameKey()),
        {}, ChangeType::kUpdatePreimage);
    if (!closed.ok() || *closed == 0) return closed.ok() ? Ok() : Status(closed.error());
    remarks_.closed = *closed;
    return edit_.Insert(
        fmt::format("SELECT t.* REPLACE (greatest({}, t.valid_from + INTERVAL 1 MICROSECOND) AS "
                    "valid_to, false AS is_current) FROM leat_target t ANTI JOIN leat_staged s ON "
                    "{} WHERE t.is_current",
                    now_, SameKey()),
        ChangeType::kUpdatePostimage);
  }

  engine::Session& session_;
  engine::TableEdit& edit_;
  const HistoryInput& input_;
  HistoryRemarks remarks_;
  const bool has_time_;
  const std::string now_;
  const std::string time_;  // of the staged row `s`
  std::string file_, row_;  // the columns of TargetWithPlace
};

}  // namespace

std::string UnusedName(const data::Schema& table, std::string name) {
  while (table.Find(name) != nullptr) name += '_';
  return name;
}

bool KeepsHistory(const data::Schema& table) {
  for (const data::Field& column : data::HistoryColumns()) {
    const data::Field* stored = table.Find(column.name);
    if (stored == nullptr || stored->type != column.type) return false;
  }
  return true;
}

Status CheckHistory(const project::Asset& model, const data::Schema& table,
                    const data::Schema& rows) {
  const bool is_history =
      std::get<project::ModelSpec>(model.spec).materialized == project::Materialization::kScd2;
  if (is_history == KeepsHistory(table) || (!is_history && KeepsHistory(rows))) return Ok();
  const std::string refresh = "leat run -s " + model.name.value() + " --full-refresh ";
  if (is_history) {
    return InvalidInput(
               "the table keeps no history (valid_from, valid_to, is_current): it was written "
               "with another materialization than scd2")
        .At(model.location)
        .WithHint(refresh + "begins its history with the rows of now");
  }
  return InvalidInput(
             "the table keeps a history (valid_from, valid_to, is_current), which this "
             "materialization would replace")
      .At(model.location)
      .WithHint(refresh + "replaces it; materialized: scd2 goes on with it");
}

Result<HistoryRemarks> AddToHistory(engine::Session& session, engine::TableEdit& edit,
                                    const HistoryInput& input) {
  return History(session, edit, input).Add();
}

}  // namespace leat::transform
