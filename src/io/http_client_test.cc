#include "io/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/http_test_server.h"

namespace leat::io {
namespace {

using testing::HasSubstr;
using testing::Not;

class HttpClientTest : public testing::Test {
 protected:
  void SetUp() override { IgnoreProxies(); }

  HttpClient& client_ = SystemHttpClient();
};

// Waits until the client has given up.
std::string Hang(const std::function<bool()>& stopping) {
  while (!stopping()) SystemClock().Sleep(10 * kMicrosPerMilli);
  return "";
}

TEST_F(HttpClientTest, APostSendsHeadersAndBodyAndReturnsTheAnswer) {
  HttpTestServer server(
      [](const std::string&) { return HttpTestServer::Answer("200 OK", "fine"); });
  const auto response = client_.Post({.url = server.url("/hook?x=1"),
                                      .headers = {"Content-Type: application/json", "X-Leat: yes"},
                                      .body = R"({"text":"ü"})"});
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "fine");
  const std::string request = server.requests().at(0);
  EXPECT_THAT(request, HasSubstr("POST /hook?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nX-Leat: yes\r\n"));
  EXPECT_TRUE(request.ends_with("\r\n\r\n{\"text\":\"ü\"}"));
}

TEST_F(HttpClientTest, AnErrorStatusIsAValueAndARedirectIsNotFollowed) {
  HttpTestServer target([](const std::string&) { return HttpTestServer::Answer("200 OK", ""); });
  HttpTestServer server([&](const std::string& request) {
    if (request.starts_with("POST /gone")) return HttpTestServer::Answer("404 Not Found", "no");
    return HttpTestServer::Answer("302 Found", "", "Location: " + target.url() + "\r\n");
  });
  EXPECT_EQ(client_.Post({.url = server.url("/gone")})->status, 404);
  EXPECT_EQ(client_.Post({.url = server.url("/moved")})->status, 302);
  EXPECT_TRUE(target.requests().empty());
}

TEST_F(HttpClientTest, AServerThatNeverAnswersEndsWithTheTimeout) {
  std::atomic<bool> done{false};
  HttpTestServer server([&](const std::string&) { return Hang([&] { return done.load(); }); });
  const std::int64_t begin_us = SystemClock().MonotonicUs();
  const auto response = client_.Post({.url = server.url("/secret-path"), .timeout_ms = 100});
  const std::int64_t took_us = SystemClock().MonotonicUs() - begin_us;
  done = true;
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind(), ErrorKind::kOutcomeUnknown);
  EXPECT_THAT(response.error().ToString(), HasSubstr("127.0.0.1"));
  EXPECT_THAT(response.error().ToString(), Not(HasSubstr("secret-path")));
  EXPECT_LT(took_us, 2 * kMicrosPerSecond);
}

TEST_F(HttpClientTest, CancellationEndsARequestInUnderTwoSeconds) {
  std::atomic<bool> done{false};
  HttpTestServer server([&](const std::string&) { return Hang([&] { return done.load(); }); });
  CancelToken cancel;
  cancel.Cancel();
  const std::int64_t begin_us = SystemClock().MonotonicUs();
  const auto response = client_.Post({.url = server.url(), .cancel = &cancel});
  const std::int64_t took_us = SystemClock().MonotonicUs() - begin_us;
  done = true;
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind(), ErrorKind::kCancelled);
  EXPECT_LT(took_us, 2 * kMicrosPerSecond);
}

TEST_F(HttpClientTest, AnAnswerBeyondTheLimitIsAnError) {
  HttpTestServer server([](const std::string&) {
    return HttpTestServer::Answer("200 OK", std::string(kMaxHttpResponseBytes + 1, 'x'));
  });
  const auto response = client_.Post({.url = server.url()});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind(), ErrorKind::kOutcomeUnknown);
  EXPECT_THAT(response.error().message(), HasSubstr("longer than"));
}

TEST_F(HttpClientTest, AClosedPortIsWorthARetryAndADroppedConnectionMayHaveDelivered) {
  std::string closed_url;
  {
    HttpTestServer server([](const std::string&) { return ""; });
    const auto dropped = client_.Post({.url = server.url()});
    ASSERT_FALSE(dropped.ok());
    EXPECT_EQ(dropped.error().kind(), ErrorKind::kOutcomeUnknown);
    closed_url = server.url();
  }
  const auto closed = client_.Post({.url = closed_url});
  ASSERT_FALSE(closed.ok());
  EXPECT_EQ(closed.error().kind(), ErrorKind::kRetryLater);
}

TEST_F(HttpClientTest, MalformedRequestsAreRefusedWithoutShowingTheAddress) {
  for (const std::string url : {"secret", "file:///etc/passwd", "ftp://secret/x", "https://",
                                "http://h/secret path", "http://h/secret\r\nX: y"}) {
    const auto response = client_.Post({.url = url});
    ASSERT_FALSE(response.ok()) << url;
    EXPECT_EQ(response.error().kind(), ErrorKind::kInvalidInput) << response.error().ToString();
    EXPECT_THAT(response.error().ToString(), Not(HasSubstr("secret")));
  }
  const auto header = client_.Post({.url = "http://h/", .headers = {"X: y\r\nZ: secret"}});
  ASSERT_FALSE(header.ok());
  EXPECT_EQ(header.error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(HttpClientTest, ErrorsShowTheHostWithoutTheCredentialsBeforeIt) {
  const auto response = client_.Post({.url = "http://user:password@127.0.0.1:1/path"});
  ASSERT_FALSE(response.ok());
  EXPECT_THAT(response.error().message(), HasSubstr(" 127.0.0.1:1:"));
  EXPECT_THAT(response.error().message(), Not(HasSubstr("password")));
}

TEST_F(HttpClientTest, AServerWithoutTlsBehindHttpsIsRefused) {
  HttpTestServer server([](const std::string&) { return HttpTestServer::Answer("200 OK", ""); });
  std::string url = server.url();
  url.replace(0, 4, "https");
  EXPECT_FALSE(client_.Post({.url = url, .timeout_ms = 200}).ok());
}

}  // namespace
}  // namespace leat::io
