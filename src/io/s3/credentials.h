// Who asks: the keys with which requests to an object store are signed, and where they come from.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/environment.h"
#include "io/http_client.h"
#include "io/s3/aws_profile.h"

namespace leat::io {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty: long-lived
  TimestampUs expires_us = INT64_MAX;

  bool operator==(const Credentials&) const = default;
};

// One place that may have credentials. Called by one thread at a time.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  // For messages: "the environment".
  virtual std::string name() const = 0;
  // Nothing when this place is not in use here; an error when it is, but gives none.
  virtual Result<std::optional<Credentials>> Fetch() = 0;
};

// Everything that providers reach the world with. References outlive every user.
struct CredentialsContext {
  EnvironmentLookup lookup;
  FileSystem& files;
  HttpClient& http;
  Clock& clock;
};

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
std::unique_ptr<CredentialsProvider> EnvironmentCredentials(CredentialsContext context);
// The profile's aws_access_key_id and so on.
std::unique_ptr<CredentialsProvider> ProfileCredentials(CredentialsContext context);
// AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or the profile's web_identity_token_file and
// role_arn: exchanged at AWS_ENDPOINT_URL_STS, or AWS's own of the region, by
// AssumeRoleWithWebIdentity.
std::unique_ptr<CredentialsProvider> WebIdentityCredentials(CredentialsContext context);
// The role of the virtual machine (IMDSv2, https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/
// instancedata-data-retrieval.html), at AWS_EC2_METADATA_SERVICE_ENDPOINT if it is set. Not with
// AWS_EC2_METADATA_DISABLED=true, and not where no such service answers.
std::unique_ptr<CredentialsProvider> InstanceCredentials(CredentialsContext context);

// Asks the providers in their order and keeps what the first one gives until shortly before it
// expires. Thread-safe: one thread fetches, the others wait for it. Errors never show a secret.
class CredentialsChain {
 public:
  CredentialsChain(Clock& clock, std::vector<std::unique_ptr<CredentialsProvider>> providers);

  // kDenied when no provider has any.
  Result<Credentials> Get();
  // After a server refused `rejected` as expired: fetches anew. False if there are no others.
  Result<bool> Renew(const Credentials& rejected);

 private:
  Result<Credentials> Fetch();

  Clock& clock_;
  const std::vector<std::unique_ptr<CredentialsProvider>> providers_;
  std::mutex mutex_;
  std::optional<Credentials> current_;  // guarded by mutex_
};

// All four, in the order above.
std::unique_ptr<CredentialsChain> DefaultCredentials(const CredentialsContext& context);
// For tests, and for keys that a project's connection holds.
std::unique_ptr<CredentialsChain> FixedCredentials(Clock& clock, Credentials credentials);

}  // namespace leat::io
