// Where an object store is and how it wants to be addressed.
#pragma once

#include <string>

#include "base/result.h"
#include "io/file_system.h"
#include "io/s3/aws_profile.h"
#include "io/s3/s3_path.h"

namespace leat::io {

struct S3Config {
  std::string region = "us-east-1";
  // "https://host[:port][/path]" without a slash at its end; empty: AWS, in the bucket's region.
  std::string endpoint;
  bool path_style =
      true;  // of an endpoint: /bucket/key; else the bucket is part of the host's name
  // Whether to send the content's checksum to be kept with it, and to ask for it when reading.
  // Signed requests are protected on their way either way; not every store knows this.
  bool use_checksums = false;
};

// Whether it could be one: letters, digits and '-'. It becomes a part of host names.
bool IsRegionName(std::string_view region);

// AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL and the profile's endpoint_url (unless
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true); AWS_REGION, AWS_DEFAULT_REGION and the profile's
// region; the profile's s3.addressing_style; AWS_REQUEST_CHECKSUM_CALCULATION.
Result<S3Config> LoadS3Config(const EnvironmentLookup& lookup, FileSystem& files);

// Where a request for an object, or for a bucket, goes.
struct S3Address {
  std::string origin;  // "https://host:port"
  std::string host;    // "host:port", as the Host header has it
  std::string path;    // not encoded, with the leading slash
};

S3Address AddressOf(const S3Config& config, const std::string& region, const S3Path& path);

}  // namespace leat::io
