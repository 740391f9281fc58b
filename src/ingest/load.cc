#include "ingest/load.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "connect/file/compressed_file.h"
#include "connect/file/file_format.h"
#include "ingest/limits.h"
#include "ingest/scan.h"

namespace leat::ingest {
namespace {

using project::SchemaPolicy;

constexpr std::int64_t kUnknownRows = INT64_MAX;

const std::vector<data::Field>& ProvenanceColumns() {
  static const std::vector<data::Field> columns = {
      {.name = "_leat_run_id", .type = {.kind = data::TypeKind::kString}},
      {.name = "_leat_source", .type = {.kind = data::TypeKind::kString}},
      {.name = "_leat_position", .type = {.kind = data::TypeKind::kLong}},
      {.name = "_leat_ingested_at", .type = {.kind = data::TypeKind::kTimestamp}}};
  return columns;
}

bool IsProvenance(const std::string& name) {
  const auto& columns = ProvenanceColumns();
  return std::any_of(columns.begin(), columns.end(),
                     [&](const data::Field& field) { return EqualsIgnoreCase(field.name, name); });
}

data::Type Stored(data::Type type) {
  if (type.kind == data::TypeKind::kTimestampNtz) type.kind = data::TypeKind::kTimestamp;
  for (data::Field& child : type.children) child.type = Stored(child.type);
  return type;
}

// The load of one source, step by step.
class Load {
 public:
  Load(const io::Environment& environment, engine::Session& session, const LoadInput& input)
      : environment_(environment),
        session_(session),
        input_(input),
        spec_(std::get<project::SourceSpec>(input.asset.spec)) {}

  Result<StagedLoad> Run(const io::CancelToken& cancel) {
    LEAT_TRY(FindNew());
    if (staged_.nothing_new()) return std::move(staged_);
    LEAT_TRY(DetectFormats(cancel));
    LEAT_TRY(PlanSchema());
    LEAT_TRY(session_.Execute(
        "CREATE OR REPLACE TEMP TABLE leat_rejects (source VARCHAR, position BIGINT, line "
        "BIGINT, raw VARCHAR, column_name VARCHAR, error VARCHAR)"));
    for (const FileGroup& group : groups_) {
      if (cancel.cancelled())
        return Cancelled("cancelled while loading " + input_.asset.name.value());
      LEAT_TRY(ReadGroup(group));
    }
    LEAT_TRY(CheckBudget());
    if (staged_.rows_rejected > 0) staged_.rejects_sql = "SELECT * FROM leat_rejects";
    return std::move(staged_);
  }

  // Data files of a load that will not be published.
  void RemoveStaged() {
    for (const engine::WrittenFile& file : staged_.files) {
      const Status removed = environment_.files.Remove(file.path);
      (void)removed;  // an orphan that no log entry refers to
    }
  }

 private:
  Status FindNew() {
    LEAT_ASSIGN(auto found,
                connect::FindFiles(environment_.files, input_.project_root, spec_.file));
    if (found.empty() && !input_.table) {
      return NotFound("no file matches " + spec_.file.glob)
          .At(spec_.file.location)
          .WithHint("put the files there, or correct `file:` of the source");
    }
    LEAT_ASSIGN(auto changes,
                connect::FindChanges(environment_.files, std::move(found), input_.table.get()));
    files_ = std::move(changes.added);
    for (connect::SourceFile& file : changes.changed) {
      LEAT_TRY(AddChanged(std::move(file)));
    }
    staged_.loaded.insert(staged_.loaded.end(), files_.begin(), files_.end());
    return Ok();
  }

  Status AddChanged(connect::SourceFile file) {
    switch (spec_.file.on_change) {
      case project::OnChange::kFail:
        return InvalidInput(file.name + " has changed since it was loaded")
            .At(spec_.file.location)
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
        if (!IsProvenance(field.name)) known.push_back(field.name);
      }
    }
    return known.empty() && !groups_.empty() ? groups_[0].format.columns.names() : known;
  }

  Status DetectFormats(const io::CancelToken& cancel) {
    for (const connect::SourceFile& file : files_) {
      if (cancel.cancelled()) return Cancelled("cancelled while looking at " + file.name);
      LEAT_ASSIGN(auto format, connect::DetectFormat(environment_.files, session_, file, spec_.file,
                                                     KnownColumns()));
      if (format.layout == connect::Layout::kEmpty) continue;
      LEAT_TRY(connect::CheckCompressed(environment_.files, file, format.compression));
      for (const data::Field& field : format.columns.fields) {
        if (!IsProvenance(field.name)) continue;
        return InvalidInput(file.name + " has a column named " + field.name +
                            ", a name that Leat uses itself")
            .At(spec_.file.location)
            .WithHint("rename the column in the file");
      }
      const auto like = std::find_if(groups_.begin(), groups_.end(), [&](const FileGroup& group) {
        return group.format.ReadsLike(format) && group.files.size() < kMaxFilesPerScan;
      });
      if (like == groups_.end()) {
        groups_.push_back(
            {.owner = input_.asset.name.value(), .format = std::move(format), .files = {file}});
        continue;
      }
      for (std::size_t i = 0; i < format.columns.fields.size(); i++) {
        data::Type& type = like->format.columns.fields[i].type;
        type = connect::CommonType(type, format.columns.fields[i].type);
      }
      like->files.push_back(file);
    }
    return Ok();
  }

  const data::Type* Declared(const std::string& name) const {
    for (const project::Column& column : input_.asset.columns) {
      if (EqualsIgnoreCase(column.name, name) && column.type) return &*column.type;
    }
    return nullptr;
  }

  // The table's columns: those it has, then the declared ones, then what the files bring and the
  // policy admits.
  Status PlanSchema() {
    data::Schema& schema = staged_.schema;
    if (input_.table) {
      for (const data::Field& field : input_.table->schema().fields) {
        if (!IsProvenance(field.name)) schema.fields.push_back(field);
      }
    }
    const bool has_shape = !schema.fields.empty() || !input_.asset.columns.empty();
    for (const project::Column& column : input_.asset.columns) {
      if (schema.Find(column.name) == nullptr && column.type) {
        schema.fields.push_back({.name = column.name, .type = *column.type});
      }
    }
    const std::size_t before = schema.fields.size();
    for (const FileGroup& group : groups_) {
      for (const data::Field& field : group.format.columns.fields) {
        LEAT_TRY(AddColumn(group, field, has_shape, before));
      }
    }
    schema.fields.insert(schema.fields.end(), ProvenanceColumns().begin(),
                         ProvenanceColumns().end());
    return Ok();
  }

  Status AddColumn(const FileGroup& group, const data::Field& field, bool has_shape,
                   std::size_t before) {
    data::Schema& schema = staged_.schema;
    for (std::size_t i = 0; i < schema.fields.size(); i++) {
      if (!EqualsIgnoreCase(schema.fields[i].name, field.name)) continue;
      // New in this load: several files may have it, with different types.
      if (i >= before)
        schema.fields[i].type = connect::CommonType(schema.fields[i].type, Stored(field.type));
      return Ok();
    }
    const bool is_new = has_shape && Declared(field.name) == nullptr && !IsNamed(field.name);
    if (is_new && spec_.schema_policy == SchemaPolicy::kFreeze) {
      return InvalidInput(fmt::format("{} has a new column '{}', and schema_policy is freeze",
                                      group.files[0].name, field.name))
          .At(spec_.file.location)
          .WithHint(
              "add the column under columns:, or choose evolve, discard_row or discard_value");
    }
    if (is_new && spec_.schema_policy != SchemaPolicy::kEvolve) return Ok();
    schema.fields.push_back({.name = field.name, .type = Stored(field.type)});
    return Ok();
  }

  // Declared by name, with or without a type.
  bool IsNamed(const std::string& name) const {
    return std::any_of(
        input_.asset.columns.begin(), input_.asset.columns.end(),
        [&](const project::Column& column) { return EqualsIgnoreCase(column.name, name); });
  }

  ScanPlan PlanOf(const FileGroup& group) const {
    ScanPlan plan{.keep_bad_values_as_null = spec_.schema_policy == SchemaPolicy::kDiscardValue,
                  .reject_surplus = spec_.schema_policy == SchemaPolicy::kDiscardRow};
    for (const data::Field& field : staged_.schema.fields) {
      if (IsProvenance(field.name)) continue;
      const data::Field* in_file = group.format.columns.Find(field.name);
      plan.columns.push_back({.name = field.name,
                              .type = field.type,
                              .file_column = in_file == nullptr ? "" : in_file->name});
    }
    for (const data::Field& field : group.format.columns.fields) {
      if (staged_.schema.Find(field.name) == nullptr) plan.surplus.push_back(field.name);
    }
    return plan;
  }

  Status ReadGroup(const FileGroup& group) {
    const ScanPlan plan = PlanOf(group);
    const std::string prefix = input_.project_root + "/";
    std::vector<std::string> columns;
    for (const ColumnPlan& column : plan.columns) columns.push_back(QuoteIdentifier(column.name));
    const std::string name_of =
        fmt::format("CASE WHEN starts_with({{0}}, {0}) THEN substr({{0}}, {1}) ELSE {{0}} END",
                    QuoteLiteral(prefix), prefix.size() + 1);
    // With a single file the name is a constant, which costs nothing per row.
    const std::string source = group.files.size() == 1
                                   ? QuoteLiteral(group.files[0].name)
                                   : fmt::format(fmt::runtime(name_of), "source");
    const std::string select = fmt::format(
        "SELECT {}, {} AS _leat_run_id, {} AS _leat_source, CAST(position AS BIGINT) AS "
        "_leat_position, "
        "make_timestamptz({}) AS _leat_ingested_at FROM ({})",
        Join(columns, ", "), QuoteLiteral(input_.run.value()), source, environment_.clock.Now(),
        ScanSql(group, plan, spec_.file));
    const std::int64_t csv_rows_before = session_.csv_rows();
    auto written = session_.WriteParquet(select, {}, {.directory = input_.staging_directory});
    if (!written.ok()) return Unreadable(group, std::move(written).error());
    LEAT_ASSIGN(std::int64_t left_out, RowCountOf(group, csv_rows_before));
    for (engine::WrittenFile& file : written->files) {
      left_out -= file.row_count;
      staged_.rows_read += file.row_count;
      staged_.files.push_back(std::move(file));
    }
    LEAT_TRY(CollectRejects(group, plan, fmt::format(fmt::runtime(name_of), "path"), left_out));
    LEAT_TRY(session_.Execute(DropRejectsSql(group)));
    return CountRejects();
  }

  // The reader's errors, where they say too little.
  static Error Unreadable(const FileGroup& group, Error error) {
    if (error.message().find("state machine reached an invalid state") == std::string::npos)
      return error;
    std::vector<std::string> names;
    for (const connect::SourceFile& file : group.files) names.push_back(file.name);
    return InvalidInput(Join(names, ", ") +
                        (names.size() == 1 ? ": its rows" : ": the rows of one of them") +
                        " cannot be told apart; lines end in different ways, or a quote is not "
                        "what it seems")
        .WithHint(
            "make the line ends alike (sed -i 's/\\r$//' FILE), or set quote and escape under "
            "from:");
  }

  // What the reader handed out, good or not; kUnknownRows when only reading again tells.
  Result<std::int64_t> RowCountOf(const FileGroup& group, std::int64_t csv_rows_before) {
    const connect::Layout layout = group.format.layout;
    if (layout == connect::Layout::kCsv || layout == connect::Layout::kJsonLines)
      return session_.csv_rows() - csv_rows_before;
    const std::string sql = RowCountSql(group);
    if (sql.empty()) return kUnknownRows;
    LEAT_ASSIGN(const auto counted, session_.Query(sql));
    return std::get<std::int64_t>(counted.rows[0][0]);
  }

  // The files are read a second time only if rows were left out.
  Status CollectRejects(const FileGroup& group, const ScanPlan& plan,
                        const std::string& name_of_path, std::int64_t left_out) {
    const std::string rejects =
        left_out == 0 ? ReaderRejectsSql(group) : RejectsSql(group, plan, spec_.file);
    if (rejects.empty()) return Ok();
    LEAT_TRY(session_.Execute(fmt::format(
        "INSERT INTO leat_rejects SELECT {}, position, line, raw, column_name, error FROM ({})",
        name_of_path, rejects)));
    LEAT_TRY(CheckNoneLost(group));
    return RestoreLines(group, name_of_path);
  }

  Status CheckNoneLost(const FileGroup& group) {
    const std::string sql = LostRejectsSql(group);
    if (sql.empty()) return Ok();
    LEAT_ASSIGN(const auto lost, session_.Query(sql));
    const auto count = std::get<std::int64_t>(lost.rows[0][0]);
    if (count == 0) return Ok();
    return Bug(
        fmt::format("of {} rejected values of {} the reader does not say which file they "
                    "are in; nothing was loaded",
                    count, input_.asset.name.value()));
  }

  // Rows that were read and then did not fit are known by their values; their text is in the file.
  Status RestoreLines(const FileGroup& group, const std::string& name_of_path) {
    if (group.format.layout != connect::Layout::kCsv) return Ok();
    LEAT_ASSIGN(const auto without,
                session_.Query("SELECT count(*) FROM leat_rejects WHERE line IS NULL"));
    if (std::get<std::int64_t>(without.rows[0][0]) == 0) return Ok();
    return session_.Execute(fmt::format(
        "UPDATE leat_rejects SET raw = whole.line FROM (SELECT {} AS source, position, line FROM "
        "({})) AS whole WHERE leat_rejects.line IS NULL AND leat_rejects.source = whole.source AND "
        "leat_rejects.position = whole.position",
        name_of_path, WholeLinesSql(group)));
  }

  Status CountRejects() {
    LEAT_ASSIGN(const auto counted, session_.Query("SELECT count(*) FROM leat_rejects"));
    const std::int64_t rejected = std::get<std::int64_t>(counted.rows[0][0]);
    staged_.rows_read += rejected - staged_.rows_rejected;
    staged_.rows_rejected = rejected;
    return Ok();
  }

  // ":line" of a byte offset in a text file, " at offset" in other files.
  std::string PlaceOf(const std::string& source, std::int64_t position) {
    const auto group = std::find_if(groups_.begin(), groups_.end(), [&](const FileGroup& g) {
      return g.format.layout == connect::Layout::kCsv && g.format.compression == "none" &&
             g.format.encoding == "utf-8" &&
             std::any_of(g.files.begin(), g.files.end(),
                         [&](const connect::SourceFile& file) { return file.name == source; });
    });
    const std::string path = io::JoinPath(input_.project_root, source);
    const auto before = group == groups_.end() ? Result<std::string>(NotFound("no text file"))
                                               : environment_.files.ReadRange(path, 0, position);
    if (!before.ok()) return " at " + std::to_string(position);
    return ":" + std::to_string(1 + std::count(before->begin(), before->end(), '\n'));
  }

  Status CheckBudget() {
    if (staged_.rows_rejected == 0) return Ok();
    const project::ErrorBudget& budget = spec_.error_budget;
    const bool by_default = !budget.rows && !budget.fraction;
    const double fraction = budget.fraction.value_or(by_default ? kDefaultErrorFraction : 1.0);
    const std::int64_t allowed =
        std::min(budget.rows.value_or(INT64_MAX),
                 static_cast<std::int64_t>(fraction * static_cast<double>(staged_.rows_read)));
    if (staged_.rows_rejected <= allowed) return Ok();
    LEAT_ASSIGN(const auto first,
                session_.Query("SELECT source, line, position, error FROM leat_rejects ORDER BY "
                               "source, position LIMIT 1"));
    const auto& row = first.rows[0];
    std::string where = std::get<std::string>(row[0]);
    if (const auto* line = std::get_if<std::int64_t>(&row[1])) {
      where += ":" + std::to_string(*line);
    } else if (const auto* position = std::get_if<std::int64_t>(&row[2])) {
      where += PlaceOf(where, *position);
    }
    return InvalidInput(fmt::format("{} of {} rows cannot be read, more than the error budget of "
                                    "{} allows; the first: "
                                    "{}: {}",
                                    staged_.rows_rejected, staged_.rows_read, allowed, where,
                                    std::get<std::string>(row[3])))
        .At(spec_.file.location)
        .WithHint("correct the file or the types under columns:, or raise error_budget");
  }

  const io::Environment& environment_;
  engine::Session& session_;
  const LoadInput& input_;
  const project::SourceSpec& spec_;
  std::vector<connect::SourceFile> files_;  // to read
  std::vector<FileGroup> groups_;
  StagedLoad staged_;
};

}  // namespace

Result<StagedLoad> StageFiles(const io::Environment& environment, engine::Session& session,
                              const LoadInput& input, const io::CancelToken& cancel) {
  Load load(environment, session, input);
  auto staged = load.Run(cancel);
  if (!staged.ok()) load.RemoveStaged();
  return staged;
}

Result<StagedLoad> StageSeed(const io::Environment& environment, engine::Session& session,
                             const LoadInput& input) {
  const std::string& path = input.asset.location.file;
  LEAT_ASSIGN(const auto info, environment.files.Stat(io::JoinPath(input.project_root, path)));
  connect::SourceFile file{.path = info.path,
                           .name = path,
                           .size_bytes = info.size_bytes,
                           .modified_us = info.modified_us};
  LEAT_ASSIGN(file.fingerprint, connect::FullFingerprint(environment.files, file));
  StagedLoad staged;
  const auto known =
      input.table ? input.table->AppVersion(connect::ManifestId(file.name)) : std::nullopt;
  if (known && connect::SameContent(*known, file.fingerprint)) return staged;
  project::FileSourceOptions options{.glob = path, .format = project::FileFormat::kCsv};
  LEAT_ASSIGN(const auto format, connect::DetectFormat(environment.files, session, file, options));
  if (format.columns.fields.empty()) {
    return InvalidInput("the seed is empty")
        .At({.file = path, .line = 1, .column = 1})
        .WithHint("write a header line and at least one row");
  }
  const FileGroup group{.owner = input.asset.name.value(), .format = format, .files = {file}};
  ScanPlan plan;
  std::vector<std::string> columns;
  for (const data::Field& field : format.columns.fields) {
    data::Type type = Stored(field.type);
    for (const project::Column& column : input.asset.columns) {
      if (EqualsIgnoreCase(column.name, field.name) && column.type) type = *column.type;
    }
    plan.columns.push_back({.name = field.name, .type = type, .file_column = field.name});
    staged.schema.fields.push_back({.name = field.name, .type = type});
    columns.push_back(QuoteIdentifier(field.name));
  }
  LEAT_ASSIGN(auto written,
              session.WriteParquet(
                  "SELECT " + Join(columns, ", ") + " FROM (" + ScanSql(group, plan, options) + ")",
                  {}, {.directory = input.staging_directory, .keep_order = true}));
  staged.files = std::move(written.files);
  LEAT_ASSIGN(const auto bad,
              session.Query("SELECT line, error FROM (" + RejectsSql(group, plan, options) +
                            ") ORDER BY position LIMIT 1"));
  if (!bad.rows.empty()) {
    const auto* line = std::get_if<std::int64_t>(&bad.rows[0][0]);
    return InvalidInput(std::get<std::string>(bad.rows[0][1]))
        .At({.file = path, .line = line == nullptr ? 0 : static_cast<int>(*line)})
        .WithHint("correct that line of the seed");
  }
  for (const engine::WrittenFile& seed : staged.files) staged.rows_read += seed.row_count;
  staged.loaded.push_back(std::move(file));
  return staged;
}

}  // namespace leat::ingest
