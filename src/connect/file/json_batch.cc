#include "connect/file/json_batch.h"

#include <utility>

#include "data/own_columns.h"

namespace leat::connect {

using data::ArrowColumn;

JsonBatch::JsonBatch(const ReadPlan& plan, const FilePlan& file, std::string_view text)
    : plan_(plan),
      file_(file),
      is_utf8_(IsUtf8(text)),
      records_(plan, file),
      positions_(ArrowColumn::Int64(data::kPositionColumn)) {
  for (const TargetColumn& column : plan_.columns)
    columns_.push_back(ArrowColumn::Of(column.name, column.type));
}

void JsonBatch::Add(std::string_view record, std::int64_t position,
                    std::optional<std::int64_t> line) {
  if (auto reason = records_.Append(record, is_utf8_, columns_)) {
    AddReject(record, position, line, *std::move(reason));
    return;
  }
  result_.counts.records++;
  positions_.AppendInt(position);
}

void JsonBatch::AddReject(std::string_view text, std::int64_t position,
                          std::optional<std::int64_t> line, JsonReason reason) {
  result_.counts.records++;
  result_.counts.rejects++;
  result_.rejects.push_back({.source = file_.file.name,
                             .position = position,
                             .line = line,
                             .raw = std::string(text),
                             .column = std::move(reason.column),
                             .error = std::move(reason.error)});
}

ChunkResult JsonBatch::Finish() && {
  const std::int64_t rows = positions_.row_count();
  result_.counts.rows = rows;
  result_.counts.nulled_values = records_.nulled_values();
  result_.surplus = records_.surplus();
  if (rows > 0) {
    columns_.push_back(ArrowColumn::Constant(data::kSourceColumn, file_.file.name, rows));
    columns_.push_back(std::move(positions_));
    result_.batch = data::ToArrowBatch(std::move(columns_));
  }
  return std::move(result_);
}

}  // namespace leat::connect
