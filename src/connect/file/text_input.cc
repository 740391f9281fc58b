#include "connect/file/text_input.h"

#include <fmt/format.h>
#include <iconv.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/encoding.h"
#include "connect/file/limits.h"

namespace leat::connect {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // the largest window; 16: with gzip's header
constexpr char kNoText = '\xFF';          // a byte that UTF-8 never has

Error Damaged(const SourceFile& file, const std::string& what) {
  return InvalidInput(fmt::format("{} {}", file.name, what))
      .WithHint("fetch the file again, whole; nothing of it was loaded");
}
Error CutOff(const SourceFile& file) { return Damaged(file, "ends in the middle: it was cut off"); }

// The file's own bytes.
class PlainInput final : public TextInput {
 public:
  PlainInput(std::unique_ptr<io::RandomAccessFile> file) : file_(std::move(file)) {}

  Status Read(std::size_t size_bytes, std::string& to) override {
    const std::size_t before = to.size();
    const auto left =
        static_cast<std::size_t>(std::max<std::int64_t>(0, file_->size_bytes() - offset_));
    to.resize(before + std::min(size_bytes, left));
    LEAT_ASSIGN(const std::int64_t read, file_->ReadAt(offset_, std::span(to).subspan(before)));
    to.resize(before + static_cast<std::size_t>(read));
    offset_ += read;
    is_at_end_ = read < static_cast<std::int64_t>(size_bytes) || offset_ >= file_->size_bytes();
    return Ok();
  }
  bool at_end() const override { return is_at_end_; }

 private:
  const std::unique_ptr<io::RandomAccessFile> file_;
  std::int64_t offset_ = 0;
  bool is_at_end_ = false;
};

// An input that makes its bytes of those of another.
class Filter : public TextInput {
 public:
  explicit Filter(std::unique_ptr<TextInput> inner) : inner_(std::move(inner)) {}
  bool at_end() const override { return is_at_end_; }

  Status Read(std::size_t size_bytes, std::string& to) override {
    const std::size_t enough = to.size() + size_bytes;
    while (to.size() < enough && !is_at_end_) LEAT_TRY(Step(to));
    return Ok();
  }

 protected:
  // Appends some bytes, or sets is_at_end_.
  virtual Status Step(std::string& to) = 0;

  // More bytes to make something of, behind those that are left; none at the inner end.
  Status Refill() {
    input_.erase(0, used_);
    used_ = 0;
    return inner_->Read(kInputChunkBytes, input_);
  }

  std::unique_ptr<TextInput> inner_;
  std::string input_;
  std::size_t used_ = 0;
  bool is_at_end_ = false;
};

// One or more members, each with its length and CRC-32 at its end (RFC 1952).
class GzipInput final : public Filter {
 public:
  GzipInput(std::unique_ptr<TextInput> inner, const SourceFile& file)
      : Filter(std::move(inner)), file_(file) {
    inflateInit2(&stream_, kGzipWindowBits);
  }
  ~GzipInput() override { inflateEnd(&stream_); }

 private:
  Status Step(std::string& to) override {
    if (used_ == input_.size()) {
      if (inner_->at_end()) return End();
      LEAT_TRY(Refill());
      if (input_.empty()) return End();
    }
    if (is_complete_) {
      if (input_[used_] == '\0') {  // padding, as tapes have it
        used_++;
        return Ok();
      }
      inflateReset(&stream_);
      is_complete_ = false;
    }
    const std::size_t before = to.size();
    to.resize(before + kInputChunkBytes);
    stream_.next_in = reinterpret_cast<unsigned char*>(input_.data() + used_);
    stream_.avail_in = static_cast<unsigned>(input_.size() - used_);
    stream_.next_out = reinterpret_cast<unsigned char*>(to.data() + before);
    stream_.avail_out = static_cast<unsigned>(kInputChunkBytes);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    to.resize(before + kInputChunkBytes - stream_.avail_out);
    used_ = input_.size() - stream_.avail_in;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return Damaged(
          file_, fmt::format("is damaged: {}", stream_.msg == nullptr ? "not gzip" : stream_.msg));
    }
    is_complete_ = result == Z_STREAM_END;
    return Ok();
  }

  Status End() {
    is_at_end_ = true;
    return is_complete_ ? Ok() : Status(CutOff(file_));
  }

  const SourceFile file_;
  z_stream stream_ = {};
  bool is_complete_ = false;
};

class ZstdInput final : public Filter {
 public:
  ZstdInput(std::unique_ptr<TextInput> inner, const SourceFile& file)
      : Filter(std::move(inner)), file_(file), context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {}

 private:
  Status Step(std::string& to) override {
    if (used_ == input_.size() && !holds_back_) {
      if (!inner_->at_end()) LEAT_TRY(Refill());
      if (input_.empty()) {
        is_at_end_ = true;
        return expected_ == 0 ? Ok() : Status(CutOff(file_));
      }
    }
    const std::size_t before = to.size();
    to.resize(before + kInputChunkBytes);
    ZSTD_inBuffer input{input_.data(), input_.size(), used_};
    ZSTD_outBuffer output{to.data() + before, kInputChunkBytes, 0};
    expected_ = ZSTD_decompressStream(context_.get(), &output, &input);
    to.resize(before + output.pos);
    used_ = input.pos;
    holds_back_ = output.pos == output.size;
    if (ZSTD_isError(expected_) != 0)
      return Damaged(file_, fmt::format("is damaged: {}", ZSTD_getErrorName(expected_)));
    if (used_ == input_.size()) {
      input_.clear();
      used_ = 0;
    }
    return Ok();
  }

  const SourceFile file_;
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_;
  std::size_t expected_ = 1;  // 0: a frame is complete
  bool holds_back_ = false;   // the context has more output than there was room for
};

// Another encoding, by iconv(3).
class DecodedInput final : public Filter {
 public:
  DecodedInput(std::unique_ptr<TextInput> inner, iconv_t converter)
      : Filter(std::move(inner)), converter_(converter) {}
  ~DecodedInput() override { iconv_close(converter_); }

 private:
  Status Step(std::string& to) override {
    const bool is_over = inner_->at_end();
    if (!is_over) LEAT_TRY(Refill());
    if (used_ == input_.size()) {
      is_at_end_ = inner_->at_end();
      return Ok();
    }
    constexpr std::size_t kMostBytesPerByte = 4;
    const std::size_t before = to.size();
    to.resize(before + (input_.size() - used_) * kMostBytesPerByte + kMostBytesPerByte);
    char* in = input_.data() + used_;
    std::size_t in_left = input_.size() - used_;
    char* out = to.data() + before;
    std::size_t out_left = to.size() - before;
    const std::size_t result = iconv(converter_, &in, &in_left, &out, &out_left);
    const int error = result == static_cast<std::size_t>(-1) ? errno : 0;
    if (error == EILSEQ || (error == EINVAL && inner_->at_end())) {
      // No text of this encoding: the record that has it is rejected by whoever checks.
      *out++ = kNoText;
      out_left--;
      in++;
      in_left--;
    }
    to.resize(to.size() - out_left);
    used_ = input_.size() - in_left;
    return Ok();
  }

  const iconv_t converter_;
};

}  // namespace

Result<std::unique_ptr<TextInput>> TextInput::Open(io::FileSystem& files, const SourceFile& file,
                                                   const std::string& compression,
                                                   const std::string& encoding) {
  LEAT_ASSIGN(auto opened, files.OpenForReading(file.path, file.size_bytes));
  std::unique_ptr<TextInput> input = std::make_unique<PlainInput>(std::move(opened));
  if (compression == "gzip") input = std::make_unique<GzipInput>(std::move(input), file);
  if (compression == "zstd") input = std::make_unique<ZstdInput>(std::move(input), file);
  const std::string name = IconvName(encoding);
  if (name.empty() || name == "utf-8") return input;
  if (!IsKnownEncoding(encoding)) {
    return InvalidInput(fmt::format("{}: the encoding '{}' is not known", file.name, encoding))
        .WithHint(
            "name it as iconv --list does: utf-8, utf-16, latin-1, windows-1252, shift_jis, "
            "gb18030, euc-kr, …");
  }
  return std::unique_ptr<TextInput>(
      new DecodedInput(std::move(input), iconv_open("UTF-8", name.c_str())));
}

}  // namespace leat::connect
