#include "connect/file/csv_detect.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "connect/file/chunk_reader.h"
#include "connect/file/csv_reader.h"
#include "connect/file/csv_scanner.h"
#include "connect/file/limits.h"
#include "connect/file/text_input.h"
#include "data/convert.h"

namespace leat::connect {
namespace {

struct Record {
  std::size_t begin = 0, text_end = 0, next = 0;
  std::vector<Cell> cells;
  std::string error;  // empty: well-formed

  bool is_blank() const { return begin == text_end; }
};

// The first records of a text in a dialect.
std::vector<Record> RecordsOf(std::string_view text, std::size_t from, const CsvDialect& dialect,
                              bool is_whole, std::size_t most) {
  std::vector<Record> records;
  while (from < text.size() && records.size() < most) {
    Record record{.begin = from};
    const bool is_comment = dialect.comment != '\0' && text[from] == dialect.comment;
    if (is_comment) {
      const std::size_t end = text.find('\n', from);
      from = end == std::string_view::npos ? text.size() : end + 1;
      continue;
    }
    record.next =
        ScanRecord(text, from, dialect, true, record.cells, record.text_end, record.error);
    if (record.next == text.size() && !is_whole) break;  // it may go on
    from = record.next;
    records.push_back(std::move(record));
  }
  return records;
}

// How well a dialect explains the records.
struct Fit {
  CsvDialect dialect;
  std::size_t columns = 1;  // of most records
  std::size_t consistent = 0, all = 0;
  std::size_t holding = 0;  // records with the delimiter somewhere
  bool begins_so = false;   // the first record among them

  double share() const {
    return all == 0 ? 0 : static_cast<double>(consistent) / static_cast<double>(all);
  }

  // 2: most records have the same number of several cells. 1: the delimiter stands in the first
  // and in most others, but not as often in each: then the misfits are told, rather than whole
  // lines stored. 0: a column of lines.
  int rank() const {
    if (columns > 1 && 2 * consistent > all) return 2;
    return begins_so && 2 * holding > all ? 1 : 0;
  }
};

Fit FitOf(std::string_view text, std::size_t from, const CsvDialect& dialect, bool is_whole) {
  Fit fit{.dialect = dialect};
  std::map<std::size_t, std::size_t> counts;
  std::size_t first = 0;  // cells of the first record
  for (const Record& record : RecordsOf(text, from, dialect, is_whole, kDialectRecords)) {
    if (record.is_blank()) continue;
    fit.all++;
    const std::string_view whole = text.substr(record.begin, record.text_end - record.begin);
    const bool holds = whole.find(dialect.delimiter) != std::string_view::npos;
    if (holds) fit.holding++;
    if (fit.all == 1) fit.begins_so = holds;
    if (!record.error.empty()) continue;
    if (first == 0) first = record.cells.size();
    counts[record.cells.size()]++;
  }
  for (const auto& [columns, count] : counts) {
    if (count < fit.consistent || (count == fit.consistent && fit.columns == first)) continue;
    fit.columns = columns;
    fit.consistent = count;
  }
  return fit;
}

// Of dialects that explain the text alike, the one that was tried first stays.
bool IsBetter(const Fit& a, const Fit& b) {
  if (a.rank() != b.rank()) return a.rank() > b.rank();
  if (a.share() != b.share()) return a.share() > b.share();
  return a.rank() > 0 && a.columns > b.columns;
}

// Whether all values of some column stand in this quote, and none in a double quote.
bool AllStandIn(char quote, std::string_view text, std::size_t from, const Fit& fit,
                bool is_whole) {
  std::vector<bool> is_quoted(fit.columns, true);
  std::size_t count = 0;
  for (const Record& record : RecordsOf(text, from, fit.dialect, is_whole, kDialectRecords)) {
    if (!record.error.empty() || record.cells.size() != fit.columns || record.is_blank()) continue;
    for (std::size_t i = 0; i < fit.columns; i++) {
      const Cell& cell = record.cells[i];
      if (cell.begin < cell.end && text[cell.begin] == '"') return false;
      const bool stands =
          cell.end - cell.begin >= 2 && text[cell.begin] == quote && text[cell.end - 1] == quote;
      if (!stands) is_quoted[i] = false;
    }
    count++;
  }
  constexpr std::size_t kFewest = 2;
  return count >= kFewest && std::find(is_quoted.begin(), is_quoted.end(), true) != is_quoted.end();
}

std::vector<CsvDialect> Candidates(const SourceFile& file, std::string_view text,
                                   const project::FileSourceOptions& options, LineEnd line_end) {
  std::vector<std::string> delimiters = {",", ";", "\t", "|"};
  if (!options.delimiter.empty()) delimiters = {options.delimiter};
  if (options.delimiter.empty() && ExtensionOf(file.path) == "tsv") delimiters = {"\t"};
  std::vector<char> quotes = {'"'};
  // An apostrophe is a quote only where nothing else is.
  if (text.find('"') == std::string_view::npos && text.find('\'') != std::string_view::npos)
    quotes.push_back('\'');
  if (!options.quote.empty()) quotes = {options.quote[0]};
  std::vector<CsvDialect> candidates;
  for (const char quote : quotes) {
    std::vector<char> escapes = {quote, '\\'};
    if (!options.escape.empty()) escapes = {options.escape[0]};
    for (const char escape : escapes) {
      for (const std::string& delimiter : delimiters) {
        candidates.push_back({.delimiter = delimiter,
                              .quote = quote,
                              .escape = escape,
                              .comment = options.comment.empty() ? '\0' : options.comment[0],
                              .line_end = line_end});
      }
    }
  }
  return candidates;
}

LineEnd LineEndOf(std::string_view text) {
  const std::size_t feed = text.find('\n');
  if (feed == std::string_view::npos)
    return text.find('\r') == std::string_view::npos ? LineEnd::kLf : LineEnd::kCr;
  return feed > 0 && text[feed - 1] == '\r' ? LineEnd::kCrLf : LineEnd::kLf;
}

// The beginning of the file's text: whole records for the types, as far as limits allow.
struct Sample {
  std::string text;  // and padding
  std::size_t size = 0;
  bool is_whole = false;

  std::string_view view() const { return std::string_view(text).substr(0, size); }
};

Result<Sample> ReadSample(io::FileSystem& files, const SourceFile& file, const FileFormat& format) {
  LEAT_ASSIGN(const auto input, TextInput::Open(files, file, format.compression, format.encoding));
  Sample sample;
  std::int64_t lines = 0;
  std::size_t counted = 0;
  while (!input->at_end() && lines < kSniffLines && sample.text.size() < kMaxSampleBytes) {
    LEAT_TRY(input->Read(kChunkBytes, sample.text));
    lines += std::count(sample.text.begin() + static_cast<std::ptrdiff_t>(counted),
                        sample.text.end(), '\n');
    counted = sample.text.size();
  }
  sample.is_whole = input->at_end();
  sample.size = sample.text.size();
  sample.text.append(kChunkPadding, '\0');
  return sample;
}

// column0, column1, …, with as many digits for each.
std::string NumberedName(std::size_t number, std::size_t count) {
  const std::size_t digits = std::to_string(count > 0 ? count - 1 : 0).size();
  return fmt::format("column{:0{}}", number, digits);
}

// Of the cells of a header: empty ones get a number, doubled ones a suffix.
std::vector<std::string> NamesOf(std::string_view text, const Record& header,
                                 const CsvDialect& dialect) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  std::string buffer;
  for (std::size_t i = 0; i < header.cells.size(); i++) {
    std::string name(data::TrimBlanks(CellText(text, header.cells[i], dialect, buffer)));
    if (name.empty()) name = NumberedName(i, header.cells.size());
    std::string unique = name;
    for (int again = 1; !taken.insert(ToLower(unique)).second; again++)
      unique = fmt::format("{}_{}", name, again);
    names.push_back(std::move(unique));
  }
  return names;
}

bool NamesAny(const std::vector<std::string>& names, const std::vector<std::string>& known) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::any_of(known.begin(), known.end(),
                       [&](const std::string& other) { return EqualsIgnoreCase(name, other); });
  });
}

// Detects one file, step by step.
class Detector {
 public:
  Detector(const SourceFile& file, const project::FileSourceOptions& options,
           const std::vector<std::string>& known, const Sample& sample, FileFormat& format)
      : file_(file),
        options_(options),
        known_(known),
        sample_(sample),
        format_(format),
        text_(sample.view()) {}

  Status Run() {
    if (options_.skip_lines) format_.skip_lines = *options_.skip_lines;
    format_.line_end = LineEndOf(text_);
    const std::string_view told = DelimiterLine();
    if (!told.empty()) format_.skip_lines = 1;
    const std::size_t from = BeginOfRecords(text_, format_);
    const Fit fit = BestFit(from, told);
    Keep(fit.dialect);
    std::vector<Record> records =
        RecordsOf(text_, from, dialect_, sample_.is_whole, kDialectRecords);
    LEAT_TRY(SkipPreamble(records, fit.columns));
    std::erase_if(records, [](const Record& record) { return record.is_blank(); });
    if (records.empty()) {
      if (!sample_.is_whole) return TooLong();
      format_.layout = Layout::kEmpty;  // blank lines, or a preamble alone
      return Ok();
    }
    LEAT_TRY(SettleHeader(records));
    AddTypes();
    return Ok();
  }

 private:
  Error TooLong() const {
    return InvalidInput(fmt::format("cannot tell the format of {}: a line is longer than the "
                                    "maximum line size of {} bytes",
                                    file_.name, kMaxLineBytes))
        .WithHint("correct or split the file; nothing of it was loaded");
  }

  // Of a first line such as sep=; which Excel takes for the delimiter, and not for a row.
  std::string_view DelimiterLine() const {
    constexpr std::string_view kPrefix = "sep=";
    if (options_.skip_lines || !options_.delimiter.empty()) return {};
    const std::string_view text = text_.substr(BeginOfRecords(text_, {}));
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    const bool is_one = line.size() == kPrefix.size() + 1 && line.size() < text.size();
    return is_one && EqualsIgnoreCase(line.substr(0, kPrefix.size()), kPrefix)
               ? line.substr(kPrefix.size())
               : std::string_view();
  }

  // `told`: the delimiter, where the file says it.
  Fit BestFit(std::size_t from, std::string_view told) const {
    const std::string_view head = text_.substr(0, kDialectBytes);
    const bool is_whole = sample_.is_whole && head.size() == text_.size();
    std::optional<Fit> best;
    project::FileSourceOptions options = options_;
    if (!told.empty()) options.delimiter = told;
    for (const CsvDialect& dialect : Candidates(file_, head, options, format_.line_end)) {
      const Fit fit = FitOf(head, from, dialect, is_whole);
      if (!best || IsBetter(fit, *best)) best = fit;
    }
    if (options_.quote.empty() && best->dialect.quote == '"' &&
        AllStandIn('\'', head, from, *best, is_whole)) {
      best->dialect.quote = best->dialect.escape = '\'';
    }
    return *best;
  }

  void Keep(const CsvDialect& dialect) {
    dialect_ = dialect;
    format_.delimiter = dialect.delimiter;
    format_.quote = std::string(1, dialect.quote);
    format_.escape = std::string(1, dialect.escape);
    format_.comment = options_.comment;
  }

  // Lines of one cell, in whatever dialect, before rows of several: a title; and comments. Not
  // where the number of lines to skip is declared.
  Status SkipPreamble(std::vector<Record>& records, std::size_t columns) {
    if (options_.skip_lines || columns == 1) return Ok();
    const auto first = std::find_if(records.begin(), records.end(), [&](const Record& record) {
      return record.error.empty() && record.cells.size() == columns;
    });
    const bool are_titles = std::all_of(records.begin(), first, [&](const Record& record) {
      const std::string_view line = text_.substr(record.begin, record.text_end - record.begin);
      const bool is_one_cell = line.find_first_of(",;\t|") == std::string_view::npos &&
                               line.find(dialect_.delimiter) == std::string_view::npos;
      return (record.error.empty() && is_one_cell) || text_[record.begin] == '#';
    });
    if (first == records.end() || !are_titles) return Ok();
    const std::size_t begin = first->begin;
    const char line_end = format_.line_end == LineEnd::kCr ? '\r' : '\n';
    format_.skip_lines =
        std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(begin), line_end);
    records.erase(records.begin(), first);
    return Ok();
  }

  Status SettleHeader(const std::vector<Record>& records) {
    const Record& first = records[0];
    if (!first.error.empty()) {
      return InvalidInput(
                 fmt::format("cannot tell the format of {}: its first line cannot be read: "
                             "{}",
                             file_.name, first.error))
          .WithHint("correct that line, or set quote, escape or delimiter under from:");
    }
    const std::size_t columns = first.cells.size();
    std::vector<std::string> names = NamesOf(text_, first, dialect_);
    for (const std::string& name : names) LEAT_TRY(CheckName(name));
    std::vector<std::string> numbered;
    for (std::size_t i = 0; i < columns; i++) numbered.push_back(NumberedName(i, columns));
    if (options_.header == true) return Take(std::move(names), true);
    if (options_.header == false) return TakeWithoutHeader(std::move(numbered));
    if (known_.empty()) {
      const bool has_header = LooksLikeHeader(records);
      return Take(has_header ? std::move(names) : std::move(numbered), has_header);
    }
    if (NamesAny(names, known_)) return Take(std::move(names), true);
    if (NamesAny(numbered, known_) && !LooksLikeHeader(records))
      return Take(std::move(numbered), false);
    const bool has_header = LooksLikeHeader(records);
    return NotFound(fmt::format("{}: the first line names none of the source's columns ({}); it "
                                "may be a header of other columns, or a row ({})",
                                file_.name, Join(known_, ", "),
                                Join(has_header ? names : numbered, ", ")))
        .WithHint(
            "set header: true under from: if it is a header, or header: false if the files have "
            "none "
            "and their columns come in that order");
  }

  Status CheckName(const std::string& name) const {
    const bool is_text = simdjson::validate_utf8(name.data(), name.size());
    if (is_text && name.find('\0') == std::string::npos) return Ok();
    return InvalidInput(
               fmt::format("{}: the name of a column in its first line {}", file_.name,
                           is_text ? "has a NUL byte" : "is not " + format_.encoding + " encoded"))
        .WithHint("correct the file, or set encoding under from: in the source");
  }

  Status Take(std::vector<std::string> names, bool has_header) {
    format_.has_header = has_header;
    for (std::string& name : names) format_.columns.emplace_back(std::move(name), DetectedType());
    return Ok();
  }

  Status TakeWithoutHeader(std::vector<std::string> numbered) {
    const bool are_numbered = known_.empty() || NamesAny(numbered, known_);
    if (are_numbered) return Take(std::move(numbered), false);
    if (known_.size() != numbered.size()) {
      return InvalidInput(fmt::format("{} has {} columns and no header, but the source has {} ({})",
                                      file_.name, numbered.size(), known_.size(),
                                      Join(known_, ", ")))
          .WithHint("declare all columns under columns:, in the order of the file");
    }
    return Take(known_, false);
  }

  // Whether the first record fits its columns less than the others do, all columns are text, or it
  // names all columns but the first, as pandas writes an index.
  bool LooksLikeHeader(const std::vector<Record>& records) const {
    const std::size_t columns = records[0].cells.size();
    bool all_text = true, names_others = columns > 1, names_first = true;
    std::string buffer;
    for (std::size_t i = 0; i < columns; i++) {
      DetectedType type;
      for (std::size_t r = 1; r < records.size(); r++) {
        if (records[r].cells.size() != columns) continue;
        const std::string_view text = CellText(text_, records[r].cells[i], dialect_, buffer);
        if (!text.empty() && text != options_.null_text) type.AddText(text);
      }
      const std::string_view first = CellText(text_, records[0].cells[i], dialect_, buffer);
      if (i == 0) names_first = !first.empty() || type.is_unknown();
      if (i > 0 && !IsName(first)) names_others = false;
      DetectedType with_first = type;
      if (!first.empty()) with_first.AddText(first);
      const bool is_text = with_first.type().kind == data::TypeKind::kString;
      if (!type.is_unknown() && type.type().kind != data::TypeKind::kString && is_text) return true;
      if (!is_text) all_text = false;
    }
    return all_text || (names_others && !names_first);
  }

  static bool IsName(std::string_view text) {
    DetectedType type;
    type.AddText(text);
    return !text.empty() && type.type().kind == data::TypeKind::kString;
  }

  // Of all records of the sample.
  void AddTypes() {
    const std::size_t columns = format_.columns.size();
    std::size_t from = BeginOfRecords(text_, format_);
    if (format_.has_header) {
      std::vector<Cell> cells;
      std::size_t end = 0;
      std::string error;
      from = ScanRecord(text_, from, dialect_, true, cells, end, error);
    }
    CsvRecords records;
    ScanCsv(text_, from, dialect_, columns, sample_.is_whole, records);
    const std::size_t rows = std::min(records.rows.size(), static_cast<std::size_t>(kSniffLines));
    for (std::size_t i = 0; i < columns; i++) {
      AddTypesOf(records, rows, columns, i);
    }
  }

  void AddTypesOf(const CsvRecords& records, std::size_t rows, std::size_t columns, std::size_t i) {
    DetectedType& type = format_.columns[i].second;
    std::string buffer;
    bool by_date = !options_.date_format.empty(), by_time = !options_.timestamp_format.empty();
    for (std::size_t row = 0; row < rows; row++) {
      const Cell& cell = records.cells[row * columns + i];
      const std::string_view raw = text_.substr(cell.begin, cell.end - cell.begin);
      if (raw.empty() || raw == options_.null_text) continue;
      const std::string_view text = CellText(text_, cell, dialect_, buffer);
      if (text.empty()) continue;
      type.AddText(text);
      by_date = by_date && data::ToDate(text, options_.date_format);
      by_time = by_time && data::ToTimestamp(text, options_.timestamp_format);
    }
    if (type.is_unknown() || (!by_date && !by_time)) return;
    type = DetectedType();
    type.AddTyped({.kind = by_date ? data::TypeKind::kDate : data::TypeKind::kTimestamp});
  }

  const SourceFile& file_;
  const project::FileSourceOptions& options_;
  const std::vector<std::string>& known_;
  const Sample& sample_;
  FileFormat& format_;
  const std::string_view text_;
  CsvDialect dialect_;
};

}  // namespace

Status DetectCsv(io::FileSystem& files, const SourceFile& file,
                 const project::FileSourceOptions& options, const std::vector<std::string>& known,
                 FileFormat& format) {
  LEAT_ASSIGN(const Sample sample, ReadSample(files, file, format));
  return Detector(file, options, known, sample, format).Run();
}

}  // namespace leat::connect
