// Sends signed requests to an object store until one of them is answered for good.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/environment.h"
#include "io/http_client.h"
#include "io/s3/credentials.h"
#include "io/s3/limits.h"
#include "io/s3/s3_answer.h"
#include "io/s3/s3_config.h"
#include "io/s3/sigv4.h"

namespace leat::io {

// Pauses grow from the first to the longest, each drawn evenly between nothing and its length.
struct RetryLimits {
  int max_attempts = 10;
  std::int64_t first_pause_us = 100 * kMicrosPerMilli;
  std::int64_t longest_pause_us = 10 * kMicrosPerSecond;
  std::int64_t deadline_us = 120 * kMicrosPerSecond;  // no attempt begins later
};

struct S3ClientOptions {
  S3Config config;
  std::unique_ptr<CredentialsChain> credentials;
  // These outlive the client.
  HttpClient& http;
  Clock& clock;
  Random& random;
  const CancelToken* cancel = nullptr;
  RetryLimits retry;
  std::int64_t low_speed_seconds = kLowSpeedSeconds;
};

struct S3Request {
  HttpMethod method = HttpMethod::kGet;
  S3Path target;
  std::string_view action;  // for messages: "cannot <action> s3://bucket/key"
  NameValues query;
  NameValues headers;  // besides those that every request has
  std::string_view body;
  std::size_t max_response_bytes = kMaxXmlBytes;
  bool may_hide_error = false;  // as in ReadAnswer
  bool is_slow = false;         // the server is silent while it works
  // Works once: repeated after a lost success it is refused. So every repetition must be known,
  // which those of libcurl over kept connections are not; and a conflict (409) is no answer yet.
  bool is_exclusive = false;
  bool keeps_checksum = false;  // PUT: the store keeps a checksum of the body, if it can
  bool is_cleanup = false;      // also after a cancellation, but then and always only briefly
};

// Thread-safe.
class S3Client {
 public:
  explicit S3Client(S3ClientOptions options);

  // An answer for good: a success, or a refusal that repeating cannot change. Repeated meanwhile:
  // what never arrived, was cut or damaged on its way, and what the store calls a passing failure.
  // Corrected, once each: expired credentials, another region, a wrong clock.
  // Errors: kRetryLater when attempts or time are used up; kOutcomeUnknown then, if a change was
  // asked for that may have been applied; kDenied, kInvalidInput, kCancelled.
  Result<S3Answer> Send(const S3Request& request);

  Random& random() { return options_.random; }

 private:
  friend class S3Exchange;

  std::string RegionOf(const std::string& bucket);
  void RememberRegion(const std::string& bucket, const std::string& region);

  S3ClientOptions options_;
  std::atomic<std::int64_t> skew_us_{0};  // how far the server's clock is ahead
  std::mutex mutex_;
  std::map<std::string, std::string> regions_;  // of buckets elsewhere; guarded by mutex_
};

}  // namespace leat::io
