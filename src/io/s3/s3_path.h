// Paths of objects: "s3://bucket/key".
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace leat::io {

constexpr std::string_view kS3Scheme = "s3://";

struct S3Path {
  std::string bucket;
  std::string key;  // without slashes at its ends; empty: the bucket itself

  std::string ToString() const { return std::string(kS3Scheme) + bucket + "/" + key; }
};

// kInvalidInput when it is no such path, or names no bucket or key that a store could have.
Result<S3Path> ParseS3Path(const std::string& path);

}  // namespace leat::io
