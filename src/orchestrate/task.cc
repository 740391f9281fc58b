#include "orchestrate/task.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "connect/file/file_source.h"
#include "data/own_columns.h"
#include "ingest/load.h"
#include "ingest/rows.h"
#include "io/work.h"
#include "orchestrate/ledger.h"
#include "orchestrate/limits.h"
#include "orchestrate/shape_changes.h"
#include "orchestrate/staleness.h"
#include "quality/check_sql.h"
#include "quality/quarantine.h"
#include "transform/history.h"
#include "transform/model.h"
#include "transform/publish.h"

namespace leat::orchestrate {
namespace {

using project::Asset;
using project::Materialization;
using project::ModelSpec;

// Names the run in which an append model's rows were published, so that resuming a run cannot
// append them twice.
constexpr const char* kAppendId = "leat:append";

class Task {
 public:
  Task(const TaskContext& context, TaskResult& result)
      : context_(context), workspace_(context.workspace), asset_(context.asset), result_(result) {}

  Status Run(const StepKind& kind) {
    LEAT_ASSIGN(session_, workspace_.NewSession());
    session_->SetResolver(PinnedResolver());
    context_.use_session(session_.get());
    return std::visit([this](const auto& step) { return Do(step); }, kind);
  }

  // What it has written and not published goes; nobody is told of its session any more.
  void End() {
    context_.use_session(nullptr);
    RemoveStaged();
  }

 private:
  // Every table is read at one version, however often the task refers to it; the versions go into
  // the commit.
  engine::TableResolver PinnedResolver() {
    return [this, resolve = workspace_.Resolver()](
               const std::string& schema,
               const std::string& table) -> Result<std::optional<engine::TableSource>> {
      LEAT_ASSIGN(auto source, resolve(schema, table));
      auto* delta = source ? std::get_if<engine::DeltaSource>(&*source) : nullptr;
      if (delta == nullptr) return source;
      const std::lock_guard lock(inputs_mutex_);
      const std::string name = schema.empty() ? table : schema + "." + table;
      const auto known = inputs_.find(name);
      if (known != inputs_.end()) {
        delta->version = known->second;
        return source;
      }
      LEAT_ASSIGN(const auto snapshot, workspace_.engine().TableAt(delta->path).Load());
      delta->version = snapshot->version();
      inputs_.emplace(name, snapshot->version());
      return source;
    };
  }

  Status LoadTable() {
    path_ = workspace_.TablePath(asset_.name);
    auto loaded = workspace_.TableOf(asset_.name).Load();
    if (loaded.ok()) {
      table_ = std::move(*loaded);
      return Ok();
    }
    if (loaded.error().kind() != ErrorKind::kNotFound) return std::move(loaded).error();
    LEAT_TRY(workspace_.environment().files.CreateDirectories(path_));
    return Ok();
  }

  Status Do(const LoadFiles&) {
    LEAT_TRY(LoadTable());
    const auto& spec = std::get<project::SourceSpec>(asset_.spec);
    if (const auto* from = spec.table()) return LoadRows(*from);
    const ingest::LoadInput input{.asset = asset_,
                                  .project_root = workspace_.project().root,
                                  .table = context_.full_refresh ? nullptr : table_,
                                  .staging_directory = path_,
                                  .run = context_.run};
    LEAT_ASSIGN(auto load,
                ingest::StageFiles(workspace_.environment(), *session_, input, context_.cancel));
    TakeNotes(std::move(load.notes));
    if (load.nothing_new()) {
      if (const auto missing = MissingFiles(workspace_, asset_)) Warn(*missing);
      return Ok();
    }
    staged_ = std::move(load.files);
    result_.rows_read = load.rows_read;
    for (const connect::SourceFile& file : load.loaded) AddManifest(file);
    if (load.schema.fields.empty()) return Ok();
    transform::PublishMode mode = transform::ReplaceSources{load.replaced};
    if (context_.full_refresh || load.replaces_all) mode = transform::ReplaceAll{};
    configuration_.insert(load.configuration.begin(), load.configuration.end());
    LEAT_TRY(Quarantine(quality::QuarantineStage::kIngest, RejectsSql(load.rejects_sql), mode));
    result_.rows_quarantined += load.rows_rejected;
    return AuditAndPublish(load.schema, std::move(mode), std::nullopt);
  }

  // Of a table of another system.
  Status LoadRows(const project::TableSourceOptions& from) {
    LEAT_ASSIGN(const auto system, workspace_.SystemOf(from));
    const ingest::RowsInput input{.asset = asset_,
                                  .connection = system.connection,
                                  .connector = system.connector,
                                  .table_path = path_,
                                  .table = table_,
                                  .reads_all = context_.full_refresh,
                                  .staging_directory = path_,
                                  .run = context_.run};
    LEAT_ASSIGN(auto load, ingest::StageRows(workspace_.environment(), *session_, input));
    TakeNotes(std::move(load.notes));
    staged_ = std::move(load.files);
    if (load.nothing_new) return Ok();
    result_.rows_read = load.rows_read;
    app_transactions_.insert(app_transactions_.end(), load.position.begin(), load.position.end());
    transform::PublishMode mode = transform::ReplaceAll{};
    if (!context_.full_refresh && from.load == project::LoadMode::kAppend)
      mode = transform::Append{};
    if (!context_.full_refresh && from.load == project::LoadMode::kMerge)
      mode = transform::MergeByKey{from.key};
    LEAT_TRY(Quarantine(quality::QuarantineStage::kIngest, RejectsSql(load.rejects_sql), mode));
    result_.rows_quarantined += load.rows_rejected;
    return AuditAndPublish(load.schema, std::move(mode), std::nullopt);
  }

  // Without the asset's name, which whoever shows them puts before.
  void TakeNotes(std::vector<std::string> notes) {
    const std::string name = asset_.name.value() + ": ";
    for (std::string& note : notes) {
      result_.notes.push_back(note.starts_with(name) ? note.substr(name.size()) : std::move(note));
    }
  }

  Status Do(const LoadSeed&) {
    LEAT_TRY(LoadTable());
    // Other types or checks than those it was loaded with: the file is read again.
    const bool is_same = table_ && ReadFingerprint(*table_) == asset_.fingerprint;
    const ingest::LoadInput input{.asset = asset_,
                                  .project_root = workspace_.project().root,
                                  .table = is_same && !context_.full_refresh ? table_ : nullptr,
                                  .staging_directory = path_,
                                  .run = context_.run};
    LEAT_ASSIGN(auto load, ingest::StageSeed(workspace_.environment(), *session_, input));
    TakeNotes(std::move(load.notes));
    if (load.nothing_new()) return Ok();
    staged_ = std::move(load.files);
    result_.rows_read = load.rows_read;
    for (const connect::SourceFile& file : load.loaded) AddManifest(file);
    return AuditAndPublish(load.schema, transform::ReplaceAll{}, std::nullopt);
  }

  Status Do(const CreateView&) {
    const auto& model = std::get<ModelSpec>(asset_.spec);
    auto bound = session_->Bind(model.sql, workspace_.ParametersFor(std::nullopt));
    if (!bound.ok()) return transform::InModelFile(std::move(bound).error(), asset_, model.sql);
    if (asset_.checks.empty()) return Ok();
    // A view has nothing to hold back: its checks judge the rows that it shows now.
    quality::AuditInput audit{
        .asset = asset_,
        .schema = bound->schema,
        .published = engine::QuerySource{.sql = engine::WithLiterals(
                                             model.sql, workspace_.ParametersFor(std::nullopt))},
        .tables = PinnedResolver(),
        .parameters = workspace_.ParametersFor(std::nullopt),
        .now = workspace_.environment().clock.Now()};
    LEAT_ASSIGN(auto audited, quality::Audit(*session_, workspace_.environment().files, audit, {}));
    result_.checks = std::move(audited.checks);
    return audited.publishable ? Ok() : ChecksFailed();
  }

  // Of the staged rows, or before there are any.
  Status KeepsHistory(const data::Schema& rows) const {
    if (!table_ || context_.full_refresh) return Ok();
    return transform::CheckHistory(asset_, table_->schema(), rows);
  }

  // A history is never rebuilt, so that is no advice.
  static Error ForHistory(Error error) {
    if (error.hint().find("--full-refresh") == std::string::npos) return error;
    return std::move(error).WithHint("cast them to the types that the history has");
  }

  Status Do(const BuildTable&) {
    LEAT_TRY(LoadTable());
    const auto& model = std::get<ModelSpec>(asset_.spec);
    if (model.materialized == Materialization::kScd2) LEAT_TRY(KeepsHistory({}));
    const bool compares = model.materialized == Materialization::kScd2 && table_ &&
                          transform::KeepsHistory(table_->schema());
    const bool replaces =
        model.materialized == Materialization::kTable || (context_.full_refresh && !compares);
    if (model.materialized == Materialization::kAppend) {
      const auto done = table_ ? table_->AppVersion(kAppendId) : std::nullopt;
      if (done && *done >= context_.run_started_us) return Ok();
      app_transactions_.push_back({.app_id = kAppendId, .version = context_.run_started_us});
    }
    const auto staged = Stage(std::nullopt, replaces);
    if (!staged.ok()) return compares ? ForHistory(staged.error()) : staged.error();
    const data::Schema& schema = *staged;
    const TimestampUs now = workspace_.environment().clock.Now();
    transform::PublishMode mode = transform::ReplaceAll{};
    if (!context_.full_refresh || model.materialized == Materialization::kScd2) {
      switch (model.materialized) {
        case Materialization::kAppend: mode = transform::Append{}; break;
        case Materialization::kMerge: mode = transform::MergeByKey{model.key}; break;
        case Materialization::kScd2:
          mode =
              transform::TrackHistory{.key = model.key,
                                      .time_column = model.time_column,
                                      .now = now,
                                      .closes_missing = model.closes_deleted,
                                      .begins_anew = context_.full_refresh && table_ && !compares};
          break;
        default: break;
      }
    }
    return AuditAndPublish(schema, std::move(mode), std::nullopt);
  }

  Status Do(const ReviewDone&) {
    LEAT_TRY(LoadTable());
    const auto tables = PinnedResolver();
    LEAT_ASSIGN(const IntervalReview review,
                ReviewIntervals(workspace_, *session_, tables, asset_, table_.get()));
    const auto start = asset_.start ? asset_.start : workspace_.project().start;
    const ReviewTexts texts = TextsOf(review, asset_, start, workspace_.environment().clock.Now());
    for (const std::string& warning : texts.warnings) Warn(warning);
    result_.notes.push_back(texts.state);
    return review.found_late ? RememberLateRows(review) : Ok();
  }

  // In the table, since the next interval's commit reads newer inputs and hides what came late.
  Status RememberLateRows(const IntervalReview& review) {
    delta::Transaction transaction{.base = table_, .metadata = table_->metadata()};
    WriteOutdated(review.outdated, table_.get(), transaction.metadata->configuration);
    transaction.info.operation = "SET TBLPROPERTIES";
    transaction.info.extra = {{"leat", Provenance(std::nullopt)}};
    const auto outcome = workspace_.TableOf(asset_.name).Commit(std::move(transaction));
    // After a conflict the next run finds them again.
    return outcome.ok() ? Ok() : Status(outcome.error());
  }

  void Warn(const std::string& text) {
    result_.warning += (result_.warning.empty() ? "" : "; ") + asset_.name.value() + ": " + text;
  }

  Status Do(const BuildInterval& step) {
    LEAT_TRY(LoadTable());
    result_.interval = step.interval;
    const auto& model = std::get<ModelSpec>(asset_.spec);
    LEAT_ASSIGN(const data::Schema schema, Stage(step.interval, context_.full_refresh));
    IntervalSet done;
    Outdated outdated;
    if (table_ && !context_.full_refresh) {
      LEAT_ASSIGN(done, ReadIntervals(*table_));
      LEAT_ASSIGN(outdated, ReadOutdated(*table_));
      if (ReadFingerprint(*table_) != asset_.fingerprint) outdated.by_definition = done;
    }
    outdated.by_definition.Remove(step.interval);
    outdated.by_late_rows.Remove(step.interval);
    WriteOutdated(outdated, table_.get(), configuration_);
    // An interval that has not ended yet is built, but not done.
    const Grain grain = ParseGrain(asset_.schedule).value_or(Grain::kDay);
    const TimestampUs now = workspace_.environment().clock.Now();
    done.Add({step.interval.start, std::min(step.interval.end, FloorTo(grain, now))});
    configuration_[kIntervalsProperty] = WriteIntervals(done);
    transform::PublishMode mode = transform::ReplaceInterval{model.time_column, step.interval};
    if (context_.full_refresh) mode = transform::ReplaceAll{};
    return AuditAndPublish(schema, std::move(mode), step.interval);
  }

  Result<data::Schema> Stage(const std::optional<Interval>& interval, bool replaces) {
    const delta::Metadata* table = table_ && !replaces ? &table_->metadata() : nullptr;
    transform::ModelInput input{.asset = asset_,
                                .parameters = workspace_.ParametersFor(interval),
                                .interval = interval,
                                .table = table,
                                .staging_directory = path_};
    if (std::any_of(asset_.checks.begin(), asset_.checks.end(), quality::IsSetAside)) {
      input.apart = [this](const data::Schema& schema) {
        return quality::SetAsideCondition(asset_, schema);
      };
    }
    LEAT_ASSIGN(auto staged, transform::StageModel(*session_, input));
    staged_ = std::move(staged.files);
    told_apart_ = staged.told_apart;
    result_.rows_read = staged.rows;
    LEAT_TRY(KeepsHistory(staged.schema));
    return std::move(staged.schema);
  }

  Status AuditAndPublish(const data::Schema& schema, transform::PublishMode mode,
                         const std::optional<Interval>& interval) {
    if (!asset_.checks.empty()) LEAT_TRY(Audit(schema, mode, interval));
    for (const engine::WrittenFile& file : staged_) result_.rows_written += file.row_count;
    NoteShape(schema, std::holds_alternative<transform::ReplaceAll>(mode));
    configuration_[kFingerprintProperty] = asset_.fingerprint;
    // What it says of its intervals is not true of rows that came in another way.
    const bool has_intervals =
        table_ && table_->metadata().configuration.contains(kIntervalsProperty);
    if (has_intervals && !interval) {
      configuration_[kIntervalsProperty] = "";
      WriteOutdated({}, table_.get(), configuration_);
    }
    configuration_.insert(asset_.properties.begin(), asset_.properties.end());
    transform::PublishInput input{.table_path = path_,
                                  .read = table_,
                                  .schema = schema,
                                  .files = std::exchange(staged_, {}),
                                  .mode = std::move(mode),
                                  .app_transactions = app_transactions_,
                                  .configuration = configuration_,
                                  .partition_by = PartitionsOf(schema),
                                  .commit_extra = {{"leat", Provenance(interval)}}};
    // From here on the files may be published: they are ours again only when it is certain that
    // they are not.
    auto published = transform::Publish(workspace_.environment(), workspace_.engine(), input);
    if (!published.ok()) {
      if (published.error().kind() != ErrorKind::kOutcomeUnknown) staged_ = std::move(input.files);
      return AtAsset(std::move(published).error());
    }
    result_.version = published->version;
    NoteHistory(published->history);
    result_.bytes_written = published->bytes_written;
    if (published->checkpoint_error) {
      Warn(fmt::format(
          "version {} is committed, but its checkpoint could not be written ({}); readers start "
          "from the one before until the next is due",
          published->version->value(), published->checkpoint_error->message()));
    }
    if (!published->took_staged) staged_ = std::move(input.files);  // removed at the end
    return Ok();
  }

  // As the columns are spelled in the table: their names are compared without case.
  std::vector<std::string> PartitionsOf(const data::Schema& schema) const {
    std::vector<std::string> columns = asset_.partition_by;
    for (std::string& column : columns) {
      const data::Field* field = table_ ? table_->schema().Find(column) : nullptr;
      if (field == nullptr) field = schema.Find(column);
      if (field != nullptr) column = field->name;
    }
    return columns;
  }

  // A load tells itself how files differ from the table.
  void NoteShape(data::Schema schema, bool replaces) {
    if (!table_ || std::holds_alternative<project::SourceSpec>(asset_.spec)) return;
    const auto* model = std::get_if<ModelSpec>(&asset_.spec);
    if (model != nullptr && model->materialized == Materialization::kScd2) {
      for (const data::Field& added : data::HistoryColumns()) {  // by publishing
        const data::Field* field = table_->schema().Find(added.name);
        if (field != nullptr) schema.fields.push_back(*field);
      }
    }
    for (std::string& line : ShapeChanges(table_->schema(), schema, !replaces)) {
      result_.notes.push_back(std::move(line));
    }
  }

  void NoteHistory(const transform::HistoryRemarks& remarks) {
    const auto note = [this](std::int64_t count, const char* one, const char* many) {
      if (count > 0) result_.notes.push_back(fmt::format("{} {}", count, count == 1 ? one : many));
    };
    note(remarks.late, "state came late and took its place in the history",
         "states came late and took their places in the history");
    note(remarks.replaced, "state replaced one of the same time",
         "states replaced others of the same time");
    note(remarks.closed, "key that no longer came was closed",
         "keys that no longer came were closed");
  }

  Error AtAsset(Error error) const {
    if (error.kind() != ErrorKind::kInvalidInput || error.location()) return error;
    return std::move(error).At(asset_.location);
  }

  Status Audit(const data::Schema& schema, const transform::PublishMode& mode,
               const std::optional<Interval>& interval) {
    quality::AuditInput input{.asset = asset_,
                              .schema = schema,
                              .files = staged_,
                              .told_apart = told_apart_,
                              .is_whole_table = !table_ || table_->files().empty() ||
                                                std::holds_alternative<transform::ReplaceAll>(mode),
                              .tables = PinnedResolver(),
                              .parameters = workspace_.ParametersFor(interval),
                              .now = workspace_.environment().clock.Now()};
    if (table_ && std::holds_alternative<transform::Append>(mode)) {
      input.existing = engine::DeltaSource{.path = path_, .version = table_->version()};
    }
    const bool needs_history =
        std::any_of(asset_.checks.begin(), asset_.checks.end(), [](const project::Check& check) {
          return std::holds_alternative<project::VolumeAnomaly>(check.kind);
        });
    if (needs_history) {
      LEAT_ASSIGN(state::StateReader* const reader, workspace_.reader());
      LEAT_ASSIGN(input.row_count_history, reader->RowCounts(asset_.name, kMaxRowCountHistory));
      std::reverse(input.row_count_history.begin(), input.row_count_history.end());
    }
    LEAT_ASSIGN(auto audited, quality::Audit(*session_, workspace_.environment().files, input,
                                             {.directory = path_}));
    result_.checks = std::move(audited.checks);
    staged_ = std::move(audited.files);
    if (!audited.publishable) return ChecksFailed();
    if (!QuarantinesByCheck()) return Ok();
    LEAT_TRY(Quarantine(quality::QuarantineStage::kCheck, audited.quarantine_sql, mode));
    result_.rows_quarantined += audited.rows_quarantined;
    return Ok();
  }

  bool QuarantinesByCheck() const {
    return std::any_of(asset_.checks.begin(), asset_.checks.end(), [](const project::Check& check) {
      return check.on_fail == project::OnFail::kQuarantine;
    });
  }

  // At the first check that failed; the others' places are in the message.
  Status ChecksFailed() {
    std::vector<std::string> failed;
    Location location = asset_.location;
    for (const quality::CheckOutcome& check : result_.checks) {
      const bool is_error = check.status == quality::CheckStatus::kError;
      if (!is_error && check.status != quality::CheckStatus::kFailed) continue;
      std::string text = "check '" + check.name + "' ";
      text += (is_error ? "could not be evaluated: " : "failed: ") + check.message;
      if (failed.empty()) {
        location = check.location;
      } else {
        text += " (" + check.location.ToString() + ")";
      }
      failed.push_back(std::move(text));
    }
    return InvalidInput(Join(failed, "; "))
        .At(std::move(location))
        .WithHint("nothing was published; correct the data, or change on_fail of the check");
  }

  // Rows are set aside in the quarantine before the table is published. What the publication
  // replaces in the table, it replaces there.
  Status Quarantine(quality::QuarantineStage stage, const std::string& sql,
                    const transform::PublishMode& mode) {
    quality::QuarantineBatch batch{.asset = asset_.name,
                                   .run = context_.run,
                                   .now = workspace_.environment().clock.Now(),
                                   .stage = stage,
                                   .interval = result_.interval,
                                   .sql = sql,
                                   .parameters = workspace_.ParametersFor(result_.interval)};
    const auto* replaced = std::get_if<transform::ReplaceSources>(&mode);
    if (std::holds_alternative<transform::ReplaceAll>(mode) || context_.full_refresh) {
      batch.scope = quality::QuarantineScope::kTable;
    } else if (std::holds_alternative<transform::ReplaceInterval>(mode)) {
      batch.scope = quality::QuarantineScope::kInterval;
    } else if (replaced != nullptr && !replaced->sources.empty()) {
      batch.scope = quality::QuarantineScope::kSources;
      batch.sources = replaced->sources;
    }
    const auto written =
        quality::WriteQuarantine(workspace_.engine(), *session_, workspace_.environment(),
                                 workspace_.QuarantinePath(asset_.name), batch);
    return written.ok() ? Ok() : Status(written.error());
  }

  // A rejected line is the same one when it stands at the same place of the same file with the same
  // text.
  static std::string RejectsSql(const std::string& rejects) {
    if (rejects.empty()) return "";
    return "SELECT CAST(NULL AS VARCHAR) AS check_name, column_name, CASE WHEN line IS NULL THEN "
           "error ELSE 'line ' || "
           "line || ': ' || error END AS error, source, raw, position, concat_ws('|', source, "
           "position, raw) AS identity "
           "FROM (" +
           rejects + ")";
  }

  void AddManifest(const connect::SourceFile& file) {
    app_transactions_.push_back(
        {.app_id = connect::ManifestId(file.name), .version = file.fingerprint});
  }

  // What the commit tells of its origin, as JSON.
  std::string Provenance(const std::optional<Interval>& interval) {
    nlohmann::json json = {{"run_id", context_.run.value()},
                           {"asset", asset_.name.value()},
                           {"fingerprint", asset_.fingerprint},
                           {"rows_quarantined", result_.rows_quarantined}};
    if (interval)
      json["interval"] = {{"start", FormatTimestamp(interval->start)},
                          {"end", FormatTimestamp(interval->end)}};
    if (!result_.notes.empty()) json["notes"] = result_.notes;
    const std::lock_guard lock(inputs_mutex_);
    for (const auto& [name, version] : inputs_) json["inputs"][name] = version.value();
    return JsonTextOfAny(json);
  }

  void RemoveStaged() {
    for (const engine::WrittenFile& file : staged_) {
      const Status removed = workspace_.environment().files.Remove(file.path);
      (void)removed;  // an orphan that no log entry refers to
    }
    staged_.clear();
  }

  const TaskContext& context_;
  Workspace& workspace_;
  const Asset& asset_;
  TaskResult& result_;
  std::unique_ptr<engine::Session> session_;
  std::string path_;
  std::shared_ptr<const delta::Snapshot> table_;
  std::vector<engine::WrittenFile> staged_;  // ours to remove until they are published
  bool told_apart_ = false;                  // those of rows to set aside
  std::vector<delta::AppTransaction> app_transactions_;
  std::map<std::string, std::string> configuration_;
  std::mutex inputs_mutex_;
  std::map<std::string, TableVersion> inputs_;
};

}  // namespace

TaskResult RunTask(const TaskContext& context, const StepKind& kind) {
  TaskResult result{.asset = context.asset.name};
  if (const auto* step = std::get_if<BuildInterval>(&kind)) result.interval = step->interval;
  Task task(context, result);
  Status status;
  try {
    status = task.Run(kind);
  } catch (const std::exception& e) {
    status = Bug(e.what());
  }
  task.End();
  if (status.ok()) return result;
  result.version = std::nullopt;
  result.rows_written = 0;
  const bool cancelled =
      context.cancel.cancelled() || status.error().kind() == ErrorKind::kCancelled;
  result.status = cancelled ? state::TaskStatus::kCancelled : state::TaskStatus::kFailed;
  result.error = std::move(status).error();
  return result;
}

}  // namespace leat::orchestrate
