// A multipart upload: an object that is sent in parts and appears as a whole, or not at all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/s3/s3_client.h"

namespace leat::io {

// Movable. Unless it is completed, or may have been, the destructor aborts it, so
// that its parts take no more space.
class S3Upload {
 public:
  static Result<S3Upload> Begin(S3Client& client, const S3Path& path);

  S3Upload(S3Upload&& other) noexcept;
  S3Upload& operator=(S3Upload&&) = delete;
  ~S3Upload();

  // Parts count from 1 to kMaxParts, and all but the last have at least kMinPartBytes. They return
  // the part's ETag. Thread-safe.
  Result<std::string> SendPart(int number, std::string_view content) const;
  // Takes the part from another object: `headers` say which and where.
  Result<std::string> CopyPart(int number, NameValues headers) const;

  // Makes the object of its parts, at least one. kOutcomeUnknown when that cannot be told.
  Status Complete(const std::vector<std::string>& etags) &&;

 private:
  S3Upload(S3Client& client, S3Path path, std::string writer_id, std::string upload_id);
  Result<S3Request> PartRequest(int number, std::string_view action) const;
  Status SettleLost(const Error& failure);
  void Abort();

  S3Client* client_;
  S3Path path_;
  std::string writer_id_;
  std::string upload_id_;  // empty once moved from, completed or aborted
};

}  // namespace leat::io
