// Reads text files in chunks by all threads at once. A chunk ends behind a line break, which may
// lie within a quoted value: a thread reads its chunk as if it began with a record, and reads it
// again, joined with what the chunk before it could not end, when that was wrong.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connect/file/read_plan.h"
#include "connect/file/text_input.h"
#include "engine/row_source.h"

namespace leat::connect {

constexpr std::size_t kChunkPadding = 64;  // that vector instructions and simdjson may read

struct TextChunk {
  std::size_t file = 0;  // number of the FilePlan
  std::string text;      // and kChunkPadding bytes of zeros, not counted in `size`
  std::size_t size = 0;
  std::int64_t offset = 0;  // of its first byte in the file's text
  bool is_first = false;    // of its file
  bool is_last = false;     // of its file
};

// What a chunk came to.
struct ChunkResult {
  std::optional<data::ArrowBatch> batch;  // none: no rows
  std::vector<Reject> rejects;            // `line` counts from the chunk's beginning, from 0
  FileCounts counts;                      // bytes: from 0 to `end`
  std::int64_t lines = 0;                 // line breaks from 0 to `end`
  std::size_t end = 0;  // bytes from here on begin a record that does not end in the chunk
  // JSON: values under keys, nested ones too, that the plan does not have, as the fields of a
  // struct. Unless rejected, their records were stored without them: see ReadLog::surplus.
  DetectedType surplus;
};

// Makes rows of one chunk. Thread-safe: called by many threads at once. A chunk that is the last of
// its file is read to its end. Columns of the batch: ReadPlan::columns, then _leat_source and
// _leat_position. Errors end the load.
class ChunkParser {
 public:
  virtual ~ChunkParser() = default;
  virtual Result<ChunkResult> Parse(const TextChunk& chunk) const = 0;
};

class ChunkReader final : public engine::RowReader {
 public:
  // All must outlive it.
  ChunkReader(io::FileSystem& files, const std::vector<FilePlan>& plans,
              std::unique_ptr<ChunkParser> parser, ReadLog& log);

  Result<std::optional<data::ArrowBatch>> Next() override;
  double progress() const override;

 private:
  struct Numbered {
    std::int64_t number = 0;
    TextChunk chunk;
  };
  // What a chunk leaves to the one after it.
  struct Ended {
    std::string tail;        // of its text, behind the last whole record
    std::int64_t lines = 0;  // of the file before the tail
  };

  Result<std::optional<Numbered>> Take();
  Status Open();
  Status Fill(TextChunk& chunk);
  Result<ChunkResult> ParseInTurn(Numbered& taken);
  Result<Ended> WaitFor(std::int64_t number);
  void End(std::int64_t number, Ended ended);
  Status Fail(const Error& error);

  io::FileSystem& files_;
  const std::vector<FilePlan>& plans_;
  const std::unique_ptr<ChunkParser> parser_;
  ReadLog& log_;
  std::int64_t bytes_total_ = 0;

  mutable std::mutex input_mutex_;  // guards what follows: the file that is being read
  std::size_t file_ = 0;
  std::unique_ptr<TextInput> input_;
  std::string rest_;  // read behind the last line break
  std::int64_t offset_ = 0;
  std::int64_t taken_ = 0;  // chunks
  std::int64_t bytes_of_files_done_ = 0;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<std::int64_t, Ended> ended_;  // by chunk, until the next one has it
  std::optional<Error> error_;           // the first
};

}  // namespace leat::connect
