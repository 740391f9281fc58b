// An object store for tests: speaks S3 over HTTP on the loopback interface, keeps its objects in
// memory, and goes wrong at a chosen request.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/text.h"
#include "io/http_test_server.h"
#include "io/s3/hash.h"
#include "io/s3/sigv4.h"
#include "io/s3/xml.h"
#include "io/uri.h"

namespace leat::io {

struct TestRequest {
  std::string method;
  std::string bucket;
  std::string key;
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  bool Has(const std::string& name) const { return query.contains(name); }
  // Whose failure may come with status 200.
  bool MayHideError() const {
    return method == "POST" || headers.contains("x-amz-copy-source") || Has("list-type");
  }
};

TestRequest ParseTestRequest(const std::string& text);

struct TestReply {
  std::string status = "200 OK";
  std::string body;
  std::string headers;

  static TestReply Failure(const std::string& status, const std::string& code);
};

class S3TestStore {
 public:
  enum class Fault {
    kNone,
    kError500,       // answered with an error, not applied
    kSlowDown,       // the same, 503
    kDrop,           // not applied, the connection is closed
    kApplyThenDrop,  // applied, the connection is closed
    kApplyThen500,   // applied, and answered with an error
    kCut,            // applied, and the answer ends in its middle
    kHiddenError,    // not applied, status 200 with an error in the body
    kConflict409,    // another write is under way
    kExpiredToken,
    kDenied,
    kSkewed,       // refused for the clock, with the server's time
    kOtherRegion,  // refused, and told where the bucket is
    kDamage,       // applied, the content's last byte is another
  };
  struct Object {
    std::string content;
    std::string writer_id;
    bool operator==(const Object&) const = default;
  };

  S3TestStore()
      : server_([this](const std::string& text) { return Handle(text); },
                HttpTestServer::Mode::kKeepAlive) {
    IgnoreProxies();
  }

  std::string url() const { return server_.url(""); }
  // Sets the fault of the n-th request from now, and of all after it if `lasting`.
  void FailRequest(int n, Fault fault, bool lasting = false);
  // Forgets everything but the bucket "lake", and has the objects given.
  void Reset(std::map<std::string, Object> objects = {});
  std::map<std::string, Object> objects();  // by key
  void Put(const std::string& key, const std::string& content);
  std::map<std::string, std::string> contents();  // by key
  int requests();                                 // since the last FailRequest or Reset
  TestRequest last_request();
  bool HasUploads();

  // Set before the requests that they are for.
  bool ignores_if_none_match = false;
  bool keeps_metadata = true;
  int page_size = 1000;
  // Runs before each request is looked at; may change the store by Put.
  std::function<void(const TestRequest&)> on_request;
  // The request's fault, where FailRequest has set none. Called by one thread at a time.
  std::function<Fault(const TestRequest&)> choose_fault;

 private:
  std::string Handle(const std::string& text);
  TestReply Refuse(Fault fault);
  TestReply Apply(const TestRequest& request);
  TestReply Read(const TestRequest& request);
  TestReply Write(const TestRequest& request);
  TestReply Copy(const TestRequest& request);
  TestReply List(const TestRequest& request);
  TestReply Complete(const TestRequest& request);
  static std::string Encode(const TestRequest& request, const TestReply& reply, bool cut);

  std::mutex mutex_;  // guards what follows
  std::map<std::string, Object> objects_;
  struct Upload {
    std::string writer_id;
    std::map<int, std::string> parts;
  };
  std::map<std::string, Upload> uploads_;
  int next_upload_ = 1;
  int count_ = 0;
  int fault_at_ = 0;
  bool is_lasting_ = false;
  Fault fault_ = Fault::kNone;
  TestRequest last_;
  HttpTestServer server_;  // last: it calls Handle
};

inline TestRequest ParseTestRequest(const std::string& text) {
  TestRequest request;
  const std::size_t head_end = text.find("\r\n\r\n");
  request.body = text.substr(head_end + 4);
  const std::vector<std::string> lines = Split(text.substr(0, head_end), '\n');
  const std::vector<std::string> words = Split(lines.at(0), ' ');
  request.method = words.at(0);
  const std::size_t question = words.at(1).find('?');
  const std::string path = DecodeUri(words[1].substr(1, question - 1));
  request.bucket = path.substr(0, path.find('/'));
  if (path.find('/') != std::string::npos) request.key = path.substr(path.find('/') + 1);
  if (question != std::string::npos) {
    for (const std::string& pair : Split(words[1].substr(question + 1), '&')) {
      request.query[DecodeUri(pair.substr(0, pair.find('=')))] =
          DecodeUri(pair.substr(pair.find('=') + 1));
    }
  }
  for (std::size_t i = 1; i < lines.size(); i++) {
    const std::size_t colon = lines[i].find(':');
    request.headers[ToLower(lines[i].substr(0, colon))] = Trim(lines[i].substr(colon + 1));
  }
  return request;
}

inline TestReply TestReply::Failure(const std::string& status, const std::string& code) {
  return {.status = status,
          .body = "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>the words of " +
                  code + "</Message></Error>",
          .headers = "x-amz-request-id: REQ1\r\n"};
}

inline void S3TestStore::FailRequest(int n, Fault fault, bool lasting) {
  const std::scoped_lock lock(mutex_);
  count_ = 0;
  fault_at_ = n;
  fault_ = fault;
  is_lasting_ = lasting;
}

inline void S3TestStore::Reset(std::map<std::string, Object> objects) {
  FailRequest(0, Fault::kNone);
  const std::scoped_lock lock(mutex_);
  objects_ = std::move(objects);
  uploads_.clear();
}

inline std::map<std::string, S3TestStore::Object> S3TestStore::objects() {
  const std::scoped_lock lock(mutex_);
  return objects_;
}

inline void S3TestStore::Put(const std::string& key, const std::string& content) {
  const std::scoped_lock lock(mutex_);
  objects_[key] = {.content = content};
}

inline std::map<std::string, std::string> S3TestStore::contents() {
  const std::scoped_lock lock(mutex_);
  std::map<std::string, std::string> all;
  for (const auto& [key, object] : objects_) all[key] = object.content;
  return all;
}

inline int S3TestStore::requests() {
  const std::scoped_lock lock(mutex_);
  return count_;
}

inline TestRequest S3TestStore::last_request() {
  const std::scoped_lock lock(mutex_);
  return last_;
}

inline bool S3TestStore::HasUploads() {
  const std::scoped_lock lock(mutex_);
  return !uploads_.empty();
}

inline std::string S3TestStore::Handle(const std::string& text) {
  const TestRequest request = ParseTestRequest(text);
  if (on_request) on_request(request);
  const std::scoped_lock lock(mutex_);
  last_ = request;
  count_++;
  const bool is_met = fault_at_ > 0 && (is_lasting_ ? count_ >= fault_at_ : count_ == fault_at_);
  Fault fault = is_met ? fault_ : choose_fault ? choose_fault(request) : Fault::kNone;
  if (fault == Fault::kHiddenError && !request.MayHideError()) fault = Fault::kError500;
  if (fault == Fault::kConflict409 && request.method != "PUT") fault = Fault::kError500;
  if (fault == Fault::kDrop) return "";
  const bool is_applied = fault == Fault::kNone || fault == Fault::kApplyThenDrop ||
                          fault == Fault::kApplyThen500 || fault == Fault::kCut ||
                          fault == Fault::kDamage;
  TestReply reply = is_applied ? Apply(request) : Refuse(fault);
  if (fault == Fault::kApplyThenDrop) return "";
  if (fault == Fault::kApplyThen500) reply = Refuse(Fault::kError500);
  if (fault == Fault::kDamage && !reply.body.empty()) reply.body.back() ^= 1;
  return Encode(request, reply, fault == Fault::kCut);
}

inline TestReply S3TestStore::Refuse(Fault fault) {
  switch (fault) {
    case Fault::kSlowDown: return TestReply::Failure("503 Slow Down", "SlowDown");
    case Fault::kHiddenError: return TestReply::Failure("200 OK", "InternalError");
    case Fault::kConflict409:
      return TestReply::Failure("409 Conflict", "ConditionalRequestConflict");
    case Fault::kExpiredToken: return TestReply::Failure("400 Bad Request", "ExpiredToken");
    case Fault::kDenied: return TestReply::Failure("403 Forbidden", "AccessDenied");
    case Fault::kSkewed: {
      TestReply reply = TestReply::Failure("403 Forbidden", "RequestTimeTooSkewed");
      reply.headers += "Date: Sun, 01 Nov 2026 14:00:00 GMT\r\n";
      return reply;
    }
    case Fault::kOtherRegion: {
      TestReply reply = TestReply::Failure("301 Moved Permanently", "PermanentRedirect");
      reply.headers += "x-amz-bucket-region: eu-central-1\r\n";
      return reply;
    }
    default: return TestReply::Failure("500 Internal Server Error", "InternalError");
  }
}

inline TestReply S3TestStore::Apply(const TestRequest& request) {
  if (request.bucket != "lake") return TestReply::Failure("404 Not Found", "NoSuchBucket");
  if (request.Has("list-type")) return List(request);
  if (request.method == "HEAD" || request.method == "GET") return Read(request);
  if (request.Has("uploads")) {
    const std::string id = "upload-" + std::to_string(next_upload_++);
    uploads_[id].writer_id = request.headers.contains("x-amz-meta-leat-writer")
                                 ? request.headers.at("x-amz-meta-leat-writer")
                                 : "";
    return {.body = "<InitiateMultipartUploadResult><UploadId>" + id +
                    "</UploadId></InitiateMultipartUploadResult>"};
  }
  if (request.Has("uploadId") && !uploads_.contains(request.query.at("uploadId"))) {
    return TestReply::Failure("404 Not Found", "NoSuchUpload");
  }
  if (request.method == "POST") return Complete(request);
  if (request.method == "PUT") {
    return request.headers.contains("x-amz-copy-source") ? Copy(request) : Write(request);
  }
  if (request.Has("uploadId")) {
    uploads_.erase(request.query.at("uploadId"));
  } else {
    objects_.erase(request.key);
  }
  return {.status = "204 No Content"};
}

inline TestReply S3TestStore::Read(const TestRequest& request) {
  const auto at = objects_.find(request.key);
  if (at == objects_.end()) return TestReply::Failure("404 Not Found", "NoSuchKey");
  const Object& object = at->second;
  const std::string etag = "\"" + ToHex(Sha256(object.content)).substr(0, 32) + "\"";
  if (request.headers.contains("if-match") && request.headers.at("if-match") != etag) {
    return TestReply::Failure("412 Precondition Failed", "PreconditionFailed");
  }
  TestReply reply{
      .body = object.content,
      .headers = "ETag: " + etag + "\r\nLast-Modified: Sun, 01 Nov 2026 11:00:00 GMT\r\n"};
  if (!object.writer_id.empty()) {
    reply.headers += "x-amz-meta-leat-writer: " + object.writer_id + "\r\n";
  }
  if (!request.headers.contains("range")) {
    reply.headers += "x-amz-checksum-crc64nvme: " + ChecksumBase64("crc64nvme", object.content) +
                     "\r\nx-amz-checksum-type: FULL_OBJECT\r\n";
    return reply;
  }
  const std::string range = request.headers.at("range").substr(6);
  const std::size_t first = std::stoul(range);
  if (first >= object.content.size()) {
    return TestReply::Failure("416 Requested Range Not Satisfiable", "InvalidRange");
  }
  const std::string last = range.substr(range.find('-') + 1);
  const std::size_t size = last.empty() ? std::string::npos : std::stoul(last) - first + 1;
  reply.status = "206 Partial Content";
  reply.body = object.content.substr(first, size);
  reply.headers += "Content-Range: bytes " + std::to_string(first) + "-" +
                   std::to_string(first + reply.body.size() - 1) + "/" +
                   std::to_string(object.content.size()) + "\r\n";
  return reply;
}

inline TestReply S3TestStore::Write(const TestRequest& request) {
  if (request.headers.at("x-amz-content-sha256") != ToHex(Sha256(request.body))) {
    return TestReply::Failure("400 Bad Request", "XAmzContentSHA256Mismatch");
  }
  const std::string etag = "ETag: \"" + ToHex(Sha256(request.body)).substr(0, 32) + "\"\r\n";
  if (request.Has("partNumber")) {
    uploads_.at(request.query.at("uploadId")).parts[std::stoi(request.query.at("partNumber"))] =
        request.body;
    return {.headers = etag};
  }
  const bool is_conditional = request.headers.contains("if-none-match") && !ignores_if_none_match;
  if (is_conditional && objects_.contains(request.key)) {
    return TestReply::Failure("412 Precondition Failed", "PreconditionFailed");
  }
  Object object{.content = request.body};
  if (keeps_metadata && request.headers.contains("x-amz-meta-leat-writer")) {
    object.writer_id = request.headers.at("x-amz-meta-leat-writer");
  }
  objects_[request.key] = object;
  return {.headers = etag};
}

inline TestReply S3TestStore::Copy(const TestRequest& request) {
  const std::string source = DecodeUri(request.headers.at("x-amz-copy-source"));
  const auto at = objects_.find(source.substr(std::string("/lake/").size()));
  if (at == objects_.end()) return TestReply::Failure("404 Not Found", "NoSuchKey");
  const Object object = at->second;
  if (!request.Has("partNumber")) {
    objects_[request.key] = object;
    return {.body = "<CopyObjectResult><ETag>\"c\"</ETag></CopyObjectResult>"};
  }
  const std::string range = request.headers.at("x-amz-copy-source-range").substr(6);
  const std::size_t first = std::stoul(range);
  const std::size_t last = std::stoul(range.substr(range.find('-') + 1));
  uploads_.at(request.query.at("uploadId")).parts[std::stoi(request.query.at("partNumber"))] =
      object.content.substr(first, last - first + 1);
  return {.body = "<CopyPartResult><ETag>\"c\"</ETag></CopyPartResult>"};
}

inline TestReply S3TestStore::List(const TestRequest& request) {
  const std::string prefix = request.query.at("prefix");
  std::map<std::string, const Object*> entries;  // prefixes have no object
  for (const auto& [key, object] : objects_) {
    if (!key.starts_with(prefix)) continue;
    const std::size_t slash = key.find('/', prefix.size());
    if (slash == std::string::npos) {
      entries[key] = &object;
    } else {
      entries[key.substr(0, slash + 1)] = nullptr;
    }
  }
  const std::string after =
      request.Has("continuation-token") ? request.query.at("continuation-token") : "";
  const int limit = request.Has("max-keys") ? std::stoi(request.query.at("max-keys")) : page_size;
  std::string body =
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<EncodingType>url</EncodingType>";
  std::string last;
  bool is_truncated = false;
  int count = 0;
  for (const auto& [name, object] : entries) {
    if (!after.empty() && name <= after) continue;
    is_truncated = count++ >= limit;
    if (is_truncated) break;
    last = name;
    if (object == nullptr) {
      body += "<CommonPrefixes><Prefix>" + EncodeUri(name, true) + "</Prefix></CommonPrefixes>";
      continue;
    }
    body += "<Contents><Key>" + EncodeUri(name, true) + "</Key><Size>" +
            std::to_string(object->content.size()) +
            "</Size><LastModified>2026-11-01T11:00:00.123Z</LastModified></Contents>";
  }
  body += std::string("<IsTruncated>") + (is_truncated ? "true" : "false") + "</IsTruncated>";
  if (is_truncated)
    body += "<NextContinuationToken>" + EscapeXml(last) + "</NextContinuationToken>";
  return {.body = body + "</ListBucketResult>"};
}

inline TestReply S3TestStore::Complete(const TestRequest& request) {
  const auto at = uploads_.find(request.query.at("uploadId"));
  const auto root = ParseXml(request.body);
  if (!root.ok() || root->children.size() != at->second.parts.size()) {
    return TestReply::Failure("400 Bad Request", "InvalidPart");
  }
  Object object{.writer_id = keeps_metadata ? at->second.writer_id : ""};
  for (const auto& [number, content] : at->second.parts) object.content += content;
  objects_[request.key] = object;
  uploads_.erase(at);
  return {.body =
              "<CompleteMultipartUploadResult><ETag>\"m-2\"</ETag>"
              "</CompleteMultipartUploadResult>"};
}

inline std::string S3TestStore::Encode(const TestRequest& request, const TestReply& reply,
                                       bool cut) {
  std::string text = HttpTestServer::KeptAnswer(reply.status, reply.body, reply.headers);
  const std::size_t head_size = text.find("\r\n\r\n") + 4;
  if (request.method == "HEAD") text.resize(head_size);
  if (!cut) return text;
  // In the middle of the body, or of the head if there is none; then the connection is closed.
  const std::size_t line_end = text.find("\r\n") + 2;
  if (text.size() == head_size) return text.substr(0, line_end) + "Connection: close\r\nETa";
  text.resize(head_size + (text.size() - head_size) / 2);
  return text.insert(line_end, "Connection: close\r\n");
}

}  // namespace leat::io
