#include "io/s3/credentials.h"

#include <utility>

#include "base/text.h"
#include "io/s3/limits.h"

namespace leat::io {
namespace {

class EnvironmentProvider final : public CredentialsProvider {
 public:
  explicit EnvironmentProvider(CredentialsContext context) : context_(std::move(context)) {}
  std::string name() const override { return "the environment (AWS_ACCESS_KEY_ID)"; }

  Result<std::optional<Credentials>> Fetch() override {
    const auto id = FirstOf(context_.lookup, {"AWS_ACCESS_KEY_ID"});
    const auto secret = FirstOf(context_.lookup, {"AWS_SECRET_ACCESS_KEY"});
    if (!id && !secret) return std::optional<Credentials>();
    if (!id || !secret) {
      return Denied(std::string(id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY") +
                    " is set without " + (id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"));
    }
    return std::optional<Credentials>(
        Credentials{.access_key_id = std::string(Trim(*id)),
                    .secret_access_key = std::string(Trim(*secret)),
                    .session_token = FirstOf(context_.lookup, {"AWS_SESSION_TOKEN"}).value_or("")});
  }

 private:
  const CredentialsContext context_;
};

class ProfileProvider final : public CredentialsProvider {
 public:
  explicit ProfileProvider(CredentialsContext context) : context_(std::move(context)) {}
  std::string name() const override { return "the profile (~/.aws/credentials, ~/.aws/config)"; }

  Result<std::optional<Credentials>> Fetch() override {
    LEAT_ASSIGN(const AwsProfile profile, LoadAwsProfile(context_.lookup, context_.files));
    const auto id = profile.Find("aws_access_key_id");
    const auto secret = profile.Find("aws_secret_access_key");
    if (!id && !secret) return Without(profile);
    if (!id || !secret) {
      return Denied("the profile '" + profile.name + "' has " +
                    (id ? "aws_access_key_id" : "aws_secret_access_key") + " without " +
                    (id ? "aws_secret_access_key" : "aws_access_key_id"));
    }
    return std::optional<Credentials>(
        Credentials{.access_key_id = *id,
                    .secret_access_key = *secret,
                    .session_token = profile.Find("aws_session_token").value_or("")});
  }

 private:
  // A profile whose ways are unknown here is an error: another identity would be a surprise.
  static Result<std::optional<Credentials>> Without(const AwsProfile& profile) {
    for (const char* way : {"credential_process", "sso_session", "sso_start_url", "source_profile",
                            "credential_source"}) {
      if (!profile.Find(way)) continue;
      return Denied("the profile '" + profile.name + "' gets its credentials by " + way +
                    ", which Leat does not do")
          .WithHint("run `aws configure export-credentials --format env` and set what it prints");
    }
    return std::optional<Credentials>();
  }

  const CredentialsContext context_;
};

class FixedProvider final : public CredentialsProvider {
 public:
  explicit FixedProvider(Credentials credentials) : credentials_(std::move(credentials)) {}
  std::string name() const override { return "fixed credentials"; }
  Result<std::optional<Credentials>> Fetch() override { return std::optional(credentials_); }

 private:
  const Credentials credentials_;
};

}  // namespace

std::unique_ptr<CredentialsProvider> EnvironmentCredentials(CredentialsContext context) {
  return std::make_unique<EnvironmentProvider>(std::move(context));
}

std::unique_ptr<CredentialsProvider> ProfileCredentials(CredentialsContext context) {
  return std::make_unique<ProfileProvider>(std::move(context));
}

CredentialsChain::CredentialsChain(Clock& clock,
                                   std::vector<std::unique_ptr<CredentialsProvider>> providers)
    : clock_(clock), providers_(std::move(providers)) {}

Result<Credentials> CredentialsChain::Get() {
  const std::scoped_lock lock(mutex_);
  const TimestampUs now = clock_.Now();
  if (current_ &&
      (current_->expires_us == INT64_MAX || now < current_->expires_us - kRefreshBeforeExpiryUs)) {
    return *current_;
  }
  auto fetched = Fetch();
  if (fetched.ok()) {
    current_ = *fetched;
    return fetched;
  }
  // What is about to expire still serves while its source is out of order.
  if (current_ && now < current_->expires_us) return *current_;
  return fetched;
}

Result<bool> CredentialsChain::Renew(const Credentials& rejected) {
  const std::scoped_lock lock(mutex_);
  if (current_ && *current_ != rejected) return true;  // another thread has done it
  LEAT_ASSIGN(const Credentials fetched, Fetch());
  if (fetched == rejected) return false;
  current_ = fetched;
  return true;
}

Result<Credentials> CredentialsChain::Fetch() {
  std::vector<std::string> asked;
  for (const auto& provider : providers_) {
    LEAT_ASSIGN(auto found, provider->Fetch());
    if (found) return std::move(*found);
    asked.push_back(provider->name());
  }
  return Denied("no credentials for the object store: looked into " + Join(asked, ", "))
      .WithHint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
}

std::unique_ptr<CredentialsChain> DefaultCredentials(const CredentialsContext& context) {
  std::vector<std::unique_ptr<CredentialsProvider>> providers;
  providers.push_back(EnvironmentCredentials(context));
  providers.push_back(ProfileCredentials(context));
  providers.push_back(WebIdentityCredentials(context));
  providers.push_back(InstanceCredentials(context));
  return std::make_unique<CredentialsChain>(context.clock, std::move(providers));
}

std::unique_ptr<CredentialsChain> FixedCredentials(Clock& clock, Credentials credentials) {
  std::vector<std::unique_ptr<CredentialsProvider>> providers;
  providers.push_back(std::make_unique<FixedProvider>(std::move(credentials)));
  return std::make_unique<CredentialsChain>(clock, std::move(providers));
}

}  // namespace leat::io
