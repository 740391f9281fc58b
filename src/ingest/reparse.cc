#include "ingest/reparse.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "connect/file/file_format.h"
#include "ingest/scan.h"

namespace leat::ingest {
namespace {

// Lines of one origin, gathered in a file; `index` maps the offset of each to its row in
// quarantine.
struct Lines {
  std::string text;
  std::string index;  // CSV: position, quarantine_id
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
        options_(std::get<project::SourceSpec>(input.asset.spec).file) {}

  Result<std::string> Run(const std::string& rows_sql) {
    LEAT_ASSIGN(const auto rows,
                session_.Query("SELECT quarantine_id, source, raw FROM (" + rows_sql + ")"));
    for (const auto& row : rows.rows) Gather(TextOf(row[0]), TextOf(row[1]), TextOf(row[2]));
    std::vector<std::string> queries;
    for (const auto& [origin, lines] : lines_) {
      LEAT_ASSIGN(std::string query, QueryOf(origin, lines, rows_sql));
      queries.push_back(std::move(query));
    }
    if (queries.empty()) return NoRows();
    return Join(queries, " UNION ALL ");
  }

 private:
  // Rows of JSON and Parquet files, and CSV rows with surplus columns, were kept as JSON objects.
  void Gather(const std::string& id, const std::string& source, std::string raw) {
    while (!raw.empty() && (raw.back() == '\n' || raw.back() == '\r')) raw.pop_back();
    Lines& lines = lines_[Trim(raw).starts_with('{') ? "" : source];
    lines.index += std::to_string(lines.text.size()) + "," + id + "\n";
    lines.text += raw + "\n";
  }

  Result<connect::FileFormat> FormatOf(const std::string& source) {
    connect::FileFormat format{
        .layout = connect::Layout::kJsonLines, .encoding = "utf-8", .compression = "none"};
    for (const data::Field& field : input_.schema.fields) {
      if (!field.name.starts_with("_leat_")) format.columns.fields.push_back(field);
    }
    if (source.empty()) return format;
    const std::string path =
        source.starts_with("/") ? source : io::JoinPath(input_.project_root, source);
    const auto info = environment_.files.Stat(path);
    if (info.ok()) {
      const connect::SourceFile file{.path = path, .name = source, .size_bytes = info->size_bytes};
      LEAT_ASSIGN(format, connect::DetectFormat(environment_.files, session_, file, options_,
                                                format.columns.names()));
    } else {
      format.layout = connect::Layout::kCsv;
      format.delimiter = options_.delimiter.empty() ? "," : options_.delimiter;
      format.quote = options_.quote.empty() ? "\"" : options_.quote;
      format.escape = options_.escape.empty() ? format.quote : options_.escape;
    }
    format.encoding = "utf-8";
    format.compression = "none";
    format.has_header = false;
    format.skip_lines = 0;
    return format;
  }

  Result<std::string> QueryOf(const std::string& origin, const Lines& lines,
                              const std::string& rows_sql) {
    const std::string name =
        io::JoinPath(input_.scratch_directory, "replay-" + io::NewUuid(environment_.random));
    LEAT_TRY(environment_.files.ReplaceFile(name + ".txt", lines.text));
    LEAT_TRY(environment_.files.ReplaceFile(name + ".csv", lines.index));
    LEAT_ASSIGN(const auto format, FormatOf(origin));
    const FileGroup group{
        .owner = name, .format = format, .files = {{.path = name + ".txt", .name = origin}}};
    ScanPlan plan;
    std::vector<std::string> columns;
    for (const data::Field& field : input_.schema.fields) {
      if (field.name.starts_with("_leat_")) continue;
      const data::Field* in_file = format.columns.Find(field.name);
      plan.columns.push_back({.name = field.name,
                              .type = field.type,
                              .file_column = in_file == nullptr ? "" : in_file->name});
      columns.push_back("parsed." + QuoteIdentifier(field.name));
    }
    return fmt::format(
        "SELECT lines.quarantine_id, CAST(NULL AS VARCHAR) AS replay_error, {}, {} AS "
        "_leat_run_id, kept.source AS "
        "_leat_source, kept.position AS _leat_position, make_timestamptz({}) AS _leat_ingested_at "
        "FROM ({}) parsed JOIN "
        "read_csv({}, header = false, auto_detect = false, delim = ',', columns = {{'at': "
        "'BIGINT', 'quarantine_id': "
        "'VARCHAR'}}) lines ON parsed.position = lines.at JOIN ({}) kept ON kept.quarantine_id = "
        "lines.quarantine_id",
        Join(columns, ", "), QuoteLiteral(input_.run.value()), environment_.clock.Now(),
        ScanSql(group, plan, options_), QuoteLiteral(name + ".csv"), rows_sql);
  }

  Result<std::string> NoRows() {
    std::vector<std::string> columns = {"CAST(NULL AS VARCHAR) AS quarantine_id",
                                        "CAST(NULL AS VARCHAR) AS replay_error"};
    for (const data::Field& field : input_.schema.fields) {
      columns.push_back("CAST(NULL AS " + data::ToSql(field.type) + ") AS " +
                        QuoteIdentifier(field.name));
    }
    return "SELECT " + Join(columns, ", ") + " WHERE false";
  }

  const io::Environment& environment_;
  engine::Session& session_;
  const ReparseInput& input_;
  const project::FileSourceOptions& options_;
  std::map<std::string, Lines> lines_;  // by source; "" for JSON objects of any source
};

}  // namespace

Result<std::string> ReparseSql(const io::Environment& environment, engine::Session& session,
                               const ReparseInput& input, const std::string& rows_sql) {
  return Reparser(environment, session, input).Run(rows_sql);
}

}  // namespace leat::ingest
