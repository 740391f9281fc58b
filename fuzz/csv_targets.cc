#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "connect/file/chunk_reader.h"
#include "connect/file/csv_detect.h"
#include "connect/file/csv_reader.h"
#include "data/convert.h"
#include "io/power_loss_file_system.h"
#include "targets.h"

namespace leat::fuzz {
namespace {

constexpr const char* kFile = "/landing/file.csv";

void Promise(bool kept, const std::string& what) {
  if (!kept) throw std::logic_error(what);
}

// Every column as it was detected, or as whole numbers.
connect::ReadPlan PlanOf(connect::FilePlan& file, bool reads_other) {
  connect::ReadPlan plan;
  for (const auto& [name, type] : file.format.columns) {
    connect::TargetColumn column{.name = name, .type = {.kind = data::TypeKind::kLong}};
    if (!reads_other) column = {.name = name, .type = type.type(), .format = type.format()};
    file.columns.push_back(static_cast<int>(plan.columns.size()));
    plan.columns.push_back(std::move(column));
  }
  return plan;
}

void Check(std::string_view input, bool reads_other) {
  io::PowerLossFileSystem files;
  static_cast<void>(files.CreateDirectories("/landing"));
  static_cast<void>(files.CreateFile(kFile, input));
  connect::FilePlan file{.file = {.path = kFile,
                                  .name = kFile,
                                  .size_bytes = static_cast<std::int64_t>(input.size())}};
  file.format.layout = connect::Layout::kCsv;
  file.format.encoding = "utf-8";
  file.format.compression = "none";
  const bool is_detected = connect::DetectCsv(files, file.file, {}, {}, file.format).ok();
  if (!is_detected || file.format.layout == connect::Layout::kEmpty) return;
  const connect::ReadPlan plan = PlanOf(file, reads_other);
  const std::vector<connect::FilePlan> plans = {file};
  connect::ReadLog log;
  connect::ChunkReader reader(files, plans, connect::MakeCsvParser(plan, plans), log);
  std::int64_t rows = 0;
  while (true) {
    const auto batch = reader.Next();
    if (!batch.ok()) return;  // line ends of two kinds
    if (!batch->has_value()) break;
    rows += (*batch)->row_count();
  }
  const connect::FileCounts& counts = log.files().at(kFile);
  Promise(counts.text_bytes == static_cast<std::int64_t>(input.size()), "text was not read");
  Promise(counts.bytes == counts.text_bytes, "bytes are not accounted for");
  Promise(counts.rows + counts.rejects == counts.records, "records are lost");
  Promise(counts.rows == rows, "rows are lost");
  Promise(counts.rejects == static_cast<std::int64_t>(log.TakeRejects().size()),
          "rejects are lost");
}

}  // namespace

void Csv(std::string_view input) {
  for (const bool reads_other : {false, true}) Check(input, reads_other);
}

// A value that was converted is printed and converted again.
void Conversions(std::string_view input) {
  std::array<char, 64> printed{};
  if (const auto value = data::ToInteger(input))
    Promise(data::ToInteger(std::to_string(*value)) == value, "an integer changes");
  const auto real = data::ToDouble(input);
  if (real && *real == *real) {
    std::snprintf(printed.data(), printed.size(), "%.17g", *real);
    Promise(data::ToDouble(printed.data()) == real, "a double changes");
  }
  constexpr int kPrecision = 38, kScale = 10;
  if (data::ToInteger(input) && data::ToDecimal(input, kPrecision, kScale)) {
    constexpr Int128 kOne = 10'000'000'000;
    Promise(*data::ToDecimal(input, kPrecision, kScale) == *data::ToInteger(input) * kOne,
            "a decimal is another number");
  }
  if (const auto days = data::ToDate(input)) {
    const auto time = data::ToTimestamp(input);
    Promise(!time || *time == *days * kMicrosPerDay, "a date is another day than its midnight");
  }
  for (const char* format : {"%Y-%m-%d %H:%M:%S", "%-d/%-m/%Y", "%a %d %b %y %I%p %z", "%j%%%f"}) {
    static_cast<void>(data::ToTimestamp(input, format));
    static_cast<void>(data::ToTimestamp("2026-01-31 10:00:00", input));  // any format
  }
  static_cast<void>(data::ToBinary(input));
  static_cast<void>(data::ToFloat(input));
  static_cast<void>(data::ToBoolean(input));
}

}  // namespace leat::fuzz
