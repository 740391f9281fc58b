#include "transform/publish.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "data/own_columns.h"
#include "delta/column_mapping.h"
#include "delta/file_skipping.h"
#include "delta/log_path.h"
#include "engine/key_range.h"
#include "engine/table_edit.h"
#include "io/work.h"
#include "transform/history.h"
#include "transform/limits.h"
#include "transform/schema_evolution.h"

namespace leat::transform {
namespace {

std::string EqualKeys(const std::vector<std::string>& key, const char* a, const char* b) {
  std::vector<std::string> conditions;
  for (const std::string& column : key) {
    const std::string name = QuoteIdentifier(column);
    conditions.push_back(fmt::format("{}.{} IS NOT DISTINCT FROM {}.{}", a, name, b, name));
  }
  return Join(conditions, " AND ");
}

std::string QuotedList(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(QuoteIdentifier(name));
  return Join(quoted, ", ");
}

// One attempt to publish onto one snapshot.
class Attempt {
 public:
  Attempt(const io::Environment& environment, engine::Engine& engine, const PublishInput& input,
          std::shared_ptr<const delta::Snapshot> base)
      : environment_(environment),
        input_(input),
        base_(std::move(base)),
        engine_(engine),
        session_(engine.NewSession()) {
    session_->SetResolver([this](const std::string& schema, const std::string& table) {
      return Resolve(schema, table);
    });
  }

  Result<delta::Transaction> Build() {
    transaction_.base = base_;
    transaction_.app_transactions = input_.app_transactions;
    transaction_.info.operation = "WRITE";
    transaction_.info.operation_parameters["mode"] = "Append";
    transaction_.info.extra = input_.commit_extra;
    LEAT_TRY(SetMetadata());
    edit_.emplace(environment_, *session_, input_.table_path, base_, metadata_,
                  engine_.file_roots());
    LEAT_TRY(std::visit([this](const auto& mode) { return Apply(mode); }, input_.mode));
    LEAT_TRY(edit_->Finish(transaction_));
    AddMetrics();
    return transaction_;
  }

  std::int64_t rows_rewritten() const { return edit_->rows_rewritten(); }
  const HistoryRemarks& history() const { return history_; }
  bool took_staged() const { return edit_->writer().adopted(); }

  // Data files that this attempt wrote itself; the staged ones belong to the caller.
  void RemoveWritten() {
    if (edit_) edit_->Discard();
  }

 private:
  Result<std::optional<engine::TableSource>> Resolve(const std::string& schema,
                                                     const std::string& table) {
    if (!schema.empty()) return std::optional<engine::TableSource>();
    const auto source = [](auto value) {
      return std::optional<engine::TableSource>(std::move(value));
    };
    if (table == "leat_target") {
      return source(engine::DeltaSource{.path = input_.table_path, .version = base_->version()});
    }
    if (table == "leat_staged") {
      engine::FilesSource staged{.paths = {}, .schema = input_.schema};
      for (const engine::WrittenFile& file : input_.files) {
        staged.paths.push_back(file.path);
        staged.row_counts.push_back(file.row_count);
      }
      return source(std::move(staged));
    }
    return std::optional<engine::TableSource>();
  }

  Status AddStaged(engine::ChangeType type = engine::ChangeType::kInsert) {
    return edit_->Adopt(input_.files, input_.schema, "SELECT * FROM leat_staged", type);
  }

  // " t.filename AS leat_file, ...": where a row of the target `t` lies.
  std::string Place() const {
    const engine::PlaceColumns place = engine::PlaceColumnsOf(base_->schema());
    return fmt::format("t.{} AS leat_file, t.{} AS leat_row", place.file, place.row);
  }

  Status Apply(const ReplaceAll&) {
    transaction_.scope = delta::ReadScope::kWholeTable;
    transaction_.info.operation_parameters["mode"] = "Overwrite";
    edit_->DeleteAll();
    return AddStaged();
  }

  Status Apply(const Append&) {
    transaction_.scope = delta::ReadScope::kNothing;
    return AddStaged();
  }

  Status Apply(const ReplaceSources& mode) {
    if (!base_ || mode.sources.empty()) return Apply(Append());
    std::vector<std::string> literals;
    for (const std::string& source : mode.sources) literals.push_back(QuoteLiteral(source));
    const std::string condition = "_leat_source IN (" + Join(literals, ", ") + ")";
    transaction_.info.operation_parameters["predicate"] = condition;
    return ReplaceWhere(condition, {});
  }

  Status Apply(const ReplaceInterval& mode) {
    if (!base_) return Apply(Append());
    const std::string time = QuoteIdentifier(mode.time_column);
    transaction_.info.operation_parameters["predicate"] = fmt::format(
        "{} >= '{}' AND {} < '{}'", mode.time_column, FormatTimestamp(mode.interval.start),
        mode.time_column, FormatTimestamp(mode.interval.end));
    return ReplaceWhere(
        time + " >= $start AND " + time + " < $end",
        {{"start", data::Instant{mode.interval.start}}, {"end", data::Instant{mode.interval.end}}});
  }

  // Removes the rows that match, and adds the staged ones.
  Status ReplaceWhere(const std::string& condition, const engine::Parameters& parameters) {
    transaction_.scope = delta::ReadScope::kWholeTable;
    const auto deleted =
        edit_->Delete("SELECT " + Place() + " FROM leat_target t WHERE " + condition, parameters,
                      engine::ChangeType::kDelete);
    return deleted.ok() ? AddStaged() : Status(deleted.error());
  }

  Status Apply(const MergeByKey& mode) {
    LEAT_TRY(RefuseDuplicates(mode.key));
    if (!base_) return Apply(Append());
    transaction_.scope = delta::ReadScope::kWholeTable;
    transaction_.info.operation = "MERGE";
    const std::string same = EqualKeys(mode.key, "t", "s");
    LEAT_ASSIGN(const std::string range, KeyRange(mode.key));
    const engine::PlaceColumns place = engine::PlaceColumnsOf(base_->schema());
    const auto deleted = edit_->Delete(
        fmt::format("SELECT {file} AS leat_file, {row} AS leat_row FROM (SELECT *, t.{stored_file} "
                    "AS {file}, t.{stored_row} AS {row} FROM leat_target t{range}) t SEMI JOIN "
                    "leat_staged s ON {same}",
                    fmt::arg("file", UnusedName(base_->schema(), "leat_file")),
                    fmt::arg("row", UnusedName(base_->schema(), "leat_row")),
                    fmt::arg("stored_file", place.file), fmt::arg("stored_row", place.row),
                    fmt::arg("range", range), fmt::arg("same", same)),
        {}, engine::ChangeType::kUpdatePreimage);
    if (!deleted.ok()) return deleted.error();
    if (!edit_->keeps_changes()) return AddStaged();
    const std::string target = " JOIN (SELECT * FROM leat_target" + range + ") t ON " + same;
    LEAT_TRY(edit_->Insert("SELECT s.* FROM leat_staged s SEMI" + target,
                           engine::ChangeType::kUpdatePostimage));
    return edit_->Insert("SELECT s.* FROM leat_staged s ANTI" + target,
                         engine::ChangeType::kInsert);
  }

  Status Apply(const TrackHistory& mode) {
    LEAT_TRY(RefuseDuplicates(mode.key));
    HistoryInput input{.mode = mode, .staged = input_.schema, .base = nullptr, .key_range = ""};
    if (base_) {
      transaction_.scope = delta::ReadScope::kWholeTable;
      if (mode.begins_anew) edit_->DeleteAll();
    }
    if (base_ && !mode.begins_anew) {
      transaction_.info.operation = "MERGE";
      input.base = &base_->schema();
      input.place = engine::PlaceColumnsOf(base_->schema());
      LEAT_ASSIGN(input.key_range, KeyRange(mode.key));
    }
    LEAT_ASSIGN(history_, AddToHistory(*session_, *edit_, input));
    return Ok();
  }

  Status RefuseDuplicates(const std::vector<std::string>& key) {
    const std::string columns = QuotedList(key);
    LEAT_ASSIGN(const auto found,
                session_->Query("SELECT " + columns + ", count(*) FROM leat_staged GROUP BY " +
                                columns + " HAVING count(*) > 1 LIMIT 1"));
    if (found.rows.empty()) return Ok();
    std::vector<std::string> values;
    for (std::size_t i = 0; i < key.size(); i++) {
      const data::Value& value = found.rows[0][i];
      std::string text = "null";
      if (const auto* s = std::get_if<std::string>(&value)) text = "'" + *s + "'";
      if (const auto* n = std::get_if<std::int64_t>(&value)) text = std::to_string(*n);
      values.push_back(key[i] + " = " + text);
    }
    return InvalidInput(fmt::format("the key {} comes {} times in the result, and must be unique",
                                    Join(values, ", "),
                                    std::get<std::int64_t>(found.rows[0].back())))
        .WithHint(
            "keep one row per key in the model, for instance with qualify row_number() over (...) "
            "= 1");
  }

  // See engine::KeyRange.
  Result<std::string> KeyRange(const std::vector<std::string>& key) {
    std::vector<engine::KeyColumn> columns;
    for (const std::string& column : key) columns.push_back({.table = column, .source = column});
    return engine::KeyRange(*session_, base_->schema(), columns, "leat_staged",
                            engine::NullKeys::kMatchEachOther);
  }

  // What the log says of columns that stay as they are: ids, comments, defaults.
  static void KeepFieldMetadata(const data::Schema& before, data::Schema& schema) {
    for (data::Field& field : schema.fields) {
      const data::Field* known = before.Find(field.name);
      if (known != nullptr && known->type == field.type) field = *known;
    }
  }

  bool ReplacesAll() const {
    const auto* history = std::get_if<TrackHistory>(&input_.mode);
    return history != nullptr ? history->begins_anew
                              : std::holds_alternative<ReplaceAll>(input_.mode);
  }

  Status RefuseWithoutHistory() const {
    if (!std::holds_alternative<TrackHistory>(input_.mode) || KeepsHistory(base_->schema())) {
      return Ok();
    }
    return InvalidInput("the table keeps no history: it lacks valid_from, valid_to and is_current")
        .WithHint("leat run --full-refresh begins its history with the rows of now");
  }

  // The table as the transaction leaves it.
  Status SetMetadata() {
    data::Schema schema = input_.schema;
    if (std::holds_alternative<TrackHistory>(input_.mode)) {
      const auto& added = data::HistoryColumns();
      schema.fields.insert(schema.fields.end(), added.begin(), added.end());
    }
    if (base_) {
      metadata_ = base_->metadata();
      if (ReplacesAll()) {
        KeepFieldMetadata(base_->schema(), schema);
        metadata_.schema = std::move(schema);
      } else {
        LEAT_TRY(RefuseWithoutHistory());
        LEAT_TRY(Evolve(metadata_, schema));
      }
    } else {
      metadata_.id = io::NewUuid(environment_.random);
      metadata_.schema = std::move(schema);
      metadata_.created_ms = environment_.clock.Now() / kMicrosPerMilli;
      transaction_.protocol = delta::Protocol{};
      if (transaction_.info.operation == "WRITE")
        transaction_.info.operation = "CREATE TABLE AS SELECT";
    }
    LEAT_TRY(SetPartitions());
    for (const auto& [key, value] : input_.configuration) metadata_.configuration[key] = value;
    LEAT_TRY(delta::AssignColumnMapping(environment_.random, base_ ? &base_->metadata() : nullptr,
                                        metadata_));
    const bool same = base_ && metadata_.schema == base_->schema() &&
                      metadata_.partition_columns == base_->metadata().partition_columns &&
                      metadata_.configuration == base_->metadata().configuration;
    if (!same) transaction_.metadata = metadata_;
    return Ok();
  }

  Status SetPartitions() {
    const auto& wanted = input_.partition_by;
    const bool is_new = !base_ || ReplacesAll();
    auto& partitions = metadata_.partition_columns;
    const bool lacks_some = std::any_of(
        partitions.begin(), partitions.end(),
        [this](const std::string& column) { return metadata_.schema.Find(column) == nullptr; });
    if (wanted.empty() && is_new && lacks_some) partitions.clear();
    if (wanted.empty() || wanted == partitions) return Ok();
    if (!is_new) {
      return InvalidInput(fmt::format("the table is partitioned by [{}], not by [{}]",
                                      Join(metadata_.partition_columns, ", "), Join(wanted, ", ")))
          .WithHint("leat run --full-refresh writes it anew");
    }
    for (const std::string& column : wanted) {
      if (metadata_.schema.Find(column) != nullptr) continue;
      return InvalidInput(fmt::format("there is no column '{}' to partition by", column))
          .WithHint(NearestHint(column, metadata_.schema.names()));
    }
    metadata_.partition_columns = wanted;
    return Ok();
  }

  void AddMetrics() {
    std::int64_t rows = 0, bytes = 0;
    for (const delta::AddFile& file : transaction_.adds) {
      rows += delta::RowCount(file).value_or(0);
      bytes += file.size_bytes;
    }
    auto& metrics = transaction_.info.operation_metrics;
    metrics["numFiles"] = std::to_string(transaction_.adds.size());
    metrics["numOutputRows"] = std::to_string(rows);
    metrics["numOutputBytes"] = std::to_string(bytes);
  }

  const io::Environment& environment_;
  const PublishInput& input_;
  std::shared_ptr<const delta::Snapshot> base_;
  const engine::Engine& engine_;
  std::unique_ptr<engine::Session> session_;
  delta::Transaction transaction_;
  delta::Metadata metadata_;  // as the transaction leaves the table
  std::optional<engine::TableEdit> edit_;
  HistoryRemarks history_;
};

bool ChangesNothing(const delta::Transaction& transaction) {
  return transaction.base && transaction.adds.empty() && transaction.removes.empty() &&
         !transaction.metadata && transaction.app_transactions.empty();
}

// Another run has done this work already: doing it again would double rows.
Status RefuseDone(const delta::Snapshot& base, const PublishInput& input) {
  for (const delta::AppTransaction& entry : input.app_transactions) {
    const auto before = input.read ? input.read->AppVersion(entry.app_id) : std::nullopt;
    if (base.AppVersion(entry.app_id) == before) continue;
    return Conflict("another run has just published " + entry.app_id)
        .WithHint("run again: what it loaded will not be loaded twice");
  }
  return Ok();
}

}  // namespace

Result<Published> Publish(const io::Environment& environment, engine::Engine& engine,
                          const PublishInput& input) {
  delta::Table& table = engine.TableAt(input.table_path);
  for (int attempt = 0; attempt < kMaxPublishAttempts; attempt++) {
    std::shared_ptr<const delta::Snapshot> base;
    auto loaded = table.Load();
    if (loaded.ok()) {
      base = std::move(*loaded);
    } else if (loaded.error().kind() != ErrorKind::kNotFound) {
      return std::move(loaded).error();
    }
    if (base) LEAT_TRY(RefuseDone(*base, input));
    Attempt builder(environment, engine, input, base);
    auto transaction = builder.Build();
    Status ready = transaction.ok() ? io::RefuseIfStopped() : Status(transaction.error());
    if (ready.ok() && base == nullptr) {
      const auto created =
          environment.files.CreateDirectories(io::JoinPath(input.table_path, delta::kLogDirectory));
      if (!created.ok()) ready = created.error();
    }
    if (!ready.ok()) {
      builder.RemoveWritten();
      return std::move(ready).error();
    }
    if (ChangesNothing(*transaction)) return Published{};
    Published published{.took_staged = builder.took_staged(),
                        .rows_rewritten = builder.rows_rewritten(),
                        .history = builder.history()};
    for (const delta::AddFile& file : transaction->adds) published.bytes_written += file.size_bytes;
    auto outcome = table.Commit(std::move(*transaction));
    if (!outcome.ok()) {
      // An unknown outcome may be a success: its files stay.
      if (outcome.error().kind() != ErrorKind::kOutcomeUnknown) builder.RemoveWritten();
      return std::move(outcome).error();
    }
    if (const auto* committed = std::get_if<delta::Committed>(&*outcome)) {
      published.version = committed->version;
      published.checkpoint_error = committed->checkpoint_error;
      return published;
    }
    builder.RemoveWritten();
  }
  return Conflict(fmt::format("{} kept changing: gave up after {} attempts", input.table_path,
                              kMaxPublishAttempts))
      .WithHint("run again when the other writer has finished");
}

}  // namespace leat::transform
