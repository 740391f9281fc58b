#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "connect/file/json_batch.h"
#include "connect/file/json_reader.h"
#include "connect/file/json_text.h"
#include "connect/file/limits.h"
#include "connect/file/text_input.h"

namespace leat::connect {
namespace {

std::int64_t Size(std::string_view text) { return static_cast<std::int64_t>(text.size()); }

std::int64_t LineBreaks(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kLow = 0x7F7F7F7F7F7F7F7FULL;
  std::int64_t count = 0;
  std::size_t at = 0;
  std::uint64_t bytes = 0;
  for (; at + sizeof bytes <= text.size(); at += sizeof bytes) {
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    bytes ^= kOnes * '\n';
    // The top bit of each zero byte; then the sum of all bytes in the highest.
    const std::uint64_t zeros = ~(((bytes & kLow) + kLow) | bytes | kLow);
    count += static_cast<std::int64_t>(((zeros >> 7) * kOnes) >> 56);
  }
  return count + std::count(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), '\n');
}

// A part of a document that ends behind a value.
struct Part {
  std::size_t file = 0;
  std::string text;  // and kJsonPadding bytes that are not counted in `size`
  std::size_t size = 0;
  std::int64_t offset = 0;  // in the file's text
  std::int64_t line = 1;    // of its first byte
  std::vector<JsonSplitter::Piece> pieces;
  bool is_last = false;  // of its file
};

class DocumentReader final : public engine::RowReader {
 public:
  DocumentReader(io::FileSystem& files, const ReadPlan& plan, const std::vector<FilePlan>& plans,
                 ReadLog& log)
      : files_(files), plan_(plan), plans_(plans), log_(log) {
    for (const FilePlan& file : plans_) bytes_total_ += file.file.size_bytes;
  }

  Result<std::optional<data::ArrowBatch>> Next() override;
  double progress() const override;

 private:
  Result<std::optional<Part>> Take();
  Status Fill(Part& part);
  Status CheckSize(const Part& part) const;
  ChunkResult Parse(const Part& part) const;

  io::FileSystem& files_;
  const ReadPlan& plan_;
  const std::vector<FilePlan>& plans_;
  ReadLog& log_;
  std::int64_t bytes_total_ = 0;

  mutable std::mutex mutex_;  // guards what follows: the file that is being read
  std::size_t file_ = 0;
  std::unique_ptr<TextInput> input_;
  JsonSplitter splitter_;
  std::string rest_;  // read behind the last part
  std::int64_t offset_ = 0;
  std::int64_t line_ = 1;
  std::int64_t bytes_of_files_done_ = 0;
  std::optional<Error> error_;  // the first
};

Result<std::optional<data::ArrowBatch>> DocumentReader::Next() {
  while (true) {
    LEAT_ASSIGN(const std::optional<Part> part, Take());
    if (!part) return std::optional<data::ArrowBatch>();
    ChunkResult result = Parse(*part);
    log_.Count(plans_[part->file].file.name, result.counts);
    log_.AddSurplus(result.surplus);
    LEAT_TRY(log_.Add(std::move(result.rejects)));
    if (result.batch) return std::move(result.batch);
  }
}

double DocumentReader::progress() const {
  const std::lock_guard lock(mutex_);
  if (bytes_total_ == 0) return -1;
  // Of a compressed file, the offset is that in the text.
  const std::int64_t in_file =
      file_ < plans_.size() ? std::min(offset_, plans_[file_].file.size_bytes) : 0;
  return static_cast<double>(bytes_of_files_done_ + in_file) / static_cast<double>(bytes_total_);
}

Result<std::optional<Part>> DocumentReader::Take() {
  const std::lock_guard lock(mutex_);
  if (error_) return *error_;
  if (file_ == plans_.size()) return std::optional<Part>();
  Part part;
  if (const Status filled = Fill(part); !filled.ok()) {
    error_ = filled.error();
    return *error_;
  }
  if (part.is_last) {
    bytes_of_files_done_ += plans_[file_].file.size_bytes;
    input_.reset();
    offset_ = 0;
    file_++;
  }
  return std::optional(std::move(part));
}

// Some kChunkBytes up to the end of a value, or up to the end.
Status DocumentReader::Fill(Part& part) {
  const FilePlan& plan = plans_[file_];
  if (!input_) {
    LEAT_ASSIGN(input_,
                TextInput::Open(files_, plan.file, plan.format.compression, plan.format.encoding));
    splitter_ = {};
    rest_.clear();
    line_ = 1;
  }
  part.file = file_;
  part.offset = offset_;
  part.line = line_;
  part.text.reserve(rest_.size() + kChunkBytes + kJsonPadding);
  part.text = std::move(rest_);
  rest_.clear();
  while (true) {
    LEAT_TRY(input_->Read(kChunkBytes, part.text));
    part.is_last = input_->at_end();
    splitter_.Split(part.text, part.is_last, part.pieces);
    LEAT_TRY(CheckSize(part));
    if (part.is_last || splitter_.done() > 0) break;
  }
  part.size = part.is_last ? part.text.size() : splitter_.done();
  rest_ = part.text.substr(part.size);
  splitter_.Drop(part.is_last ? 0 : part.size);
  part.text.resize(part.size);
  offset_ += Size(part.text);
  line_ += LineBreaks(part.text);
  part.text.append(kJsonPadding, '\0');
  return Ok();
}

Status DocumentReader::CheckSize(const Part& part) const {
  const auto too_long = [&](std::size_t begin, std::size_t size) -> Status {
    if (size <= static_cast<std::size_t>(kMaxLineBytes)) return Ok();
    return InvalidInput(fmt::format("{}: the value at byte {} is longer than the maximum size of a "
                                    "record of {} bytes; a bracket or a quote may not be closed",
                                    plans_[part.file].file.name,
                                    part.offset + static_cast<std::int64_t>(begin), kMaxLineBytes))
        .WithHint("correct or split the file; nothing of it was loaded");
  };
  for (const JsonSplitter::Piece& piece : part.pieces) LEAT_TRY(too_long(piece.begin, piece.size));
  const std::size_t done = splitter_.done();
  return too_long(done, part.text.size() - std::min(done, part.text.size()));
}

ChunkResult DocumentReader::Parse(const Part& part) const {
  const std::string_view text(part.text.data(), part.size);
  JsonBatch batch(plan_, plans_[part.file], text);
  for (const JsonSplitter::Piece& piece : part.pieces) {
    const std::string_view record = text.substr(piece.begin, piece.size);
    const std::int64_t position = part.offset + static_cast<std::int64_t>(piece.begin);
    if (piece.is_damage) {
      batch.AddReject(record, position, std::nullopt, {.column = {}, .error = "not valid JSON"});
    } else {
      batch.Add(record, position, std::nullopt);
    }
  }
  ChunkResult result = std::move(batch).Finish();
  std::int64_t line = part.line;
  std::size_t counted = 0;
  for (Reject& reject : result.rejects) {
    const auto begin = static_cast<std::size_t>(reject.position - part.offset);
    line += LineBreaks(text.substr(counted, begin - counted));
    counted = begin;
    reject.line = line;
  }
  result.counts.bytes = Size(text);
  result.counts.text_bytes = Size(text);
  return result;
}

}  // namespace

std::unique_ptr<engine::RowReader> MakeJsonDocumentReader(io::FileSystem& files,
                                                          const ReadPlan& plan,
                                                          const std::vector<FilePlan>& plans,
                                                          ReadLog& log) {
  return std::make_unique<DocumentReader>(files, plan, plans, log);
}

}  // namespace leat::connect
