#include "io/http_client.h"

#include <curl/curl.h>
#include <dlfcn.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <type_traits>

#include "base/text.h"
#include "io/work.h"

namespace leat::io {
namespace {

// An answer's further headers are dropped.
constexpr std::size_t kMaxHeaders = 256;
// Connections of more threads than this are closed after use.
constexpr std::size_t kMaxIdleHandles = 32;

// libcurl brings thirty libraries along, which take longer to load than the whole program may take
// to start. So it is loaded by the first request.
struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_reset) easy_reset = nullptr;
  CURLcode (*easy_setopt)(CURL*, CURLoption, ...) = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  CURLcode (*easy_getinfo)(CURL*, CURLINFO, ...) = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
  std::string error;  // why it could not be loaded
};

Curl LoadCurl() {
  Curl curl;
  void* library =
      dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);  // stays loaded until the process ends
  const auto load = [&](const char* name, auto& function) {
    void* symbol = library == nullptr ? nullptr : dlsym(library, name);
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol);
    if (symbol == nullptr && curl.error.empty()) {
      const char* reason = dlerror();
      curl.error = reason == nullptr ? std::string(name) + " is missing" : reason;
    }
  };
  load("curl_global_init", curl.global_init);
  load("curl_easy_init", curl.easy_init);
  load("curl_easy_cleanup", curl.easy_cleanup);
  load("curl_easy_reset", curl.easy_reset);
  load("curl_easy_setopt", curl.easy_setopt);
  load("curl_easy_perform", curl.easy_perform);
  load("curl_easy_getinfo", curl.easy_getinfo);
  load("curl_easy_strerror", curl.easy_strerror);
  load("curl_slist_append", curl.slist_append);
  load("curl_slist_free_all", curl.slist_free_all);
  if (curl.error.empty() && curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    curl.error = "it could not be initialised";
  }
  return curl;
}

const Curl& GetCurl() {
  static const Curl curl = LoadCurl();
  return curl;
}

// What a request fills while its answer arrives.
struct Arrival {
  HttpResponse response;
  std::size_t max_body_bytes = 0;
  bool is_too_long = false;
  bool is_head_whole = false;
};

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* arrival_pointer) {
  auto& arrival = *static_cast<Arrival*>(arrival_pointer);
  std::string& body = arrival.response.body;
  if (body.size() + size * count > arrival.max_body_bytes) {
    arrival.is_too_long = true;
    return CURL_WRITEFUNC_ERROR;
  }
  body.append(data, size * count);
  return size * count;
}

// Called with one line each. A status line begins a new answer: those before it were provisional.
std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* arrival_pointer) {
  auto& arrival = *static_cast<Arrival*>(arrival_pointer);
  HttpResponse& response = arrival.response;
  const std::string_view line(data, size * count);
  arrival.is_head_whole = Trim(line).empty();
  const std::size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    response.headers.clear();
  } else if (colon != std::string_view::npos && response.headers.size() < kMaxHeaders) {
    response.headers.emplace_back(ToLower(line.substr(0, colon)), Trim(line.substr(colon + 1)));
  }
  return size * count;
}

int OnProgress(void* cancel, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* token = static_cast<const CancelToken*>(cancel);
  const bool is_cancelled = token != nullptr && token->cancelled();
  return is_cancelled || (CurrentWork() != nullptr && CurrentWork()->overdue()) ? 1 : 0;
}

// "hooks.example.com:8080" of "https://user:password@hooks.example.com:8080/path".
std::string HostOf(const std::string& url) {
  const std::size_t begin = url.find("://") + 3;
  std::string host = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (const std::size_t at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
  return host;
}

Status Validate(const HttpRequest& request) {
  if (!request.url.starts_with("https://") && !request.url.starts_with("http://")) {
    return InvalidInput("a web address must begin with https:// or http://");
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; };
  const auto has_control = [&](const std::string& text) {
    return std::any_of(text.begin(), text.end(), is_control);
  };
  if (has_control(request.url) || request.url.find(' ') != std::string::npos) {
    return InvalidInput("the web address at " + HostOf(request.url) +
                        " holds a blank or a control character");
  }
  for (const std::string& header : request.headers) {
    if (has_control(header) || header.find(':') == std::string::npos) {
      return InvalidInput("a header for " + HostOf(request.url) +
                          " is not of the form 'Name: value'");
    }
  }
  return Ok();
}

std::string DescribeTo(HttpMethod method, const std::string& host) {
  if (method == HttpMethod::kPost) return "cannot post to " + host;
  return std::string("cannot ") + ToLower(ToString(method)) + " at " + host;
}

Error ToError(HttpMethod method, const std::string& host, CURLcode code) {
  const std::string message = DescribeTo(method, host) + ": " + GetCurl().easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT: return InvalidInput(message);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR: return RetryLater(message);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return Denied(message).WithHint(
          "check the server's certificate and the clock of this machine");
    case CURLE_ABORTED_BY_CALLBACK: return Cancelled(message);
    default: return OutcomeUnknown(message);
  }
}

// Handles with the connections that they keep. Each is used by one request at a time.
class HandlePool {
 public:
  explicit HandlePool(const Curl& curl) : curl_(curl) {}
  HandlePool(const HandlePool&) = delete;
  HandlePool& operator=(const HandlePool&) = delete;
  ~HandlePool() {
    for (CURL* handle : idle_) curl_.easy_cleanup(handle);
  }

  // The one used last, whose connections are the freshest; null when memory is short.
  CURL* Take() {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return curl_.easy_init();
    CURL* handle = idle_.back();
    idle_.pop_back();
    return handle;
  }

  void Return(CURL* handle) {
    curl_.easy_reset(handle);  // forgets the options, keeps the connections
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < kMaxIdleHandles) {
      idle_.push_back(handle);
    } else {
      curl_.easy_cleanup(handle);
    }
  }

 private:
  const Curl& curl_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;  // guarded by mutex_
};

HandlePool& Pool() {
  static HandlePool pool(GetCurl());
  return pool;
}

curl_slist* ToList(const HttpRequest& request) {
  curl_slist* headers = nullptr;
  for (const std::string& header : request.headers) {
    headers = GetCurl().slist_append(headers, header.c_str());
  }
  // Without this a large body waits a second for a server that does not know "100 Continue".
  return GetCurl().slist_append(headers, "Expect:");
}

void SetMethod(CURL* handle, HttpMethod method, const HttpRequest& request) {
  const auto set = GetCurl().easy_setopt;
  const std::string_view body = request.body.empty() ? request.borrowed_body : request.body;
  switch (method) {
    case HttpMethod::kGet: set(handle, CURLOPT_HTTPGET, 1L); return;
    case HttpMethod::kHead: set(handle, CURLOPT_NOBODY, 1L); return;
    case HttpMethod::kDelete: set(handle, CURLOPT_CUSTOMREQUEST, "DELETE"); return;
    case HttpMethod::kPut: set(handle, CURLOPT_CUSTOMREQUEST, "PUT"); break;
    case HttpMethod::kPost: break;
  }
  set(handle, CURLOPT_POST, 1L);
  set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  set(handle, CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());
}

void SetLimits(CURL* handle, const HttpRequest& request) {
  const auto set = GetCurl().easy_setopt;
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  if (request.connect_timeout_ms > 0) {
    set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  }
  set(handle, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(request.low_speed_bytes_per_second));
  set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.low_speed_seconds));
  if (request.cancel == nullptr && CurrentWork() == nullptr) return;
  set(handle, CURLOPT_NOPROGRESS, 0L);
  set(handle, CURLOPT_XFERINFOFUNCTION, &OnProgress);
  set(handle, CURLOPT_XFERINFODATA, request.cancel);
}

void SetOptions(CURL* handle, HttpMethod method, const HttpRequest& request, curl_slist* headers,
                Arrival& arrival) {
  const auto set = GetCurl().easy_setopt;
  set(handle, CURLOPT_URL, request.url.c_str());
  set(handle, CURLOPT_PATH_AS_IS, 1L);  // signed as it stands
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(handle, CURLOPT_HTTPHEADER, headers);
  set(handle, CURLOPT_WRITEFUNCTION, &OnBody);
  set(handle, CURLOPT_WRITEDATA, &arrival);
  set(handle, CURLOPT_HEADERFUNCTION, &OnHeader);
  set(handle, CURLOPT_HEADERDATA, &arrival);
  if (!request.use_proxy) set(handle, CURLOPT_NOPROXY, "*");
  if (!request.may_repeat) set(handle, CURLOPT_FRESH_CONNECT, 1L);
  SetMethod(handle, method, request);
  SetLimits(handle, request);
}

// Whether the time ran out before the request was sent.
bool NeverConnected(CURL* handle, CURLcode code) {
  curl_off_t ready_us = 0;
  GetCurl().easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
  return code == CURLE_OPERATION_TIMEDOUT && ready_us == 0;
}

class CurlHttpClient final : public HttpClient {
 public:
  Result<HttpResponse> Send(HttpMethod method, const HttpRequest& request) override {
    LEAT_TRY(Validate(request));
    const Curl& curl = GetCurl();
    if (!curl.error.empty()) {
      return NotFound("cannot load libcurl: " + curl.error)
          .WithHint("install the package libcurl4");
    }
    const auto give_back = [](CURL* taken) { Pool().Return(taken); };
    const std::unique_ptr<CURL, decltype(give_back)> handle(Pool().Take(), give_back);
    if (handle == nullptr) return RetryLater("not enough memory for a web request");
    const std::unique_ptr<curl_slist, decltype(curl.slist_free_all)> headers(ToList(request),
                                                                             curl.slist_free_all);
    Arrival arrival{.max_body_bytes = request.max_response_bytes};
    SetOptions(handle.get(), method, request, headers.get(), arrival);
    const CURLcode code = curl.easy_perform(handle.get());
    const std::string host = HostOf(request.url);
    if (arrival.is_too_long) {
      const bool is_read = method == HttpMethod::kGet || method == HttpMethod::kHead;
      return Error(is_read ? ErrorKind::kCorrupt : ErrorKind::kOutcomeUnknown,
                   "the answer of " + host + " is longer than " +
                       std::to_string(request.max_response_bytes) + " bytes");
    }
    if (NeverConnected(handle.get(), code)) {
      return RetryLater("cannot connect to " + host + " in time");
    }
    if (code != CURLE_OK) return ToError(method, host, code);
    if (!arrival.is_head_whole) {
      return OutcomeUnknown("the answer of " + host + " ends before its headers do");
    }
    long status = 0;
    curl.easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    arrival.response.status = static_cast<int>(status);
    return std::move(arrival.response);
  }
};

}  // namespace

const char* ToString(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet: return "GET";
    case HttpMethod::kHead: return "HEAD";
    case HttpMethod::kPost: return "POST";
    case HttpMethod::kPut: return "PUT";
    case HttpMethod::kDelete: return "DELETE";
  }
  return "GET";
}

std::string_view HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

HttpClient& SystemHttpClient() {
  static CurlHttpClient client;
  return client;
}

}  // namespace leat::io
