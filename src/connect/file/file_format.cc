#include "connect/file/file_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "connect/column_names.h"
#include "connect/file/csv_detect.h"
#include "connect/file/json_detect.h"
#include "connect/file/json_text.h"
#include "connect/file/limits.h"
#include "connect/file/text_input.h"
#include "io/uri.h"

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

// Whether every other byte is a NUL, as in UTF-16 text of Latin letters.
bool IsUtf16(std::string_view head, std::size_t first_nul) {
  constexpr std::size_t kFewest = 4;
  if (head.size() < kFewest) return false;
  for (std::size_t i = 0; i < std::min<std::size_t>(head.size(), kChunkBytes); i++) {
    const bool is_nul = head[i] == '\0';
    if (is_nul != (i % 2 == first_nul)) return false;
  }
  return true;
}

// What a text's bytes say of its encoding.
struct Bytes {
  std::size_t multi_byte = 0;  // valid UTF-8 sequences of several bytes
  std::size_t invalid = 0;     // in UTF-8
  std::size_t letters = 0;     // of ASCII
  std::size_t accents = 0;     // letters of Latin-1 that are no UTF-8, next to one of ASCII
};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Bytes BytesOf(std::string_view head, bool is_whole) {
  Bytes bytes;
  for (std::size_t i = 0; i < head.size();) {
    const std::size_t length = Utf8Length(head, i);
    if (length > 1) bytes.multi_byte++;
    const bool cut_off = length == 0 && !is_whole && i + 4 > head.size();
    if (length == 0 && !cut_off) {
      bytes.invalid++;
      const bool has_neighbor =
          (i > 0 && IsLetter(head[i - 1])) || (i + 1 < head.size() && IsLetter(head[i + 1]));
      const auto byte = static_cast<unsigned char>(head[i]);
      if (byte >= 0xC0 && byte != 0xD7 && byte != 0xF7 && has_neighbor) bytes.accents++;
    }
    if (length == 1 && IsLetter(head[i])) bytes.letters++;
    i += std::max<std::size_t>(1, length);
  }
  return bytes;
}

// From the byte order mark, or else: a text with valid multi-byte sequences, at least half
// as many as wrong bytes, is UTF-8, and those rows go to quarantine (in other encodings few
// sequences are valid by chance). Else text whose wrong bytes are few letters with accents among
// letters of ASCII is taken for Latin-1, which the load says; text of any other encoding is
// refused.
Result<std::string> EncodingOf(std::string_view head, bool is_whole, const std::string& name,
                               bool is_json) {
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) return std::string("utf-16");
  if (IsUtf16(head, 1)) return std::string("utf-16le");
  if (IsUtf16(head, 0)) return std::string("utf-16be");
  if (is_json) return std::string("utf-8");  // RFC 8259, 8.1
  const Bytes bytes = BytesOf(head, is_whole);
  if (bytes.invalid == 0 || 2 * bytes.multi_byte >= bytes.invalid) return std::string("utf-8");
  constexpr std::size_t kLettersPerAccent = 4;
  if (bytes.multi_byte == 0 && bytes.accents == bytes.invalid &&
      bytes.accents * kLettersPerAccent <= bytes.letters)
    return std::string("latin-1");
  return InvalidInput(name +
                      " is neither UTF-8 nor Latin-1 text, and nothing tells which encoding "
                      "it has")
      .WithHint(
          "set encoding: under from: in the source, for instance windows-1252, shift_jis, "
          "gb18030, euc-kr");
}

std::string_view WithoutMark(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  return head;
}

bool IsOneLineJson(std::string_view text) {
  const std::string_view line = Trim(text.substr(0, text.find('\n')));
  return nlohmann::json::accept(line);
}

// Whether the first line, outside of all brackets and quotes at its end, has one object, and
// perhaps damage.
bool IsLineOfOneObject(std::string_view text) {
  const std::string_view line = Trim(text.substr(0, text.find('\n')));
  JsonSplitter splitter;
  std::vector<JsonSplitter::Piece> pieces;
  splitter.Split(std::string(line) + ' ', false, pieces);
  const auto objects = std::count_if(pieces.begin(), pieces.end(), [&](const auto& piece) {
    return line.substr(piece.begin).starts_with('{');
  });
  return splitter.done() > line.size() && objects == 1;
}

// `text`: the decoded beginning.
Layout LayoutOf(const std::string& path, std::string_view text,
                const project::FileSourceOptions& options) {
  const std::string extension = ExtensionOf(path);
  const bool named_json = extension == "json" || extension == "ndjson" || extension == "jsonl";
  const bool named_csv = extension == "csv" || extension == "tsv" || extension == "txt";
  text = Trim(text);
  if (options.format == project::FileFormat::kCsv) return Layout::kCsv;
  if (options.format == project::FileFormat::kAuto) {
    if (named_csv) return Layout::kCsv;
    if (!named_json && !text.starts_with('{') && !text.starts_with('[')) return Layout::kCsv;
  }
  const bool many_lines = text.find('\n') != std::string_view::npos;
  if (text.starts_with('[')) return Layout::kJsonDocument;
  const bool named_lines = named_json && extension != "json";
  if (IsOneLineJson(text) || (named_lines && IsLineOfOneObject(text))) return Layout::kJsonLines;
  // One line of several values, or values that span lines; damaged lines stay lines.
  const bool may_span = extension == "json" || !many_lines;
  return may_span ? Layout::kJsonDocument : Layout::kJsonLines;
}

// Integers of any width are stored as long and reals as double, so that a later file with larger
// values fits.
Type Widened(const Type& type) {
  switch (type.kind) {
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger: return {.kind = TypeKind::kLong};
    case TypeKind::kFloat: return {.kind = TypeKind::kDouble};
    case TypeKind::kTimestampNtz: return {.kind = TypeKind::kTimestamp};
    default: break;
  }
  Type widened = type;
  for (data::Field& child : widened.children) child.type = Widened(child.type);
  return widened;
}

// INT96 times have nanoseconds, which DuckDB cuts off unseen. Spark's have only microseconds; those
// that overflow wrap around, which the load looks for.
Result<bool> IsWrittenBySpark(engine::Session& session, const SourceFile& file) {
  LEAT_ASSIGN(const auto keys,
              session.Query("SELECT count(*) FROM parquet_kv_metadata(" + QuoteLiteral(file.path) +
                            ") WHERE starts_with(decode(key), 'org.apache.spark.')"));
  return std::get<std::int64_t>(keys.rows[0][0]) > 0;
}

// A column of a Parquet file, or a field of one.
struct ParquetElement {
  std::string name;
  std::string logical_type;
  std::string physical_type;
  std::int64_t precision = 0;
  std::int64_t child_count = 0;
  bool is_nested = false;
};

// Names that DuckDB would change unseen, of the element at `at` and all within it, behind which
// `at` stands afterwards.
Status CheckParquetNames(const SourceFile& file, const std::vector<ParquetElement>& elements,
                         std::size_t& at) {
  const bool is_root = at == 0;
  const ParquetElement& parent = elements[at++];
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < parent.child_count && at < elements.size(); i++) {
    names.push_back(elements[at].name);
    LEAT_TRY(CheckParquetNames(file, elements, at));
  }
  const std::string fault = FaultOfNames(names, is_root ? "column" : "field");
  if (fault.empty()) return Ok();
  const std::string where = is_root ? file.name : file.name + ": " + parent.name;
  return InvalidInput(where + " has " + fault).WithHint("rename it in the file");
}

// What DuckDB reads in another way than it stands in the file: names, decimals of more than 38
// digits, and nanoseconds, but for times without a zone, which the load looks at.
Status CheckParquet(engine::Session& session, const SourceFile& file, FileFormat& format) {
  auto rows = session.Query(
      "SELECT name, coalesce(logical_type, ''), coalesce(type, ''), coalesce(precision, 0), "
      "coalesce(num_children, 0) FROM parquet_schema(" +
      QuoteLiteral(file.path) + ")");
  if (!rows.ok() || rows->rows.empty()) return Ok();  // for DetectParquet to report
  std::vector<ParquetElement> elements;
  std::int64_t nested = 0;  // elements to come that lie within others
  for (const auto& row : rows->rows) {
    ParquetElement& element = elements.emplace_back();
    const auto* name = std::get_if<std::string>(&row[0]);
    if (name != nullptr) element.name = *name;
    element.logical_type = std::get<std::string>(row[1]);
    element.physical_type = std::get<std::string>(row[2]);
    element.precision = std::get<std::int64_t>(row[3]);
    element.child_count = std::get<std::int64_t>(row[4]);
    element.is_nested = nested > 0;
    if (element.is_nested) nested--;
    if (elements.size() > 1) nested += element.child_count;
  }
  std::size_t first = 0;
  LEAT_TRY(CheckParquetNames(file, elements, first));
  std::optional<bool> is_of_spark;
  for (const ParquetElement& element : elements) {
    const bool is_column = &element != elements.data() && !element.is_nested;
    if (is_column && EqualsIgnoreCase(element.name, "file_row_number")) {
      return InvalidInput(
                 fmt::format("{} has a column named {}, a name that the engine's reader of "
                             "Parquet uses itself",
                             file.name, element.name))
          .WithHint("rename it in the file");
    }
    constexpr std::int64_t kMostDigits = 38;
    if (element.precision > kMostDigits) {
      return InvalidInput(
                 fmt::format("{}: column {} has decimals of {} digits; Leat stores at most {}",
                             file.name, element.name, element.precision, kMostDigits))
          .WithHint("write the column as text, or with fewer digits");
    }
    if (element.physical_type == "INT96") {
      if (!is_of_spark) {
        LEAT_ASSIGN(is_of_spark, IsWrittenBySpark(session, file));
      }
      if (!*is_of_spark) {
        return InvalidInput(
                   fmt::format("{}: column {} has INT96 times, whose nanoseconds cannot be told",
                               file.name, element.name))
            .WithHint(
                "write the column as microseconds, not as INT96, a type that Parquet has given up");
      }
      if (!element.is_nested) format.int96.push_back(element.name);
    }
    if (element.logical_type.find("NANOS=Nano") == std::string::npos) continue;
    const bool is_time = element.logical_type.starts_with("Timestamp");
    const bool has_zone = element.logical_type.find("isAdjustedToUTC=1") != std::string::npos;
    if (is_time && !has_zone && !element.is_nested) {
      format.nanoseconds.push_back(element.name);
      continue;
    }
    return InvalidInput(fmt::format("{}: column {} has {} in nanoseconds; Leat stores microseconds",
                                    file.name, element.name, is_time ? "instants" : "times"))
        .WithHint("write the column in microseconds: with pyarrow, coerce_timestamps='us'");
  }
  return Ok();
}

Status DetectParquet(engine::Session& session, const SourceFile& file, FileFormat& format) {
  auto bound = session.Bind("SELECT * FROM read_parquet(" + QuoteLiteral(file.path) +
                            ", hive_partitioning = false)");
  if (!bound.ok()) {
    return InvalidInput("cannot read " + file.name + ": " + bound.error().message())
        .WithHint(
            "the file is damaged or of another format: replace it, or set format under from: in "
            "the source");
  }
  for (const data::Field& field : bound->schema.fields) {
    DetectedType type;
    type.AddTyped(Widened(field.type));
    format.columns.emplace_back(field.name, std::move(type));
  }
  return Ok();
}

// The bytes as decompressed, and then as text.
Result<std::string> HeadOf(io::FileSystem& files, const SourceFile& file,
                           const std::string& compression, const std::string& encoding,
                           bool& is_whole) {
  LEAT_ASSIGN(const auto input, TextInput::Open(files, file, compression, encoding));
  std::string head;
  LEAT_TRY(input->Read(kSniffBytes, head));
  is_whole = input->at_end();
  return head;
}

bool IsKnownColumn(const FileFormat& format, const std::string& name) {
  return format.Find(name) >= 0;
}

// Of the folders between the pattern's fixed part and the file: key=value, decoded.
void AddPartitions(const SourceFile& file, FileFormat& format) {
  auto folders = Split(file.name, '/');
  folders.pop_back();
  for (const std::string& folder : folders) {
    const std::size_t equals = folder.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    const std::string name = io::DecodeUri(folder.substr(0, equals));
    if (IsKnownColumn(format, name)) continue;  // the file's own values count
    format.partitions.emplace_back(name, io::DecodeUri(folder.substr(equals + 1)));
  }
}

bool IsJson(const SourceFile& file, std::string_view head,
            const project::FileSourceOptions& options) {
  return LayoutOf(file.path, WithoutMark(head), options) != Layout::kCsv;
}

Status DetectText(io::FileSystem& files, const SourceFile& file,
                  const project::FileSourceOptions& options, const std::vector<std::string>& known,
                  FileFormat& format) {
  bool is_whole = false;
  LEAT_ASSIGN(std::string head, HeadOf(files, file, format.compression, "utf-8", is_whole));
  if (WithoutMark(head).empty()) return Ok();
  format.encoding = ToLower(options.encoding);
  if (format.encoding.empty()) {
    LEAT_ASSIGN(format.encoding,
                EncodingOf(head, is_whole, file.name, IsJson(file, head, options)));
  }
  if (format.encoding.starts_with("utf-16") && head.find('\0') == std::string::npos) {
    return InvalidInput(file.name + " is declared as " + format.encoding +
                        ", but it is not: not even a line end of it is")
        .WithHint("correct encoding under from:, or leave it out to have it detected");
  }
  format.encoding_is_likely = options.encoding.empty() && format.encoding == "latin-1";
  LEAT_ASSIGN(head, HeadOf(files, file, format.compression, format.encoding, is_whole));
  format.layout = LayoutOf(file.path, WithoutMark(head), options);
  return format.layout == Layout::kCsv ? DetectCsv(files, file, options, known, format)
                                       : DetectJson(files, file, format);
}

}  // namespace

std::vector<std::string> FileFormat::names() const {
  std::vector<std::string> names;
  for (const auto& [name, type] : columns) names.push_back(name);
  return names;
}

data::Schema FileFormat::schema() const {
  data::Schema schema;
  for (const auto& [name, type] : columns)
    schema.fields.push_back({.name = name, .type = type.type()});
  for (const auto& [name, value] : partitions) {
    DetectedType type;
    type.AddText(value);
    schema.fields.push_back({.name = name, .type = type.type()});
  }
  return schema;
}

int FileFormat::Find(std::string_view name) const {
  for (std::size_t i = 0; i < columns.size(); i++) {
    if (columns[i].first == name) return static_cast<int>(i);
  }
  for (std::size_t i = 0; i < columns.size(); i++) {
    if (EqualsIgnoreCase(columns[i].first, name)) return static_cast<int>(i);
  }
  return -1;
}

std::string ExtensionOf(const std::string& path) {
  std::string name = ToLower(io::FileName(path));
  for (const char* packed : {".gz", ".zst"}) {
    if (name.ends_with(packed)) name.resize(name.size() - std::string(packed).size());
  }
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(dot + 1);
}

Result<FileFormat> DetectFormat(io::FileSystem& files, engine::Session& session,
                                const SourceFile& file, const project::FileSourceOptions& options,
                                const std::vector<std::string>& known) {
  constexpr std::int64_t kMagicBytes = 4;
  LEAT_ASSIGN(const std::string magic, files.ReadRange(file.path, 0, kMagicBytes));
  FileFormat format;
  const bool is_auto = options.format == project::FileFormat::kAuto;
  const bool is_parquet = options.format == project::FileFormat::kParquet ||
                          (is_auto && (ExtensionOf(file.path) == "parquet" || magic == "PAR1"));
  if (is_parquet) {  // it has at least a footer: an empty one is damaged
    format.layout = Layout::kParquet;
    format.compression = "none";
    LEAT_TRY(CheckParquet(session, file, format));
    LEAT_TRY(DetectParquet(session, file, format));
  } else {
    format.compression = CompressionOf(file.path, magic, options);
    LEAT_TRY(DetectText(files, file, options, known, format));
  }
  if (options.takes_partitions) AddPartitions(file, format);
  return format;
}

}  // namespace leat::connect
