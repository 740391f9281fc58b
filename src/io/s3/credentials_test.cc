#include "io/s3/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/http_test_server.h"
#include "io/s3/limits.h"
#include "io/s3/test_clock.h"

namespace leat::io {
namespace {

using testing::HasSubstr;
using testing::Not;

class CredentialsTest : public testing::Test {
 protected:
  void SetUp() override {
    IgnoreProxies();
    folder_ = MakeTemporaryDirectory("leat-credentials-").value();
    variables_["HOME"] = folder_;
    variables_["AWS_EC2_METADATA_DISABLED"] = "true";
    ASSERT_TRUE(LocalFileSystem().CreateDirectories(folder_ + "/.aws").ok());
  }
  void TearDown() override { EXPECT_TRUE(RemoveAll(folder_).ok()); }

  CredentialsContext context() {
    return {.lookup = [this](const std::string& name) -> std::optional<std::string> {
              const auto at = variables_.find(name);
              return at == variables_.end() ? std::nullopt : std::optional(at->second);
            },
            .files = LocalFileSystem(),
            .http = SystemHttpClient(),
            .clock = clock_};
  }
  void Write(const std::string& name, const std::string& content) {
    ASSERT_TRUE(LocalFileSystem().ReplaceFile(folder_ + "/" + name, content).ok());
  }
  // A time from now on, as the services write it.
  std::string After(std::int64_t duration_us) { return FormatTimestamp(kTestNow + duration_us); }

  std::string folder_;
  std::map<std::string, std::string> variables_;
  TestClock clock_;
};

std::string StsAnswer(const std::string& id, const std::string& expiration) {
  return HttpTestServer::Answer(
      "200 OK",
      "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<AssumeRoleWithWebIdentityResult><Credentials><SessionToken>tok</SessionToken>"
      "<SecretAccessKey>sec</SecretAccessKey><Expiration>" +
          expiration + "</Expiration><AccessKeyId>" + id +
          "</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>"
          "</AssumeRoleWithWebIdentityResponse>");
}

TEST_F(CredentialsTest, TheEnvironmentComesFirstAndTheProfileNext) {
  Write(".aws/credentials",
        "[default]\naws_access_key_id=P\naws_secret_access_key=Q\naws_session_token=T\n");
  const auto from_profile = DefaultCredentials(context())->Get();
  ASSERT_TRUE(from_profile.ok()) << from_profile.error().ToString();
  EXPECT_EQ(*from_profile, (Credentials{"P", "Q", "T", INT64_MAX}));
  variables_["AWS_ACCESS_KEY_ID"] = "A";
  variables_["AWS_SECRET_ACCESS_KEY"] = "B";
  EXPECT_EQ(*DefaultCredentials(context())->Get(), (Credentials{"A", "B", "", INT64_MAX}));
  variables_["AWS_SESSION_TOKEN"] = "C";
  EXPECT_EQ(*DefaultCredentials(context())->Get(), (Credentials{"A", "B", "C", INT64_MAX}));
}

TEST_F(CredentialsTest, WithoutAnyTheErrorSaysWhereItLooked) {
  const auto none = DefaultCredentials(context())->Get();
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().kind(), ErrorKind::kDenied);
  EXPECT_THAT(none.error().ToString(), HasSubstr("AWS_ACCESS_KEY_ID"));
  EXPECT_THAT(none.error().ToString(), HasSubstr("metadata service"));
}

TEST_F(CredentialsTest, HalfAPairIsAnErrorThatDoesNotShowTheOtherHalf) {
  variables_["AWS_SECRET_ACCESS_KEY"] = "hidden-secret";
  auto half = DefaultCredentials(context())->Get();
  ASSERT_FALSE(half.ok());
  EXPECT_THAT(half.error().ToString(), HasSubstr("without AWS_ACCESS_KEY_ID"));
  EXPECT_THAT(half.error().ToString(), Not(HasSubstr("hidden-secret")));
  variables_.erase("AWS_SECRET_ACCESS_KEY");
  Write(".aws/credentials", "[default]\naws_secret_access_key=hidden-secret\n");
  half = DefaultCredentials(context())->Get();
  ASSERT_FALSE(half.ok());
  EXPECT_THAT(half.error().ToString(), Not(HasSubstr("hidden-secret")));
  Write(".aws/credentials", "[default]\nsso_session=work\n");
  half = DefaultCredentials(context())->Get();
  ASSERT_FALSE(half.ok());
  EXPECT_THAT(half.error().ToString(), HasSubstr("export-credentials"));
}

TEST_F(CredentialsTest, AWebIdentityIsExchangedAndRenewedBeforeItExpires) {
  int calls = 0;
  HttpTestServer server([&](const std::string&) {
    calls++;
    if (calls == 1) return HttpTestServer::Answer("503 Busy", "");
    return StsAnswer("ID" + std::to_string(calls), After(calls * kMicrosPerHour));
  });
  Write("token", "jwt&x\n");
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = folder_ + "/token";
  variables_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
  variables_["AWS_ENDPOINT_URL_STS"] = server.url("");
  const auto chain = DefaultCredentials(context());
  auto credentials = chain->Get();
  ASSERT_TRUE(credentials.ok()) << credentials.error().ToString();
  EXPECT_EQ(*credentials, (Credentials{"ID2", "sec", "tok", kTestNow + 2 * kMicrosPerHour}));
  const std::string request = server.requests().back();
  EXPECT_THAT(request, HasSubstr("Action=AssumeRoleWithWebIdentity"));
  EXPECT_THAT(request, HasSubstr("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"));
  EXPECT_THAT(request, HasSubstr("WebIdentityToken=jwt%26x"));
  EXPECT_EQ(chain->Get()->access_key_id, "ID2") << "kept";
  clock_.Advance(2 * kMicrosPerHour - kRefreshBeforeExpiryUs);
  EXPECT_EQ(chain->Get()->access_key_id, "ID3");
}

TEST_F(CredentialsTest, ExpiringOnesServeWhileTheTokenServiceIsDown) {
  bool is_down = false;
  HttpTestServer server([&](const std::string&) {
    if (is_down) return HttpTestServer::Answer("500 Error", "");
    return StsAnswer("ID", After(kMicrosPerHour));
  });
  Write("token", "jwt");
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = folder_ + "/token";
  variables_["AWS_ROLE_ARN"] = "role";
  variables_["AWS_ENDPOINT_URL_STS"] = server.url("");
  const auto chain = DefaultCredentials(context());
  ASSERT_TRUE(chain->Get().ok());
  is_down = true;
  clock_.Advance(kMicrosPerHour - kMicrosPerSecond * 60);
  EXPECT_TRUE(chain->Get().ok());
  clock_.Advance(kMicrosPerSecond * 60);
  const auto expired = chain->Get();
  ASSERT_FALSE(expired.ok());
  EXPECT_EQ(expired.error().kind(), ErrorKind::kRetryLater);
}

TEST_F(CredentialsTest, ARefusedWebIdentityIsDeniedWithTheReasonAndWithoutTheToken) {
  HttpTestServer server([](const std::string&) {
    return HttpTestServer::Answer("403 Forbidden",
                                  "<ErrorResponse><Error><Code>AccessDenied</Code>"
                                  "<Message>jwt-secret</Message></Error></ErrorResponse>");
  });
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = folder_ + "/token";
  variables_["AWS_ENDPOINT_URL_STS"] = server.url("");
  EXPECT_FALSE(DefaultCredentials(context())->Get().ok()) << "no role";
  variables_["AWS_ROLE_ARN"] = "role";
  EXPECT_FALSE(DefaultCredentials(context())->Get().ok()) << "no token file";
  Write("token", "jwt-secret");
  const auto refused = DefaultCredentials(context())->Get();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind(), ErrorKind::kDenied);
  EXPECT_THAT(refused.error().ToString(), HasSubstr("AccessDenied"));
  EXPECT_THAT(refused.error().ToString(), Not(HasSubstr("jwt-secret")));
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(CredentialsTest, AnswersOfTheTokenServiceThatMakeNoSenseAreErrors) {
  std::string answer;
  HttpTestServer server(
      [&](const std::string&) { return HttpTestServer::Answer("200 OK", answer); });
  Write(".aws/config", "[default]\nrole_arn=r\nweb_identity_token_file=" + folder_ + "/token\n");
  Write("token", "jwt");
  variables_["AWS_ENDPOINT_URL_STS"] = server.url("");
  for (const char* nonsense :
       {"", "<a/>", "<R><AssumeRoleWithWebIdentityResult/></R>",
        "<R><AssumeRoleWithWebIdentityResult><Credentials/></AssumeRoleWithWebIdentityResult></R>",
        "<R><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>a</AccessKeyId>"
        "<SecretAccessKey>b</SecretAccessKey><Expiration>soon</Expiration></Credentials>"
        "</AssumeRoleWithWebIdentityResult></R>"}) {
    answer = nonsense;
    EXPECT_FALSE(DefaultCredentials(context())->Get().ok()) << nonsense;
  }
}

std::string MetadataAnswer(const std::string& request, const std::string& credentials) {
  if (request.starts_with("PUT /latest/api/token ")) return HttpTestServer::Answer("200 OK", "TOK");
  if (request.find("X-aws-ec2-metadata-token: TOK\r\n") == std::string::npos) {
    return HttpTestServer::Answer("401 Unauthorized", "");
  }
  if (request.starts_with("GET /latest/meta-data/iam/security-credentials/ ")) {
    return HttpTestServer::Answer("200 OK", "my-role\n");
  }
  return HttpTestServer::Answer("200 OK", credentials);
}

TEST_F(CredentialsTest, AVirtualMachineGivesThoseOfItsRole) {
  HttpTestServer server([&](const std::string& request) {
    return MetadataAnswer(
        request, R"({"Code":"Success","AccessKeyId":"I","SecretAccessKey":"S","Token":"T",)"
                 R"("Expiration":"2026-11-01T18:00:00Z"})");
  });
  variables_.erase("AWS_EC2_METADATA_DISABLED");
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server.url("");
  const auto credentials = DefaultCredentials(context())->Get();
  ASSERT_TRUE(credentials.ok()) << credentials.error().ToString();
  EXPECT_EQ(*credentials, (Credentials{"I", "S", "T", kTestNow + 6 * kMicrosPerHour}));
  EXPECT_THAT(server.requests().back(), HasSubstr("security-credentials/my-role HTTP"));
}

TEST_F(CredentialsTest, MachinesWithoutARoleOrWithABrokenServiceGiveNone) {
  variables_.erase("AWS_EC2_METADATA_DISABLED");
  std::string closed_url;
  {
    HttpTestServer none([](const std::string& request) {
      const bool is_token = request.starts_with("PUT ");
      return HttpTestServer::Answer(is_token ? "200 OK" : "404 Not Found", "TOK");
    });
    variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = none.url("");
    EXPECT_THAT(DefaultCredentials(context())->Get().error().message(),
                HasSubstr("no credentials"));
    closed_url = none.url("");
  }
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = closed_url;
  EXPECT_THAT(DefaultCredentials(context())->Get().error().message(), HasSubstr("no credentials"));
  for (const char* body : {"", "[]", R"({"Code":"AssumeRoleUnauthorizedAccess"})",
                           R"({"Code":"Success","AccessKeyId":7,"SecretAccessKey":"S"})"}) {
    HttpTestServer broken(
        [&](const std::string& request) { return MetadataAnswer(request, body); });
    variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = broken.url("");
    const auto credentials = DefaultCredentials(context())->Get();
    ASSERT_FALSE(credentials.ok()) << body;
    EXPECT_THAT(credentials.error().message(), Not(HasSubstr("looked into")));
  }
}

TEST_F(CredentialsTest, RefusedOnesAreRenewedOnlyIfThereAreOthers) {
  variables_["AWS_ACCESS_KEY_ID"] = "A";
  variables_["AWS_SECRET_ACCESS_KEY"] = "B";
  const auto chain = DefaultCredentials(context());
  const Credentials old = *chain->Get();
  EXPECT_FALSE(*chain->Renew(old));
  variables_["AWS_SECRET_ACCESS_KEY"] = "C";
  EXPECT_EQ(*chain->Get(), old) << "kept until they are refused";
  EXPECT_TRUE(*chain->Renew(old));
  EXPECT_EQ(chain->Get()->secret_access_key, "C");
  EXPECT_TRUE(*chain->Renew(old)) << "another thread has renewed them";
}

}  // namespace
}  // namespace leat::io
