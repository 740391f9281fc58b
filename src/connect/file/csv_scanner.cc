#include "connect/file/csv_scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace leat::connect {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::uint64_t kTopBit = 1ULL << 63;

#if defined(__SSE2__)
std::uint64_t EqualBits(const char* block, char c) {
  const __m128i wanted = _mm_set1_epi8(c);
  std::uint64_t bits = 0;
  for (int i = 0; i < 4; i++) {
    const __m128i part = _mm_loadu_si128(
        reinterpret_cast<const __m128i*>(block + static_cast<std::ptrdiff_t>(i) * 16));
    const auto equal = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(part, wanted)));
    bits |= static_cast<std::uint64_t>(equal) << (16 * i);
  }
  return bits;
}
#else
std::uint64_t EqualBits(const char* block, char c) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < kBlock; i++) bits |= static_cast<std::uint64_t>(block[i] == c) << i;
  return bits;
}
#endif

// Bit i is the parity of bits 0 to i: with the bits of quotes, whether byte i lies within some (the
// opening one does, the closing one does not). A carry-less product with all ones, as
// "Parsing Gigabytes of JSON per Second" (Langdale, Lemire) has it, by shifts.
std::uint64_t PrefixParity(std::uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

bool IsLineEnd(char c) { return c == '\n' || c == '\r'; }

// Behind the line's end; the length of the text, if it has none.
std::size_t NextLine(std::string_view text, std::size_t at, LineEnd line_end) {
  const std::size_t found = text.find(line_end == LineEnd::kCr ? '\r' : '\n', at);
  return found == std::string_view::npos ? text.size() : found + 1;
}

// The end of a record's text, of which the next begins at `next`.
std::size_t WithoutLineEnd(std::string_view text, std::size_t begin, std::size_t next) {
  std::size_t end = next;
  if (end > begin && text[end - 1] == '\n') end--;
  if (end > begin && text[end - 1] == '\r') end--;
  return end;
}

std::string WrongCount(std::size_t expected, std::size_t found) {
  return fmt::format("{} columns: Expected Number of Columns: {} Found: {}",
                     found < expected ? "missing" : "too many", expected, found);
}

class Scanner {
 public:
  Scanner(std::string_view text, const CsvDialect& dialect, std::size_t columns, bool is_last,
          CsvRecords& records)
      : text_(text), dialect_(dialect), columns_(columns), is_last_(is_last), records_(records) {}

  void Run(std::size_t from) {
    StartRow(from);
    if (IsSimple()) {
      RunBlocks(from);
    } else {
      while (row_begin_ < text_.size() && ScanOne()) continue;
    }
    records_.end = row_begin_;
    records_.lines = CountLines(row_begin_);
  }

 private:
  // What the blocks of 64 bytes understand.
  bool IsSimple() const {
    return dialect_.delimiter.size() == 1 && dialect_.comment == '\0' &&
           (dialect_.quote == '\0' || dialect_.quote == dialect_.escape) &&
           dialect_.line_end != LineEnd::kCr;
  }

  void StartRow(std::size_t at) {
    row_begin_ = at;
    cell_begin_ = at;
    count_ = 0;
  }

  // One record by bytes; false if it goes on behind the text.
  bool ScanOne() {
    const char first = text_[row_begin_];
    if (dialect_.comment != '\0' && first == dialect_.comment) {
      const std::size_t next = NextLine(text_, row_begin_, dialect_.line_end);
      records_.skipped++;
      StartRow(next);
      return true;
    }
    std::size_t end = 0;
    std::string error;
    scanned_.clear();
    const std::size_t next =
        ScanRecord(text_, row_begin_, dialect_, is_last_, scanned_, end, error);
    if (next == std::string_view::npos) return false;
    records_.cells.resize(records_.rows.size() * columns_);
    if (!error.empty()) {
      AddBad(next, end, std::move(error));
    } else if (scanned_.size() == 1 && scanned_[0].begin == scanned_[0].end && columns_ > 1) {
      NoteLineEnd(end, next);
      records_.skipped++;
    } else if (scanned_.size() != columns_) {
      AddBad(next, end, WrongCount(columns_, scanned_.size()));
    } else {
      NoteLineEnd(end, next);
      records_.cells.insert(records_.cells.end(), scanned_.begin(), scanned_.end());
      AddRow(next);
    }
    StartRow(next);
    return true;
  }

  std::int64_t CountLines(std::size_t end) const {
    const char line_end = dialect_.line_end == LineEnd::kCr ? '\r' : '\n';
    std::int64_t lines = 0;
    for (std::size_t at = 0; at < end; at += kBlock)
      lines += std::popcount(Cut(EqualBits(text_.data() + at, line_end), end - at));
    return lines;
  }

  void AddRow(std::size_t next) {
    records_.rows.push_back(
        {static_cast<std::uint32_t>(row_begin_), static_cast<std::uint32_t>(next)});
  }

  void AddBad(std::size_t next, std::size_t text_end, std::string error) {
    records_.bad.push_back(
        {.range = {static_cast<std::uint32_t>(row_begin_), static_cast<std::uint32_t>(next)},
         .text_end = static_cast<std::uint32_t>(text_end),
         .error = std::move(error)});
  }

  // The record's text ends at `end`, the next record begins at `next`.
  void NoteLineEnd(std::size_t end, std::size_t next) {
    const std::size_t length = next - end;  // 0: the text's end
    const bool is_other = dialect_.line_end == LineEnd::kCrLf ? length == 1 : length == 2;
    if (is_other && dialect_.line_end != LineEnd::kCr)
      records_.other_line_end = std::min(records_.other_line_end, row_begin_);
  }

  // --- 64 bytes at a time

  void AddCell(std::size_t end) {
    if (count_ < columns_) {
      records_.cells.push_back(
          {static_cast<std::uint32_t>(cell_begin_), static_cast<std::uint32_t>(end)});
    }
    count_++;
  }

  // The row's last cell and line end; `at` is the line feed or the end of the text.
  void EndRow(std::size_t at, std::size_t next) {
    std::size_t end = at;
    if (end > cell_begin_ && text_[end - 1] == '\r') end--;
    if (count_ == 0 && end == cell_begin_ && columns_ > 1) {
      NoteLineEnd(end, next);
      records_.skipped++;
      return StartRow(next);
    }
    AddCell(end);
    NoteLineEnd(end, next);
    if (count_ == columns_) {
      AddRow(next);
    } else {
      records_.cells.resize(records_.rows.size() * columns_);
      AddBad(next, end, WrongCount(columns_, count_));
    }
    StartRow(next);
  }

  void RunBlocks(std::size_t from) {
    Reset();
    std::size_t at = from;
    while (at < text_.size()) {
      const Block block = Look(at);
      if (block.is_strange) {
        records_.cells.resize(records_.rows.size() * columns_);
        if (!ScanOne()) return;
        at = row_begin_;
        Reset();
        continue;
      }
      TakeBlock(at, block);
      at += kBlock;
    }
    if (row_begin_ >= text_.size()) return;
    if (!is_last_) {
      records_.cells.resize(records_.rows.size() * columns_);
      return;
    }
    if (within_quotes_ != 0) {
      records_.cells.resize(records_.rows.size() * columns_);
      ScanOne();
      return;
    }
    EndRow(text_.size(), text_.size());
  }

  struct Block {
    std::uint64_t ends = 0;  // delimiters and line feeds outside of quotes
    std::uint64_t line_feeds = 0;
    std::uint64_t next_within = 0;
    std::uint64_t closings = 0;
    bool is_strange = false;
  };

  void Reset() {
    within_quotes_ = 0;
    after_end_ = 1;
    after_closing_ = 0;
  }

  char CharAt(std::size_t at) const { return at < text_.size() ? text_[at] : '\n'; }

  // Bits of the block that lie behind the text are cleared.
  static std::uint64_t Cut(std::uint64_t bits, std::size_t left) {
    return left >= kBlock ? bits : bits & ((1ULL << left) - 1);
  }

  Block Look(std::size_t at) const {
    const char* bytes = text_.data() + at;
    const std::size_t left = text_.size() - at;
    const std::uint64_t quotes =
        dialect_.quote == '\0' ? 0 : Cut(EqualBits(bytes, dialect_.quote), left);
    const std::uint64_t delimiters = Cut(EqualBits(bytes, dialect_.delimiter[0]), left);
    const std::uint64_t returns = Cut(EqualBits(bytes, '\r'), left);
    Block block{.line_feeds = Cut(EqualBits(bytes, '\n'), left)};
    const std::uint64_t within = PrefixParity(quotes) ^ within_quotes_;
    block.ends = (delimiters | block.line_feeds) & ~within;
    block.next_within = (within & kTopBit) != 0 ? ~0ULL : 0;
    const std::uint64_t next_is_line_feed = CharAt(at + kBlock) == '\n' ? kTopBit : 0;
    std::uint64_t strange = returns & ~within & ~(block.line_feeds >> 1 | next_is_line_feed);
    if ((quotes | within_quotes_) != 0) {
      const std::uint64_t openings = quotes & within;
      block.closings = quotes & ~within;
      strange |= openings & ~(block.ends << 1 | after_end_ | block.closings << 1 | after_closing_);
      const std::uint64_t may_follow = delimiters | block.line_feeds | returns | quotes;
      std::uint64_t followed = may_follow >> 1;
      const char next = CharAt(at + kBlock);
      if (next == dialect_.delimiter[0] || IsLineEnd(next) || next == dialect_.quote)
        followed |= kTopBit;
      if (left <= kBlock) followed |= 1ULL << (left - 1);  // the text's end
      strange |= block.closings & ~followed;
    }
    block.is_strange = strange != 0;
    return block;
  }

  void TakeBlock(std::size_t at, const Block& block) {
    for (std::uint64_t ends = block.ends; ends != 0; ends &= ends - 1) {
      const std::size_t end = at + static_cast<std::size_t>(std::countr_zero(ends));
      if ((block.line_feeds >> std::countr_zero(ends) & 1U) != 0) {
        EndRow(end, end + 1);
      } else {
        AddCell(end);
        cell_begin_ = end + 1;
      }
    }
    within_quotes_ = block.next_within;
    after_end_ = block.ends >> 63;
    after_closing_ = block.closings >> 63;
  }

  const std::string_view text_;
  const CsvDialect& dialect_;
  const std::size_t columns_;
  const bool is_last_;
  CsvRecords& records_;
  std::vector<Cell> scanned_;

  std::size_t row_begin_ = 0, cell_begin_ = 0;
  std::size_t count_ = 0;  // cells of the row that have ended
  // Of the block before: all ones within quotes; 1 if its last byte ended a cell, closed a quote.
  std::uint64_t within_quotes_ = 0, after_end_ = 1, after_closing_ = 0;
};

// Of a record that is scanned by bytes.
class RecordScan {
 public:
  RecordScan(std::string_view text, const CsvDialect& dialect, std::vector<Cell>& cells)
      : text_(text), dialect_(dialect), cells_(cells) {}

  bool IsDelimiter(std::size_t at) const {
    return text_.compare(at, dialect_.delimiter.size(), dialect_.delimiter) == 0;
  }
  // The bytes of a line end at `at`; 0: none is there.
  std::size_t LineEndAt(std::size_t at) const {
    if (dialect_.line_end == LineEnd::kCr) return text_[at] == '\r' ? 1 : 0;
    if (text_[at] == '\n') return 1;
    if (text_[at] != '\r') return 0;
    if (at + 1 == text_.size()) return 1;  // cut off behind it
    return text_[at + 1] == '\n' ? 2 : 0;
  }
  void Add(std::size_t begin, std::size_t end) {
    cells_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  }
  // Behind the closing quote of the cell that begins at `at`; npos: it does not close.
  std::size_t BehindQuoted(std::size_t at) const {
    const bool is_doubled = dialect_.escape == dialect_.quote;
    for (std::size_t i = at + 1; i < text_.size(); i++) {
      if (text_[i] == dialect_.escape && !is_doubled) {
        i++;
      } else if (text_[i] == dialect_.quote) {
        const bool is_escape = is_doubled && i + 1 < text_.size() && text_[i + 1] == dialect_.quote;
        if (!is_escape) return i + 1;
        i++;
      }
    }
    return std::string_view::npos;
  }

 private:
  std::string_view text_;
  const CsvDialect& dialect_;
  std::vector<Cell>& cells_;
};

}  // namespace

CsvDialect CsvDialect::Of(const FileFormat& format) {
  CsvDialect dialect{.delimiter = format.delimiter, .line_end = format.line_end};
  dialect.quote = format.quote.empty() ? '\0' : format.quote[0];
  dialect.escape = format.escape.empty() ? dialect.quote : format.escape[0];
  dialect.comment = format.comment.empty() ? '\0' : format.comment[0];
  return dialect;
}

std::size_t ScanRecord(std::string_view text, std::size_t begin, const CsvDialect& dialect,
                       bool is_last, std::vector<Cell>& cells, std::size_t& text_end,
                       std::string& error) {
  RecordScan scan(text, dialect, cells);
  std::size_t cell = begin, at = begin;
  const auto broken = [&](std::size_t from, std::string why) {
    error = std::move(why);
    const std::size_t next = NextLine(text, from, dialect.line_end);
    text_end = WithoutLineEnd(text, begin, next);
    return next;
  };
  while (true) {
    if (at == cell && at < text.size() && dialect.quote != '\0' && text[at] == dialect.quote) {
      at = scan.BehindQuoted(at);
      if (at == std::string_view::npos) {
        if (!is_last) return at;
        error = "unterminated quote: the value that begins with it does not end";
        text_end = text.size();
        return text.size();
      }
      const bool ends = at == text.size() || scan.LineEndAt(at) != 0 || scan.IsDelimiter(at);
      if (!ends) return broken(at, "text after a closing quote");
    }
    if (at >= text.size()) {
      scan.Add(cell, text.size());
      text_end = text.size();
      return text.size();
    }
    if (const std::size_t length = scan.LineEndAt(at); length != 0) {
      scan.Add(cell, at);
      text_end = at;
      return at + length;
    }
    if (scan.IsDelimiter(at)) {
      scan.Add(cell, at);
      at += dialect.delimiter.size();
      cell = at;
      continue;
    }
    if (text[at] == '\r' && dialect.line_end != LineEnd::kCr && at + 1 < text.size())
      return broken(at, "a carriage return within a value that is not quoted");
    at++;
  }
}

void ScanCsv(std::string_view text, std::size_t from, const CsvDialect& dialect,
             std::size_t columns, bool is_last, CsvRecords& records) {
  Scanner(text, dialect, columns, is_last, records).Run(from);
}

std::string_view CellText(std::string_view text, const Cell& cell, const CsvDialect& dialect,
                          std::string& buffer) {
  std::string_view value = text.substr(cell.begin, cell.end - cell.begin);
  if (value.size() < 2 || dialect.quote == '\0' || value[0] != dialect.quote) return value;
  value = value.substr(1, value.size() - 2);
  if (value.find(dialect.escape) == std::string_view::npos) return value;
  buffer.clear();
  for (std::size_t i = 0; i < value.size(); i++) {
    const bool escapes = value[i] == dialect.escape && i + 1 < value.size() &&
                         (value[i + 1] == dialect.quote || value[i + 1] == dialect.escape);
    if (escapes) i++;
    buffer += value[i];
  }
  return buffer;
}

}  // namespace leat::connect
