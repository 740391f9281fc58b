#include "io/s3/s3_answer.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "io/s3/limits.h"
#include "io/s3/s3_config.h"
#include "io/s3/xml.h"

namespace leat::io {
namespace {

template <std::size_t size>
bool IsOneOf(std::string_view code, const std::array<std::string_view, size>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

constexpr std::array<std::string_view, 10> kTransientCodes = {
    "InternalError",      "SlowDown",
    "ServiceUnavailable", "RequestTimeout",
    "Throttling",         "RequestLimitExceeded",
    "OperationAborted",   "ConditionalRequestConflict",
    "IncompleteBody",     "BadDigest"};
constexpr std::array<std::string_view, 4> kExpiredCodes = {
    "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"};

struct Hint {
  std::string_view code;
  std::string_view text;
};
constexpr std::array<Hint, 12> kHints = {{
    {"NoSuchBucket", "check the bucket's name and the endpoint, or create the bucket"},
    {"AccessDenied", "let the policy of these credentials allow it for this bucket and path"},
    {"InvalidAccessKeyId", "check AWS_ACCESS_KEY_ID, and that the endpoint is the one it is for"},
    {"SignatureDoesNotMatch",
     "check AWS_SECRET_ACCESS_KEY; a proxy that changes requests has the same effect"},
    {"ExpiredToken", "get new credentials, then run again"},
    {"InvalidToken", "check AWS_SESSION_TOKEN: it belongs to its access key"},
    {"RequestTimeTooSkewed", "set the clock of this machine"},
    {"SlowDown", "the store asks for fewer requests: run again later"},
    {"NotImplemented", "this store cannot do that: use another one"},
    {"QuotaExceeded", "free space in the store, or raise its quota"},
    {"InvalidObjectState", "the object is archived: restore it first"},
    {"EntityTooLarge", "the store takes no object of that size"},
}};

std::string HintFor(const S3Answer& answer) {
  for (const Hint& hint : kHints) {
    if (hint.code == answer.code) return std::string(hint.text);
  }
  if (const std::string region = RightRegion(answer); !region.empty()) {
    return "set AWS_REGION to " + region + ", where the bucket is";
  }
  if (answer.status() == 301 || answer.status() == 307) {
    return "set AWS_REGION to the bucket's region and check the endpoint";
  }
  if (answer.status() == 403 || answer.status() == 401) {
    return "check the credentials and what they are allowed to do";
  }
  if (answer.status() >= 500 || answer.status() == 429) return "run again later";
  return "";
}

ErrorKind KindOf(const S3Answer& answer) {
  const int status = answer.status();
  if (status == 404) return ErrorKind::kNotFound;
  if (status == 401 || status == 403) return ErrorKind::kDenied;
  if (IsOneOf(answer.code, kExpiredCodes) || answer.code == "InvalidToken") {
    return ErrorKind::kDenied;
  }
  if (IsTransient(answer)) return ErrorKind::kRetryLater;
  if (status == 409 || status == 412) return ErrorKind::kConflict;
  if (status == 501) return ErrorKind::kInvalidInput;
  if (status >= 500) return ErrorKind::kRetryLater;
  // A hidden error has no status of its own.
  if (answer.code == "AccessDenied") return ErrorKind::kDenied;
  if (answer.code == "NoSuchKey" || answer.code == "NoSuchUpload") return ErrorKind::kNotFound;
  return ErrorKind::kInvalidInput;
}

}  // namespace

S3Answer ReadAnswer(HttpResponse response, bool may_hide_error) {
  S3Answer answer{.http = std::move(response)};
  const bool is_success = answer.ok();
  if (is_success && !may_hide_error) return answer;
  const auto document = ParseXml(answer.http.body);
  if (document.ok() && document->name == "Error") {
    answer.code = document->ChildText("Code");
    answer.message = document->ChildText("Message");
    if (answer.code.empty()) answer.code = "UnknownError";
  } else if (is_success && !document.ok()) {
    answer.code = "IncompleteBody";
    answer.message = document.error().message();
  }
  return answer;
}

bool IsTransient(const S3Answer& answer) {
  switch (answer.status()) {
    case 429:
    case 500:
    case 502:
    case 503:
    case 504: return true;
    default: return IsOneOf(answer.code, kTransientCodes);
  }
}

bool MayBeApplied(const S3Answer& answer) {
  // What was turned away at the door has not been applied.
  if (answer.status() == 429 || answer.status() == 503 || answer.code == "SlowDown") return false;
  return answer.status() >= 500 || answer.status() == 200;
}

bool IsExpired(const S3Answer& answer, HttpMethod method) {
  if (IsOneOf(answer.code, kExpiredCodes)) return true;
  const bool is_mute = method == HttpMethod::kHead && answer.code.empty();
  return is_mute && (answer.status() == 400 || answer.status() == 403);
}

std::string RightRegion(const S3Answer& answer) {
  const bool is_refusal = answer.status() == 301 || answer.status() == 307 ||
                          answer.status() == 400 || answer.status() == 403;
  if (!is_refusal) return "";
  std::string region(answer.http.Header("x-amz-bucket-region"));
  if (!region.empty()) return IsRegionName(region) ? region : "";
  if (answer.code != "AuthorizationHeaderMalformed" && answer.code != "PermanentRedirect" &&
      answer.code != "IllegalLocationConstraintException") {
    return "";
  }
  const auto document = ParseXml(answer.http.body);
  region = document.ok() ? document->ChildText("Region") : "";
  return IsRegionName(region) ? region : "";
}

std::optional<std::int64_t> ClockSkewUs(const S3Answer& answer, HttpMethod method,
                                        TimestampUs now) {
  const bool is_mute = method == HttpMethod::kHead && answer.code.empty();
  if (answer.status() != 403 || (answer.code != "RequestTimeTooSkewed" && !is_mute)) {
    return std::nullopt;
  }
  const auto server = ParseHttpDate(answer.http.Header("date"));
  if (!server) return std::nullopt;
  const std::int64_t skew_us = *server - now;
  if (is_mute && skew_us < kToleratedSkewUs && skew_us > -kToleratedSkewUs) return std::nullopt;
  return skew_us;
}

Error ToError(std::string_view action, const std::string& path, const S3Answer& answer) {
  std::string message =
      "cannot " + std::string(action) + " " + path + ": status " + std::to_string(answer.status());
  if (!answer.code.empty()) message += " " + Shorten(answer.code, kMaxShownErrorBytes);
  if (!answer.message.empty()) message += ": " + Shorten(answer.message, kMaxShownErrorBytes);
  const std::string_view request_id = answer.http.Header("x-amz-request-id");
  if (!request_id.empty()) {
    message += " (request " + Shorten(request_id, kMaxShownErrorBytes) + ")";
  }
  return Error(KindOf(answer), std::move(message)).WithHint(HintFor(answer));
}

std::optional<TimestampUs> ParseHttpDate(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const std::size_t month_at = kMonths.find(text.substr(8, 3));
  if (month_at == std::string_view::npos || month_at % 3 != 0) return std::nullopt;
  const std::string month = std::to_string(month_at / 3 + 1);
  const auto time = ParseTimestamp(
      std::string(text.substr(12, 4)) + "-" + (month.size() == 1 ? "0" : "") + month + "-" +
      std::string(text.substr(5, 2)) + "T" + std::string(text.substr(17, 8)) + "Z");
  if (!time.ok()) return std::nullopt;
  return *time;
}

}  // namespace leat::io
