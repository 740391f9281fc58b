#include "io/s3/s3_client.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "base/redact.h"
#include "base/text.h"
#include "io/s3/hash.h"
#include "io/uri.h"
#include "io/work.h"

namespace leat::io {
namespace {

constexpr std::int64_t kSleepSliceUs = 100 * kMicrosPerMilli;  // between looks at the cancel token
constexpr std::int64_t kMaxRetryAfterSeconds = 30;
constexpr std::string_view kChecksumHeader = "x-amz-checksum-";

bool Changes(HttpMethod method) {
  return method != HttpMethod::kGet && method != HttpMethod::kHead;
}

// The name of a checksum that the body does not match; empty when all that are there do. A part's
// checksum ("...-3") and one of a range say nothing about this body.
std::string DamagedChecksum(HttpMethod method, const HttpResponse& response) {
  if (method != HttpMethod::kGet || response.status != 200) return "";
  for (const auto& [header, value] : response.headers) {
    if (!header.starts_with(kChecksumHeader) || value.find('-') != std::string::npos) continue;
    const std::string name = header.substr(kChecksumHeader.size());
    const std::string actual = name == "type" ? "" : ChecksumBase64(name, response.body);
    if (!actual.empty() && actual != value) return name;
  }
  return "";
}

std::int64_t RetryAfterUs(const S3Answer& answer) {
  const std::string_view text = answer.http.Header("retry-after");
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::clamp<std::int64_t>(seconds, 0, kMaxRetryAfterSeconds) * kMicrosPerSecond;
}

}  // namespace

// One call of S3Client::Send, with all its attempts.
class S3Exchange {
 public:
  S3Exchange(S3Client& client, const S3Request& request)
      : client_(client),
        options_(client.options_),
        request_(request),
        path_(request.target.ToString()),
        cancel_(request.is_cleanup ? nullptr : options_.cancel),
        begin_us_(options_.clock.MonotonicUs()),
        body_sha256_(request.body.empty() ? std::string(kEmptySha256)
                                          : ToHex(Sha256(request.body))) {}

  Result<S3Answer> Run() {
    const WorkScope scope(request_.is_cleanup ? nullptr : work_);
    for (;;) {
      auto credentials = options_.credentials->Get();
      if (!credentials.ok()) return CredentialsError(credentials.error());
      const std::string region = client_.RegionOf(request_.target.bucket);
      auto response = SendOnce(*credentials, region);
      std::int64_t wanted_pause_us = 0;
      if (response.ok()) {
        S3Answer answer = ReadAnswer(std::move(*response), request_.may_hide_error);
        RedactMessage(answer, *credentials);
        LEAT_ASSIGN(const bool corrected, Correct(answer, *credentials, region));
        if (corrected) continue;
        const std::string damaged = DamagedChecksum(request_.method, answer.http);
        if (damaged.empty() && !IsWorthRepeating(answer)) {
          answer.is_repeat = may_be_applied_;
          return answer;
        }
        may_be_applied_ = may_be_applied_ || (Changes(request_.method) && MayBeApplied(answer));
        wanted_pause_us = RetryAfterUs(answer);
        failure_ = damaged.empty() ? ToError(request_.action, path_, answer) : Damaged(damaged);
      } else {
        LEAT_TRY(TakeFailure(std::move(response).error()));
      }
      LEAT_TRY(Pause(wanted_pause_us));
    }
  }

 private:
  Result<HttpResponse> SendOnce(const Credentials& credentials, const std::string& region) {
    const S3Address address = AddressOf(options_.config, region, request_.target);
    SignableRequest signable{.method = ToString(request_.method),
                             .path = address.path,
                             .query = request_.query,
                             .headers = request_.headers,
                             .payload_sha256 = body_sha256_};
    signable.headers.emplace_back("Host", address.host);
    signable.headers.emplace_back("X-Amz-Content-Sha256", body_sha256_);
    AddChecksumHeaders(signable.headers);
    const SigningKey key{.access_key_id = credentials.access_key_id,
                         .secret_access_key = credentials.secret_access_key,
                         .session_token = credentials.session_token,
                         .region = region,
                         .service = "s3"};
    const std::string query = CanonicalQuery(request_.query);
    HttpRequest request{
        .url = address.origin + EncodeUri(address.path, true) + (query.empty() ? "" : "?" + query),
        .timeout_ms = TimeoutMs(),
        .cancel = cancel_,
        .borrowed_body = request_.body,
        .connect_timeout_ms = kConnectTimeoutMs,
        .low_speed_bytes_per_second = request_.is_slow ? 0 : kLowSpeedBytesPerSecond,
        .low_speed_seconds = request_.is_slow ? 0 : options_.low_speed_seconds,
        .max_response_bytes = request_.max_response_bytes,
        .may_repeat = !request_.is_exclusive};
    const TimestampUs now = options_.clock.Now() + client_.skew_us_;
    for (const auto& [name, value] : Sign(std::move(signable), key, now)) {
      request.headers.push_back(Join({name, value}, ": "));
    }
    // Not signed: libcurl would put its own there.
    if (Changes(request_.method))
      request.headers.emplace_back("Content-Type: application/octet-stream");
    return options_.http.Send(request_.method, request);
  }

  std::int64_t TimeoutMs() const {
    if (request_.is_cleanup) return IsStopped() ? kStoppedCleanupTimeoutMs : kCleanupTimeoutMs;
    return request_.is_slow ? kSlowOperationTimeoutMs : 0;
  }

  void AddChecksumHeaders(NameValues& headers) const {
    if (!options_.config.use_checksums) return;
    if (request_.method == HttpMethod::kGet && !request_.target.key.empty()) {
      headers.emplace_back("x-amz-checksum-mode", "ENABLED");
    }
    if (request_.keeps_checksum) {
      headers.emplace_back("x-amz-checksum-sha256", ToBase64(Sha256(request_.body)));
    }
  }

  // Whether the reason of the refusal has been put right, so that trying again makes sense.
  Result<bool> Correct(const S3Answer& answer, const Credentials& credentials,
                       const std::string& region) {
    if (answer.ok()) return false;
    const std::string right = RightRegion(answer);
    if (!right.empty() && right != region && !region_corrected_) {
      region_corrected_ = true;
      client_.RememberRegion(request_.target.bucket, right);
      return true;
    }
    const TimestampUs now = options_.clock.Now();
    const auto skew_us = ClockSkewUs(answer, request_.method, now);
    if (skew_us && !clock_corrected_) {
      clock_corrected_ = true;
      client_.skew_us_ = *skew_us;
      return true;
    }
    if (IsExpired(answer, request_.method) && !credentials_renewed_) {
      credentials_renewed_ = true;
      auto renewed = options_.credentials->Renew(credentials);
      if (!renewed.ok()) return CredentialsError(renewed.error());
      return renewed;
    }
    return false;
  }

  bool IsWorthRepeating(const S3Answer& answer) const {
    return IsTransient(answer) || (request_.is_exclusive && answer.status() == 409);
  }

  // Keeps a failure that another attempt may get around; returns any other.
  Status TakeFailure(Error error) {
    const std::string context = "cannot " + std::string(request_.action) + " " + path_;
    switch (error.kind()) {
      case ErrorKind::kRetryLater: break;
      case ErrorKind::kOutcomeUnknown:
        may_be_applied_ = may_be_applied_ || Changes(request_.method);
        break;
      case ErrorKind::kNotFound:  // libcurl: not to be mixed up with a missing object
        return Error(ErrorKind::kInvalidInput, error.message())
            .WithHint(error.hint())
            .WithContext(context);
      case ErrorKind::kCancelled:
        if (may_be_applied_ || Changes(request_.method)) return Unknown(error, context);
        [[fallthrough]];
      default: return std::move(error).WithContext(context);
    }
    failure_ = Error(ErrorKind::kRetryLater, error.message())
                   .WithHint(error.hint().empty() ? "check the network and the endpoint, then run "
                                                    "again"
                                                  : error.hint())
                   .WithContext(context);
    return Ok();
  }

  // The failure that ends the call, once the attempts or the time are used up.
  Error GiveUp() const {
    const std::string tries = " (given up after " + std::to_string(attempts_) +
                              (attempts_ == 1 ? " attempt)" : " attempts)");
    const Error error =
        Error(failure_.kind(), failure_.message() + tries).WithHint(failure_.hint());
    return may_be_applied_ ? Unknown(error, "") : error;
  }

  static Error Unknown(const Error& error, const std::string& context) {
    Error unknown = OutcomeUnknown(error.message() + "; it may or may not have happened")
                        .WithHint(error.hint());
    return context.empty() ? unknown : std::move(unknown).WithContext(context);
  }

  Status Pause(std::int64_t wanted_us) {
    attempts_++;
    const RetryLimits& limits = options_.retry;
    const int cleanup_attempts = IsStopped() ? 1 : kCleanupAttempts;
    if (attempts_ >= limits.max_attempts || (request_.is_cleanup && attempts_ >= cleanup_attempts))
      return GiveUp();
    const int doublings = std::min(attempts_ - 1, 20);
    const std::int64_t longest_us = std::min(
        limits.longest_pause_us, limits.first_pause_us << static_cast<unsigned>(doublings));
    const auto drawn_us = static_cast<std::int64_t>(options_.random.Next() %
                                                    static_cast<std::uint64_t>(longest_us + 1));
    std::int64_t rest_us = std::max(drawn_us, wanted_us);
    if (options_.clock.MonotonicUs() - begin_us_ + rest_us > limits.deadline_us) return GiveUp();
    for (; rest_us > 0; rest_us -= kSleepSliceUs) {
      if (IsStopped()) {
        const Error error = Cancelled(failure_.message() + "; cancelled before the next attempt");
        return may_be_applied_ ? Unknown(error, "") : error;
      }
      options_.clock.Sleep(std::min(rest_us, kSleepSliceUs));
    }
    return Ok();
  }

  bool IsStopped() const {
    return (cancel_ != nullptr && cancel_->cancelled()) || (work_ != nullptr && work_->stopped());
  }

  // A server may repeat what it was sent.
  static void RedactMessage(S3Answer& answer, const Credentials& credentials) {
    if (answer.code.empty()) return;
    const Redactor redactor({credentials.secret_access_key, credentials.session_token});
    answer.code = redactor.Redact(answer.code);
    answer.message = redactor.Redact(answer.message);
  }

  // A missing file of credentials is no missing object.
  Error CredentialsError(const Error& error) const {
    const ErrorKind kind = error.kind() == ErrorKind::kNotFound ? ErrorKind::kDenied : error.kind();
    return Error(kind, error.message())
        .WithHint(error.hint())
        .WithContext("cannot " + std::string(request_.action) + " " + path_);
  }

  Error Damaged(const std::string& checksum) const {
    return RetryLater("cannot " + std::string(request_.action) + " " + path_ +
                      ": the content does not match its checksum " + checksum)
        .WithHint("if it stays so, the object is damaged: restore it");
  }

  S3Client& client_;
  const S3ClientOptions& options_;
  const S3Request& request_;
  const std::string path_;
  const CancelToken* const cancel_;                   // may be null
  const std::shared_ptr<Work> work_ = CurrentWork();  // shared with the thread; may be null
  const std::int64_t begin_us_;
  const std::string body_sha256_;
  int attempts_ = 0;
  bool may_be_applied_ = false;  // by an attempt whose answer is lost
  bool region_corrected_ = false;
  bool clock_corrected_ = false;
  bool credentials_renewed_ = false;
  Error failure_ = RetryLater("");  // of the last attempt
};

S3Client::S3Client(S3ClientOptions options) : options_(std::move(options)) {}

Result<S3Answer> S3Client::Send(const S3Request& request) {
  return S3Exchange(*this, request).Run();
}

std::string S3Client::RegionOf(const std::string& bucket) {
  const std::scoped_lock lock(mutex_);
  const auto at = regions_.find(bucket);
  return at == regions_.end() ? options_.config.region : at->second;
}

void S3Client::RememberRegion(const std::string& bucket, const std::string& region) {
  const std::scoped_lock lock(mutex_);
  regions_[bucket] = region;
}

}  // namespace leat::io
