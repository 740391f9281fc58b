#include "io/s3/s3_client.h"

#include "io/s3/s3_test_fixture.h"

namespace leat::io {
namespace {

using testing::HasSubstr;
using testing::Not;

// Gives other credentials each time, or always the same.
class CountingProvider final : public CredentialsProvider {
 public:
  explicit CountingProvider(bool is_fixed) : is_fixed_(is_fixed) {}
  std::string name() const override { return "a counter"; }
  Result<std::optional<Credentials>> Fetch() override {
    if (!is_fixed_) count_++;
    return std::optional(Credentials{.access_key_id = "KEY" + std::to_string(count_),
                                     .secret_access_key = "secret-secret",
                                     .session_token = "token-" + std::to_string(count_)});
  }

 private:
  const bool is_fixed_;
  int count_ = 0;
};

class S3ClientTest : public S3Test {
 protected:
  std::unique_ptr<S3FileSystem> OpenWith(bool fixed_credentials) {
    S3FileSystemOptions options = Options();
    std::vector<std::unique_ptr<CredentialsProvider>> providers;
    providers.push_back(std::make_unique<CountingProvider>(fixed_credentials));
    options.client.credentials = std::make_unique<CredentialsChain>(clock_, std::move(providers));
    return Open(std::move(options));
  }
};

TEST_F(S3ClientTest, RequestsAreSignedForServiceRegionAndToken) {
  store_.Put("a", "x");
  EXPECT_TRUE(OpenWith(true)->ReadFile("s3://lake/a").ok());
  const TestRequest request = store_.last_request();
  EXPECT_THAT(request.headers.at("authorization"),
              HasSubstr("AWS4-HMAC-SHA256 Credential=KEY0/20261101/us-east-1/s3/aws4_request, "
                        "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
                        "Signature="));
  EXPECT_EQ(request.headers.at("x-amz-security-token"), "token-0");
  EXPECT_EQ(request.headers.at("x-amz-date"), "20261101T120000Z");
  EXPECT_EQ(request.headers.at("x-amz-content-sha256"), kEmptySha256);
}

TEST_F(S3ClientTest, ExpiredCredentialsAreRenewedOnceInTheMiddleOfACall) {
  store_.Put("a", "x");
  const auto files = OpenWith(false);
  EXPECT_TRUE(files->ReadFile("s3://lake/a").ok());
  store_.FailRequest(1, Fault::kExpiredToken);
  EXPECT_EQ(*files->ReadFile("s3://lake/a"), "x");
  EXPECT_THAT(store_.last_request().headers.at("authorization"), HasSubstr("Credential=KEY2/"));
  store_.FailRequest(2, Fault::kExpiredToken);  // the first part of an upload
  EXPECT_TRUE(files->ReplaceFile("s3://lake/l", "0123456789abcdefghijABC").ok());
  store_.FailRequest(1, Fault::kExpiredToken);  // HEAD, which cannot say why
  EXPECT_TRUE(files->Stat("s3://lake/a").ok());
  EXPECT_EQ(clock_.slept_us(), 0);
  store_.FailRequest(1, Fault::kExpiredToken, /*lasting=*/true);
  const auto refused = files->ReadFile("s3://lake/a");
  EXPECT_EQ(refused.error().kind(), ErrorKind::kDenied);
  EXPECT_THAT(refused.error().hint(), HasSubstr("new credentials"));
  EXPECT_EQ(store_.requests(), 2);
}

TEST_F(S3ClientTest, ExpiredCredentialsWithoutOthersEndTheCallAtOnce) {
  const auto files = OpenWith(true);
  store_.FailRequest(1, Fault::kExpiredToken, /*lasting=*/true);
  EXPECT_EQ(files->ReplaceFile("s3://lake/a", "x").error().kind(), ErrorKind::kDenied);
  EXPECT_EQ(store_.requests(), 1);
}

TEST_F(S3ClientTest, AnotherRegionIsFollowedAndRemembered) {
  store_.Put("a", "x");
  for (const bool is_head : {false, true}) {
    files_ = Open();
    store_.FailRequest(1, Fault::kOtherRegion);
    EXPECT_TRUE(is_head ? files_->Stat("s3://lake/a").ok() : files_->ReadFile("s3://lake/a").ok());
    EXPECT_EQ(store_.requests(), 2);
    EXPECT_THAT(store_.last_request().headers.at("authorization"), HasSubstr("/eu-central-1/s3/"));
    EXPECT_TRUE(files_->ReadFile("s3://lake/a").ok());
    EXPECT_EQ(store_.requests(), 3);
    EXPECT_THAT(store_.last_request().headers.at("authorization"), HasSubstr("/eu-central-1/s3/"));
  }
  store_.FailRequest(1, Fault::kOtherRegion, /*lasting=*/true);
  files_ = Open();
  const auto refused = files_->ReadFile("s3://lake/a");
  EXPECT_EQ(refused.error().kind(), ErrorKind::kInvalidInput);
  EXPECT_THAT(refused.error().hint(), HasSubstr("AWS_REGION to eu-central-1"));
  EXPECT_EQ(store_.requests(), 2) << "once";
}

TEST_F(S3ClientTest, TheRegionMayBeInTheBodyAndANameThatIsNoneIsNotFollowed) {
  std::string region = "eu-west-3";
  HttpTestServer server([&](const std::string& request) {
    if (request.find("/eu-west-3/s3/") != std::string::npos) {
      return HttpTestServer::Answer("200 OK", "x");
    }
    return HttpTestServer::Answer(
        "400 Bad Request",
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>" + region + "</Region></Error>");
  });
  for (const auto& [name, works] :
       {std::pair<std::string, bool>{"eu-west-3", true}, {"evil.example/", false}, {"", false}}) {
    region = name;
    S3FileSystemOptions options = Options();
    options.client.config.endpoint = server.url("");
    EXPECT_EQ(Open(std::move(options))->ReadFile("s3://lake/a").ok(), works) << name;
  }
}

TEST_F(S3ClientTest, AWrongClockIsCorrectedOnceByTheServersDate) {
  store_.Put("a", "x");
  for (const bool is_head : {false, true}) {
    files_ = Open();
    store_.FailRequest(1, Fault::kSkewed);
    EXPECT_TRUE(is_head ? files_->Stat("s3://lake/a").ok() : files_->ReadFile("s3://lake/a").ok());
    EXPECT_EQ(store_.requests(), 2);
    EXPECT_EQ(store_.last_request().headers.at("x-amz-date"), "20261101T140000Z");
    EXPECT_TRUE(files_->ReadFile("s3://lake/a").ok());
    EXPECT_EQ(store_.last_request().headers.at("x-amz-date"), "20261101T140000Z") << "remembered";
  }
  store_.FailRequest(1, Fault::kSkewed, /*lasting=*/true);
  files_ = Open();
  const auto refused = files_->ReadFile("s3://lake/a");
  EXPECT_EQ(refused.error().kind(), ErrorKind::kDenied);
  EXPECT_THAT(refused.error().hint(), HasSubstr("clock"));
  EXPECT_EQ(store_.requests(), 2);
}

TEST_F(S3ClientTest, WithoutCredentialsNothingIsSentAndAMissingFileIsNotAMissingObject) {
  S3FileSystemOptions options = Options();
  std::vector<std::unique_ptr<CredentialsProvider>> providers;
  providers.push_back(WebIdentityCredentials(
      {.lookup = [](const std::string& name) -> std::optional<std::string> {
         return name == "AWS_WEB_IDENTITY_TOKEN_FILE" ? "/nonexistent/token" : "x";
       },
       .files = LocalFileSystem(),
       .http = SystemHttpClient(),
       .clock = clock_}));
  options.client.credentials = std::make_unique<CredentialsChain>(clock_, std::move(providers));
  const auto refused = Open(std::move(options))->ReadFile("s3://lake/a");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind(), ErrorKind::kDenied);
  EXPECT_THAT(refused.error().message(), HasSubstr("cannot read s3://lake/a: "));
  EXPECT_EQ(store_.requests(), 0);
}

TEST_F(S3ClientTest, ChecksumsAreKeptAndAskedForWhereTheStoreKnowsThem) {
  EXPECT_TRUE(files_->ReplaceFile("s3://lake/a", "abc").ok());
  EXPECT_FALSE(store_.last_request().headers.contains("x-amz-checksum-sha256"));
  S3FileSystemOptions options = Options();
  options.client.config.use_checksums = true;
  files_ = Open(std::move(options));
  EXPECT_TRUE(files_->ReplaceFile("s3://lake/a", "abc").ok());
  EXPECT_EQ(store_.last_request().headers.at("x-amz-checksum-sha256"),
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  EXPECT_EQ(*files_->ReadFile("s3://lake/a"), "abc");
  EXPECT_EQ(store_.last_request().headers.at("x-amz-checksum-mode"), "ENABLED");
}

TEST_F(S3ClientTest, ChecksumsOfPartsAndUnknownOnesAreNotCompared) {
  std::string header;
  HttpTestServer server(
      [&](const std::string&) { return HttpTestServer::Answer("200 OK", "abc", header + "\r\n"); });
  S3FileSystemOptions options = Options();
  options.client.config.endpoint = server.url("");
  options.client.retry.max_attempts = 2;
  const auto files = Open(std::move(options));
  for (const char* fine : {"x-amz-checksum-sha256: AAAA-3", "x-amz-checksum-md17: AAAA",
                           "x-amz-checksum-crc32: NSRBwg==", "X-Amz-Checksum-Crc32c: Nks/tw=="}) {
    header = fine;
    EXPECT_EQ(*files->ReadFile("s3://lake/a"), "abc") << fine;
  }
  header = "x-amz-checksum-crc32: NSRBwQ==";
  EXPECT_EQ(files->ReadFile("s3://lake/a").error().kind(), ErrorKind::kRetryLater);
}

TEST_F(S3ClientTest, NoErrorShowsASecret) {
  for (const Fault fault : {Fault::kDenied, Fault::kExpiredToken, Fault::kError500, Fault::kDrop,
                            Fault::kSkewed, Fault::kOtherRegion}) {
    const auto files = OpenWith(true);
    store_.FailRequest(1, fault, /*lasting=*/true);
    const auto failed = files->ReplaceFile("s3://lake/a", "x");
    ASSERT_FALSE(failed.ok());
    EXPECT_THAT(failed.error().ToString(), Not(HasSubstr("secret-secret")));
    EXPECT_THAT(failed.error().ToString(), Not(HasSubstr("token-0")));
    EXPECT_THAT(failed.error().ToString(), Not(HasSubstr("Signature")));
  }
}

TEST(HttpDateTest, DatesOfHttpAreRead) {
  EXPECT_EQ(ParseHttpDate("Sun, 01 Nov 2026 12:00:00 GMT"), kTestNow);
  for (const char* text : {"", "Sun, 01 Nov 2026 12:00:00 UTC", "Sun, 01 ovD 2026 12:00:00 GMT",
                           "Sun, xx Nov 2026 12:00:00 GMT", "2026-11-01T12:00:00Z"}) {
    EXPECT_EQ(ParseHttpDate(text), std::nullopt) << text;
  }
}

// Who has created an object, when the answers are lost or refusals are ours.
class S3CreateTest : public S3Test {
 protected:
  Result<bool> Create(const std::string& content = "mine") {
    return files_->CreateFile("s3://lake/c", content);
  }
};

TEST_F(S3CreateTest, OurOwnLostWriteIsRecognisedByItsIdOrItsContent) {
  for (const bool keeps_metadata : {true, false}) {
    for (const Fault fault : {Fault::kApplyThenDrop, Fault::kApplyThen500, Fault::kCut}) {
      for (const char* content : {"mine", ""}) {
        store_.Reset();
        store_.keeps_metadata = keeps_metadata;
        store_.FailRequest(1, fault);
        const auto created = Create(content);
        ASSERT_TRUE(created.ok()) << created.error().ToString();
        EXPECT_TRUE(*created);
      }
    }
  }
}

TEST_F(S3CreateTest, SomebodyElsesWriteIsNeverTakenForOurs) {
  for (const bool keeps_metadata : {true, false}) {
    store_.Reset();
    store_.keeps_metadata = keeps_metadata;
    store_.Put("c", "else");  // as long as ours
    store_.FailRequest(1, Fault::kError500);
    EXPECT_FALSE(*Create());
    store_.Put("c", "longer than ours");
    EXPECT_FALSE(*Create());
    EXPECT_EQ(store_.contents().at("c"), "longer than ours");
  }
}

TEST_F(S3CreateTest, AnObjectOfTheSameContentIsOnlyTakenForOursAfterALostWrite) {
  store_.Put("c", "mine");  // by a program that leaves no id
  EXPECT_FALSE(*Create());
  EXPECT_EQ(store_.requests(), 1);
}

TEST_F(S3CreateTest, AnObjectThatVanishesAfterALostWriteIsUnknown) {
  store_.on_request = [&](const TestRequest& request) {
    if (request.method == "HEAD") store_.Reset();
  };
  store_.FailRequest(1, Fault::kApplyThenDrop);
  EXPECT_EQ(Create().error().kind(), ErrorKind::kOutcomeUnknown);
  store_.on_request = nullptr;
}

TEST_F(S3CreateTest, ALostWriteWithoutTraceIsUnknown) {
  store_.FailRequest(1, Fault::kError500, /*lasting=*/true);
  std::atomic<int> requests{0};
  store_.on_request = [&](const TestRequest& request) {
    if (request.method == "HEAD") store_.FailRequest(0, Fault::kNone);
    requests++;
  };
  const auto lost = Create();
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().kind(), ErrorKind::kOutcomeUnknown);
  EXPECT_THAT(lost.error().ToString(), HasSubstr("s3://lake/c"));
  store_.on_request = nullptr;
}

TEST_F(S3CreateTest, AWriteThatIsFoundAfterAllAnswersWereLostCounts) {
  store_.FailRequest(1, Fault::kApplyThen500, /*lasting=*/true);
  store_.on_request = [&](const TestRequest& request) {
    if (request.method == "HEAD") store_.FailRequest(0, Fault::kNone);
  };
  EXPECT_TRUE(*Create());
  store_.on_request = nullptr;
}

TEST_F(S3CreateTest, LastingConflictsAndRefusalsEndInAnError) {
  store_.FailRequest(1, Fault::kConflict409, /*lasting=*/true);
  EXPECT_EQ(Create().error().kind(), ErrorKind::kRetryLater);
  store_.FailRequest(1, Fault::kSlowDown, /*lasting=*/true);
  EXPECT_EQ(Create().error().kind(), ErrorKind::kRetryLater) << "turned away, never applied";
  store_.FailRequest(1, Fault::kDenied, /*lasting=*/true);
  EXPECT_EQ(Create().error().kind(), ErrorKind::kDenied);
  store_.FailRequest(0, Fault::kNone);
  EXPECT_EQ(files_->CreateFile("s3://sea/c", "x").error().kind(), ErrorKind::kNotFound);
  EXPECT_TRUE(store_.contents().empty());
}

TEST_F(S3CreateTest, ACompletionWhoseAnswersAreAllLostIsFoundOrUnknownAndNeverAborted) {
  const std::string large = "0123456789abcdefghijABC";
  for (const bool keeps_metadata : {true, false}) {
    store_.Reset();
    store_.keeps_metadata = keeps_metadata;
    store_.on_request = [&](const TestRequest& request) {
      if (request.method == "POST" && request.Has("uploadId")) {
        store_.FailRequest(1, Fault::kApplyThenDrop, /*lasting=*/true);
      }
      if (request.method == "HEAD") store_.FailRequest(0, Fault::kNone);
      EXPECT_NE(request.method, "DELETE");
    };
    const auto written = files_->ReplaceFile("s3://lake/c", large);
    EXPECT_EQ(written.ok(), keeps_metadata);
    EXPECT_TRUE(written.ok() || written.error().kind() == ErrorKind::kOutcomeUnknown);
    EXPECT_EQ(store_.contents().at("c"), large);
    store_.on_request = nullptr;
  }
}

}  // namespace
}  // namespace leat::io
