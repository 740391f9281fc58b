#include "connect/file/chunk_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "connect/file/limits.h"

namespace leat::connect {
namespace {

void Pad(TextChunk& chunk) {
  chunk.size = chunk.text.size();
  chunk.text.append(kChunkPadding, '\0');
}

}  // namespace

ChunkReader::ChunkReader(io::FileSystem& files, const std::vector<FilePlan>& plans,
                         std::unique_ptr<ChunkParser> parser, ReadLog& log)
    : files_(files), plans_(plans), parser_(std::move(parser)), log_(log) {
  for (const FilePlan& plan : plans_) bytes_total_ += plan.file.size_bytes;
}

double ChunkReader::progress() const {
  const std::lock_guard lock(input_mutex_);
  // Of a compressed file, the offset is that in the text.
  const std::int64_t in_file =
      file_ < plans_.size() ? std::min(offset_, plans_[file_].file.size_bytes) : 0;
  return bytes_total_ == 0 ? -1
                           : static_cast<double>(bytes_of_files_done_ + in_file) /
                                 static_cast<double>(bytes_total_);
}

Result<std::optional<data::ArrowBatch>> ChunkReader::Next() {
  while (true) {
    auto taken = Take();
    if (!taken.ok()) return Fail(taken.error()).error();
    if (!taken->has_value()) return std::optional<data::ArrowBatch>();
    Numbered& numbered = **taken;
    auto parsed = ParseInTurn(numbered);
    if (!parsed.ok()) return Fail(parsed.error()).error();
    parsed->counts.rejects = static_cast<std::int64_t>(parsed->rejects.size());
    log_.Count(plans_[numbered.chunk.file].file.name, parsed->counts);
    log_.AddSurplus(parsed->surplus);
    const Status added = log_.Add(std::move(parsed->rejects));
    if (!added.ok()) return Fail(added.error()).error();
    if (parsed->batch) return std::move(parsed->batch);
  }
}

Status ChunkReader::Fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
  changed_.notify_all();
  return *error_;
}

// --- the input: one thread at a time

Status ChunkReader::Open() {
  const FilePlan& plan = plans_[file_];
  LEAT_ASSIGN(input_,
              TextInput::Open(files_, plan.file, plan.format.compression, plan.format.encoding));
  rest_.clear();
  offset_ = 0;
  return Ok();
}

Result<std::optional<ChunkReader::Numbered>> ChunkReader::Take() {
  const std::lock_guard lock(input_mutex_);
  if (file_ == plans_.size()) return std::optional<Numbered>();
  Numbered taken{.number = taken_, .chunk = {.file = file_}};
  if (!input_) {
    LEAT_TRY(Open());
    taken.chunk.is_first = true;
  }
  LEAT_TRY(Fill(taken.chunk));
  taken_++;
  if (taken.chunk.is_last) {
    FileCounts whole{.text_bytes = offset_};
    log_.Count(plans_[file_].file.name, whole);
    bytes_of_files_done_ += plans_[file_].file.size_bytes;
    offset_ = 0;
    input_.reset();
    file_++;
  }
  return std::optional(std::move(taken));
}

// Up to the last line break of some kChunkBytes, or the end.
Status ChunkReader::Fill(TextChunk& chunk) {
  chunk.offset = offset_;
  chunk.text.reserve(rest_.size() + kChunkBytes + kChunkPadding);
  chunk.text = std::move(rest_);
  rest_.clear();
  std::size_t searched = 0;
  while (true) {
    LEAT_TRY(input_->Read(kChunkBytes, chunk.text));
    chunk.is_last = input_->at_end();
    if (chunk.is_last) break;
    const char end = plans_[file_].format.line_end == LineEnd::kCr ? '\r' : '\n';
    const std::size_t last = std::string_view(chunk.text).substr(searched).rfind(end);
    if (last != std::string_view::npos) {
      rest_ = chunk.text.substr(searched + last + 1);
      chunk.text.resize(searched + last + 1);
      break;
    }
    searched = chunk.text.size();
    if (searched > static_cast<std::size_t>(kMaxLineBytes)) {
      return InvalidInput(fmt::format("{}: the line at byte {} is longer than the maximum line "
                                      "size of {} bytes",
                                      plans_[file_].file.name, chunk.offset, kMaxLineBytes))
          .WithHint("correct or split the file; nothing of it was loaded");
    }
  }
  offset_ += static_cast<std::int64_t>(chunk.text.size());
  Pad(chunk);
  return Ok();
}

// --- the order of chunks

Result<ChunkReader::Ended> ChunkReader::WaitFor(std::int64_t number) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return error_.has_value() || ended_.contains(number); });
  if (error_) return *error_;
  Ended ended = std::move(ended_.at(number));
  ended_.erase(number);
  return ended;
}

void ChunkReader::End(std::int64_t number, Ended ended) {
  const std::lock_guard lock(mutex_);
  ended_.emplace(number, std::move(ended));
  changed_.notify_all();
}

Result<ChunkResult> ChunkReader::ParseInTurn(Numbered& taken) {
  TextChunk& chunk = taken.chunk;
  auto parsed = parser_->Parse(chunk);
  Ended before;
  if (!chunk.is_first) {
    LEAT_ASSIGN(before, WaitFor(taken.number - 1));
    if (!before.tail.empty()) {  // the chunk does not begin with a record
      chunk.text.resize(chunk.size);
      chunk.text.insert(0, before.tail);
      chunk.offset -= static_cast<std::int64_t>(before.tail.size());
      Pad(chunk);
      parsed = parser_->Parse(chunk);
    }
  }
  if (!parsed.ok()) return std::move(parsed).error();
  ChunkResult result = std::move(*parsed);
  for (Reject& reject : result.rejects) {
    if (reject.line) *reject.line += before.lines + 1;
  }
  result.counts.bytes = static_cast<std::int64_t>(result.end);
  if (!chunk.is_last) {
    const std::string_view tail =
        std::string_view(chunk.text).substr(result.end, chunk.size - result.end);
    if (tail.size() > static_cast<std::size_t>(kMaxLineBytes)) {
      return InvalidInput(
                 fmt::format("{}: the row at byte {} is longer than the maximum line size of {} "
                             "bytes; a quote may not be closed",
                             plans_[chunk.file].file.name,
                             chunk.offset + static_cast<std::int64_t>(result.end), kMaxLineBytes))
          .WithHint("correct the file, or set quote under from: in the source");
    }
    End(taken.number, {.tail = std::string(tail), .lines = before.lines + result.lines});
  }
  return result;
}

}  // namespace leat::connect
