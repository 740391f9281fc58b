#include "io/s3/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/s3/hash.h"

namespace leat::io {
namespace {

using testing::HasSubstr;

// The general suite: AWS's aws-signing-test-suite (v4), which names key, region and time.
const SigningKey kSuiteKey{.access_key_id = "AKIDEXAMPLE",
                           .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                           .region = "us-east-1",
                           .service = "service"};
// The examples of the S3 documentation, "Authenticating Requests: Using the Authorization Header".
const SigningKey kS3Key{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                        .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                        .region = "us-east-1",
                        .service = "s3"};

TimestampUs SuiteTime() { return ParseTimestamp("2015-08-30T12:36:00Z").value(); }
TimestampUs S3Time() { return ParseTimestamp("2013-05-24T00:00:00Z").value(); }

std::string Authorization(const NameValues& headers) {
  for (const auto& [name, value] : headers) {
    if (name == "Authorization") return value;
  }
  return "";
}

struct Vector {
  std::string name;
  SignableRequest request;
  std::string session_token;
  std::string signed_headers;
  std::string signature;
};

SignableRequest SuiteRequest(const std::string& method, const std::string& path,
                             const NameValues& query = {}, const NameValues& headers = {}) {
  SignableRequest request{.method = method,
                          .path = path,
                          .query = query,
                          .headers = {{"Host", "example.amazonaws.com"}},
                          .payload_sha256 = std::string(kEmptySha256)};
  request.headers.insert(request.headers.end(), headers.begin(), headers.end());
  return request;
}

const std::string kUnreserved =
    "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

std::vector<Vector> PlainVectors() {
  const std::string plain = "host;x-amz-date";
  return {
      {"get-vanilla", SuiteRequest("GET", "/"), "", plain,
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"post-vanilla", SuiteRequest("POST", "/"), "", plain,
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"get-vanilla-query-order-key-case",
       SuiteRequest("GET", "/", {{"Param2", "value2"}, {"Param1", "value1"}}), "", plain,
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-query-order-encoded",
       SuiteRequest("GET", "/", {{"Param-3", "Value3"}, {"Param", "Value2"}, {"ሴ", "Value1"}}), "",
       plain, "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
      {"get-vanilla-query-unreserved", SuiteRequest("GET", "/", {{kUnreserved, kUnreserved}}), "",
       plain, "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-vanilla-utf8-query", SuiteRequest("GET", "/", {{"ሴ", "bar"}}), "", plain,
       "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
      {"get-unreserved", SuiteRequest("GET", "/" + kUnreserved), "", plain,
       "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"get-utf8", SuiteRequest("GET", "/ሴ"), "", plain,
       "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      // S3 neither resolves dots nor merges slashes, so the unnormalised ones of these apply.
      {"get-relative-unnormalized", SuiteRequest("GET", "/example/.."), "", plain,
       "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282"},
      {"get-space-unnormalized", SuiteRequest("GET", "/example space/"), "", plain,
       "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
  };
}

std::vector<Vector> HeaderVectors() {
  const std::string form_hash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
  SignableRequest form = SuiteRequest("POST", "/", {},
                                      {{"Content-Type", "application/x-www-form-urlencoded"},
                                       {"Content-Length", "13"},
                                       {"X-Amz-Content-Sha256", form_hash}});
  form.payload_sha256 = ToHex(Sha256("Param1=value1"));
  return {
      {"get-header-value-trim",
       SuiteRequest("GET", "/", {}, {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\" "}}),
       "", "host;my-header1;my-header2;x-amz-date",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"get-header-key-duplicate",
       SuiteRequest("GET", "/", {},
                    {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}}),
       "", "host;my-header1;x-amz-date",
       "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {"post-x-www-form-urlencoded", form, "",
       "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
       "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
      {"get-vanilla-with-session-token", SuiteRequest("GET", "/"),
       "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
       "host;x-amz-date;x-amz-security-token",
       "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
  };
}

TEST(SigV4Test, TheGeneralSuiteOfAwsIsSignedAsPublished) {
  std::vector<Vector> vectors = PlainVectors();
  for (Vector& vector : HeaderVectors()) vectors.push_back(std::move(vector));
  for (const Vector& vector : vectors) {
    SigningKey key = kSuiteKey;
    key.session_token = vector.session_token;
    EXPECT_EQ(Authorization(Sign(vector.request, key, SuiteTime())),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
              "SignedHeaders=" +
                  vector.signed_headers + ", Signature=" + vector.signature)
        << vector.name;
  }
}

TEST(SigV4Test, TheCanonicalRequestHasThePublishedForm) {
  SignableRequest request = SuiteRequest("GET", "/ሴ", {{"b", "2 3"}, {"a", ""}});
  request.headers.emplace_back("X-Amz-Date", "20150830T123600Z");
  EXPECT_EQ(CanonicalRequest(request),
            "GET\n/%E1%88%B4\na=&b=2%203\nhost:example.amazonaws.com\n"
            "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

SignableRequest S3Request(const std::string& method, const std::string& path,
                          const NameValues& query, const NameValues& headers,
                          const std::string& body = "") {
  SignableRequest request{.method = method,
                          .path = path,
                          .query = query,
                          .headers = headers,
                          .payload_sha256 = ToHex(Sha256(body))};
  request.headers.emplace_back("Host", "examplebucket.s3.amazonaws.com");
  request.headers.emplace_back("x-amz-content-sha256", request.payload_sha256);
  return request;
}

TEST(SigV4Test, TheExamplesOfTheS3DocumentationAreSignedAsPublished) {
  const auto signature = [](const SignableRequest& request) {
    const std::string text = Authorization(Sign(request, kS3Key, S3Time()));
    return text.substr(text.find("SignedHeaders="));
  };
  EXPECT_EQ(signature(S3Request("GET", "/test.txt", {}, {{"Range", "bytes=0-9"}})),
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature="
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(signature(S3Request("PUT", "/test$file.text", {},
                                {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                 {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                                "Welcome to Amazon S3.")),
            "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
            "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(signature(S3Request("GET", "/", {{"lifecycle", ""}}, {})),
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature(S3Request("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {})),
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4Test, TheDateLosesItsFractionAndTheSecretIsNowhereInTheHeaders) {
  EXPECT_EQ(FormatAmzDate(SuiteTime() + 123), "20150830T123600Z");
  for (const auto& [name, value] : Sign(SuiteRequest("GET", "/"), kSuiteKey, SuiteTime())) {
    EXPECT_THAT(value, testing::Not(HasSubstr(kSuiteKey.secret_access_key)));
  }
}

}  // namespace
}  // namespace leat::io
