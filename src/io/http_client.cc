#include "io/http_client.h"

#include <curl/curl.h>
#include <dlfcn.h>

#include <algorithm>
#include <memory>
#include <type_traits>

namespace leat::io {
namespace {

// libcurl brings thirty libraries along, which take longer to load than the whole program may take
// to start. So it is loaded by the first request.
struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
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

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* body_pointer) {
  auto& body = *static_cast<std::string*>(body_pointer);
  if (body.size() + size * count > kMaxHttpResponseBytes) return CURL_WRITEFUNC_ERROR;
  body.append(data, size * count);
  return size * count;
}

int OnProgress(void* cancel, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const CancelToken*>(cancel)->cancelled() ? 1 : 0;
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

Error ToError(const std::string& host, CURLcode code) {
  const std::string message = "cannot post to " + host + ": " + GetCurl().easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return InvalidInput(message);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR: return RetryLater(message);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return Denied(message).WithHint(
          "check the server's certificate and the clock of this machine");
    case CURLE_ABORTED_BY_CALLBACK: return Cancelled(message);
    case CURLE_WRITE_ERROR:
      return OutcomeUnknown("the answer of " + host + " is longer than " +
                            std::to_string(kMaxHttpResponseBytes) + " bytes");
    default: return OutcomeUnknown(message);
  }
}

class CurlHttpClient final : public HttpClient {
 public:
  Result<HttpResponse> Post(const HttpRequest& request) override {
    LEAT_TRY(Validate(request));
    const Curl& curl = GetCurl();
    if (!curl.error.empty()) {
      return NotFound("cannot load libcurl: " + curl.error)
          .WithHint("install the package libcurl4");
    }
    const std::unique_ptr<CURL, decltype(curl.easy_cleanup)> handle(curl.easy_init(),
                                                                    curl.easy_cleanup);
    if (handle == nullptr) return RetryLater("not enough memory for a web request");
    curl_slist* headers = nullptr;
    for (const std::string& header : request.headers) {
      headers = curl.slist_append(headers, header.c_str());
    }
    const std::unique_ptr<curl_slist, decltype(curl.slist_free_all)> header_owner(
        headers, curl.slist_free_all);
    HttpResponse response;
    SetOptions(handle.get(), request, headers, response.body);
    const CURLcode code = curl.easy_perform(handle.get());
    long connect_us = 0;
    curl.easy_getinfo(handle.get(), CURLINFO_CONNECT_TIME_T, &connect_us);
    if (code == CURLE_OPERATION_TIMEDOUT && connect_us == 0) {
      return RetryLater("cannot connect to " + HostOf(request.url) + " within " +
                        std::to_string(request.timeout_ms) + " ms");
    }
    if (code != CURLE_OK) return ToError(HostOf(request.url), code);
    long status = 0;
    curl.easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    return response;
  }

 private:
  static void SetOptions(CURL* handle, const HttpRequest& request, curl_slist* headers,
                         std::string& body) {
    const auto set = GetCurl().easy_setopt;
    set(handle, CURLOPT_URL, request.url.c_str());
    set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    set(handle, CURLOPT_FOLLOWLOCATION, 0L);
    set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
    set(handle, CURLOPT_HTTPHEADER, headers);
    set(handle, CURLOPT_POST, 1L);
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    set(handle, CURLOPT_WRITEFUNCTION, &OnBody);
    set(handle, CURLOPT_WRITEDATA, &body);
    if (request.cancel == nullptr) return;
    set(handle, CURLOPT_NOPROGRESS, 0L);
    set(handle, CURLOPT_XFERINFOFUNCTION, &OnProgress);
    set(handle, CURLOPT_XFERINFODATA, request.cancel);
  }
};

}  // namespace

HttpClient& SystemHttpClient() {
  static CurlHttpClient client;
  return client;
}

}  // namespace leat::io
