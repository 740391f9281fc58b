#include "quality/quarantine_table.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "engine/table_writer.h"
#include "quality/check_sql.h"
#include "quality/limits.h"
#include "quality/quarantine.h"

namespace leat::quality {

namespace {

// Null when there is no table yet.
Result<std::shared_ptr<const delta::Snapshot>> LoadIfThere(delta::Table& table) {
  auto snapshot = table.Load();
  if (!snapshot.ok() && snapshot.error().kind() == ErrorKind::kNotFound) {
    return std::shared_ptr<const delta::Snapshot>();
  }
  return snapshot;
}

Result<std::string> RowsOf(const delta::Table& table, const delta::Snapshot& snapshot) {
  for (const data::Field& field : QuarantineSchema().fields) {
    const data::Field* stored = snapshot.schema().Find(field.name);
    if (stored != nullptr && stored->type == field.type) continue;
    return InvalidInput(fmt::format("{} is no quarantine table: it has no column '{}' of type {}",
                                    table.path(), field.name, field.type.ToString()));
  }
  return fmt::format("delta_scan({}, version => {})", QuoteLiteral(table.path()),
                     snapshot.version().value());
}

std::string NoRows() {
  std::vector<std::string> columns;
  for (const data::Field& field : QuarantineSchema().fields) {
    columns.push_back(fmt::format("CAST(NULL AS {}) AS {}", data::ToSql(field.type), field.name));
  }
  return "(SELECT " + Join(columns, ", ") + " WHERE false)";
}

}  // namespace

Result<std::optional<std::string>> QuarantineRows(engine::Engine& engine, const std::string& path) {
  delta::Table& table = engine.TableAt(path);
  LEAT_ASSIGN(const auto snapshot, LoadIfThere(table));
  if (snapshot == nullptr) return std::optional<std::string>();
  LEAT_ASSIGN(std::string rows, RowsOf(table, *snapshot));
  return std::optional(std::move(rows));
}

struct QuarantineTable::Attempt {
  std::shared_ptr<const delta::Snapshot>
      base;  // shared: as loaded; null when there is no table yet
  std::vector<const delta::AddFile*> affected;  // of the base
  delta::Metadata metadata;
  std::optional<engine::TableWriter> writer;
  std::vector<delta::AddFile> added;
  QuarantineChanged changed;
};

Result<QuarantineChanged> QuarantineTable::Apply(
    const std::function<QuarantineChange(const std::string& rows)>& make) {
  for (int tried = 0; tried < kMaxQuarantineAttempts; tried++) {
    Attempt attempt;
    LEAT_ASSIGN(attempt.base, LoadIfThere(table_));
    std::string rows = NoRows();
    if (attempt.base != nullptr) {
      LEAT_ASSIGN(rows, RowsOf(table_, *attempt.base));
    }
    if (attempt.base != nullptr) {
      attempt.metadata = attempt.base->metadata();
    } else {
      attempt.metadata = {.name = io::FileName(table_.path()),
                          .description = "Rejected rows, kept until they are replayed",
                          .schema = QuarantineSchema()};
    }
    attempt.writer.emplace(environment_, session_, table_.path(), attempt.metadata);
    const QuarantineChange change = make(rows);
    LEAT_TRY(FindAffected(rows, change, attempt));
    if (const Status written = Write(change, attempt); !written.ok()) {
      attempt.writer->Discard();
      return written.error();
    }
    if (attempt.added.empty() && attempt.affected.empty()) return attempt.changed;
    const auto committed = Commit(change, attempt);
    if (!committed.ok()) {
      // When the outcome is unknown the files may belong to the table.
      if (committed.error().kind() != ErrorKind::kOutcomeUnknown) attempt.writer->Discard();
      return committed.error();
    }
    if (*committed) return attempt.changed;
    attempt.writer->Discard();
  }
  return RetryLater(fmt::format("quarantine table {}: others changed it first {} times in a row",
                                table_.path(), kMaxQuarantineAttempts));
}

// The files with rows to change, and how many rows those are.
Status QuarantineTable::FindAffected(const std::string& rows, const QuarantineChange& change,
                                     Attempt& attempt) {
  if (attempt.base == nullptr || change.where.empty()) return Ok();
  std::map<std::string, const delta::AddFile*> by_path;
  for (const delta::AddFile& file : attempt.base->files())
    by_path[io::JoinPath(table_.path(), file.path)] = &file;
  LEAT_ASSIGN(const auto found,
              session_.Query(fmt::format(
                  "SELECT {}, count(*) FROM {} AS stored WHERE {} GROUP BY ALL",
                  engine::PlaceColumnsOf(QuarantineSchema()).file, rows, change.where)));
  for (const auto& row : found.rows) {
    const auto file = by_path.find(std::get<std::string>(row[0]));
    if (file == by_path.end()) {
      return Bug(fmt::format("{} is no file of the table {}", std::get<std::string>(row[0]),
                             table_.path()));
    }
    attempt.affected.push_back(file->second);
    attempt.changed.rows_changed += std::get<std::int64_t>(row[1]);
  }
  return Ok();
}

// The affected files again, changed, and the added rows in files of their own, so that each
// interval's rows stay together.
Status QuarantineTable::Write(const QuarantineChange& change, Attempt& attempt) {
  if (attempt.affected.empty() && change.insert_sql.empty()) return Ok();
  LEAT_TRY(environment_.files.CreateDirectories(table_.path()));
  if (!attempt.affected.empty()) {
    std::vector<std::string> paths, columns;
    for (const delta::AddFile* file : attempt.affected) {
      paths.push_back(QuoteLiteral(file->path));
    }
    for (const data::Field& field : QuarantineSchema().fields) {
      std::string value = field.name;
      for (const auto& [column, expression] : change.set) {
        if (column != field.name) continue;
        value =
            fmt::format("CASE WHEN {} THEN {} ELSE {} END", change.where, expression, field.name);
      }
      columns.push_back(fmt::format("{} AS {}", value, field.name));
    }
    std::string sql =
        fmt::format("SELECT {} FROM delta_scan({}, version => {}, files => [{}]) AS stored",
                    Join(columns, ", "), QuoteLiteral(table_.path()),
                    attempt.base->version().value(), Join(paths, ", "));
    if (change.set.empty()) sql += fmt::format(" WHERE ({}) IS NOT TRUE", change.where);
    LEAT_ASSIGN(attempt.added, attempt.writer->WriteAgain(sql, true));
  }
  if (!change.insert_sql.empty()) {
    const std::int64_t before = attempt.writer->rows_written();
    LEAT_ASSIGN(auto added, attempt.writer->Write(change.insert_sql, {}, true));
    attempt.changed.rows_inserted += attempt.writer->rows_written() - before;
    attempt.added.insert(attempt.added.end(), added.begin(), added.end());
  }
  return attempt.writer->Sync();
}

// False when another writer came first.
Result<bool> QuarantineTable::Commit(const QuarantineChange& change, Attempt& attempt) {
  delta::Transaction transaction{.base = attempt.base,
                                 .scope = delta::ReadScope::kWholeTable,
                                 .adds = std::move(attempt.added)};
  if (attempt.base == nullptr) transaction.metadata = attempt.metadata;
  for (const delta::AddFile* file : attempt.affected) {
    transaction.removes.push_back(delta::RemovalOf(*file));
  }
  transaction.info.operation = change.operation;
  LEAT_ASSIGN(const auto outcome, table_.Commit(std::move(transaction)));
  return std::holds_alternative<delta::Committed>(outcome);
}

}  // namespace leat::quality
