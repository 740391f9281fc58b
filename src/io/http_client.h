// A small blocking HTTP client for webhooks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/environment.h"

namespace leat::io {

// A longer answer is an error.
constexpr std::size_t kMaxHttpResponseBytes = 1024 * 1024;

struct HttpRequest {
  std::string url;  // http:// or https://; may hold a secret: errors show its host only
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  std::int64_t timeout_ms =
      10'000;  // for all of it, from looking up the host to the answer's last byte
  const CancelToken* cancel = nullptr;  // looked at about once a second; outlives the call
};

struct HttpResponse {
  int status = 0;  // 200, 404, ...: every answer is a value, not an error
  std::string body;
};

// Thread-safe. Certificates are verified, and redirects are not followed.
// Errors: kInvalidInput (the URL or a header is malformed), kRetryLater (no connection was made),
// kOutcomeUnknown (the request was sent, and no usable answer came), kDenied (the certificate),
// kCancelled.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual Result<HttpResponse> Post(const HttpRequest& request) = 0;
};

// The real one. Lives as long as the process.
HttpClient& SystemHttpClient();

}  // namespace leat::io
