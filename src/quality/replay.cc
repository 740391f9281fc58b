#include "quality/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "quality/check_sql.h"
#include "quality/quarantine_table.h"
#include "quality/row_json.h"

namespace leat::quality {
namespace {

// kReplayIdColumn, _leat_replay_error, and the table's columns.
constexpr char kReadTable[] = "temp.leat_replay_read";
// quarantine_id, check_name, column_name, error: once per row that stays in quarantine.
constexpr char kRejectedTable[] = "temp.leat_replay_rejected";
constexpr char kErrorColumn[] = "_leat_replay_error";
constexpr std::size_t kMaxShownCharacters = 100;

std::string IsMarked(const std::string& replay_id) {
  return fmt::format("replay_id = {} AND status = '{}'", QuoteLiteral(replay_id), kPending);
}

class Stager {
 public:
  Stager(engine::Engine& engine, engine::Session& session, const io::Environment& environment,
         const std::string& path, const std::string& replay_id, const ReplayInput& input,
         const engine::WriteOptions& write)
      : session_(session),
        environment_(environment),
        quarantine_(engine, session, environment, path),
        replay_id_(replay_id),
        input_(input),
        write_(write) {}

  Result<StagedReplay> Run(const std::string& rows) {
    rows_ = rows;
    LEAT_TRY(ReadRows());
    LEAT_ASSIGN(auto read, WriteRead());
    auto audit = Check(std::move(read));
    if (!audit.ok()) return std::move(audit).error();
    auto staged = Decide(*audit);
    RemoveFiles(audit->files);
    return staged;
  }

 private:
  std::string Marked(const std::string& columns, QuarantineStage stage) const {
    return fmt::format("SELECT {} FROM {} AS q WHERE {} AND stage = '{}'", columns, rows_,
                       IsMarked(replay_id_), stage == QuarantineStage::kCheck ? "check" : "ingest");
  }

  // --- 1. read ---

  Status ReadRows() {
    std::string sql = RowsOfChecks();
    const std::string raw_rows =
        Marked("quarantine_id, source, position, raw", QuarantineStage::kIngest);
    if (input_.reparse) {
      LEAT_ASSIGN(const std::string reparsed, input_.reparse(session_, raw_rows));
      sql += fmt::format(
          " UNION ALL SELECT quarantine_id AS {}, CAST(replay_error AS VARCHAR) AS {}, {} FROM "
          "(\n{}\n)",
          kReplayIdColumn, kErrorColumn, TypedColumns(), reparsed);
    }
    return session_.Execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} AS {}", kReadTable, sql),
                            input_.parameters);
  }

  std::string TypedColumns() const {
    std::vector<std::string> columns;
    for (const data::Field& field : input_.schema.fields) {
      const std::string name = QuoteIdentifier(field.name);
      columns.push_back(fmt::format("CAST({} AS {}) AS {}", name, data::ToSql(field.type), name));
    }
    return Join(columns, ", ");
  }

  std::string RowsOfChecks() const {
    std::vector<std::string> columns = {fmt::format("quarantine_id AS {}", kReplayIdColumn)};
    std::string error = "CASE";
    for (const data::Field& field : input_.schema.fields) {
      const std::string text =
          fmt::format("left({}, {})", TextFromJson("q.raw", field.name), kMaxShownCharacters);
      error += fmt::format(" WHEN {} THEN {} || {}", IsUnreadable("q.raw", field),
                           QuoteLiteral(fmt::format("{} cannot be read as {}: ", field.name,
                                                    data::ToSql(field.type))),
                           text);
    }
    columns.push_back(error + fmt::format(" END AS {}", kErrorColumn));
    for (const data::Field& field : input_.schema.fields) {
      columns.push_back(ValueFromJson("q.raw", field) + " AS " + QuoteIdentifier(field.name));
    }
    return Marked(Join(columns, ", "), QuarantineStage::kCheck);
  }

  Result<std::vector<engine::WrittenFile>> WriteRead() {
    LEAT_ASSIGN(auto read, session_.WriteParquet(
                               fmt::format("SELECT {}, {} FROM {} WHERE {} IS NULL ORDER BY {}",
                                           ColumnList(input_.schema.names()), kReplayIdColumn,
                                           kReadTable, kErrorColumn, kReplayIdColumn),
                               {}, {.directory = write_.directory, .keep_order = true}));
    return std::move(read.files);
  }

  // --- 2. check ---

  // The checks as a replay has them.
  Result<project::Asset> AssetForReplay() {
    project::Asset asset = input_.asset;
    asset.checks.clear();
    for (project::Check check : input_.asset.checks) {
      if (JudgesWholeTable(check) || check.on_fail == project::OnFail::kWarn) continue;
      LEAT_ASSIGN(const bool finds_rows, FindsRows(check));
      if (finds_rows) check.on_fail = project::OnFail::kQuarantine;
      asset.checks.push_back(std::move(check));
    }
    return asset;
  }

  Result<bool> FindsRows(const project::Check& check) {
    const auto* custom = std::get_if<project::CustomSql>(&check.kind);
    if (custom == nullptr || IsSetAside(check)) return true;
    session_.SetResolver(
        [this](const std::string& schema,
               const std::string& table) -> Result<std::optional<engine::TableSource>> {
          if (!schema.empty() || !EqualsIgnoreCase(table, kAuditedRows))
            return input_.tables(schema, table);
          return std::optional<engine::TableSource>(
              engine::SchemaSource{.asset = input_.asset.name, .schema = input_.schema});
        });
    const auto bound = session_.Bind(custom->sql, input_.parameters);
    session_.SetResolver(input_.tables);
    if (!bound.ok() && bound.error().kind() == ErrorKind::kCancelled) return bound.error();
    const auto columns = RowColumns(input_.schema);
    return bound.ok() &&
           std::all_of(columns.begin(), columns.end(), [&](const std::string& column) {
             return bound->schema.Find(column) != nullptr;
           });
  }

  Result<AuditResult> Check(std::vector<engine::WrittenFile> read) {
    LEAT_ASSIGN(const project::Asset asset, AssetForReplay());
    AuditInput audit{.asset = asset,
                     .schema = input_.schema,
                     .files = std::move(read),
                     .existing = input_.table,
                     .tables = input_.tables,
                     .parameters = input_.parameters,
                     .now = input_.now};
    audit.schema.fields.push_back(
        {.name = kReplayIdColumn, .type = {.kind = data::TypeKind::kString}});
    auto result = Audit(session_, environment_.files, audit,
                        {.directory = write_.directory, .keep_order = true});
    if (!result.ok()) RemoveFiles(audit.files);
    return result;
  }

  // --- 3. decide ---

  std::string Rejections(const AuditResult& audit) const {
    std::string sql = fmt::format(
        "SELECT {0} AS quarantine_id, NULL AS check_name, NULL AS column_name, {1} AS error FROM "
        "{2} "
        "WHERE {1} IS NOT NULL",
        kReplayIdColumn, kErrorColumn, kReadTable);
    if (!audit.publishable) {
      std::vector<std::string> reasons;
      for (const CheckOutcome& outcome : audit.checks) {
        const bool blocks =
            outcome.status == CheckStatus::kFailed || outcome.status == CheckStatus::kError;
        if (blocks) reasons.push_back(outcome.name + ": " + outcome.message);
      }
      sql +=
          fmt::format(" UNION ALL SELECT {}, NULL, NULL, {} FROM {} WHERE {} IS NULL",
                      kReplayIdColumn, QuoteLiteral(Join(reasons, "; ")), kReadTable, kErrorColumn);
    }
    if (!audit.quarantine_sql.empty()) {
      sql += fmt::format(" UNION ALL SELECT {}, check_name, column_name, error FROM ({})",
                         TextFromJson("raw", kReplayIdColumn), audit.quarantine_sql);
    }
    sql += fmt::format(
        " UNION ALL SELECT quarantine_id, NULL, NULL, NULL FROM {} "  // unreadable as before
        "WHERE {} AND quarantine_id NOT IN (SELECT {} FROM {})",
        rows_, IsMarked(replay_id_), kReplayIdColumn, kReadTable);
    return sql;
  }

  Result<StagedReplay> Decide(const AuditResult& audit) {
    LEAT_TRY(
        session_.Execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT quarantine_id, "
                                     "CAST(first(check_name) AS VARCHAR) AS check_name, "
                                     "CAST(first(column_name) AS VARCHAR) AS column_name, "
                                     "CAST(first(error) AS VARCHAR) AS error "
                                     "FROM ({}) GROUP BY quarantine_id",
                                     kRejectedTable, Rejections(audit))));
    StagedReplay staged;
    LEAT_ASSIGN(staged.files, WriteAccepted(audit));
    for (const engine::WrittenFile& file : staged.files) staged.accepted += file.row_count;
    auto rejected = ReturnRejected();
    if (!rejected.ok()) {
      RemoveFiles(staged.files);
      return std::move(rejected).error();
    }
    staged.rejected = *rejected;
    return staged;
  }

  Result<std::vector<engine::WrittenFile>> WriteAccepted(const AuditResult& audit) {
    if (!audit.publishable || audit.files.empty()) return std::vector<engine::WrittenFile>();
    std::vector<std::string> paths;
    for (const engine::WrittenFile& file : audit.files) paths.push_back(QuoteLiteral(file.path));
    LEAT_ASSIGN(
        auto accepted,
        session_.WriteParquet(
            fmt::format(
                "SELECT {} FROM read_parquet([{}]) WHERE {} NOT IN (SELECT quarantine_id FROM {})",
                ColumnList(input_.schema.names()), Join(paths, ", "), kReplayIdColumn,
                kRejectedTable),
            {}, write_));
    return std::move(accepted.files);
  }

  // Rows that still fail lose the mark, and say why.
  Result<std::int64_t> ReturnRejected() {
    const auto now_from = [&](const char* column) {
      return fmt::format("(SELECT r.{} FROM {} AS r WHERE r.quarantine_id = stored.quarantine_id)",
                         column, kRejectedTable);
    };
    const auto make = [&](const std::string&) {
      return QuarantineChange{
          .where = fmt::format("({} AND quarantine_id IN (SELECT quarantine_id FROM {}))",
                               IsMarked(replay_id_), kRejectedTable),
          .set = {{"replay_id", "NULL"},
                  {"error", fmt::format("coalesce({}, error)", now_from("error"))},
                  {"check_name", fmt::format("coalesce({}, check_name)", now_from("check_name"))},
                  {"column_name",
                   fmt::format("coalesce({}, column_name)", now_from("column_name"))}},
          .operation = "UPDATE"};
    };
    LEAT_ASSIGN(const QuarantineChanged changed, quarantine_.Apply(make));
    return changed.rows_changed;
  }

  void RemoveFiles(const std::vector<engine::WrittenFile>& files) {
    for (const engine::WrittenFile& file : files) {
      const Status removed = environment_.files.Remove(file.path);
      (void)removed;  // what stays is an orphan that no log entry refers to
    }
  }

  engine::Session& session_;
  const io::Environment& environment_;
  QuarantineTable quarantine_;
  const std::string& replay_id_;
  const ReplayInput& input_;
  const engine::WriteOptions& write_;
  std::string rows_;  // of the quarantine table when the replay was staged
};

}  // namespace

delta::AppTransaction ReplayTransaction(const std::string& replay_id) {
  return {.app_id = "leat:replay:" + replay_id, .version = 1};
}

bool IsReplayed(const delta::Snapshot& table, const std::string& replay_id) {
  return table.AppVersion(ReplayTransaction(replay_id).app_id).has_value();
}

Result<std::optional<Replay>> FindUnfinishedReplay(engine::Engine& engine, engine::Session& session,
                                                   const std::string& quarantine_path) {
  LEAT_ASSIGN(const auto rows, QuarantineRows(engine, quarantine_path));
  if (!rows) return std::optional<Replay>();
  LEAT_ASSIGN(const auto found,
              session.Query(fmt::format(
                  "SELECT replay_id, count(*) FROM {} WHERE status = '{}' AND replay_id IS NOT "
                  "NULL GROUP BY ALL ORDER BY ALL LIMIT 1",
                  *rows, kPending)));
  if (found.rows.empty()) return std::optional<Replay>();
  return std::optional(Replay{.id = std::get<std::string>(found.rows[0][0]),
                              .rows = std::get<std::int64_t>(found.rows[0][1])});
}

Result<std::optional<Replay>> BeginReplay(engine::Engine& engine, engine::Session& session,
                                          const io::Environment& environment,
                                          const std::string& quarantine_path,
                                          const std::vector<QuarantineStage>& stages) {
  std::vector<std::string> names = {"NULL"};
  for (const QuarantineStage stage : stages) {
    names.emplace_back(stage == QuarantineStage::kCheck ? "'check'" : "'ingest'");
  }
  Replay replay{.id = io::NewUuid(environment.random)};
  const auto make = [&](const std::string&) {
    return QuarantineChange{
        .where = fmt::format("(status = '{}' AND replay_id IS NULL AND stage IN ({}))", kPending,
                             Join(names, ", ")),
        .set = {{"replay_id", QuoteLiteral(replay.id)}},
        .operation = "UPDATE"};
  };
  LEAT_ASSIGN(const auto changed,
              QuarantineTable(engine, session, environment, quarantine_path).Apply(make));
  if (changed.rows_changed == 0) return std::optional<Replay>();
  replay.rows = changed.rows_changed;
  return std::optional(std::move(replay));
}

Result<StagedReplay> StageReplay(engine::Engine& engine, engine::Session& session,
                                 const io::Environment& environment,
                                 const std::string& quarantine_path, const std::string& replay_id,
                                 const ReplayInput& input, const engine::WriteOptions& write) {
  LEAT_ASSIGN(const auto rows, QuarantineRows(engine, quarantine_path));
  if (!rows) return NotFound("there is no quarantine table at " + quarantine_path);
  session.SetResolver(input.tables);
  auto staged =
      Stager(engine, session, environment, quarantine_path, replay_id, input, write).Run(*rows);
  if (!staged.ok())
    return std::move(staged).error().WithContext("replaying rows of " + input.asset.name.value());
  return staged;
}

Result<std::int64_t> FinishReplay(engine::Engine& engine, engine::Session& session,
                                  const io::Environment& environment,
                                  const std::string& quarantine_path,
                                  const std::string& replay_id) {
  const auto make = [&](const std::string&) {
    return QuarantineChange{.where = "(" + IsMarked(replay_id) + ")",
                            .set = {{"status", fmt::format("'{}'", kReplayed)}},
                            .operation = "UPDATE"};
  };
  LEAT_ASSIGN(const auto changed,
              QuarantineTable(engine, session, environment, quarantine_path).Apply(make));
  return changed.rows_changed;
}

}  // namespace leat::quality
