#include "connect/file/read_plan.h"

#include <fmt/format.h>

#include <iterator>

#include "base/text.h"
#include "connect/file/limits.h"

namespace leat::connect {

std::string SurplusError(const std::vector<std::string>& names) {
  return "has a value in a column that the table lacks (" + Join(names, ", ") +
         "), and schema_policy is discard_row";
}

Status ReadLog::Add(std::vector<Reject> rejects) {
  if (rejects.empty()) return Ok();
  const std::lock_guard lock(mutex_);
  for (const Reject& reject : rejects) {
    reject_bytes_ += static_cast<std::int64_t>(reject.raw.size() + reject.error.size() +
                                               reject.source.size() + sizeof(Reject));
  }
  if (reject_bytes_ > kMaxRejectBytes) {
    const Reject& last = rejects.back();
    return InvalidInput(fmt::format("more than {} rows cannot be read, too many for one load; one "
                                    "of them: {} at {}: {}",
                                    rejects_.size(), last.source, last.position, last.error))
        .WithHint("correct the types under columns:, or delimiter, quote and so on under from:");
  }
  std::move(rejects.begin(), rejects.end(), std::back_inserter(rejects_));
  return Ok();
}

void ReadLog::Count(const std::string& source, const FileCounts& counts) {
  const std::lock_guard lock(mutex_);
  FileCounts& file = files_[source];
  file.rows += counts.rows;
  file.rejects += counts.rejects;
  file.skipped_lines += counts.skipped_lines;
  file.preamble_lines += counts.preamble_lines;
  file.records += counts.records;
  file.bytes += counts.bytes;
  file.text_bytes += counts.text_bytes;
  file.nulled_values += counts.nulled_values;
}

void ReadLog::AddSurplus(const DetectedType& fields) {
  if (fields.is_unknown()) return;
  const std::lock_guard lock(mutex_);
  surplus_.Join(fields);
}

std::vector<Reject> ReadLog::TakeRejects() {
  const std::lock_guard lock(mutex_);
  return std::move(rejects_);
}

std::int64_t ReadLog::rows() const {
  std::int64_t rows = 0;
  for (const auto& [source, counts] : files_) rows += counts.rows;
  return rows;
}

std::int64_t ReadLog::rejects() const {
  std::int64_t rejects = 0;
  for (const auto& [source, counts] : files_) rejects += counts.rejects;
  return rejects;
}

}  // namespace leat::connect
