#include "connect/file/json_detect.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "connect/file/json_parser.h"
#include "connect/file/json_text.h"
#include "connect/file/text_input.h"

namespace leat::connect {
namespace {

// Tells what the records of a file hold.
class JsonDetector {
 public:
  // False: not a valid JSON object, passed over. The text has kJsonPadding bytes behind it.
  bool Add(std::string_view record) {
    record = TrimJson(record);
    const char* end = TextEnd(record);
    // Twice: what is not valid must not leave a trace.
    for (const bool tells : {false, true}) {
      json::document document;
      json::object object;
      if (!record.starts_with('{') || parser_.Open(record, document) != nullptr ||
          document.get_object().get(object) != simdjson::SUCCESS)
        return false;
      const bool is_valid = ForEachField(object, [&](const char* raw, json::value value) {
        const auto key = JsonWalker::KeyText(raw, end, scratch_);
        if (!key) return false;
        return walker_.Walk(value, end, tells ? Column(*key) : nullptr, 1);
      });
      if (!is_valid || !JsonParser::IsAtEnd(document)) return false;
    }
    return true;
  }

  std::vector<std::pair<std::string, DetectedType>> TakeColumns() { return std::move(columns_); }

 private:
  // Nullptr: no column can have the name.
  DetectedType* Column(std::string_view key) {
    if (key.empty() || key.find('\0') != std::string_view::npos) return nullptr;
    scratch_key_.assign(key);
    auto found = exact_.find(scratch_key_);
    if (found == exact_.end()) {
      const auto [lower, is_new] = by_lower_.emplace(ToLower(key), columns_.size());
      if (is_new) columns_.emplace_back(scratch_key_, DetectedType());
      found = exact_.emplace(scratch_key_, lower->second).first;
    }
    return &columns_[found->second].second;
  }

  std::vector<std::pair<std::string, DetectedType>> columns_;
  JsonParser parser_;
  JsonWalker walker_;
  std::string scratch_, scratch_key_;
  std::unordered_map<std::string, std::size_t> exact_, by_lower_;
};

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// What becomes of a file's text: its first records go to the detector.
class Sample {
 public:
  explicit Sample(Layout layout) : layout_(layout) {}

  bool is_full() const { return records_ >= kSniffLines || bytes_ >= kMaxSampleBytes; }
  // The text that is to be read on; `is_last`: none follows.
  std::string& text() { return text_; }
  void Take(bool is_last) {
    const std::size_t size = text_.size();
    text_.append(kJsonPadding, '\0');
    const std::string_view text(text_.data(), size);
    const std::size_t done =
        layout_ == Layout::kJsonLines ? Lines(text, is_last) : Pieces(text, is_last);
    bytes_ += done;
    text_.resize(size);
    text_.erase(0, done);
  }
  std::vector<std::pair<std::string, DetectedType>> TakeColumns() {
    return detector_.TakeColumns();
  }

 private:
  std::size_t Lines(std::string_view text, bool is_last) {
    std::size_t begin = bytes_ == 0 && text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    while (begin < text.size() && records_ < kSniffLines) {
      const std::size_t end = text.find('\n', begin);
      if (end == std::string_view::npos && !is_last) break;
      detector_.Add(text.substr(begin, std::min(end, text.size()) - begin));
      records_++;
      begin = std::min(end, text.size() - 1) + 1;
    }
    return begin;
  }
  std::size_t Pieces(std::string_view text, bool is_last) {
    pieces_.clear();
    splitter_.Split(text, is_last, pieces_);
    for (const JsonSplitter::Piece& piece : pieces_) {
      if (records_++ >= kSniffLines) break;
      if (!piece.is_damage) detector_.Add(text.substr(piece.begin, piece.size));
    }
    const std::size_t done = splitter_.done();
    splitter_.Drop(done);
    return done;
  }

  const Layout layout_;
  std::string text_;
  std::size_t bytes_ = 0;
  std::int64_t records_ = 0;
  JsonDetector detector_;
  JsonSplitter splitter_;
  std::vector<JsonSplitter::Piece> pieces_;
};

}  // namespace

Status DetectJson(io::FileSystem& files, const SourceFile& file, FileFormat& format) {
  LEAT_ASSIGN(const auto input, TextInput::Open(files, file, format.compression, format.encoding));
  Sample sample(format.layout);
  while (!sample.is_full() && !input->at_end()) {
    if (sample.text().size() > kMaxSampleBytes) break;  // no record ends
    LEAT_TRY(input->Read(kChunkBytes, sample.text()));
    sample.Take(input->at_end());
  }
  format.columns = sample.TakeColumns();
  return Ok();
}

}  // namespace leat::connect
