// One CSV file being generated: fields are appended in order, rows counted.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "io/file_writer.h"

namespace leat::generate {

// Fields are written as they are: the caller quotes what needs quotes. Errors are those of
// io::FileWriter.
class CsvFile {
 public:
  static Result<CsvFile> Create(io::FileSystem& files, const std::string& path,
                                std::string_view header);

  void Text(std::string_view text) {
    Separate();
    row_ += text;
  }
  void Integer(std::int64_t value) {
    Separate();
    AppendInteger(value);
  }
  // 1234 → 12.34
  void Cents(std::int64_t cents);
  // Ends the row and hands it to the writer.
  Status EndRow();

  // The number of the line being written; the header is line 1.
  std::int64_t line() const { return line_; }
  std::int64_t row_count() const { return line_ - 2; }

  // Durable when it returns; the file's size in bytes.
  Result<std::int64_t> Close() && { return std::move(writer_).Close(); }

 private:
  explicit CsvFile(io::FileWriter writer) : writer_(std::move(writer)) {}
  void Separate() {
    if (row_begun_) row_ += ',';
    row_begun_ = true;
  }
  void AppendInteger(std::int64_t value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    row_.append(digits, end);
  }

  io::FileWriter writer_;
  std::string row_;
  bool row_begun_ = false;
  std::int64_t line_ = 1;
};

// Dates and times as text, many per second: "2026-01-31" is made once a day, the time of day digit
// by digit.
class TimestampText {
 public:
  // `separator` stands between date and time, `zone` at the end.
  TimestampText(std::string_view date, char separator, std::string_view zone);
  // Valid until the next call.
  std::string_view At(std::int32_t second_of_day);

 private:
  std::string text_;
};

}  // namespace leat::generate
