#include "connect/file/csv_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/text.h"
#include "connect/file/csv_scanner.h"
#include "connect/file/detected_type.h"
#include "connect/file/json_value.h"
#include "data/arrow_builder.h"
#include "data/convert.h"
#include "data/own_columns.h"

namespace leat::connect {
namespace {

using data::ArrowColumn;
using data::Type;
using data::TypeKind;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsUtf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

// Appends a text as a value of the type; false when it is none.
using Append = bool (*)(std::string_view text, const TargetColumn& target, ArrowColumn& to);

bool AppendBoolean(std::string_view text, const TargetColumn&, ArrowColumn& to) {
  const auto value = data::ToBoolean(text);
  if (value) to.AppendBool(*value);
  return value.has_value();
}

bool AppendLong(std::string_view text, const TargetColumn&, ArrowColumn& to) {
  const auto value = data::ToInteger(text);
  if (value) to.AppendInt(*value);
  return value.has_value();
}

bool AppendNarrow(std::string_view text, const TargetColumn& target, ArrowColumn& to) {
  const auto value = data::ToInteger(text);
  if (!value || !data::FitsInteger(*value, target.type.kind)) return false;
  to.AppendInt(*value);
  return true;
}

bool AppendDouble(std::string_view text, const TargetColumn&, ArrowColumn& to) {
  const auto value = data::ToDouble(text);
  if (value) to.AppendReal(*value);
  return value.has_value();
}

bool AppendFloat(std::string_view text, const TargetColumn&, ArrowColumn& to) {
  const auto value = data::ToFloat(text);
  if (value) to.AppendReal(*value);
  return value.has_value();
}

bool AppendDecimal(std::string_view text, const TargetColumn& target, ArrowColumn& to) {
  const auto value = data::ToDecimal(text, target.type.precision, target.type.scale);
  if (value) to.AppendDecimal(*value);
  return value.has_value();
}

bool AppendBinary(std::string_view text, const TargetColumn&, ArrowColumn& to) {
  const auto value = data::ToBinary(text);
  if (value) to.AppendString(*value);
  return value.has_value();
}

bool AppendDate(std::string_view text, const TargetColumn& target, ArrowColumn& to) {
  const auto value = target.format.empty() ? data::ToDate(text) : data::ToDate(text, target.format);
  if (value) to.AppendInt(*value);
  return value.has_value();
}

bool AppendTimestamp(std::string_view text, const TargetColumn& target, ArrowColumn& to) {
  const auto value =
      target.format.empty() ? data::ToTimestamp(text) : ToTimestampIn(text, target.format);
  if (value) to.AppendInt(*value);
  return value.has_value();
}

bool AppendNtz(std::string_view text, const TargetColumn& target, ArrowColumn& to) {
  const auto value =
      target.format.empty() ? data::ToTimestampNtz(text) : ToTimestampIn(text, target.format);
  if (value) to.AppendInt(*value);
  return value.has_value();
}

bool AppendText(std::string_view text, const TargetColumn&, ArrowColumn& to) {
  to.AppendString(text);
  return true;
}

bool AppendNested(std::string_view text, const TargetColumn& target, ArrowColumn& to) {
  return !AppendJsonText(text, target.type, to).has_value();
}

Append AppendOf(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return AppendBoolean;
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger: return AppendNarrow;
    case TypeKind::kLong: return AppendLong;
    case TypeKind::kFloat: return AppendFloat;
    case TypeKind::kDouble: return AppendDouble;
    case TypeKind::kDecimal: return AppendDecimal;
    case TypeKind::kString: return AppendText;
    case TypeKind::kBinary: return AppendBinary;
    case TypeKind::kDate: return AppendDate;
    case TypeKind::kTimestamp: return AppendTimestamp;
    case TypeKind::kTimestampNtz: return AppendNtz;
    case TypeKind::kStruct:
    case TypeKind::kArray:
    case TypeKind::kMap: return AppendNested;
  }
  return AppendText;
}

// A row whose cells cannot all be stored.
struct BadRow {
  std::string column;
  std::string error;
};

// The rows of one chunk on their way into columns.
class Columns {
 public:
  Columns(const TextChunk& chunk, const ReadPlan& plan, const FilePlan& file,
          const CsvDialect& dialect, const CsvRecords& records)
      : text_(std::string_view(chunk.text).substr(0, chunk.size)),
        chunk_(chunk),
        plan_(plan),
        file_(file),
        dialect_(dialect),
        records_(records),
        width_(file.format.columns.size()),
        bad_(records.rows.size()) {}

  // Rows that are not stored have a reason.
  const std::vector<std::optional<BadRow>>& bad() const { return bad_; }
  std::int64_t nulled() const { return nulled_; }

  std::optional<data::ArrowBatch> Build() {
    rows_.resize(records_.rows.size());
    std::iota(rows_.begin(), rows_.end(), 0U);
    CheckText();
    CheckSurplus();
    Forget();
    std::vector<ArrowColumn> columns;
    for (std::size_t i = 0; i < plan_.columns.size(); i++) columns.push_back(ColumnOf(i));
    if (has_new_bad_) {  // once more, without the rows that turned out to be bad
      Forget();
      nulled_ = 0;
      columns.clear();
      for (std::size_t i = 0; i < plan_.columns.size(); i++) columns.push_back(ColumnOf(i));
    }
    if (rows_.empty()) return std::nullopt;
    const auto count = static_cast<std::int64_t>(rows_.size());
    columns.push_back(ArrowColumn::Constant(data::kSourceColumn, file_.file.name, count));
    ArrowColumn positions = ArrowColumn::Int64(data::kPositionColumn);
    positions.Reserve(rows_.size());
    for (const std::uint32_t row : rows_)
      positions.AppendInt(chunk_.offset + records_.rows[row].begin);
    columns.push_back(std::move(positions));
    return data::ToArrowBatch(std::move(columns));
  }

  std::int64_t row_count() const { return static_cast<std::int64_t>(rows_.size()); }

 private:
  const Cell& CellOf(std::uint32_t row, int column) const {
    return records_.cells[row * width_ + static_cast<std::size_t>(column)];
  }

  void SetBad(std::uint32_t row, std::string column, std::string error) {
    if (bad_[row]) return;
    bad_[row] = BadRow{std::move(column), std::move(error)};
    has_new_bad_ = true;
  }

  void Forget() {
    std::erase_if(rows_, [&](std::uint32_t row) { return bad_[row].has_value(); });
    has_new_bad_ = false;
  }

  void CheckText() {
    if (IsUtf8(text_)) return;
    for (const std::uint32_t row : rows_) {
      const CsvRecords::Range range = records_.rows[row];
      if (!IsUtf8(text_.substr(range.begin, range.end - range.begin)))
        SetBad(row, "", "invalid unicode: not " + file_.format.encoding + " encoded");
    }
  }

  bool IsNull(const Cell& cell) const {
    const std::string_view text = text_.substr(cell.begin, cell.end - cell.begin);
    return text.empty() || (!plan_.null_text.empty() && text == plan_.null_text);
  }

  void CheckSurplus() {
    if (!plan_.reject_surplus) return;
    std::vector<int> surplus;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < width_; i++) {
      const auto number = static_cast<int>(i);
      if (std::find(file_.columns.begin(), file_.columns.end(), number) != file_.columns.end())
        continue;
      surplus.push_back(number);
      names.push_back(file_.format.columns[i].first);
    }
    for (const std::uint32_t row : rows_) {
      for (const int column : surplus) {
        if (!IsNull(CellOf(row, column))) SetBad(row, "", SurplusError(names));
      }
    }
  }

  ArrowColumn ColumnOf(std::size_t number) {
    const TargetColumn& target = plan_.columns[number];
    ArrowColumn column = ArrowColumn::Of(target.name, target.type);
    column.Reserve(rows_.size());
    const int in_file = file_.columns[number];
    if (in_file == FilePlan::kMissing) {
      for (std::size_t i = 0; i < rows_.size(); i++) column.AppendNull();
      return column;
    }
    const Append append = AppendOf(target.type);
    const bool is_text =
        target.type.kind == TypeKind::kString || target.type.kind == TypeKind::kBinary;
    std::string buffer;
    for (const std::uint32_t row : rows_) {
      const Cell& cell = CellOf(row, in_file);
      if (IsNull(cell)) {
        column.AppendNull();
        continue;
      }
      const std::string_view text = CellText(text_, cell, dialect_, buffer);
      if (text.empty() && !is_text) {  // "": no value but of text
        column.AppendNull();
      } else if (!append(text, target, column)) {
        column.AppendNull();
        if (plan_.bad_values_as_null) {
          nulled_++;
        } else {
          SetBad(row, target.name,
                 "column " + target.name + ": " + data::Misfit(text, target.type));
        }
      }
    }
    return column;
  }

  const std::string_view text_;
  const TextChunk& chunk_;
  const ReadPlan& plan_;
  const FilePlan& file_;
  const CsvDialect& dialect_;
  const CsvRecords& records_;
  const std::size_t width_;
  std::vector<std::uint32_t> rows_;  // that are stored
  std::vector<std::optional<BadRow>> bad_;
  bool has_new_bad_ = false;
  std::int64_t nulled_ = 0;
};

class CsvParser final : public ChunkParser {
 public:
  CsvParser(const ReadPlan& plan, const std::vector<FilePlan>& files)
      : plan_(plan), files_(files) {}

  Result<ChunkResult> Parse(const TextChunk& chunk) const override {
    const FilePlan& file = files_[chunk.file];
    const CsvDialect dialect = CsvDialect::Of(file.format);
    const std::string_view text = std::string_view(chunk.text).substr(0, chunk.size);
    ChunkResult result;
    std::size_t from = 0;
    if (chunk.is_first) {
      LEAT_ASSIGN(from, SkipHead(text, chunk, file, dialect, result.counts));
    }
    CsvRecords records;
    const std::size_t columns = file.format.columns.size();
    ScanCsv(text, from, dialect, columns, chunk.is_last, records);
    if (records.other_line_end != SIZE_MAX) return MixedLineEnds(file, chunk, records);
    Columns built(chunk, plan_, file, dialect, records);
    result.batch = built.Build();
    AddRejects(chunk, file, records, built, result);
    result.counts.rows = built.row_count();
    result.counts.nulled_values = built.nulled();
    result.counts.skipped_lines = records.skipped;
    result.counts.records = static_cast<std::int64_t>(records.rows.size()) +
                            static_cast<std::int64_t>(records.bad.size());
    result.lines = records.lines;
    result.end = records.end;
    return result;
  }

 private:
  static Error MixedLineEnds(const FilePlan& file, const TextChunk& chunk,
                             const CsvRecords& records) {
    return InvalidInput(
               fmt::format("{}: its rows cannot be told apart; lines end in different "
                           "ways (CR LF and LF), first at byte {}",
                           file.file.name,
                           chunk.offset + static_cast<std::int64_t>(records.other_line_end)))
        .WithHint("make the line ends alike: sed -i 's/\\r$//' FILE");
  }

  // Byte order mark, skipped lines and header.
  static Result<std::size_t> SkipHead(std::string_view text, const TextChunk& chunk,
                                      const FilePlan& file, const CsvDialect& dialect,
                                      FileCounts& counts) {
    std::size_t from = BeginOfRecords(text, file.format);
    counts.preamble_lines = file.format.skip_lines;
    if (!file.format.has_header) return from;
    std::vector<Cell> cells;
    std::size_t end = 0;
    std::string error;
    const std::size_t next = ScanRecord(text, from, dialect, chunk.is_last, cells, end, error);
    if (next == std::string_view::npos || !error.empty() ||
        cells.size() != file.format.columns.size()) {
      return InvalidInput(fmt::format("{}: the header line cannot be read: {}", file.file.name,
                                      error.empty() ? "it has changed" : error))
          .WithHint("correct the file, or set quote, delimiter or skip_lines under from:");
    }
    return next;
  }

  static void AddRejects(const TextChunk& chunk, const FilePlan& file, const CsvRecords& records,
                         const Columns& built, ChunkResult& result) {
    const auto add = [&](CsvRecords::Range range, std::size_t text_end, const BadRow& why) {
      Reject reject{.source = file.file.name,
                    .position = chunk.offset + range.begin,
                    .raw = chunk.text.substr(range.begin, text_end - range.begin),
                    .column = why.column,
                    .error = why.error};
      reject.line = std::count(chunk.text.begin(),
                               chunk.text.begin() + static_cast<std::ptrdiff_t>(range.begin),
                               EndsInReturns(file) ? '\r' : '\n');
      result.rejects.push_back(std::move(reject));
    };
    for (const CsvRecords::Bad& bad : records.bad)
      add(bad.range, bad.text_end, {.column = "", .error = bad.error});
    for (std::size_t row = 0; row < records.rows.size(); row++) {
      if (!built.bad()[row]) continue;
      const CsvRecords::Range range = records.rows[row];
      std::size_t end = range.end;
      while (end > range.begin && (chunk.text[end - 1] == '\n' || chunk.text[end - 1] == '\r'))
        end--;
      add(range, end, *built.bad()[row]);
    }
  }

  static bool EndsInReturns(const FilePlan& file) { return file.format.line_end == LineEnd::kCr; }

  const ReadPlan& plan_;
  const std::vector<FilePlan>& files_;
};

}  // namespace

std::unique_ptr<ChunkParser> MakeCsvParser(const ReadPlan& plan,
                                           const std::vector<FilePlan>& files) {
  return std::make_unique<CsvParser>(plan, files);
}

bool IsText(std::string_view text, const TargetColumn& target) {
  ArrowColumn column = ArrowColumn::Of(target.name, target.type);
  return AppendOf(target.type)(text, target, column);
}

std::size_t BeginOfRecords(std::string_view text, const FileFormat& format) {
  std::size_t at = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const char line_end = format.line_end == LineEnd::kCr ? '\r' : '\n';
  for (std::int64_t i = 0; i < format.skip_lines; i++) {
    const std::size_t end = text.find(line_end, at);
    if (end == std::string_view::npos) return text.size();
    at = end + 1;
  }
  return at;
}

}  // namespace leat::connect
