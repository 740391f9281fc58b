#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "connect/file/chunk_reader.h"
#include "connect/file/json_detect.h"
#include "connect/file/json_reader.h"
#include "connect/file/json_value.h"
#include "io/power_loss_file_system.h"
#include "targets.h"

namespace leat::fuzz {
namespace {

constexpr const char* kFolder = "/landing";
constexpr const char* kFile = "/landing/file.json";

void Promise(bool kept, const std::string& what) {
  if (!kept) throw std::logic_error(what);
}

// What nlohmann's parser says; nothing of numbers beyond a double, which are JSON all the same, and
// of NUL bytes, which end the text to it.
std::optional<bool> IsJson(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  try {
    [[maybe_unused]] const auto json = nlohmann::json::parse(text);
    return true;
  } catch (const nlohmann::json::out_of_range&) {
    return std::nullopt;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

// What a record comes to must not depend on the way in which it is read, and what nlohmann's parser
// takes for no JSON must not be stored.
void CheckRecord(const connect::ReadPlan& plan, const connect::FilePlan& file,
                 std::string_view record) {
  std::string padded(record);
  padded.append(connect::kJsonPadding, '}');
  const std::string_view text(padded.data(), record.size());
  if (!connect::IsUtf8(text)) return;
  const auto append = [&](bool is_utf8) {
    connect::JsonRecords records(plan, file);
    std::vector<data::ArrowColumn> columns;
    for (const connect::TargetColumn& column : plan.columns)
      columns.push_back(data::ArrowColumn::Of(column.name, column.type));
    const auto reason = records.Append(text, is_utf8, columns);
    for (const data::ArrowColumn& column : columns)
      Promise(column.row_count() == (reason ? 0 : 1), "a record leaves a trace");
    return reason ? reason->error : std::string();
  };
  const std::string quick = append(true);
  Promise(quick == append(false), "two ways of reading differ: " + quick);
  const auto is_json = IsJson(record);
  if (!is_json) return;
  Promise(*is_json || !quick.empty(), "what is not JSON was stored");
  // Deep nesting is refused, and JSON has no limit.
  const bool is_deep = std::count(record.begin(), record.end(), '[') +
                           std::count(record.begin(), record.end(), '{') >
                       connect::kMaxJsonDepth;
  Promise(*is_json == (quick != "not valid JSON") || is_deep, "JSON was refused");
}

void Check(std::string_view input, connect::Layout layout, bool reads_other) {
  io::PowerLossFileSystem files;
  static_cast<void>(files.CreateDirectories(kFolder));
  static_cast<void>(files.CreateFile(kFile, input));
  connect::FilePlan file{.file = {.path = kFile,
                                  .name = kFile,
                                  .size_bytes = static_cast<std::int64_t>(input.size()),
                                  .modified_us = 0,
                                  .fingerprint = 0},
                         .format = {},
                         .columns = {}};
  file.format.layout = layout;
  file.format.encoding = "utf-8";
  file.format.compression = "none";
  Promise(connect::DetectJson(files, file.file, file.format).ok(), "no file is undetectable");
  connect::ReadPlan plan;
  for (const auto& [name, type] : file.format.columns) {
    file.columns.push_back(static_cast<int>(plan.columns.size()));
    const data::Type other{
        .kind = data::TypeKind::kLong, .precision = 0, .scale = 0, .children = {}};
    plan.columns.push_back(
        {.name = name, .type = reads_other ? other : type.type(), .format = type.format()});
  }
  const std::vector<connect::FilePlan> plans = {file};
  connect::ReadLog log;
  std::unique_ptr<engine::RowReader> reader;
  if (layout == connect::Layout::kJsonLines) {
    reader = std::make_unique<connect::ChunkReader>(files, plans,
                                                    connect::MakeJsonLinesParser(plan, plans), log);
  } else {
    reader = connect::MakeJsonDocumentReader(files, plan, plans, log);
  }
  std::int64_t rows = 0;
  while (true) {
    const auto batch = reader->Next();
    if (!batch.ok()) return;  // a value beyond the maximum
    if (!batch->has_value()) break;
    rows += (*batch)->array.length;
  }
  const connect::FileCounts& counts = log.files().at(kFile);
  Promise(counts.text_bytes == static_cast<std::int64_t>(input.size()), "text was not read");
  Promise(counts.bytes == counts.text_bytes, "bytes are not accounted for");
  Promise(counts.rows + counts.rejects == counts.records, "records are lost");
  Promise(counts.rows == rows, "rows are lost");
  Promise(counts.rejects == static_cast<std::int64_t>(log.TakeRejects().size()),
          "rejects are lost");
  if (layout == connect::Layout::kJsonLines && input.find('\n') == std::string_view::npos &&
      input.find_first_not_of(" \t\r") != std::string_view::npos &&
      !input.starts_with("\xEF\xBB\xBF"))
    CheckRecord(plan, file, input);
}

}  // namespace

void JsonLines(std::string_view input) {
  for (const bool reads_other : {false, true})
    Check(input, connect::Layout::kJsonLines, reads_other);
}

void JsonDocument(std::string_view input) {
  for (const bool reads_other : {false, true})
    Check(input, connect::Layout::kJsonDocument, reads_other);
}

}  // namespace leat::fuzz
