#include "io/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/http_test_server.h"
#include "io/work.h"

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

TEST_F(HttpClientTest, StoppedWorkEndsARequestInUnderTwoSeconds) {
  std::atomic<bool> done{false};
  HttpTestServer server([&](const std::string&) { return Hang([&] { return done.load(); }); });
  const CancelToken none;
  const auto work = std::make_shared<Work>(none);
  const WorkScope scope(work);
  work->Stop();
  work->Interrupt();
  const std::int64_t begin_us = SystemClock().MonotonicUs();
  const auto response = client_.Post({.url = server.url()});
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

TEST_F(HttpClientTest, EachMethodIsSentAndTheHeadersOfTheAnswerArrive) {
  HttpTestServer server([](const std::string& request) {
    if (request.starts_with("HEAD ")) return HttpTestServer::Answer("200 OK", "");
    return "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n" +
           HttpTestServer::Answer("200 OK", "body", "X-Request-Id:  r1 \r\nETag: \"e\"\r\n");
  });
  for (const HttpMethod method : {HttpMethod::kGet, HttpMethod::kHead, HttpMethod::kPut,
                                  HttpMethod::kPost, HttpMethod::kDelete}) {
    const auto response =
        client_.Send(method, {.url = server.url("/a/../b%20c"), .borrowed_body = "sent"});
    ASSERT_TRUE(response.ok()) << ToString(method) << response.error().ToString();
    const std::string request = server.requests().back();
    EXPECT_TRUE(request.starts_with(std::string(ToString(method)) + " /a/../b%20c HTTP"));
    const bool has_body = method == HttpMethod::kPut || method == HttpMethod::kPost;
    EXPECT_EQ(request.ends_with("\r\n\r\nsent"), has_body);
    if (method == HttpMethod::kHead) continue;
    EXPECT_EQ(response->Header("x-request-id"), "r1");
    EXPECT_EQ(response->Header("etag"), "\"e\"");
    EXPECT_EQ(response->Header("x-early"), "") << "of a provisional answer";
  }
}

TEST_F(HttpClientTest, RequestsThatMayRepeatShareConnectionsAndOthersDoNot) {
  HttpTestServer server(
      [](const std::string&) { return HttpTestServer::KeptAnswer("200 OK", "x"); },
      HttpTestServer::Mode::kKeepAlive);
  for (int i = 0; i < 5; i++) {
    EXPECT_TRUE(client_.Send(HttpMethod::kGet, {.url = server.url(), .may_repeat = true}).ok());
  }
  EXPECT_EQ(server.connections(), 1);
  EXPECT_TRUE(client_.Post({.url = server.url()}).ok());
  EXPECT_TRUE(client_.Post({.url = server.url()}).ok());
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(HttpClientTest, ManyThreadsSendAtOnce) {
  constexpr int kThreads = 8;
  HttpTestServer server(
      [](const std::string& request) {
        return HttpTestServer::KeptAnswer("200 OK", request.substr(4, request.find(" HTTP") - 4));
      },
      HttpTestServer::Mode::kKeepAlive);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; i++) {
        const std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
        const auto response =
            client_.Send(HttpMethod::kGet, {.url = server.url(path), .may_repeat = true});
        if (response.ok() && response->body == path) right++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, kThreads * 50);
  EXPECT_LE(server.connections(), kThreads);
}

TEST_F(HttpClientTest, AnAnswerThatIsCutOrTooSlowIsNoAnswer) {
  HttpTestServer cut([](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf";
  });
  const auto half = client_.Send(HttpMethod::kGet, {.url = cut.url()});
  ASSERT_FALSE(half.ok());
  EXPECT_EQ(half.error().kind(), ErrorKind::kOutcomeUnknown);
  std::atomic<bool> done{false};
  HttpTestServer slow([&](const std::string&) { return Hang([&] { return done.load(); }); });
  const auto stalled = client_.Send(HttpMethod::kGet, {.url = slow.url(),
                                                       .timeout_ms = 0,
                                                       .low_speed_bytes_per_second = 100,
                                                       .low_speed_seconds = 1});
  done = true;
  ASSERT_FALSE(stalled.ok());
  EXPECT_EQ(stalled.error().kind(), ErrorKind::kOutcomeUnknown);
}

TEST_F(HttpClientTest, ALargeBodyGoesUpAndComesBackWithinTheLimitOfItsRequest) {
  HttpTestServer server([](const std::string& request) {
    return HttpTestServer::Answer("200 OK", request.substr(request.find("\r\n\r\n") + 4));
  });
  std::string large(20'000'000, 'x');
  large[12'345'678] = 'y';
  HttpRequest request{
      .url = server.url(), .borrowed_body = large, .max_response_bytes = large.size()};
  EXPECT_EQ(client_.Send(HttpMethod::kPut, request)->body, large);
  HttpTestServer sender(
      [&](const std::string&) { return HttpTestServer::Answer("200 OK", large); });
  const auto too_long = client_.Send(HttpMethod::kGet, {.url = sender.url()});
  ASSERT_FALSE(too_long.ok());
  EXPECT_EQ(too_long.error().kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace leat::io
