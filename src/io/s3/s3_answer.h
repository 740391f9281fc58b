// What an object store answered, and what that means for whoever asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "io/http_client.h"

namespace leat::io {

struct S3Answer {
  HttpResponse http;
  std::string code;     // S3's name of the error, "NoSuchKey"; empty: none, or HEAD cannot tell
  std::string message;  // S3's words for it
  // An earlier attempt may have been applied, although its answer never came.
  bool is_repeat = false;

  int status() const { return http.status; }
  bool ok() const { return http.status >= 200 && http.status < 300 && code.empty(); }
};

// Takes the error out of the body of an answer that is one. `may_hide_error`: the kind of request
// whose failure comes with status 200 and an error in its body; then a body that is neither an
// error nor any other whole document counts as the error "IncompleteBody".
S3Answer ReadAnswer(HttpResponse response, bool may_hide_error);

// The same request may succeed in a moment.
bool IsTransient(const S3Answer& answer);
// The server may have done what was asked, although it says that it failed.
bool MayBeApplied(const S3Answer& answer);
// Other credentials may help. HEAD cannot tell: any refusal counts.
bool IsExpired(const S3Answer& answer, HttpMethod method);
// The region that a refused request should have named; empty when that is not the matter.
std::string RightRegion(const S3Answer& answer);
// By how much the server's clock is ahead of `now`, if that is why it refused.
std::optional<std::int64_t> ClockSkewUs(const S3Answer& answer, HttpMethod method, TimestampUs now);

// "cannot <action> <path>: ..." of an answer that is an error: status, code, message, request id,
// and what to do next. kNotFound, kDenied, kConflict (409, 412), kInvalidInput, kRetryLater.
Error ToError(std::string_view action, const std::string& path, const S3Answer& answer);

// "Wed, 21 Oct 2015 07:28:00 GMT"
std::optional<TimestampUs> ParseHttpDate(std::string_view text);

}  // namespace leat::io
