#include "ingest/reparse.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "connect/file/chunk_reader.h"
#include "connect/file/csv_reader.h"
#include "connect/file/file_format.h"
#include "connect/file/json_reader.h"
#include "data/own_columns.h"
#include "ingest/columns.h"
#include "ingest/read.h"

namespace leat::ingest {
namespace {

using connect::FilePlan;
using connect::Layout;

struct Record {
  std::size_t file = 0;  // number of its origin
  std::string raw;
};

// Rejected records of all origins, and how to read them. Immutable.
struct Replay {
  connect::ReadPlan plan;
  std::vector<FilePlan> files;  // one for each origin
  std::vector<Record> records;
};

// One record at a time, so that none can take another's text for its own. A row's _leat_position is
// the number of its record.
class ReplayReader final : public engine::RowReader {
 public:
  explicit ReplayReader(std::shared_ptr<const Replay> replay)
      : replay_(std::move(replay)),
        csv_(connect::MakeCsvParser(replay_->plan, replay_->files)),
        json_(connect::MakeJsonLinesParser(replay_->plan, replay_->files)) {}

  Result<std::optional<data::ArrowBatch>> Next() override {
    while (next_ < replay_->records.size()) {
      LEAT_ASSIGN(auto batch, Parse(next_++));
      if (batch) return batch;
    }
    return std::optional<data::ArrowBatch>();
  }

 private:
  // Nothing where the record is still none, or more than one.
  Result<std::optional<data::ArrowBatch>> Parse(std::size_t number) const {
    const Record& record = replay_->records[number];
    connect::TextChunk chunk{.file = record.file,
                             .text = record.raw,
                             .offset = static_cast<std::int64_t>(number),
                             .is_last = true};
    chunk.size = chunk.text.size();
    chunk.text.append(connect::kChunkPadding, '\0');
    const bool is_json = replay_->files[record.file].format.is_json();
    auto parsed = (is_json ? *json_ : *csv_).Parse(chunk);
    if (!parsed.ok()) return std::move(parsed).error();
    const bool is_one = parsed->batch && parsed->batch->row_count() == 1 &&
                        parsed->rejects.empty() && parsed->surplus.is_unknown();
    return is_one ? std::move(parsed->batch) : std::optional<data::ArrowBatch>();
  }

  const std::shared_ptr<const Replay> replay_;  // shared: with other scans
  const std::unique_ptr<connect::ChunkParser> csv_, json_;
  std::size_t next_ = 0;
};

std::string TextOf(const data::Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? "" : *text;
}

class Reparser {
 public:
  Reparser(const io::Environment& environment, engine::Session& session, const ReparseInput& input)
      : environment_(environment),
        session_(session),
        input_(input),
        options_(*std::get<project::SourceSpec>(input.asset.spec).files()) {}

  Result<std::string> Run(const std::string& rows_sql) {
    LEAT_ASSIGN(const auto rows,
                session_.Query("SELECT quarantine_id, source, raw FROM (" + rows_sql + ")"));
    std::vector<connect::Reject> ids;  // by the records' numbers
    for (const auto& row : rows.rows) {
      LEAT_ASSIGN(const std::size_t file, FileOf(TextOf(row[1]), TextOf(row[2])));
      ids.push_back({.source = TextOf(row[0]),
                     .position = static_cast<std::int64_t>(replay_.records.size())});
      replay_.records.push_back({.file = file, .raw = TextOf(row[2])});
    }
    LEAT_TRY(PlanColumnsOf());
    auto parsed = std::make_shared<engine::RowSource>();
    for (const connect::TargetColumn& column : replay_.plan.columns)
      parsed->schema.fields.push_back({.name = column.name, .type = column.type});
    parsed->schema.fields.push_back({.name = data::kSourceColumn});
    parsed->schema.fields.push_back(
        {.name = data::kPositionColumn, .type = {.kind = data::TypeKind::kLong}});
    parsed->max_threads = 1;
    parsed->open = [replay = std::make_shared<const Replay>(
                        std::move(replay_))]() -> Result<std::unique_ptr<engine::RowReader>> {
      return std::unique_ptr<engine::RowReader>(new ReplayReader(replay));
    };
    return QueryOf(session_.ScanRows(parsed), session_.ScanRows(RejectRows(std::move(ids))),
                   rows_sql);
  }

 private:
  // Rows of JSON and Parquet files, and CSV rows of earlier versions of Leat, were kept as JSON
  // objects.
  Result<std::size_t> FileOf(const std::string& source, const std::string& raw) {
    LEAT_ASSIGN(const std::size_t file, Origin(source, false));
    const bool is_text = replay_.files[file].format.layout == Layout::kCsv;
    if (!is_text || !Trim(raw).starts_with("{\"")) return file;
    return Origin(source, true);
  }

  Result<std::size_t> Origin(const std::string& source, bool is_json) {
    const auto known = numbers_.find({source, is_json});
    if (known != numbers_.end()) return known->second;
    FilePlan file{.file = {.name = source}};
    if (is_json) {
      file.format.layout = Layout::kJsonLines;
      AddTableColumns(file.format);
    } else {
      LEAT_ASSIGN(file.format, FormatOf(source));
    }
    replay_.files.push_back(std::move(file));
    return numbers_[{source, is_json}] = replay_.files.size() - 1;
  }

  void AddTableColumns(connect::FileFormat& format) const {
    for (const data::Field& field : input_.schema.fields) {
      if (data::IsProvenance(field.name)) continue;
      connect::DetectedType type;
      type.AddTyped(field.type);
      format.columns.emplace_back(field.name, std::move(type));
    }
  }

  Result<connect::FileFormat> FormatOf(const std::string& source) {
    connect::FileFormat format;
    AddTableColumns(format);
    const std::string path =
        source.starts_with("/") ? source : io::JoinPath(input_.project_root, source);
    const auto info = environment_.files.Stat(path);
    if (info.ok()) {
      const connect::SourceFile file{.path = path, .name = source, .size_bytes = info->size_bytes};
      LEAT_ASSIGN(format, connect::DetectFormat(environment_.files, session_, file, options_,
                                                format.names()));
    } else {
      const std::string extension = connect::ExtensionOf(source);
      const bool is_json = options_.format == project::FileFormat::kJson || extension == "json" ||
                           extension == "ndjson" || extension == "jsonl" || extension == "parquet";
      format.layout = is_json ? Layout::kJsonLines : Layout::kCsv;
      format.delimiter = options_.delimiter.empty() ? "," : options_.delimiter;
      format.quote = options_.quote.empty() ? "\"" : options_.quote;
      format.escape = options_.escape.empty() ? format.quote : options_.escape;
    }
    if (format.layout != Layout::kCsv) format.layout = Layout::kJsonLines;
    format.encoding = "utf-8";  // of the quarantine
    format.compression = "none";
    format.has_header = false;
    format.skip_lines = 0;
    return format;
  }

  // The table's columns, and how the records of each origin have them.
  Status PlanColumnsOf() {
    ColumnsInput input{.asset = input_.asset};
    for (const FilePlan& file : replay_.files) input.files.push_back(&file);
    LEAT_ASSIGN(const auto planned, PlanColumns(input, true));
    replay_.plan.null_text = options_.null_text;
    for (const data::Field& field : input_.schema.fields) {
      if (data::IsProvenance(field.name)) continue;
      connect::TargetColumn column{.name = field.name, .type = field.type};
      for (const connect::TargetColumn& known : planned.columns) {
        if (EqualsIgnoreCase(known.name, field.name)) column.format = known.format;
      }
      replay_.plan.columns.push_back(std::move(column));
    }
    for (FilePlan& file : replay_.files) {
      for (const connect::TargetColumn& column : replay_.plan.columns)
        file.columns.push_back(file.format.Find(column.name));
    }
    return Ok();
  }

  std::string QueryOf(const std::string& parsed, const std::string& ids,
                      const std::string& rows_sql) const {
    std::vector<std::string> columns;
    for (const data::Field& field : input_.schema.fields) {
      if (!data::IsProvenance(field.name))
        columns.push_back("parsed." + QuoteIdentifier(field.name));
    }
    return fmt::format(
        "SELECT ids.source AS quarantine_id, CAST(NULL AS VARCHAR) AS replay_error, {}{}{} AS "
        "_leat_run_id, kept.source AS _leat_source, kept.position AS _leat_position, "
        "make_timestamptz({}) AS _leat_ingested_at FROM {} parsed JOIN {} ids ON "
        "parsed._leat_position = ids.position JOIN ({}) kept ON kept.quarantine_id = ids.source",
        Join(columns, ", "), columns.empty() ? "" : ", ", QuoteLiteral(input_.run.value()),
        environment_.clock.Now(), parsed, ids, rows_sql);
  }

  const io::Environment& environment_;
  engine::Session& session_;
  const ReparseInput& input_;
  const project::FileSourceOptions& options_;
  std::map<std::pair<std::string, bool>, std::size_t> numbers_;  // of files, by source
  Replay replay_;
};

}  // namespace

Result<std::string> ReparseSql(const io::Environment& environment, engine::Session& session,
                               const ReparseInput& input, const std::string& rows_sql) {
  return Reparser(environment, session, input).Run(rows_sql);
}

}  // namespace leat::ingest
