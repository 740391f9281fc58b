// A small blocking HTTP client: webhooks, object stores, the services that hand out credentials.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/environment.h"

namespace leat::io {

// A longer answer is an error, unless the request allows for it.
constexpr std::size_t kMaxHttpResponseBytes = 1024 * 1024;

enum class HttpMethod { kGet, kHead, kPost, kPut, kDelete };
// "GET", ...
const char* ToString(HttpMethod method);

struct HttpRequest {
  std::string url;  // http:// or https://; may hold a secret: errors show its host only
  std::vector<std::string> headers;  // "Name: value"
  std::string body;                  // of POST and PUT
  // For all of it, from looking up the host to the answer's last byte; 0: no limit.
  std::int64_t timeout_ms = 10'000;
  const CancelToken* cancel = nullptr;  // looked at about once a second; outlives the call

  std::string_view borrowed_body;       // sent in place of an empty `body`; outlives the call
  std::int64_t connect_timeout_ms = 0;  // within timeout_ms; 0: no limit of its own
  // Given up when fewer bytes than this pass in each second of that time; 0: never.
  std::int64_t low_speed_bytes_per_second = 0;
  std::int64_t low_speed_seconds = 0;
  std::size_t max_response_bytes = kMaxHttpResponseBytes;
  bool use_proxy = true;  // as http_proxy and its like say
  // Whether the request may go over a kept-alive connection. When the server turns out to have
  // closed it, the request is sent again over a new one, so that it may arrive twice.
  bool may_repeat = false;
};

struct HttpResponse {
  int status = 0;  // 200, 404, ...: every answer is a value, not an error
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case

  // Of the first header of that name (in lower case); empty when there is none.
  std::string_view Header(std::string_view name) const;
};

// Thread-safe. Certificates are verified, and redirects are not followed.
// Errors: kInvalidInput (the URL or a header is malformed), kRetryLater (no connection was made),
// kOutcomeUnknown (the request was sent, and no usable answer came: none, or only a part of it),
// kCorrupt (the answer to a GET is longer than allowed), kDenied (the certificate), kCancelled.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual Result<HttpResponse> Send(HttpMethod method, const HttpRequest& request) = 0;
  Result<HttpResponse> Post(const HttpRequest& request) { return Send(HttpMethod::kPost, request); }
};

// The real one. Lives as long as the process, and keeps connections for requests that may repeat.
HttpClient& SystemHttpClient();

}  // namespace leat::io
