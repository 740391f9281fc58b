// What a file holds and how to read it: detected, with every setting overridable.
#pragma once

#include <string>
#include <vector>

#include "connect/file/file_source.h"
#include "engine/engine.h"

namespace leat::connect {

enum class Layout {
  kCsv,
  kJsonLines,     // one JSON value per line
  kJsonDocument,  // one array of objects, or objects that span lines
  kParquet,
  kEmpty,  // no bytes (or only a byte order mark)
};

// How to read one file, and the columns it has.
struct FileFormat {
  Layout layout = Layout::kEmpty;
  std::string encoding;                           // kCsv, kJsonLines: utf-8, utf-16, latin-1
  std::string compression;                        // none, gzip, zstd
  std::string delimiter, quote, escape, comment;  // kCsv; empty quote: none
  std::string date_format, timestamp_format;      // kCsv; empty: ISO 8601
  std::string json_format;                        // kJsonDocument: array, unstructured
  bool has_header = false;
  std::int64_t skip_lines = 0;
  data::Schema columns;  // as in the file, with the detected types (integers long, reals double)

  // Files that can be read by one scan: everything equal but the types.
  bool ReadsLike(const FileFormat& other) const;
};

// Reads the beginning of a file. `known`: the columns that the source has by its declaration or its
// earlier files, in order; they tell a header of a delimited file from its first row, and name the
// columns of a file declared to have no header. Errors name the file: unreadable, undetectable, an
// encoding that Leat lacks, a first line that may be a header or a row.
Result<FileFormat> DetectFormat(io::FileSystem& files, engine::Session& session,
                                const SourceFile& file, const project::FileSourceOptions& options,
                                const std::vector<std::string>& known = {});

// The smallest type that holds the values of both: long and double → double, date and timestamp →
// timestamp, anything else that differs → string.
data::Type CommonType(const data::Type& a, const data::Type& b);

}  // namespace leat::connect
