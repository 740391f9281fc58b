#include "ingest/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <functional>

#include "base/text.h"
#include "connect/file/csv_reader.h"
#include "connect/file/json_reader.h"
#include "data/arrow_builder.h"
#include "data/own_columns.h"
#include "ingest/limits.h"
#include "ingest/parquet_scan.h"

namespace leat::ingest {
namespace {

using connect::FilePlan;
using connect::Layout;
using connect::ReadLog;
using connect::Reject;
using data::ArrowColumn;

const data::Schema& RejectSchema() {
  using data::TypeKind;
  static const data::Schema schema = {{{.name = "source", .type = {.kind = TypeKind::kString}},
                                       {.name = "position", .type = {.kind = TypeKind::kLong}},
                                       {.name = "line", .type = {.kind = TypeKind::kLong}},
                                       {.name = "raw", .type = {.kind = TypeKind::kString}},
                                       {.name = "column_name", .type = {.kind = TypeKind::kString}},
                                       {.name = "error", .type = {.kind = TypeKind::kString}}}};
  return schema;
}

// Text as UTF-8: bytes that are none become replacement characters.
std::string Printable(const std::string& text) {
  std::string printable;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = Utf8Length(text, i);
    if (length == 0) {
      printable += "\xEF\xBF\xBD";
      i++;
    } else {
      printable.append(text, i, length);
      i += length;
    }
  }
  return printable;
}

class RejectReader final : public engine::RowReader {
 public:
  explicit RejectReader(std::shared_ptr<const std::vector<Reject>> rejects)
      : rejects_(std::move(rejects)) {}

  Result<std::optional<data::ArrowBatch>> Next() override {
    constexpr std::size_t kMostRows = 10'000;
    const std::size_t begin = at_.fetch_add(kMostRows);
    if (begin >= rejects_->size()) return std::optional<data::ArrowBatch>();
    std::vector<ArrowColumn> columns;
    for (const data::Field& field : RejectSchema().fields)
      columns.push_back(ArrowColumn::Of(field.name, field.type));
    for (std::size_t i = begin; i < std::min(begin + kMostRows, rejects_->size()); i++) {
      const Reject& reject = (*rejects_)[i];
      columns[0].AppendString(reject.source);
      columns[1].AppendInt(reject.position);
      reject.line ? columns[2].AppendInt(*reject.line) : columns[2].AppendNull();
      columns[3].AppendString(Printable(reject.raw));
      reject.column.empty() ? columns[4].AppendNull() : columns[4].AppendString(reject.column);
      columns[5].AppendString(Printable(reject.error));
    }
    return std::optional(data::ToArrowBatch(std::move(columns)));
  }

 private:
  const std::shared_ptr<const std::vector<Reject>> rejects_;  // shared: with other scans
  std::atomic<std::size_t> at_{0};
};

std::vector<FilePlan> OfLayout(const std::vector<FilePlan>& files, Layout layout) {
  std::vector<FilePlan> chosen;
  std::copy_if(files.begin(), files.end(), std::back_inserter(chosen),
               [&](const FilePlan& file) { return file.format.layout == layout; });
  return chosen;
}

// The value of the folder key=value in a row's path; null for the one that Hive names so.
std::string PartitionSql(const connect::TargetColumn& column) {
  std::string pattern = "(?:^|/)";
  for (const char c : column.name) {
    if (static_cast<unsigned char>(c) < 0x80 && std::isalnum(static_cast<unsigned char>(c)) == 0)
      pattern += '\\';
    pattern += c;
  }
  const std::string text = fmt::format(
      "nullif(url_decode(regexp_extract(_leat_source, {}, 1, 'i')), "
      "'__HIVE_DEFAULT_PARTITION__')",
      QuoteLiteral(pattern + "=([^/]*)/"));
  return fmt::format("leat_strict(nullif({}, ''), {}, CAST(NULL AS {}))", text,
                     QuoteLiteral(column.format), data::ToSql(column.type));
}

class Reading {
 public:
  Reading(io::FileSystem& files, engine::Session& session, const ReadInput& input)
      : files_(files), session_(session), input_(input) {}

  Result<ReadFiles> Run() {
    Status status = Ok();
    for (const Layout layout : {Layout::kCsv, Layout::kJsonLines, Layout::kJsonDocument})
      if (status.ok()) status = ReadText(layout);
    for (const ParquetGroup& group : GroupParquet(input_.files, input_.path_prefix))
      if (status.ok()) status = ReadParquet(group);
    if (status.ok()) return std::move(read_);
    RemoveWritten(files_, read_.written);
    return std::move(status).error();
  }

 private:
  Result<std::int64_t> Write(const std::string& from) {
    std::vector<std::string> columns;
    for (const connect::TargetColumn& column : input_.plan.columns) {
      const std::string name = QuoteIdentifier(column.name);
      columns.push_back(column.is_partition ? PartitionSql(column) + " AS " + name : name);
    }
    if (!input_.provenance.empty()) columns.push_back(input_.provenance);
    const std::string select = "SELECT " + Join(columns, ", ") + " FROM " + from;
    LEAT_ASSIGN(auto written, session_.WriteParquet(select, {},
                                                    {.directory = input_.staging_directory,
                                                     .keep_order = input_.keep_order}));
    std::int64_t rows = 0;
    for (engine::WrittenFile& file : written.files) {
      rows += file.row_count;
      read_.written.push_back(std::move(file));
    }
    read_.rows += rows;
    return rows;
  }

  Status ReadText(Layout layout) {
    const std::vector<FilePlan> files = OfLayout(input_.files, layout);
    if (files.empty()) return Ok();
    ReadLog log;
    const auto rows = RowsOf(files_, input_.plan, files, layout, log, input_.keep_order ? 1 : 0);
    LEAT_ASSIGN(const std::int64_t written, Write(session_.ScanRows(rows)));
    if (written != log.rows()) {
      return Bug(
          fmt::format("{} rows were read and {} written; nothing was loaded", log.rows(), written));
    }
    for (const auto& [source, counts] : log.files()) LEAT_TRY(CheckCount(source, counts));
    for (Reject& reject : log.TakeRejects()) read_.rejects.push_back(std::move(reject));
    read_.counts.insert(log.files().begin(), log.files().end());
    read_.surplus.Join(log.surplus());
    return Ok();
  }

  // Every byte belongs to a row, a rejected record, the header or a skipped line.
  static Status CheckCount(const std::string& source, const connect::FileCounts& counts) {
    if (counts.bytes == counts.text_bytes && counts.rows + counts.rejects == counts.records)
      return Ok();
    return Bug(fmt::format(
        "{}: of {} bytes and {} records, {} bytes, {} rows and {} rejected rows "
        "are accounted for; nothing was loaded",
        source, counts.text_bytes, counts.records, counts.bytes, counts.rows, counts.rejects));
  }

  Status ReadParquet(const ParquetGroup& group) {
    auto writing = Write("(" + ParquetSql(group, input_.plan) + ")");
    if (!writing.ok()) return Error(writing.error()).WithContext(NamesOf(group));
    const std::int64_t written = *writing;
    LEAT_ASSIGN(const auto counted, session_.Query(ParquetCountSql(group)));
    const std::int64_t left_out = std::get<std::int64_t>(counted.rows[0][0]) - written;
    if (left_out == 0) return Ok();
    LEAT_ASSIGN(const auto rejected, session_.Query(ParquetRejectsSql(group, input_.plan)));
    if (static_cast<std::int64_t>(rejected.rows.size()) != left_out) {
      return Bug(fmt::format("{} rows were left out and {} rejected; nothing was loaded", left_out,
                             rejected.rows.size()));
    }
    const auto text = [](const data::Value& value) {
      const auto* string = std::get_if<std::string>(&value);
      return string == nullptr ? std::string() : *string;
    };
    for (const auto& row : rejected.rows) {
      read_.rejects.push_back({.source = text(row[0]),
                               .position = std::get<std::int64_t>(row[1]),
                               .raw = text(row[2]),
                               .column = text(row[3]),
                               .error = text(row[4])});
    }
    return Ok();
  }

  // For an error, which may be of any of them.
  static std::string NamesOf(const ParquetGroup& group) {
    const std::string& first = group.files[0]->file.name;
    if (group.files.size() == 1) return first;
    return fmt::format("{} or one of {} files like it", first, group.files.size() - 1);
  }

  io::FileSystem& files_;
  engine::Session& session_;
  const ReadInput& input_;
  ReadFiles read_;
};

}  // namespace

void RemoveWritten(io::FileSystem& files, const std::vector<engine::WrittenFile>& written) {
  for (const engine::WrittenFile& file : written) {
    const Status removed = files.Remove(file.path);
    (void)removed;
  }
}

Result<ReadFiles> Read(io::FileSystem& files, engine::Session& session, const ReadInput& input) {
  return Reading(files, session, input).Run();
}

std::shared_ptr<const engine::RowSource> RowsOf(io::FileSystem& files,
                                                const connect::ReadPlan& plan,
                                                const std::vector<FilePlan>& plans, Layout layout,
                                                ReadLog& log, int max_threads) {
  auto rows = std::make_shared<engine::RowSource>();
  for (const connect::TargetColumn& column : plan.columns)
    rows->schema.fields.push_back({.name = column.name, .type = column.type});
  rows->schema.fields.push_back({.name = data::kSourceColumn});
  rows->schema.fields.push_back(
      {.name = data::kPositionColumn, .type = {.kind = data::TypeKind::kLong}});
  rows->max_threads = max_threads;
  rows->open = [&files, &plan, &plans, layout,
                &log]() -> Result<std::unique_ptr<engine::RowReader>> {
    if (layout == Layout::kJsonDocument)
      return connect::MakeJsonDocumentReader(files, plan, plans, log);
    auto parser = layout == Layout::kCsv ? connect::MakeCsvParser(plan, plans)
                                         : connect::MakeJsonLinesParser(plan, plans);
    return std::unique_ptr<engine::RowReader>(
        new connect::ChunkReader(files, plans, std::move(parser), log));
  };
  return rows;
}

std::shared_ptr<const engine::RowSource> RejectRows(std::vector<Reject> rejects) {
  auto rows = std::make_shared<engine::RowSource>();
  rows->schema = RejectSchema();
  rows->max_threads = 1;
  rows->open = [shared = std::make_shared<const std::vector<Reject>>(
                    std::move(rejects))]() -> Result<std::unique_ptr<engine::RowReader>> {
    return std::unique_ptr<engine::RowReader>(new RejectReader(shared));
  };
  return rows;
}

}  // namespace leat::ingest
