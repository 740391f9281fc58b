// Rows and rejects of a part of a JSON file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/file/chunk_reader.h"
#include "connect/file/json_value.h"
#include "connect/file/read_plan.h"
#include "data/arrow_builder.h"

namespace leat::connect {

// Not thread-safe. Plan and file must outlive it.
class JsonBatch {
 public:
  // `text`: all of the records that follow.
  JsonBatch(const ReadPlan& plan, const FilePlan& file, std::string_view text);

  // A record and where its text begins in the file's; kJsonPadding readable bytes behind it. It
  // becomes a row or a reject.
  void Add(std::string_view record, std::int64_t position, std::optional<std::int64_t> line);
  void AddReject(std::string_view text, std::int64_t position, std::optional<std::int64_t> line,
                 JsonReason reason);
  void SkipLine() { result_.counts.skipped_lines++; }

  // Once: all but what the text's structure tells (lines, bytes).
  ChunkResult Finish() &&;

 private:
  const ReadPlan& plan_;
  const FilePlan& file_;
  const bool is_utf8_;
  JsonRecords records_;
  std::vector<data::ArrowColumn> columns_;
  data::ArrowColumn positions_;
  ChunkResult result_;
};

}  // namespace leat::connect
