#include "connect/file/file_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "connect/file/limits.h"

namespace leat::connect {
namespace {

using data::Type;
using data::TypeKind;

std::string CompressionOf(const std::string& path, std::string_view head,
                          const project::FileSourceOptions& options) {
  if (!options.compression.empty()) return options.compression;
  if (path.ends_with(".gz") || head.starts_with("\x1F\x8B")) return "gzip";
  if (path.ends_with(".zst") || head.starts_with("\x28\xB5\x2F\xFD")) return "zstd";
  return "none";
}

// The extension before .gz or .zst, in lower case.
std::string ExtensionOf(const std::string& path) {
  std::string name = ToLower(io::FileName(path));
  for (const char* packed : {".gz", ".zst"}) {
    if (name.ends_with(packed)) name.resize(name.size() - std::string(packed).size());
  }
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(dot + 1);
}

// Length of the UTF-8 sequence that starts at `i`; 0 when it is not valid. 1 for ASCII.
std::size_t Utf8Length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(i);
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; k++) {
    if ((byte(i + k) & 0xC0U) != 0x80U) return 0;
  }
  return length;
}

// From the byte order mark, or else: text that has no valid multi-byte UTF-8 sequence but bytes
// above 127 is Latin-1; a UTF-8 text with some wrong bytes stays UTF-8, and those rows go to
// quarantine.
Result<std::string> EncodingOf(std::string_view head, bool is_whole, const std::string& path) {
  if (head.starts_with("\xFF\xFE")) return std::string("utf-16");
  if (head.starts_with("\xFE\xFF")) {
    return InvalidInput(path + " is UTF-16 in big-endian byte order, which Leat does not read")
        .WithHint("convert it: iconv -f UTF-16BE -t UTF-8");
  }
  std::size_t multi_byte = 0, invalid = 0;
  for (std::size_t i = 0; i < head.size();) {
    const std::size_t length = Utf8Length(head, i);
    if (length > 1) multi_byte++;
    const bool cut_off = length == 0 && !is_whole && i + 4 > head.size();
    if (length == 0 && !cut_off) invalid++;
    i += std::max<std::size_t>(1, length);
  }
  return std::string(invalid > 0 && multi_byte == 0 ? "latin-1" : "utf-8");
}

std::string_view WithoutMark(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  return head;
}

bool IsOneLineJson(std::string_view text) {
  const std::string_view line = Trim(text.substr(0, text.find('\n')));
  return nlohmann::json::accept(line);
}

Layout LayoutOf(const std::string& path, std::string_view head,
                const project::FileSourceOptions& options, bool is_packed) {
  const std::string extension = ExtensionOf(path);
  const bool named_json = extension == "json" || extension == "ndjson" || extension == "jsonl";
  const bool named_csv = extension == "csv" || extension == "tsv" || extension == "txt";
  if (options.format == project::FileFormat::kParquet) return Layout::kParquet;
  if (options.format == project::FileFormat::kCsv) return Layout::kCsv;
  if (options.format == project::FileFormat::kAuto) {
    if (extension == "parquet" || head.starts_with("PAR1")) return Layout::kParquet;
    if (named_csv) return Layout::kCsv;
    const std::string_view text = Trim(WithoutMark(head));
    if (!named_json && !text.starts_with('{') && !text.starts_with('[')) return Layout::kCsv;
  }
  if (is_packed) return extension == "json" ? Layout::kJsonDocument : Layout::kJsonLines;
  const std::string_view text = Trim(WithoutMark(head));
  const bool many_lines = text.find('\n') != std::string_view::npos;
  if (text.starts_with('[')) return Layout::kJsonDocument;
  return !many_lines || IsOneLineJson(text) || extension != "json" ? Layout::kJsonLines
                                                                   : Layout::kJsonDocument;
}

// Integers of any width are stored as long and reals as double, so that a later file with larger
// values fits.
Type Widened(const Type& type) {
  switch (type.kind) {
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger: return {.kind = TypeKind::kLong};
    case TypeKind::kFloat: return {.kind = TypeKind::kDouble};
    default: break;
  }
  Type widened = type;
  for (data::Field& child : widened.children) child.type = Widened(child.type);
  return widened;
}

std::string TextOf(const data::Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? "" : *text;
}

// sniff_csv writes an absent quote, escape or comment as "(empty)" or a NUL.
std::string CharacterOf(const data::Value& value) {
  const std::string text = TextOf(value);
  return text == "(empty)" || text == std::string(1, '\0') || text == "\\0" ? "" : text;
}

std::string SniffArguments(const SourceFile& file, const project::FileSourceOptions& options,
                           const FileFormat& format) {
  std::string arguments = QuoteLiteral(file.path) + fmt::format(", sample_size = {}", kSniffLines) +
                          fmt::format(
                              ", ignore_errors = true, strict_mode = false, max_line_size = {0}, "
                              "buffer_size = {0}",
                              kMaxLineBytes);
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) arguments += fmt::format(", {} = {}", name, QuoteLiteral(value));
  };
  add("delim",
      options.delimiter.empty() && ExtensionOf(file.path) == "tsv" ? "\t" : options.delimiter);
  add("quote", options.quote);
  add("escape", options.escape);
  add("dateformat", options.date_format);
  add("timestampformat", options.timestamp_format);
  add("nullstr", options.null_text);
  add("compression", format.compression == "none" ? "" : format.compression);
  add("encoding", format.encoding == "utf-8" ? "" : format.encoding);
  if (options.header) arguments += fmt::format(", header = {}", *options.header);
  if (options.skip_lines) arguments += fmt::format(", skip = {}", *options.skip_lines);
  return arguments;
}

std::string ReasonOf(const std::string& message) {
  return message.find("Maximum line size") == std::string::npos
             ? message
             : fmt::format("a line is longer than the maximum line size of {} bytes",
                           kMaxLineBytes);
}

// The sniffer leaves a doubled quote in a column's name as it is.
std::string UnescapedName(std::string name, const FileFormat& format) {
  const std::string escaped = format.escape + format.quote;
  for (std::size_t at = name.find(escaped); at != std::string::npos;
       at = name.find(escaped, at + 1)) {
    name.erase(at, format.escape.size());
  }
  return name;
}

Status SniffCsv(engine::Session& session, const SourceFile& file,
                const project::FileSourceOptions& options, FileFormat& format) {
  const std::string sql =
      "SELECT Delimiter, Quote, \"Escape\", Comment, SkipRows, HasHeader, \"Columns\", DateFormat, "
      "TimestampFormat "
      "FROM sniff_csv(" +
      SniffArguments(file, options, format) + ")";
  auto sniffed = session.Query(sql);
  if (!sniffed.ok()) {
    return InvalidInput("cannot tell the format of " + file.name + ": " +
                        ReasonOf(sniffed.error().message()))
        .WithHint("set delimiter, quote, header or encoding under from: in the source");
  }
  if (sniffed->rows.empty()) return InvalidInput("cannot tell the format of " + file.name);
  const auto& row = sniffed->rows[0];
  format.delimiter = TextOf(row[0]);
  format.quote = options.quote.empty() ? CharacterOf(row[1]) : options.quote;
  format.escape = options.escape.empty() ? CharacterOf(row[2]) : options.escape;
  if (format.quote.empty())
    format.quote = "\"";  // none in the sample; the usual one may come later
  if (format.escape.empty()) format.escape = format.quote;
  format.comment = CharacterOf(row[3]);
  format.skip_lines = std::get<std::int64_t>(row[4]);
  format.has_header = std::get<bool>(row[5]);
  format.date_format = TextOf(row[7]);
  format.timestamp_format = TextOf(row[8]);
  format.columns.fields.clear();
  for (const auto& column : nlohmann::json::parse(TextOf(row[6]))) {
    const std::string name = column.at("type");
    LEAT_ASSIGN(Type type, data::ParseType(name));
    if (name == "TIMESTAMP")
      type.kind = TypeKind::kTimestampNtz;  // read without looking for an offset
    format.columns.fields.push_back(
        {.name = UnescapedName(column.at("name"), format), .type = Widened(type)});
  }
  return Ok();
}

bool NamesAny(const FileFormat& format, const std::vector<std::string>& known) {
  return std::any_of(known.begin(), known.end(),
                     [&](const std::string& name) { return format.columns.Find(name) != nullptr; });
}

// Whether the names are those that the reader gives to columns without a header: column0 or, of
// more than ten, column00.
bool AreNumbered(const std::vector<std::string>& names) {
  constexpr std::string_view kPrefix = "column0";
  return !names.empty() && names[0].starts_with(kPrefix) &&
         names[0].find_first_not_of('0', kPrefix.size()) == std::string::npos;
}

Error UnclearHeader(const SourceFile& file, const FileFormat& format,
                    const std::vector<std::string>& known) {
  return InvalidInput(fmt::format("{}: the first line names none of the source's columns ({}); it "
                                  "may be a header of other columns, or a row ({})",
                                  file.name, Join(known, ", "), Join(format.columns.names(), ", ")))
      .WithHint(
          "set header: true under from: if it is a header, or header: false if the files have none "
          "and their columns come in that order");
}

// The first line of one file looks like a header or like a row, depending on the lines that follow;
// what the source's columns are called decides.
Status SettleHeader(engine::Session& session, const SourceFile& file,
                    const project::FileSourceOptions& options,
                    const std::vector<std::string>& known, FileFormat& format) {
  if (known.empty() || options.header == true || NamesAny(format, known)) return Ok();
  if (options.header == false) {
    if (AreNumbered(known)) return Ok();
    if (known.size() != format.columns.fields.size()) {
      return InvalidInput(fmt::format("{} has {} columns and no header, but the source has {} ({})",
                                      file.name, format.columns.fields.size(), known.size(),
                                      Join(known, ", ")))
          .WithHint("declare all columns under columns:, in the order of the file");
    }
    for (std::size_t i = 0; i < known.size(); i++) format.columns.fields[i].name = known[i];
    return Ok();
  }
  project::FileSourceOptions other = options;
  other.header = !format.has_header;
  FileFormat otherwise = format;
  LEAT_TRY(SniffCsv(session, file, other, otherwise));
  if (!NamesAny(otherwise, known))
    return UnclearHeader(file, otherwise.has_header ? otherwise : format, known);
  format = std::move(otherwise);
  return Ok();
}

// Whether the text has a number of more digits than a double keeps.
bool MayHaveLongNumbers(std::string_view text) {
  int digits = 0;
  for (const char c : text) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits > std::numeric_limits<double>::max_digits10 - 1) return true;
  }
  return false;
}

// The sniffer takes whole numbers beyond 64 bits for doubles; account numbers, say, lose digits.
Status KeepLongNumbers(engine::Session& session, const SourceFile& file,
                       const project::FileSourceOptions& options, FileFormat& format) {
  std::vector<data::Field*> doubles;
  std::vector<std::string> have_long_numbers;
  for (data::Field& field : format.columns.fields) {
    if (field.type.kind != TypeKind::kDouble) continue;
    doubles.push_back(&field);
    have_long_numbers.push_back(
        fmt::format("coalesce(bool_or(regexp_full_match({}, ' *[+-]?[0-9]{{{},}} *')), false)",
                    QuoteIdentifier(field.name), std::numeric_limits<double>::max_digits10));
  }
  if (doubles.empty()) return Ok();
  LEAT_ASSIGN(
      const auto found,
      session.Query(fmt::format(
          "SELECT {} FROM (SELECT * FROM read_csv({}, all_varchar = true) LIMIT {})",
          Join(have_long_numbers, ", "), SniffArguments(file, options, format), kSniffLines)));
  for (std::size_t i = 0; i < doubles.size(); i++) {
    if (std::get<bool>(found.rows[0][i])) doubles[i]->type = {.kind = TypeKind::kString};
  }
  return Ok();
}

Status DetectCsv(engine::Session& session, const SourceFile& file, std::string_view head,
                 const project::FileSourceOptions& options, const std::vector<std::string>& known,
                 FileFormat& format) {
  LEAT_TRY(SniffCsv(session, file, options, format));
  if (format.compression != "none" || MayHaveLongNumbers(head))
    LEAT_TRY(KeepLongNumbers(session, file, options, format));
  return SettleHeader(session, file, options, known, format);
}

Status DetectByBinding(engine::Session& session, const SourceFile& file, const std::string& from,
                       FileFormat& format) {
  auto bound = session.Bind("SELECT * FROM " + from);
  if (!bound.ok()) {
    return InvalidInput("cannot read " + file.name + ": " + bound.error().message())
        .WithHint(
            "the file is damaged or of another format: replace it, or set format under from: in "
            "the source");
  }
  for (const data::Field& field : bound->schema.fields) {
    format.columns.fields.push_back({.name = field.name, .type = Widened(field.type)});
  }
  return Ok();
}

// Types as read_json finds them: counts are signed, and what was always null may yet be anything.
nlohmann::ordered_json UsualTypes(const nlohmann::ordered_json& structure) {
  if (structure == "UBIGINT") return "BIGINT";
  if (structure == "NULL") return "JSON";
  nlohmann::ordered_json usual = structure;
  if (!structure.is_structured()) return usual;
  for (auto part = usual.begin(); part != usual.end(); ++part) *part = UsualTypes(*part);
  return usual;
}

// read_json gives up on lines that are JSON but no objects: then only the objects tell the columns.
Status DetectFromObjects(engine::Session& session, const SourceFile& file, FileFormat& format) {
  std::string lines = fmt::format(
      "leat_read_csv([{}], auto_detect = false, columns = {{'line': 'VARCHAR'}}, delim = E'\\x01', "
      "quote = '', escape "
      "= '', header = false, max_line_size = {}, ignore_errors = true, compression = {}",
      QuoteLiteral(file.path), kMaxLineBytes, QuoteLiteral(format.compression));
  if (format.encoding != "utf-8") lines += ", encoding = " + QuoteLiteral(format.encoding);
  LEAT_ASSIGN(
      const auto found,
      session.Query("SELECT CAST(json_group_structure(CAST(line AS JSON)) AS VARCHAR) FROM " +
                    lines + ") WHERE json_valid(line) AND json_type(line) = 'OBJECT'"));
  const std::string structure = TextOf(found.rows[0][0]);
  if (structure.empty()) {
    return InvalidInput(file.name + " has no line that is a JSON object")
        .WithHint("replace the file, or set format under from: in the source");
  }
  const std::string types = UsualTypes(nlohmann::ordered_json::parse(structure)).dump();
  return DetectByBinding(
      session, file, "(SELECT unnest(from_json('{}'::JSON, " + QuoteLiteral(types) + ")))", format);
}

}  // namespace

bool FileFormat::ReadsLike(const FileFormat& other) const {
  return layout == other.layout && encoding == other.encoding && compression == other.compression &&
         delimiter == other.delimiter && quote == other.quote && escape == other.escape &&
         comment == other.comment && date_format == other.date_format &&
         timestamp_format == other.timestamp_format && json_format == other.json_format &&
         has_header == other.has_header && skip_lines == other.skip_lines &&
         columns.names() == other.columns.names();
}

Result<FileFormat> DetectFormat(io::FileSystem& files, engine::Session& session,
                                const SourceFile& file, const project::FileSourceOptions& options,
                                const std::vector<std::string>& known) {
  LEAT_ASSIGN(const std::string head, files.ReadRange(file.path, 0, kSniffBytes));
  FileFormat format{.compression = CompressionOf(file.path, head, options)};
  const bool is_packed = format.compression != "none";
  const Layout layout = LayoutOf(file.path, head, options, is_packed);
  // A Parquet file has at least a footer: an empty one is damaged.
  if (WithoutMark(head).empty() && layout != Layout::kParquet) return format;
  format.layout = layout;
  format.encoding = options.encoding.empty() ? "utf-8" : ToLower(options.encoding);
  if (options.encoding.empty() && !is_packed && format.layout != Layout::kParquet) {
    LEAT_ASSIGN(
        format.encoding,
        EncodingOf(head, static_cast<std::int64_t>(head.size()) == file.size_bytes, file.name));
  }
  if (format.encoding.starts_with("utf-16") && !is_packed && head.find('\0') == std::string::npos) {
    return InvalidInput(file.name + " is declared as " + format.encoding +
                        ", but it is not: not even a line end of it is")
        .WithHint("correct encoding under from:, or leave it out to have it detected");
  }
  const std::string path = QuoteLiteral(file.path);
  switch (format.layout) {
    case Layout::kCsv: LEAT_TRY(DetectCsv(session, file, head, options, known, format)); break;
    case Layout::kParquet:
      LEAT_TRY(DetectByBinding(session, file, "read_parquet(" + path + ")", format));
      break;
    case Layout::kJsonLines: {
      const std::string lines = "read_json(" + path +
                                ", format = 'newline_delimited', records = true, ignore_errors = "
                                "true, sample_size = -1)";
      const bool bound = DetectByBinding(session, file, lines, format).ok();
      if (!bound) LEAT_TRY(DetectFromObjects(session, file, format));
      break;
    }
    case Layout::kJsonDocument: {
      format.json_format =
          Trim(WithoutMark(head)).starts_with('[') || is_packed ? "array" : "unstructured";
      LEAT_TRY(DetectByBinding(session, file,
                               "read_json(" + path + ", format = '" + format.json_format +
                                   "', records = true, sample_size = -1)",
                               format));
      break;
    }
    case Layout::kEmpty: break;
  }
  return format;
}

Type CommonType(const Type& a, const Type& b) {
  if (a == b) return a;
  const auto either = [&](TypeKind x, TypeKind y) {
    return (a.kind == x && b.kind == y) || (a.kind == y && b.kind == x);
  };
  if (either(TypeKind::kTimestamp, TypeKind::kTimestampNtz)) return {.kind = TypeKind::kTimestamp};
  if (either(TypeKind::kLong, TypeKind::kDouble)) return {.kind = TypeKind::kDouble};
  if (either(TypeKind::kDate, TypeKind::kTimestamp) ||
      either(TypeKind::kDate, TypeKind::kTimestampNtz)) {
    return {.kind = TypeKind::kTimestamp};
  }
  if (a.kind == TypeKind::kStruct && b.kind == TypeKind::kStruct) {
    Type both = a;
    for (const data::Field& field : b.children) {
      bool known = false;
      for (data::Field& mine : both.children) {
        if (!EqualsIgnoreCase(mine.name, field.name)) continue;
        mine.type = CommonType(mine.type, field.type);
        known = true;
      }
      if (!known) both.children.push_back(field);
    }
    return both;
  }
  return {.kind = TypeKind::kString};
}

}  // namespace leat::connect
