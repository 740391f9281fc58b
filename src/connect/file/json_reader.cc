#include "connect/file/json_reader.h"

#include <algorithm>
#include <cstring>

#include "connect/file/json_batch.h"
#include "connect/file/json_text.h"

namespace leat::connect {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
static_assert(kChunkPadding >= kJsonPadding);

class LinesParser final : public ChunkParser {
 public:
  LinesParser(const ReadPlan& plan, const std::vector<FilePlan>& files)
      : plan_(plan), files_(files) {}

  Result<ChunkResult> Parse(const TextChunk& chunk) const override {
    const std::string_view text(chunk.text.data(), chunk.size);
    JsonBatch batch(plan_, files_[chunk.file], text);
    std::int64_t line = 0;  // its number, then how many line breaks there are
    std::size_t begin =
        chunk.is_first && text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    while (begin < text.size()) {
      const std::size_t line_break = text.find('\n', begin);
      std::size_t end = std::min(line_break, text.size());
      if (end > begin && text[end - 1] == '\r') end--;
      const std::string_view record = text.substr(begin, end - begin);
      if (!record.starts_with('{') && TrimJson(record).empty()) {
        batch.SkipLine();
      } else {
        batch.Add(record, chunk.offset + static_cast<std::int64_t>(begin), line);
      }
      if (line_break == std::string_view::npos) break;
      line++;
      begin = line_break + 1;
    }
    ChunkResult result = std::move(batch).Finish();
    result.end = chunk.size;
    result.counts.bytes = static_cast<std::int64_t>(chunk.size);
    result.lines = line;
    return result;
  }

 private:
  const ReadPlan& plan_;
  const std::vector<FilePlan>& files_;
};

}  // namespace

std::unique_ptr<ChunkParser> MakeJsonLinesParser(const ReadPlan& plan,
                                                 const std::vector<FilePlan>& files) {
  return std::make_unique<LinesParser>(plan, files);
}

}  // namespace leat::connect
