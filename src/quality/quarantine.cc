#include "quality/quarantine.h"

#include <fmt/format.h>

#include "base/text.h"
#include "quality/limits.h"
#include "quality/quarantine_table.h"

namespace leat::quality {
namespace {

// The batch with all columns of the table.
constexpr char kBatchTable[] = "temp.leat_quarantine_batch";

const char* ToText(QuarantineStage stage) {
  return stage == QuarantineStage::kIngest ? "ingest" : "check";
}

std::string TimestampInSql(std::optional<TimestampUs> instant) {
  if (!instant) return "CAST(NULL AS TIMESTAMP WITH TIME ZONE)";
  return fmt::format("make_timestamptz({}::BIGINT)", *instant);
}

std::string WithIds(const QuarantineBatch& batch) {
  std::optional<TimestampUs> start, end;
  if (batch.interval) {
    start = batch.interval->start;
    end = batch.interval->end;
  }
  const std::string stage = QuoteLiteral(ToText(batch.stage));
  // The parts go through a JSON array, which keeps them apart whatever they hold.
  const std::string id = fmt::format(
      "md5(CAST(to_json([{}, {}, check_name, source, CAST(position AS VARCHAR), identity, "
      "CAST(row_number() OVER (PARTITION BY check_name, source, position, identity) AS VARCHAR)]) "
      "AS VARCHAR))",
      QuoteLiteral(batch.asset.value()), stage);
  return fmt::format(
      "CREATE OR REPLACE TEMP TABLE {} AS SELECT {} AS quarantine_id, '{}' AS status, {} AS "
      "run_id, "
      "{} AS quarantined_at, {} AS stage, check_name, column_name, error, source, position, raw, "
      "{} AS interval_start, {} AS interval_end, CAST(NULL AS VARCHAR) AS replay_id "
      "FROM (SELECT CAST(check_name AS VARCHAR) AS check_name, CAST(column_name AS VARCHAR) AS "
      "column_name, "
      "CAST(error AS VARCHAR) AS error, CAST(source AS VARCHAR) AS source, CAST(position AS "
      "BIGINT) AS position, "
      "CAST(raw AS VARCHAR) AS raw, coalesce(CAST(identity AS VARCHAR), CAST(raw AS VARCHAR)) AS "
      "identity "
      "FROM (\n{}\n))",
      kBatchTable, id, kPending, QuoteLiteral(batch.run.value()), TimestampInSql(batch.now), stage,
      TimestampInSql(start), TimestampInSql(end), batch.sql);
}

// Rows of the table that the batch speaks for.
std::string InScope(const QuarantineBatch& batch) {
  std::string stage = fmt::format("stage = {}", QuoteLiteral(ToText(batch.stage)));
  if (batch.scope == QuarantineScope::kTable) return stage;
  if (batch.scope == QuarantineScope::kSources) {
    std::vector<std::string> sources;
    for (const std::string& source : batch.sources) sources.push_back(QuoteLiteral(source));
    return fmt::format("{} AND source IN ({})", stage, Join(sources, ", "));
  }
  return fmt::format("{} AND interval_start = {} AND interval_end = {}", stage,
                     TimestampInSql(batch.interval->start), TimestampInSql(batch.interval->end));
}

QuarantineChange ChangeFor(const QuarantineBatch& batch, const std::string& rows) {
  QuarantineChange change{.operation = "WRITE"};
  const std::string in_batch =
      fmt::format("quarantine_id IN (SELECT quarantine_id FROM {})", kBatchTable);
  std::string known = rows;
  if (batch.scope != QuarantineScope::kNewRows) {
    change.where = fmt::format("({} AND CASE WHEN status = '{}' THEN NOT {} ELSE {} END)",
                               InScope(batch), kPending, in_batch, in_batch);
    known += fmt::format(" AS stored WHERE {} IS NOT TRUE", change.where);
  }
  std::vector<std::string> columns = QuarantineSchema().names();
  change.insert_sql =
      fmt::format("SELECT {} FROM {} WHERE quarantine_id NOT IN (SELECT quarantine_id FROM {})",
                  Join(columns, ", "), kBatchTable, known);
  return change;
}

}  // namespace

AssetName QuarantineName(const AssetName& asset) {
  return AssetName(asset.value() + "_quarantine");
}

const data::Schema& QuarantineSchema() {
  static const data::Schema schema = [] {
    const data::Type text{.kind = data::TypeKind::kString};
    const data::Type instant{.kind = data::TypeKind::kTimestamp};
    return data::Schema{.fields = {{.name = "quarantine_id", .type = text},
                                   {.name = "status", .type = text},
                                   {.name = "run_id", .type = text},
                                   {.name = "quarantined_at", .type = instant},
                                   {.name = "stage", .type = text},
                                   {.name = "check_name", .type = text},
                                   {.name = "column_name", .type = text},
                                   {.name = "error", .type = text},
                                   {.name = "source", .type = text},
                                   {.name = "position", .type = {.kind = data::TypeKind::kLong}},
                                   {.name = "raw", .type = text},
                                   {.name = "interval_start", .type = instant},
                                   {.name = "interval_end", .type = instant},
                                   {.name = "replay_id", .type = text}}};
  }();
  return schema;
}

Result<std::int64_t> WriteQuarantine(engine::Engine& engine, engine::Session& session,
                                     const io::Environment& environment, const std::string& path,
                                     const QuarantineBatch& batch) {
  if (batch.scope == QuarantineScope::kInterval && !batch.interval) {
    return Bug("a quarantine batch that replaces an interval needs the interval");
  }
  QuarantineBatch filled = batch;
  if (filled.sql.empty()) {
    if (batch.scope == QuarantineScope::kNewRows) return std::int64_t{0};
    filled.sql =
        "SELECT NULL AS check_name, NULL AS column_name, NULL AS error, NULL AS source, NULL AS "
        "position, "
        "NULL AS raw, NULL AS identity WHERE false";
  }
  LEAT_TRY(session.Execute(WithIds(filled), filled.parameters));
  LEAT_ASSIGN(const auto count, session.Query(fmt::format("SELECT count(*) FROM {}", kBatchTable)));
  const std::int64_t rows_in_batch = std::get<std::int64_t>(count.rows[0][0]);
  QuarantineTable table(engine, session, environment, path);
  const auto make = [&](const std::string& rows) {
    QuarantineChange change = ChangeFor(filled, rows);
    if (rows_in_batch == 0) change.insert_sql.clear();
    return change;
  };
  const auto changed = table.Apply(make);
  if (!changed.ok())
    return Error(changed.error()).WithContext("quarantine of " + batch.asset.value());
  LEAT_TRY(session.Execute(fmt::format("DROP TABLE {}", kBatchTable)));
  return rows_in_batch;
}

// --- reading ---

Result<std::vector<QuarantineCount>> CountQuarantine(engine::Engine& engine,
                                                     engine::Session& session,
                                                     const std::string& path) {
  LEAT_ASSIGN(const auto rows, QuarantineRows(engine, path));
  std::vector<QuarantineCount> counts;
  if (!rows) return counts;
  LEAT_ASSIGN(
      const auto found,
      session.Query(fmt::format(
          "SELECT stage, coalesce(check_name, ''), count(*) FILTER (WHERE status = '{}'), "
          "count(*) FILTER (WHERE status = '{}'), coalesce(epoch_us(max(quarantined_at)), 0) "
          "FROM {} GROUP BY ALL ORDER BY ALL",
          kPending, kReplayed, *rows)));
  for (const auto& row : found.rows) {
    const bool is_ingest = std::get<std::string>(row[0]) == ToText(QuarantineStage::kIngest);
    counts.push_back({.stage = is_ingest ? QuarantineStage::kIngest : QuarantineStage::kCheck,
                      .check_name = std::get<std::string>(row[1]),
                      .pending = std::get<std::int64_t>(row[2]),
                      .replayed = std::get<std::int64_t>(row[3]),
                      .latest = std::get<std::int64_t>(row[4])});
  }
  return counts;
}

Result<data::Rows> ShowQuarantine(engine::Engine& engine, engine::Session& session,
                                  const std::string& path, std::size_t limit) {
  LEAT_ASSIGN(const auto rows, QuarantineRows(engine, path));
  if (!rows) return data::Rows{};
  return session.Query(
      fmt::format("SELECT * FROM {} WHERE status = '{}' ORDER BY quarantined_at DESC, source, "
                  "position, quarantine_id LIMIT {}",
                  *rows, kPending, limit));
}

}  // namespace leat::quality
