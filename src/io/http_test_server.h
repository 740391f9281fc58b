// A real HTTP server on the loopback interface for tests.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace leat::io {

// Whoever runs the tests may reach the network through a proxy, which cannot reach the loopback
// interface.
inline void IgnoreProxies() {
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    unsetenv(name);
  }
}

class HttpTestServer {
 public:
  // Turns a request (head and body) into the bytes to send back; nothing at all closes the
  // connection.
  using Handler = std::function<std::string(const std::string& request)>;
  enum class Mode {
    kOneByOne,   // one connection at a time, closed after its answer
    kKeepAlive,  // many at a time, each until an answer says "Connection: close"; the handler must
                 // be thread-safe
  };

  explicit HttpTestServer(Handler handler, Mode mode = Mode::kOneByOne)
      : handler_(std::move(handler)), mode_(mode) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();  // the tests cannot run without a loopback interface
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }

  ~HttpTestServer() {
    stopping_ = true;
    thread_.join();
    for (std::thread& connection : connection_threads_) connection.join();
    close(listener_);
  }

  HttpTestServer(const HttpTestServer&) = delete;
  HttpTestServer& operator=(const HttpTestServer&) = delete;

  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  bool stopping() const { return stopping_; }
  int connections() const { return connections_; }  // accepted so far
  std::vector<std::string> requests() {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

  static std::string Answer(const std::string& status, const std::string& body,
                            const std::string& headers = "") {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\nConnection: close\r\n" + headers + "\r\n" + body;
  }
  // The same, but the connection stays open.
  static std::string KeptAnswer(const std::string& status, const std::string& body,
                                const std::string& headers = "") {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           headers + "\r\n" + body;
  }

 private:
  static constexpr int kPollMs = 10;
  static constexpr std::size_t kBufferBytes = 65'536;
  static constexpr std::size_t kMaxDigits = 20;

  void Serve() {
    while (!stopping_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, kPollMs) <= 0) continue;
      const int connection = accept(listener_, nullptr, nullptr);
      if (connection < 0) continue;
      connections_++;
      if (mode_ == Mode::kOneByOne) {
        ServeConnection(connection);
      } else {
        connection_threads_.emplace_back([this, connection] { ServeConnection(connection); });
      }
    }
  }

  void ServeConnection(int connection) {
    for (bool is_open = true; is_open && !stopping_;) {
      const std::string request = ReadRequest(connection);
      if (mode_ == Mode::kKeepAlive && !IsComplete(request)) break;  // the client has gone
      {
        const std::scoped_lock lock(mutex_);
        requests_.push_back(request);
      }
      const std::string answer = handler_(request);
      for (std::size_t sent = 0; sent < answer.size();) {
        const ssize_t n =
            send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += static_cast<std::size_t>(n);
      }
      is_open = mode_ == Mode::kKeepAlive && !answer.empty() &&
                answer.find("Connection: close\r\n") == std::string::npos;
    }
    close(connection);
  }

  std::string ReadRequest(int connection) const {
    std::string request;
    std::array<char, kBufferBytes> buffer{};
    while (!stopping_ && !IsComplete(request)) {
      pollfd waiting{connection, POLLIN, 0};
      if (poll(&waiting, 1, kPollMs) <= 0) continue;
      const ssize_t n = recv(connection, buffer.data(), buffer.size(), 0);
      if (n <= 0) break;
      request.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return request;
  }

  static bool IsComplete(const std::string& request) {
    const std::size_t head_end = request.find("\r\n\r\n");
    if (head_end == std::string::npos) return false;
    const std::string name = "Content-Length: ";
    const std::size_t length_at = request.find(name);
    if (length_at == std::string::npos || length_at > head_end) return true;
    return request.size() >=
           head_end + 4 + std::stoul(request.substr(length_at + name.size(), kMaxDigits));
  }

  const Handler handler_;
  const Mode mode_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<std::string> requests_;            // guarded by mutex_
  std::vector<std::thread> connection_threads_;  // of the serving thread until it has ended
  std::thread thread_;
};

}  // namespace leat::io
