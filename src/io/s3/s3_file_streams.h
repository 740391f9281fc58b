// Reading and writing one object piece by piece.
#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "io/s3/s3_client.h"
#include "io/s3/s3_objects.h"
#include "io/s3/s3_upload.h"

namespace leat::io {

// Reads by ranges, several at a time of what is long. Without an ETag in `info`, a replaced object
// is not noticed.
class S3FileReader final : public RandomAccessFile {
 public:
  S3FileReader(S3Client& client, S3Path path, S3ObjectInfo info);

  std::int64_t size_bytes() const override { return info_.size_bytes; }
  std::int64_t modified_us() const override { return info_.modified_us; }
  std::string version_tag() const override { return info_.etag; }
  Result<std::int64_t> ReadAt(std::int64_t offset, std::span<char> buffer) override;

 private:
  // All of the buffer, by one request.
  Status Fill(std::int64_t offset, std::span<char> buffer) const;

  S3Client& client_;
  const S3Path path_;
  const S3ObjectInfo info_;
};

// Sends what fits into one part when it is closed, and more as a multipart upload: some parts at a
// time, while the next one is filled.
class S3FileWriter final : public WritableFile {
 public:
  S3FileWriter(S3Client& client, S3Path path, std::int64_t part_bytes);

  Status Append(std::string_view bytes) override;
  Result<std::int64_t> Close() override;

 private:
  using SentPart = std::future<Result<std::string>>;  // the part's ETag

  Status SendPart();
  Status AwaitOldest();

  S3Client& client_;
  const S3Path path_;
  const std::size_t part_bytes_;
  std::string buffer_;                // shorter than a part
  std::unique_ptr<S3Upload> upload_;  // from the first whole part on
  std::vector<std::string> etags_;    // of the parts that have arrived
  std::deque<SentPart> under_way_;    // the parts after those; ends before upload_ does
  std::optional<Error> failure_;      // of a part: there is nothing to complete any more
  std::int64_t size_bytes_ = 0;
};

}  // namespace leat::io
