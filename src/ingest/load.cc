#include "ingest/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "connect/file/file_format.h"
#include "data/own_columns.h"
#include "ingest/columns.h"
#include "ingest/error_budget.h"
#include "ingest/limits.h"
#include "ingest/read.h"

namespace leat::ingest {
namespace {

using connect::FilePlan;
using connect::Reject;
using project::SchemaPolicy;

constexpr std::string_view kManifestPrefix = "leat:file:";

// The load of one source, step by step.
class Load {
 public:
  Load(const io::Environment& environment, engine::Session& session, const LoadInput& input,
       const io::CancelToken& cancel)
      : environment_(environment),
        session_(session),
        input_(input),
        cancel_(cancel),
        spec_(std::get<project::SourceSpec>(input.asset.spec)),
        from_(*spec_.files()) {}

  Result<StagedLoad> Run() {
    LEAT_TRY(FindNew());
    if (staged_.nothing_new()) return std::move(staged_);
    LEAT_TRY(Detect(files_));
    LEAT_TRY(PlanColumnsOf(input_.table.get()));
    LEAT_ASSIGN(ReadFiles read, ReadAll());
    if (!read.surplus.is_unknown() && spec_.schema_policy != SchemaPolicy::kDiscardRow) {
      LEAT_TRY(TakeSurplus(read));
    }
    return Stage(std::move(read));
  }

 private:
  Status FindNew() {
    LEAT_ASSIGN(found_, connect::FindFiles(environment_.files, input_.project_root, from_));
    if (found_.empty() && !input_.table) {
      return NotFound("no file matches " + from_.glob)
          .At(from_.location)
          .WithHint("put the files there, or correct `file:` of the source");
    }
    LEAT_ASSIGN(auto changes,
                connect::FindChanges(environment_.files, found_, input_.table.get(), cancel_));
    files_ = std::move(changes.added);
    has_changed_ = !changes.changed.empty();
    for (connect::SourceFile& file : changes.changed) LEAT_TRY(AddChanged(std::move(file)));
    staged_.loaded.insert(staged_.loaded.end(), files_.begin(), files_.end());
    return Ok();
  }

  Status AddChanged(connect::SourceFile file) {
    switch (from_.on_change) {
      case project::OnChange::kFail:
        return InvalidInput(file.name + " has changed since it was loaded")
            .At(from_.location)
            .WithHint("on_change: replace loads it again in place of its earlier rows");
      case project::OnChange::kIgnore: staged_.loaded.push_back(std::move(file)); return Ok();
      case project::OnChange::kReplace: staged_.replaced.push_back(file.name); break;
      case project::OnChange::kAppend: break;
    }
    files_.push_back(std::move(file));
    return Ok();
  }

  // By the declaration, else by the table, else by the first file that has any.
  std::vector<std::string> KnownColumns() const {
    std::vector<std::string> known;
    for (const project::Column& column : input_.asset.columns) known.push_back(column.name);
    if (!known.empty()) return known;
    if (input_.table) {
      for (const data::Field& field : input_.table->schema().fields) {
        if (!data::IsProvenance(field.name)) known.push_back(field.name);
      }
    }
    for (const FilePlan& plan : plans_) {
      if (known.empty()) known = plan.format.names();
    }
    return known;
  }

  Status Detect(const std::vector<connect::SourceFile>& files) {
    const bool knows_by_itself = !KnownColumns().empty();
    std::vector<std::string> known = KnownColumns();
    std::vector<connect::SourceFile> strange;  // they name none of the known columns
    for (const connect::SourceFile& file : files) {
      const Status detected = DetectOne(file, known);
      if (!detected.ok() && detected.error().kind() != ErrorKind::kNotFound) return detected;
      if (!detected.ok()) strange.push_back(file);
      if (!knows_by_itself && known.empty()) known = KnownColumns();
    }
    return DetectStrange(std::move(strange), std::move(known));
  }

  Status DetectOne(const connect::SourceFile& file, const std::vector<std::string>& known) {
    if (cancel_.cancelled()) return Cancelled("cancelled while looking at " + file.name);
    LEAT_ASSIGN(auto format,
                connect::DetectFormat(environment_.files, session_, file, from_, known));
    if (format.layout != connect::Layout::kEmpty)
      plans_.push_back({.file = file, .format = std::move(format)});
    return Ok();
  }

  // A file is understood by its columns in common with any other, whichever came first: else what
  // is loaded would depend on the order in which files arrive.
  Status DetectStrange(std::vector<connect::SourceFile> strange, std::vector<std::string> known) {
    while (!strange.empty()) {
      if (input_.asset.columns.empty()) {
        for (const FilePlan& plan : plans_) {
          for (std::string& name : plan.format.names()) known.push_back(std::move(name));
        }
      }
      std::vector<connect::SourceFile> left;
      Status first = Ok();
      for (const connect::SourceFile& file : strange) {
        const Status detected = DetectOne(file, known);
        if (detected.ok()) continue;
        if (detected.error().kind() != ErrorKind::kNotFound) return detected;
        if (first.ok()) first = detected;
        left.push_back(file);
      }
      if (left.size() == strange.size()) return first;
      strange = std::move(left);
    }
    std::sort(plans_.begin(), plans_.end(),
              [](const FilePlan& a, const FilePlan& b) { return a.file.name < b.file.name; });
    return Ok();
  }

  Status PlanColumnsOf(const delta::Snapshot* table) {
    LEAT_ASSIGN(planned_, PlanColumns(InputOf(table), false));
    if (!planned_.retyped.empty()) {
      LEAT_ASSIGN(const bool can_reload, FindAll());
      if (can_reload) return Reload();
      LEAT_ASSIGN(planned_, PlanColumns(InputOf(table), true));
    }
    AddNotes();
    return Ok();
  }

  ColumnsInput InputOf(const delta::Snapshot* table) const {
    ColumnsInput input{.asset = input_.asset, .table = table};
    for (const FilePlan& plan : plans_) input.files.push_back(&plan);
    return input;
  }

  void AddNotes() {
    staged_.notes.insert(staged_.notes.end(), planned_.notes.begin(), planned_.notes.end());
  }

  // Whether every file that the table was loaded from is there, as it was.
  Result<bool> FindAll() const {
    const auto policy = from_.on_change;
    if (has_changed_ && policy != project::OnChange::kReplace) return false;
    std::set<std::string> names;
    for (const connect::SourceFile& file : found_) names.insert(file.name);
    for (const auto& [id, transaction] : input_.table->app_transactions()) {
      if (!id.starts_with(kManifestPrefix)) continue;
      if (!names.contains(id.substr(kManifestPrefix.size()))) return false;
    }
    return true;
  }

  // Reads all files as if they had come at once.
  Status Reload() {
    AddNotes();
    std::set<std::string> planned;
    for (const connect::SourceFile& file : files_) planned.insert(file.name);
    std::vector<connect::SourceFile> others;
    for (const connect::SourceFile& file : found_) {
      if (!planned.contains(file.name)) others.push_back(file);
    }
    LEAT_TRY(Detect(others));
    staged_.replaces_all = true;
    staged_.replaced.clear();
    LEAT_ASSIGN(planned_, PlanColumns(InputOf(nullptr), false));
    AddNotes();
    return Ok();
  }

  connect::ReadPlan PlanOf() {
    connect::ReadPlan plan{.columns = planned_.columns,
                           .bad_values_as_null = spec_.schema_policy == SchemaPolicy::kDiscardValue,
                           .reject_surplus = spec_.schema_policy == SchemaPolicy::kDiscardRow,
                           .null_text = from_.null_text};
    for (FilePlan& file : plans_) {
      file.columns.clear();
      for (const connect::TargetColumn& column : plan.columns)
        file.columns.push_back(file.format.Find(column.name));
    }
    return plan;
  }

  Result<ReadFiles> ReadAll() {
    if (cancel_.cancelled())
      return Cancelled("cancelled while loading " + input_.asset.name.value());
    const connect::ReadPlan plan = PlanOf();
    return Read(environment_.files, session_,
                {.plan = plan,
                 .files = plans_,
                 .path_prefix = input_.project_root + "/",
                 .provenance = fmt::format(
                     "{} AS _leat_run_id, _leat_source, CAST(_leat_position AS BIGINT) AS "
                     "_leat_position, make_timestamptz({}) AS _leat_ingested_at",
                     QuoteLiteral(input_.run.value()), environment_.clock.Now()),
                 .staging_directory = input_.staging_directory});
  }

  // Keys of JSON that came after the part of a file that detection has seen: they get their
  // columns, and all is read again.
  Status TakeSurplus(ReadFiles& read) {
    if (spec_.schema_policy == SchemaPolicy::kDiscardValue) {
      staged_.notes.push_back(
          "values under keys that the table lacks were passed over "
          "(schema_policy discard_value)");
      return Ok();
    }
    for (const engine::WrittenFile& file : read.written)
      LEAT_TRY(environment_.files.Remove(file.path));
    for (FilePlan& plan : plans_) {
      if (!plan.format.is_json()) continue;
      for (const auto& [name, type] : read.surplus.fields()) {
        const int known = plan.format.Find(name);
        if (known >= 0) {
          plan.format.columns[static_cast<std::size_t>(known)].second.Join(type);
        } else {
          plan.format.columns.emplace_back(name, type);
        }
      }
    }
    LEAT_TRY(PlanColumnsOf(staged_.replaces_all ? nullptr : input_.table.get()));
    LEAT_ASSIGN(read, ReadAll());
    if (read.surplus.is_unknown()) return Ok();
    return Bug("the keys of the records changed while they were read; nothing was loaded");
  }

  Result<StagedLoad> Stage(ReadFiles read) {
    staged_.files = std::move(read.written);
    staged_.rows_rejected = static_cast<std::int64_t>(read.rejects.size());
    staged_.rows_read = read.rows + staged_.rows_rejected;
    const Status checked =
        CheckErrorBudget(spec_, read.rejects, staged_.rows_read,
                         "correct the file, the types under columns:, or delimiter, quote and so "
                         "on under from:, or raise error_budget");
    if (!checked.ok()) {
      RemoveWritten(environment_.files, staged_.files);
      return checked.error();
    }
    for (const connect::TargetColumn& column : planned_.columns)
      staged_.schema.fields.push_back({.name = column.name, .type = column.type});
    staged_.schema.fields.insert(staged_.schema.fields.end(), data::ProvenanceColumns().begin(),
                                 data::ProvenanceColumns().end());
    for (const FilePlan& plan : plans_) {
      if (plan.format.encoding_is_likely)
        Note(plan.file.name + ": read as Latin-1; set encoding under from: if it is another");
    }
    NoteCounts(read);
    Remember();
    if (staged_.rows_rejected > 0)
      staged_.rejects_sql =
          "SELECT * FROM " + session_.ScanRows(RejectRows(std::move(read.rejects)));
    return std::move(staged_);
  }

  void Remember() {
    if (input_.table && !staged_.replaces_all) {
      const auto& configuration = input_.table->metadata().configuration;
      const auto known = configuration.find(kDetectedProperty);
      if (known != configuration.end() && known->second == planned_.remembered) return;
    }
    staged_.configuration[kDetectedProperty] = planned_.remembered;
  }

  void NoteCounts(const ReadFiles& read) {
    for (const auto& [name, counts] : read.counts) {
      std::vector<std::string> parts;
      if (counts.preamble_lines > 0 && !from_.skip_lines)
        parts.push_back(fmt::format("{} before the header", counts.preamble_lines));
      if (counts.skipped_lines > 0)
        parts.push_back(fmt::format("{} blank or comments", counts.skipped_lines));
      if (!parts.empty()) Note(fmt::format("{}: skipped lines: {}", name, Join(parts, ", ")));
      if (counts.nulled_values > 0) {
        Note(fmt::format("{}: {} values that do not fit became null (schema_policy discard_value)",
                         name, counts.nulled_values));
      }
    }
  }

  void Note(const std::string& text) { staged_.notes.push_back(text); }

  const io::Environment& environment_;
  engine::Session& session_;
  const LoadInput& input_;
  const io::CancelToken& cancel_;
  const project::SourceSpec& spec_;
  const project::FileSourceOptions& from_;
  std::vector<connect::SourceFile> found_;  // all that match
  std::vector<connect::SourceFile> files_;  // to read
  bool has_changed_ = false;
  std::vector<FilePlan> plans_;
  PlannedColumns planned_;
  StagedLoad staged_;
};

}  // namespace

Result<StagedLoad> StageFiles(const io::Environment& environment, engine::Session& session,
                              const LoadInput& input, const io::CancelToken& cancel) {
  return Load(environment, session, input, cancel).Run();
}

}  // namespace leat::ingest
