// Credentials that a service hands out for some hours: to the holder of a web identity, or to a
// virtual machine.
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "io/s3/credentials.h"
#include "io/s3/limits.h"
#include "io/s3/s3_config.h"
#include "io/s3/sigv4.h"
#include "io/s3/xml.h"
#include "io/uri.h"

namespace leat::io {
namespace {

using Found = std::optional<Credentials>;

constexpr std::string_view kMetadataEndpoint = "http://169.254.169.254";
constexpr std::string_view kMetadataTokenSeconds = "21600";
constexpr std::int64_t kPauseUs = 200 * kMicrosPerMilli;  // doubles with each attempt
constexpr std::size_t kMaxTokenFileBytes = 64 * 1024;

bool IsWorthARetry(const Result<HttpResponse>& answer) {
  if (!answer.ok()) {
    return answer.error().kind() == ErrorKind::kRetryLater ||
           answer.error().kind() == ErrorKind::kOutcomeUnknown;
  }
  return answer->status >= 500 || answer->status == 429;
}

// The answer of the last of some attempts.
Result<HttpResponse> Ask(const CredentialsContext& context, HttpMethod method,
                         const HttpRequest& request) {
  for (int attempt = 1;; attempt++) {
    auto answer = context.http.Send(method, request);
    if (!IsWorthARetry(answer) || attempt == kCredentialAttempts) return answer;
    context.clock.Sleep(kPauseUs << static_cast<unsigned>(attempt - 1));
  }
}

Result<Credentials> MakeCredentials(const std::string& service, Credentials credentials,
                                    const std::string& expiration) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Denied(service + " answered without an access key");
  }
  LEAT_ASSIGN(credentials.expires_us, ParseTimestamp(expiration));
  return credentials;
}

class WebIdentityProvider final : public CredentialsProvider {
 public:
  explicit WebIdentityProvider(CredentialsContext context) : context_(std::move(context)) {}
  std::string name() const override { return "a web identity (AWS_WEB_IDENTITY_TOKEN_FILE)"; }

  Result<Found> Fetch() override {
    auto file = FirstOf(context_.lookup, {"AWS_WEB_IDENTITY_TOKEN_FILE"});
    auto role = FirstOf(context_.lookup, {"AWS_ROLE_ARN"});
    auto session = FirstOf(context_.lookup, {"AWS_ROLE_SESSION_NAME"});
    if (!file) {
      LEAT_ASSIGN(const AwsProfile profile, LoadAwsProfile(context_.lookup, context_.files));
      file = profile.Find("web_identity_token_file");
      role = profile.Find("role_arn");
      session = profile.Find("role_session_name");
    }
    if (!file) return Found();
    if (!role) return Denied("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
    LEAT_ASSIGN(const std::string token, context_.files.ReadRange(*file, 0, kMaxTokenFileBytes));
    LEAT_ASSIGN(Credentials credentials, Exchange(*role, session.value_or("leat"), token));
    return Found(std::move(credentials));
  }

 private:
  Result<Credentials> Exchange(const std::string& role, const std::string& session,
                               const std::string& token) {
    LEAT_ASSIGN(const std::string endpoint, Endpoint());
    HttpRequest request{.url = endpoint + "/",
                        .headers = {"Content-Type: application/x-www-form-urlencoded"},
                        .body = CanonicalQuery({{"Action", "AssumeRoleWithWebIdentity"},
                                                {"Version", "2011-06-15"},
                                                {"RoleArn", role},
                                                {"RoleSessionName", session},
                                                {"WebIdentityToken", std::string(Trim(token))}}),
                        .timeout_ms = kCredentialTimeoutMs};
    LEAT_ASSIGN(const HttpResponse answer, Ask(context_, HttpMethod::kPost, request));
    const auto document = ParseXml(answer.body);
    if (answer.status != 200) {
      const XmlElement* error = document.ok() ? document->Child("Error") : nullptr;
      const std::string code = error == nullptr ? "" : " " + error->ChildText("Code");
      return Error(answer.status >= 500 ? ErrorKind::kRetryLater : ErrorKind::kDenied,
                   "the role " + role + " cannot be assumed by its web identity: status " +
                       std::to_string(answer.status) + Shorten(code, kMaxShownErrorBytes))
          .WithHint("check the role's trust policy and the token's file");
    }
    if (!document.ok()) return document.error();
    const XmlElement* result = document->Child("AssumeRoleWithWebIdentityResult");
    const XmlElement* given = result == nullptr ? nullptr : result->Child("Credentials");
    if (given == nullptr) return Denied("the token service answered without credentials");
    return MakeCredentials("the token service",
                           {.access_key_id = given->ChildText("AccessKeyId"),
                            .secret_access_key = given->ChildText("SecretAccessKey"),
                            .session_token = given->ChildText("SessionToken")},
                           given->ChildText("Expiration"));
  }

  // Of the region if one is set: the global one is far away from most.
  Result<std::string> Endpoint() {
    if (auto given = FirstOf(context_.lookup, {"AWS_ENDPOINT_URL_STS"})) return *given;
    LEAT_ASSIGN(const S3Config config, LoadS3Config(context_.lookup, context_.files));
    const char* domain = config.region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
    return "https://sts." + config.region + domain;
  }

  const CredentialsContext context_;
};

class InstanceProvider final : public CredentialsProvider {
 public:
  explicit InstanceProvider(CredentialsContext context) : context_(std::move(context)) {}
  std::string name() const override { return "the machine's metadata service"; }

  Result<Found> Fetch() override {
    const auto disabled = FirstOf(context_.lookup, {"AWS_EC2_METADATA_DISABLED"});
    if (EqualsIgnoreCase(disabled.value_or(""), "true")) return Found();
    const auto token =
        Call(HttpMethod::kPut, "/latest/api/token",
             "X-aws-ec2-metadata-token-ttl-seconds: " + std::string(kMetadataTokenSeconds));
    if (!token.ok() || token->status != 200) return Found();  // no such machine
    const std::string header = "X-aws-ec2-metadata-token: " + std::string(Trim(token->body));
    const std::string folder = "/latest/meta-data/iam/security-credentials/";
    LEAT_ASSIGN(const HttpResponse roles, Call(HttpMethod::kGet, folder, header));
    if (roles.status == 404) return Found();  // a machine without a role
    LEAT_TRY(Expect200(roles));
    const std::string role(Trim(Split(roles.body, '\n').front()));
    LEAT_ASSIGN(const HttpResponse answer,
                Call(HttpMethod::kGet, folder + EncodeUri(role, false), header));
    LEAT_TRY(Expect200(answer));
    LEAT_ASSIGN(Credentials credentials, Parse(answer.body));
    return Found(std::move(credentials));
  }

 private:
  Result<HttpResponse> Call(HttpMethod method, const std::string& path, const std::string& header) {
    const std::string endpoint = FirstOf(context_.lookup, {"AWS_EC2_METADATA_SERVICE_ENDPOINT"})
                                     .value_or(std::string(kMetadataEndpoint));
    return Ask(context_, method,
               {.url = endpoint + path,
                .headers = {header},
                .timeout_ms = kMetadataTimeoutMs,
                .use_proxy = false});
  }

  static Status Expect200(const HttpResponse& answer) {
    if (answer.status == 200) return Ok();
    return Error(answer.status >= 500 ? ErrorKind::kRetryLater : ErrorKind::kDenied,
                 "the machine's metadata service gives no credentials: status " +
                     std::to_string(answer.status));
  }

  static Result<Credentials> Parse(const std::string& body) {
    const auto json = ParseJson(body);
    const auto text = [&](const char* name) {
      const auto at = json.is_object() ? json.find(name) : json.end();
      return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
    };
    if (text("Code") != "Success" && !text("Code").empty()) {
      return Denied("the machine's metadata service gives no credentials: " +
                    Shorten(text("Code"), kMaxShownErrorBytes));
    }
    return MakeCredentials("the machine's metadata service",
                           {.access_key_id = text("AccessKeyId"),
                            .secret_access_key = text("SecretAccessKey"),
                            .session_token = text("Token")},
                           text("Expiration"));
  }

  const CredentialsContext context_;
};

}  // namespace

std::unique_ptr<CredentialsProvider> WebIdentityCredentials(CredentialsContext context) {
  return std::make_unique<WebIdentityProvider>(std::move(context));
}

std::unique_ptr<CredentialsProvider> InstanceCredentials(CredentialsContext context) {
  return std::make_unique<InstanceProvider>(std::move(context));
}

}  // namespace leat::io
