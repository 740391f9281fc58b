#include "transform/publish.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "delta/log_path.h"
#include "transform/limits.h"

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

const data::Field kValidFrom{.name = "valid_from", .type = {.kind = data::TypeKind::kTimestamp}};
const data::Field kValidTo{.name = "valid_to", .type = {.kind = data::TypeKind::kTimestamp}};
const data::Field kIsCurrent{.name = "is_current", .type = {.kind = data::TypeKind::kBoolean}};

// One attempt to publish onto one snapshot.
class Attempt {
 public:
  Attempt(const io::Environment& environment, engine::Engine& engine, const PublishInput& input,
          std::shared_ptr<const delta::Snapshot> base)
      : environment_(environment), input_(input), base_(std::move(base)), engine_(engine) {}

  Result<delta::Transaction> Build() {
    transaction_.base = base_;
    transaction_.app_transactions = input_.app_transactions;
    transaction_.info.operation = "WRITE";
    transaction_.info.operation_parameters["mode"] = "Append";
    transaction_.info.extra = input_.commit_extra;
    schema_ = input_.schema;
    LEAT_TRY(std::visit([this](const auto& mode) { return Apply(mode); }, input_.mode));
    LEAT_TRY(SetMetadata());
    AddMetrics();
    return transaction_;
  }

  // Data files that this attempt wrote itself; the staged ones belong to the caller.
  const std::vector<engine::WrittenFile>& written() const { return written_; }
  std::int64_t rows_rewritten() const { return rows_rewritten_; }

  void RemoveWritten() {
    for (const engine::WrittenFile& file : written_) {
      const Status removed = environment_.files.Remove(file.path);
      (void)removed;  // an orphan that no log entry refers to
    }
  }

 private:
  // Made when it is first needed: most publications query nothing.
  engine::Session& session() {
    if (!session_) {
      session_ = engine_.NewSession();
      session_->SetResolver([this](const std::string& schema, const std::string& table) {
        return Resolve(schema, table);
      });
    }
    return *session_;
  }

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
    if (table == "leat_touched")
      return source(engine::DeltaSource{
          .path = input_.table_path, .version = base_->version(), .files = touched_});
    return std::optional<engine::TableSource>();
  }

  void AddStaged() {
    for (const engine::WrittenFile& file : input_.files) Add(file);
  }

  void Add(const engine::WrittenFile& file) {
    transaction_.adds.push_back(
        engine::ToAddFile(file, input_.table_path, schema_, environment_.clock.Now()));
  }

  void Remove(const delta::AddFile& file) {
    transaction_.removes.push_back(delta::RemovalOf(file));
  }

  Status Apply(const ReplaceAll&) {
    transaction_.scope = delta::ReadScope::kWholeTable;
    transaction_.info.operation_parameters["mode"] = "Overwrite";
    if (base_) {
      for (const delta::AddFile& file : base_->files()) Remove(file);
    }
    AddStaged();
    return Ok();
  }

  Status Apply(const Append&) {
    transaction_.scope = delta::ReadScope::kNothing;
    AddStaged();
    return Ok();
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
    LEAT_TRY(
        FindTouched("SELECT DISTINCT filename FROM leat_target WHERE " + condition, parameters));
    LEAT_TRY(
        Rewrite("SELECT * FROM leat_touched WHERE (" + condition + ") IS NOT TRUE", parameters));
    AddStaged();
    return Ok();
  }

  Status Apply(const MergeByKey& mode) {
    LEAT_TRY(RefuseDuplicates(mode.key));
    if (!base_) return Apply(Append());
    transaction_.scope = delta::ReadScope::kWholeTable;
    transaction_.info.operation = "MERGE";
    const std::string same = EqualKeys(mode.key, "t", "s");
    LEAT_ASSIGN(const std::string range, KeyRange(mode.key[0]));
    LEAT_TRY(FindTouched("SELECT DISTINCT t.filename FROM (SELECT *, filename FROM leat_target" +
                             range + ") t SEMI JOIN leat_staged s ON " + same,
                         {}));
    LEAT_TRY(Rewrite("SELECT t.* FROM leat_touched t ANTI JOIN leat_staged s ON " + same, {}));
    AddStaged();
    return Ok();
  }

  Status Apply(const TrackHistory& mode) {
    LEAT_TRY(RefuseDuplicates(mode.key));
    schema_.fields.insert(schema_.fields.end(), {kValidFrom, kValidTo, kIsCurrent});
    const std::string from =
        mode.time_column.empty()
            ? fmt::format("make_timestamptz({})", mode.now)
            : "CAST(s." + QuoteIdentifier(mode.time_column) + " AS TIMESTAMPTZ)";
    const std::string begin = "SELECT s.*, " + from +
                              " AS valid_from, CAST(NULL AS TIMESTAMPTZ) AS valid_to, "
                              "true AS is_current FROM leat_staged s";
    if (!base_) return Write(begin);
    transaction_.scope = delta::ReadScope::kWholeTable;
    transaction_.info.operation = "MERGE";
    const std::string same = EqualKeys(mode.key, "t", "s");
    std::vector<std::string> differs = {"false"};
    for (const data::Field& field : input_.schema.fields) {
      const std::string name = QuoteIdentifier(field.name);
      const bool in_table = base_->schema().Find(field.name) != nullptr;
      differs.push_back(in_table ? "t." + name + " IS DISTINCT FROM s." + name
                                 : "s." + name + " IS NOT NULL");
    }
    const std::string changed = same + " AND t.is_current AND (" + Join(differs, " OR ") + ")";
    LEAT_TRY(FindTouched(
        "SELECT DISTINCT t.filename FROM (SELECT *, filename FROM leat_target) t SEMI JOIN "
        "leat_staged s ON " +
            changed,
        {}));
    LEAT_TRY(Rewrite(
        "SELECT t.* REPLACE (CASE WHEN s.leat_hit THEN " +
            (mode.time_column.empty() ? from : "s.leat_from") +
            " ELSE t.valid_to END AS valid_to, t.is_current AND s.leat_hit IS NULL AS is_current) "
            "FROM leat_touched t LEFT JOIN (SELECT s.*, true AS leat_hit, " +
            from +
            " AS leat_from FROM "
            "leat_staged s) s ON " +
            changed,
        {}));
    return Write(begin + " ANTI JOIN leat_target t ON " + same + " AND t.is_current AND NOT (" +
                 Join(differs, " OR ") + ")");
  }

  Status RefuseDuplicates(const std::vector<std::string>& key) {
    const std::string columns = QuotedList(key);
    LEAT_ASSIGN(const auto found,
                session().Query("SELECT " + columns + ", count(*) FROM leat_staged GROUP BY " +
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

  // " WHERE key BETWEEN ..." with the staged rows' bounds, so that files of other keys are not even
  // opened.
  Result<std::string> KeyRange(const std::string& column) {
    const std::string name = QuoteIdentifier(column);
    LEAT_ASSIGN(
        const auto bounds,
        session().Query("SELECT CAST(min(" + name + ") AS VARCHAR), CAST(max(" + name +
                        ") AS VARCHAR), count(*) FILTER (" + name + " IS NULL) FROM leat_staged"));
    const auto* low = std::get_if<std::string>(&bounds.rows[0][0]);
    const auto* high = std::get_if<std::string>(&bounds.rows[0][1]);
    const data::Field* field = input_.schema.Find(column);
    if (low == nullptr || high == nullptr || field == nullptr ||
        std::get<std::int64_t>(bounds.rows[0][2]) > 0) {
      return std::string();
    }
    const std::string type = data::ToSql(field->type);
    return fmt::format(" WHERE {0} >= CAST({1} AS {3}) AND {0} <= CAST({2} AS {3})", name,
                       QuoteLiteral(*low), QuoteLiteral(*high), type);
  }

  Status FindTouched(const std::string& sql, const engine::Parameters& parameters) {
    LEAT_ASSIGN(const auto rows, session().Query(sql, parameters));
    std::set<std::string> names;
    for (const auto& row : rows.rows) names.insert(std::get<std::string>(row[0]));
    for (const delta::AddFile& file : base_->files()) {
      if (!names.contains(io::JoinPath(input_.table_path, file.path))) continue;
      touched_.push_back(file.path);
      Remove(file);
    }
    return Ok();
  }

  // Copies what stays of the touched files.
  Status Rewrite(const std::string& sql, const engine::Parameters& parameters) {
    if (touched_.empty()) return Ok();
    LEAT_ASSIGN(auto kept,
                session().WriteParquet(sql, parameters, {.directory = input_.table_path}));
    for (engine::WrittenFile& file : kept.files) {
      rows_rewritten_ += file.row_count;
      Add(file);
      written_.push_back(std::move(file));
    }
    return Ok();
  }

  Status Write(const std::string& sql) {
    LEAT_ASSIGN(auto added, session().WriteParquet(sql, {}, {.directory = input_.table_path}));
    for (engine::WrittenFile& file : added.files) {
      Add(file);
      written_.push_back(std::move(file));
    }
    return Ok();
  }

  Status SetMetadata() {
    delta::Metadata metadata;
    if (base_) {
      metadata = base_->metadata();
      if (std::holds_alternative<ReplaceAll>(input_.mode)) {
        metadata.schema = schema_;
      } else {
        LEAT_ASSIGN(metadata.schema, Evolve(base_->schema(), schema_));
      }
    } else {
      metadata.id = io::NewUuid(environment_.random);
      metadata.schema = schema_;
      metadata.created_ms = environment_.clock.Now() / kMicrosPerMilli;
      transaction_.protocol = delta::Protocol{};
      if (transaction_.info.operation == "WRITE")
        transaction_.info.operation = "CREATE TABLE AS SELECT";
    }
    for (const auto& [key, value] : input_.configuration) metadata.configuration[key] = value;
    const bool same = base_ && metadata.schema == base_->schema() &&
                      metadata.configuration == base_->metadata().configuration;
    if (!same) transaction_.metadata = std::move(metadata);
    return Ok();
  }

  void AddMetrics() {
    std::int64_t rows = 0, bytes = 0;
    const auto count = [&](const std::vector<engine::WrittenFile>& files) {
      for (const engine::WrittenFile& file : files) {
        rows += file.row_count;
        bytes += file.size_bytes;
      }
    };
    if (!std::holds_alternative<TrackHistory>(input_.mode)) count(input_.files);
    count(written_);
    auto& metrics = transaction_.info.operation_metrics;
    metrics["numFiles"] = std::to_string(transaction_.adds.size());
    metrics["numOutputRows"] = std::to_string(rows);
    metrics["numOutputBytes"] = std::to_string(bytes);
  }

  const io::Environment& environment_;
  const PublishInput& input_;
  std::shared_ptr<const delta::Snapshot> base_;
  engine::Engine& engine_;
  std::unique_ptr<engine::Session> session_;
  delta::Transaction transaction_;
  data::Schema schema_;               // of the files that are added
  std::vector<std::string> touched_;  // paths in the table of files with rows to replace
  std::vector<engine::WrittenFile> written_;
  std::int64_t rows_rewritten_ = 0;
};

// Data files must be durable before the log names them, and the folder of the log as well.
Status SyncAll(io::FileSystem& files, const std::string& table_path, bool is_new_table,
               const std::vector<const std::vector<engine::WrittenFile>*>& groups) {
  bool any = false;
  for (const auto* group : groups) {
    for (const engine::WrittenFile& file : *group) {
      LEAT_TRY(files.SyncFile(file.path));
      any = true;
    }
  }
  if (is_new_table) {
    LEAT_ASSIGN(const bool is_synced,
                files.CreateDirectories(io::JoinPath(table_path, delta::kLogDirectory)));
    any &= !is_synced;
  }
  return any ? files.SyncDirectory(table_path) : Ok();
}

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

Result<data::Schema> Evolve(const data::Schema& table, const data::Schema& added) {
  data::Schema evolved = table;
  for (const data::Field& field : added.fields) {
    const data::Field* known = table.Find(field.name);
    if (known == nullptr) {
      evolved.fields.push_back(field);
    } else if (known->type != field.type) {
      return InvalidInput(fmt::format("column {} has type {} in the table and {} in the new rows",
                                      field.name, known->type.ToString(), field.type.ToString()))
          .WithHint("cast it, or rebuild the table with --full-refresh");
    }
  }
  return evolved;
}

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
    Status ready = transaction.ok() ? SyncAll(environment.files, input.table_path, base == nullptr,
                                              {&input.files, &builder.written()})
                                    : Status(transaction.error());
    if (!ready.ok()) {
      builder.RemoveWritten();
      return std::move(ready).error();
    }
    if (ChangesNothing(*transaction)) return Published{};
    Published published{.rows_rewritten = builder.rows_rewritten()};
    for (const delta::AddFile& file : transaction->adds) published.bytes_written += file.size_bytes;
    auto outcome = table.Commit(std::move(*transaction));
    // An unknown outcome may be a success: its files stay.
    if (!outcome.ok()) return std::move(outcome).error();
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
