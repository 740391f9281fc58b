// A multipart upload: an object that is sent in parts and appears as a whole, or not at all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/s3/s3_client.h"

namespace leat::io {

// Not thread-safe; movable. Unless it is completed, or may have been, the destructor aborts it, so
// that its parts take no more space.
class S3Upload {
 public:
  static Result<S3Upload> Begin(S3Client& client, const S3Path& path);

  S3Upload(S3Upload&& other) noexcept;
  S3Upload& operator=(S3Upload&&) = delete;
  ~S3Upload();

  // All parts but the last have at least kMinPartBytes, and there are at most kMaxParts.
  Status AddPart(std::string_view content);
  // Takes the part from another object: `headers` say which and where.
  Status CopyPart(NameValues headers);
  // Makes the object of its parts, at least one. kOutcomeUnknown when that cannot be told.
  Status Complete() &&;

 private:
  S3Upload(S3Client& client, S3Path path, std::string writer_id, std::string upload_id);
  S3Request PartRequest(std::string_view action) const;
  Status CheckRoom() const;
  Status SettleLost(const Error& failure);
  void Abort();

  S3Client* client_;
  S3Path path_;
  std::string writer_id_;
  std::string upload_id_;  // empty once moved from, completed or aborted
  std::vector<std::string> etags_;
};

}  // namespace leat::io
