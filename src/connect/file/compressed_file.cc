#include "connect/file/compressed_file.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <functional>
#include <memory>
#include <vector>

#include "connect/file/limits.h"

namespace leat::connect {
namespace {

constexpr std::size_t kOutputBytes = 256 * 1024;
constexpr int kGzipWindowBits = 15 + 16;  // the largest window; 16: with gzip's header

Error Damaged(const SourceFile& file, const std::string& what) {
  return InvalidInput(fmt::format("{} {}", file.name, what))
      .WithHint("fetch the file again, whole; nothing of it was loaded");
}

Error CutOff(const SourceFile& file) { return Damaged(file, "ends in the middle: it was cut off"); }

// Calls `take` with the file's bytes, piece by piece.
Status ReadPieces(io::FileSystem& files, const SourceFile& file,
                  const std::function<Status(std::string&)>& take) {
  for (std::int64_t offset = 0;;) {
    LEAT_ASSIGN(std::string piece, files.ReadRange(file.path, offset, kHashChunkBytes));
    if (piece.empty()) return Ok();
    offset += static_cast<std::int64_t>(piece.size());
    LEAT_TRY(take(piece));
  }
}

// A gzip file is one or more members, each with its length and CRC-32 at its end (RFC 1952).
Status CheckGzip(io::FileSystem& files, const SourceFile& file) {
  z_stream stream = {};
  if (inflateInit2(&stream, kGzipWindowBits) != Z_OK) return Bug("zlib cannot be set up");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  std::vector<unsigned char> output(kOutputBytes);
  bool is_complete = false;
  const auto take = [&](std::string& piece) -> Status {
    stream.next_in = reinterpret_cast<unsigned char*>(piece.data());
    stream.avail_in = static_cast<unsigned>(piece.size());
    while (stream.avail_in > 0) {
      if (is_complete) {
        if (*stream.next_in == 0) return Ok();  // padding, as tapes have it
        inflateReset(&stream);
      }
      stream.next_out = output.data();
      stream.avail_out = kOutputBytes;
      const int result = inflate(&stream, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return Damaged(
            file, fmt::format("is damaged: {}", stream.msg == nullptr ? "not gzip" : stream.msg));
      is_complete = result == Z_STREAM_END;
    }
    return Ok();
  };
  LEAT_TRY(ReadPieces(files, file, take));
  return is_complete ? Ok() : Status(CutOff(file));
}

Status CheckZstd(io::FileSystem& files, const SourceFile& file) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                        ZSTD_freeDCtx);
  std::vector<char> output(kOutputBytes);
  std::size_t expected = 1;  // 0: a frame is complete
  const auto take = [&](std::string& piece) -> Status {
    ZSTD_inBuffer input{piece.data(), piece.size(), 0};
    while (input.pos < input.size) {
      ZSTD_outBuffer target{output.data(), output.size(), 0};
      expected = ZSTD_decompressStream(context.get(), &target, &input);
      if (ZSTD_isError(expected) != 0)
        return Damaged(file, fmt::format("is damaged: {}", ZSTD_getErrorName(expected)));
    }
    while (expected != 0) {  // what the context still holds back of this piece
      ZSTD_outBuffer target{output.data(), output.size(), 0};
      expected = ZSTD_decompressStream(context.get(), &target, &input);
      if (ZSTD_isError(expected) != 0)
        return Damaged(file, fmt::format("is damaged: {}", ZSTD_getErrorName(expected)));
      if (target.pos < target.size) break;
    }
    return Ok();
  };
  LEAT_TRY(ReadPieces(files, file, take));
  return expected == 0 ? Ok() : Status(CutOff(file));
}

}  // namespace

Status CheckCompressed(io::FileSystem& files, const SourceFile& file,
                       const std::string& compression) {
  if (compression == "gzip") return CheckGzip(files, file);
  if (compression == "zstd") return CheckZstd(files, file);
  return Ok();
}

}  // namespace leat::connect
