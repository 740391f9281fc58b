// Where the records and cells of a delimited text lie (RFC 4180, with other delimiters, quotes and
// escapes). A quote is one only where a cell begins; elsewhere it is text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connect/file/file_format.h"

namespace leat::connect {

struct CsvDialect {
  std::string delimiter = ",";
  char quote = '"';     // 0: none
  char escape = '"';    // of a quote within a quoted cell; like the quote: doubled
  char comment = '\0';  // 0: none. A line that begins with it is passed over
  LineEnd line_end = LineEnd::kLf;

  static CsvDialect Of(const FileFormat& format);
};

struct Cell {
  std::uint32_t begin = 0, end = 0;  // with its quotes
};

// What a text holds. Each byte up to `end` belongs to a row, a bad record or a skipped line.
struct CsvRecords {
  struct Range {
    std::uint32_t begin = 0, end = 0;  // with the line end
  };
  struct Bad {
    Range range;
    std::uint32_t text_end = 0;  // without the line end
    std::string error;
  };
  std::vector<Range> rows;
  std::vector<Cell> cells;  // of the rows, as many for each as there are columns
  std::vector<Bad> bad;
  std::int64_t skipped = 0;  // blank lines, where rows have several columns, and comments
  std::int64_t lines = 0;    // line breaks up to `end`
  std::size_t end = 0;       // the rest is a record that does not end in the text
  // The first record that ends with another line end than the dialect's; SIZE_MAX: none does.
  std::size_t other_line_end = SIZE_MAX;
};

// Scans text[from, size), behind which kChunkPadding bytes may be read. `is_last`: the text's end
// is the last record's. A record with another number of cells than `columns` is bad. Thread-safe.
void ScanCsv(std::string_view text, std::size_t from, const CsvDialect& dialect,
             std::size_t columns, bool is_last, CsvRecords& records);

// The next record, of any number of cells, one byte after the other: what ScanCsv does with records
// that its vector instructions do not understand. Returns where the next one begins; `error` is
// empty if it is well-formed. With !is_last and an open quote at the end: returns npos.
std::size_t ScanRecord(std::string_view text, std::size_t begin, const CsvDialect& dialect,
                       bool is_last, std::vector<Cell>& cells, std::size_t& text_end,
                       std::string& error);

// The value of a cell: without quotes, with escapes resolved into `buffer` if there are any.
std::string_view CellText(std::string_view text, const Cell& cell, const CsvDialect& dialect,
                          std::string& buffer);

}  // namespace leat::connect
