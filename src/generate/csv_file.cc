#include "generate/csv_file.h"

namespace leat::generate {
namespace {

constexpr std::size_t kTimeOffset = 11;  // "2026-01-31T" comes before it

void PutTwoDigits(char* at, std::int32_t value) {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

Result<CsvFile> CsvFile::Create(io::FileSystem& files, const std::string& path,
                                std::string_view header) {
  LEAT_ASSIGN(io::FileWriter writer, io::FileWriter::Create(files, path));
  CsvFile file(std::move(writer));
  file.row_ = header;
  LEAT_TRY(file.EndRow());
  return file;
}

void CsvFile::Cents(std::int64_t cents) {
  Separate();
  if (cents < 0) {
    row_ += '-';
    cents = -cents;
  }
  AppendInteger(cents / 100);
  char fraction[3] = {'.'};
  PutTwoDigits(fraction + 1, static_cast<std::int32_t>(cents % 100));
  row_.append(fraction, sizeof(fraction));
}

Status CsvFile::EndRow() {
  row_ += '\n';
  line_++;
  LEAT_TRY(writer_.Append(row_));
  row_.clear();
  row_begun_ = false;
  return Ok();
}

TimestampText::TimestampText(std::string_view date, char separator, std::string_view zone)
    : text_(date) {
  text_ += separator;
  text_ += "00:00:00";
  text_ += zone;
}

std::string_view TimestampText::At(std::int32_t second_of_day) {
  char* time = text_.data() + kTimeOffset;
  PutTwoDigits(time, second_of_day / 3'600);
  PutTwoDigits(time + 3, second_of_day / 60 % 60);
  PutTwoDigits(time + 6, second_of_day % 60);
  return text_;
}

}  // namespace leat::generate
