// What a file holds and how to read it: detected, with every setting overridable.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "connect/file/detected_type.h"
#include "connect/file/file_source.h"
#include "engine/engine.h"

namespace leat::connect {

enum class Layout {
  kCsv,
  kJsonLines,     // one JSON value per line
  kJsonDocument,  // values that span lines, or several in a line; or one array of them
  kParquet,
  kEmpty,  // no bytes (or only a byte order mark)
};

enum class LineEnd { kLf, kCrLf, kCr };

// How to read one file, and the columns it has.
struct FileFormat {
  Layout layout = Layout::kEmpty;
  std::string encoding;                  // of text: utf-8, or a name that iconv(3) knows
  bool encoding_is_likely = false;       // not declared, and other encodings have the same bytes
  std::string compression;               // none, gzip, zstd
  std::vector<std::string> nanoseconds;  // kParquet: columns of times in nanoseconds
  std::vector<std::string> int96;        // kParquet: columns of Spark's INT96 times
  std::string delimiter, quote, escape, comment;  // kCsv; empty quote, comment: none
  LineEnd line_end = LineEnd::kLf;                // kCsv
  bool has_header = false;
  std::int64_t skip_lines = 0;  // kCsv: before the header or the first row
  // As in the file: of JSON in the order in which the keys were found.
  std::vector<std::pair<std::string, DetectedType>> columns;

  // From folders named key=value, with partitions: hive; not among `columns`.
  std::vector<std::pair<std::string, std::string>> partitions;

  std::vector<std::string> names() const;
  // The columns, and the partitions, with the types in which a table stores them.
  data::Schema schema() const;
  // Names are compared without case.
  int Find(std::string_view name) const;  // -1: there is none
  bool is_json() const { return layout == Layout::kJsonLines || layout == Layout::kJsonDocument; }
};

// Reads the beginning of a file (a Parquet file's footer). `known`: the columns that the source has
// by its declaration or its earlier files, in order; they tell a header of a delimited file from
// its first row, and name the columns of a file declared to have no header. Errors name the file:
// unreadable, undetectable, an encoding that Leat lacks; kNotFound: a delimited file whose first
// line names none of `known`, and may be a header or a row.
Result<FileFormat> DetectFormat(io::FileSystem& files, engine::Session& session,
                                const SourceFile& file, const project::FileSourceOptions& options,
                                const std::vector<std::string>& known = {});

// Of a path: the extension before .gz or .zst, in lower case.
std::string ExtensionOf(const std::string& path);

}  // namespace leat::connect
