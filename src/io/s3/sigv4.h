// AWS Signature Version 4: proves with a secret key who sends a request, without sending the key.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace leat::io {

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct SigningKey {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty: long-lived credentials
  std::string region;
  std::string service;  // "s3"
};

struct SignableRequest {
  std::string method;          // "GET"
  std::string path;            // not encoded, with the leading slash
  NameValues query;            // not encoded
  NameValues headers;          // all are signed; "Host" must be among them
  std::string payload_sha256;  // in hex
};

// The hash of nothing: what requests without a body carry.
constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// "a=1&b=": encoded and sorted, as it is signed and must be sent.
std::string CanonicalQuery(const NameValues& query);
std::string CanonicalRequest(const SignableRequest& request);
// "20150830T123600Z"
std::string FormatAmzDate(TimestampUs time);

// The request's headers plus X-Amz-Date, X-Amz-Security-Token if there is one, and Authorization.
NameValues Sign(SignableRequest request, const SigningKey& key, TimestampUs now);

}  // namespace leat::io
