#include "io/s3/s3_objects.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.h"
#include "io/s3/s3_upload.h"
#include "io/s3/xml.h"
#include "io/uri.h"

namespace leat::io {
namespace {

constexpr char kWriterIdHeader[] = "x-amz-meta-leat-writer";
// An error's body, beside the content that was asked for.
constexpr std::int64_t kErrorBodyBytes = 64 * 1024;

std::optional<std::int64_t> ParseNumber(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// "bytes=0-9", the last position included; the end is open when it lies beyond all objects.
std::string RangeHeader(const S3ReadRange& range) {
  const bool is_open = range.size_bytes > INT64_MAX - range.offset;
  return "bytes=" + std::to_string(range.offset) + "-" +
         (is_open ? "" : std::to_string(range.offset + range.size_bytes - 1));
}

// A store may ignore the range, or answer with another one.
Result<std::string> CutToRange(S3Answer answer, const S3Path& path, const S3ReadRange& range) {
  std::string& body = answer.http.body;
  if (answer.status() == 206) {
    const std::string expected = "bytes " + std::to_string(range.offset) + "-";
    const bool is_right = answer.http.Header("content-range").starts_with(expected) &&
                          std::ssize(body) <= range.size_bytes;
    if (!is_right) {
      return Corrupt("cannot read " + path.ToString() + ": the store sent another range than " +
                     RangeHeader(range));
    }
    return std::move(body);
  }
  body.erase(0, static_cast<std::size_t>(std::min(range.offset, std::ssize(body))));
  body.resize(static_cast<std::size_t>(std::min(range.size_bytes, std::ssize(body))));
  return std::move(body);
}

// "2009-10-12T17:50:30.000Z", without the fraction that HEAD does not tell.
Result<std::int64_t> ParseModified(const std::string& text) {
  LEAT_ASSIGN(const TimestampUs time, ParseTimestamp(text));
  return time - time % kMicrosPerSecond;
}

Status TakePage(const XmlElement& page, S3Listing& listing) {
  // A store that does not know the encoding sends names as they are.
  const bool is_encoded = page.ChildText("EncodingType") == "url";
  const auto decode = [&](const std::string& name) { return is_encoded ? DecodeUri(name) : name; };
  for (const XmlElement& child : page.children) {
    if (child.name == "CommonPrefixes") {
      listing.prefixes.push_back(decode(child.ChildText("Prefix")));
    }
    if (child.name != "Contents") continue;
    const auto size_bytes = ParseNumber(child.ChildText("Size"));
    const auto modified_us = ParseModified(child.ChildText("LastModified"));
    if (!size_bytes || !modified_us.ok()) {
      return Corrupt("an object of the listing has no size or no time");
    }
    listing.objects.push_back({.key = decode(child.ChildText("Key")),
                               .size_bytes = *size_bytes,
                               .modified_us = *modified_us});
  }
  return Ok();
}

enum class Owner { kThisCall, kOther, kNobody };

// Whose object is there, after a conditional write of ours was lost.
Result<Owner> FindOwner(S3Client& client, const S3Path& path, const std::string& writer_id,
                        std::string_view content) {
  LEAT_ASSIGN(const auto info, HeadObject(client, path));
  if (!info) return Owner::kNobody;
  if (!info->writer_id.empty()) {
    return info->writer_id == writer_id ? Owner::kThisCall : Owner::kOther;
  }
  if (info->size_bytes != std::ssize(content)) return Owner::kOther;
  const auto there = GetObject(client, path, {.etag = info->etag});
  if (there.ok()) return *there == content ? Owner::kThisCall : Owner::kOther;
  const ErrorKind kind = there.error().kind();
  if (kind == ErrorKind::kNotFound) return Owner::kNobody;
  if (kind == ErrorKind::kConflict) return Owner::kOther;
  return there.error();
}

// Settles a conditional write of which an attempt may have been applied without our getting to
// know: true = it was.
Result<bool> SettleCreation(S3Client& client, const S3Path& path, const std::string& writer_id,
                            std::string_view content, const Error& failure) {
  const auto owner = FindOwner(client, path, writer_id, content);
  if (owner.ok() && *owner == Owner::kThisCall) return true;
  if (owner.ok() && *owner == Owner::kOther) return false;
  // Nothing there proves nothing: the request may still be on its way, or the object is removed.
  return OutcomeUnknown("cannot tell whether this call has created " + path.ToString() + ": " +
                        (owner.ok() ? failure : owner.error()).message())
      .WithHint("read it before writing again");
}

}  // namespace

NameValues WriterIdHeaders(const std::string& writer_id) { return {{kWriterIdHeader, writer_id}}; }

Result<std::optional<S3ObjectInfo>> HeadObject(S3Client& client, const S3Path& path) {
  LEAT_ASSIGN(const S3Answer answer,
              client.Send({.method = HttpMethod::kHead, .target = path, .action = "look up"}));
  if (answer.status() == 404) return std::optional<S3ObjectInfo>();
  if (!answer.ok()) return ToError("look up", path.ToString(), answer);
  const auto size_bytes = ParseNumber(answer.http.Header("content-length"));
  const auto modified_us = ParseHttpDate(answer.http.Header("last-modified"));
  if (!size_bytes || !modified_us) {
    return Corrupt("cannot look up " + path.ToString() + ": the store tells no size or no time");
  }
  return std::optional(S3ObjectInfo{.size_bytes = *size_bytes,
                                    .modified_us = *modified_us,
                                    .etag = std::string(answer.http.Header("etag")),
                                    .writer_id = std::string(answer.http.Header(kWriterIdHeader))});
}

Result<std::string> GetObject(S3Client& client, const S3Path& path, const S3ReadRange& range) {
  S3Request request{.method = HttpMethod::kGet, .target = path, .action = "read"};
  const bool is_whole = range.offset == 0 && range.size_bytes >= kMaxReadBytes;
  if (!is_whole) request.headers.emplace_back("Range", RangeHeader(range));
  if (!range.etag.empty()) request.headers.emplace_back("If-Match", range.etag);
  request.max_response_bytes =
      static_cast<std::size_t>(std::min(range.size_bytes, kMaxReadBytes) + kErrorBodyBytes);
  LEAT_ASSIGN(S3Answer answer, client.Send(request));
  if (answer.status() == 416) return std::string();  // begins at or after the end
  if (!answer.ok()) {
    Error error = ToError("read", path.ToString(), answer);
    if (answer.status() != 412) return error;
    return std::move(error).WithHint("the object has changed while it was read: read it again");
  }
  return CutToRange(std::move(answer), path, range);
}

Status PutObject(S3Client& client, const S3Path& path, std::string_view content) {
  LEAT_ASSIGN(const S3Answer answer, client.Send({.method = HttpMethod::kPut,
                                                  .target = path,
                                                  .action = "write",
                                                  .body = content,
                                                  .keeps_checksum = true}));
  if (!answer.ok()) return ToError("write", path.ToString(), answer);
  return Ok();
}

Result<bool> CreateObject(S3Client& client, const S3Path& path, std::string_view content) {
  const std::string writer_id = NewUuid(client.random());
  S3Request request{.method = HttpMethod::kPut,
                    .target = path,
                    .action = "create",
                    .headers = WriterIdHeaders(writer_id),
                    .body = content,
                    .is_exclusive = true,
                    .keeps_checksum = true};
  request.headers.emplace_back("If-None-Match", "*");
  const auto answer = client.Send(request);
  if (!answer.ok()) {
    if (answer.error().kind() != ErrorKind::kOutcomeUnknown) return answer.error();
    return SettleCreation(client, path, writer_id, content, answer.error());
  }
  if (answer->ok()) return true;
  const Error refusal = ToError("create", path.ToString(), *answer);
  if (answer->status() != 412) return refusal;
  if (!answer->is_repeat) return false;
  return SettleCreation(client, path, writer_id, content, refusal);
}

Status DeleteObject(S3Client& client, const S3Path& path) {
  LEAT_ASSIGN(const S3Answer answer,
              client.Send({.method = HttpMethod::kDelete, .target = path, .action = "remove"}));
  const bool is_gone = answer.status() == 404 && answer.code != "NoSuchBucket";
  if (!answer.ok() && !is_gone) return ToError("remove", path.ToString(), answer);
  return Ok();
}

Status CopyObject(S3Client& client, const S3Path& from, const S3ObjectInfo& info, const S3Path& to,
                  const S3CopyOptions& options) {
  const std::string source = "/" + EncodeUri(from.bucket + "/" + from.key, true);
  const NameValues headers = {{"x-amz-copy-source", source},
                              {"x-amz-copy-source-if-match", info.etag}};
  if (info.size_bytes > options.max_single_copy_bytes) {
    LEAT_ASSIGN(S3Upload upload, S3Upload::Begin(client, to));
    std::vector<std::string> etags;
    for (std::int64_t offset = 0; offset < info.size_bytes; offset += options.part_bytes) {
      const std::int64_t size_bytes = std::min(options.part_bytes, info.size_bytes - offset);
      NameValues part = headers;
      part.emplace_back("x-amz-copy-source-range",
                        RangeHeader({.offset = offset, .size_bytes = size_bytes}));
      const int number = static_cast<int>(etags.size()) + 1;
      LEAT_ASSIGN(etags.emplace_back(), upload.CopyPart(number, std::move(part)));
    }
    return std::move(upload).Complete(etags);
  }
  LEAT_ASSIGN(const S3Answer answer, client.Send({.method = HttpMethod::kPut,
                                                  .target = to,
                                                  .action = "copy an object to",
                                                  .headers = headers,
                                                  .may_hide_error = true,
                                                  .is_slow = true}));
  if (!answer.ok()) return ToError("copy an object to", to.ToString(), answer);
  return Ok();
}

Result<S3Listing> ListObjects(S3Client& client, const S3ListRequest& request) {
  const S3Path target{.bucket = request.bucket};
  const std::string shown = S3Path{.bucket = request.bucket, .key = request.prefix}.ToString();
  S3Listing listing;
  std::string token;
  for (int page = 0; page < kMaxListPages; page++) {
    S3Request send{.method = HttpMethod::kGet, .target = target, .action = "list"};
    send.may_hide_error = true;
    send.query = {{"list-type", "2"},
                  {"delimiter", "/"},
                  {"encoding-type", "url"},
                  {"prefix", request.prefix}};
    if (request.max_keys > 0) send.query.emplace_back("max-keys", std::to_string(request.max_keys));
    if (!token.empty()) send.query.emplace_back("continuation-token", token);
    LEAT_ASSIGN(const S3Answer answer, client.Send(send));
    if (!answer.ok()) return ToError("list", shown, answer);
    LEAT_ASSIGN(const XmlElement root, ParseXml(answer.http.body));
    if (auto taken = TakePage(root, listing); !taken.ok()) {
      return std::move(taken).error().WithContext("cannot list " + shown);
    }
    const std::string next = root.ChildText("NextContinuationToken");
    if (root.ChildText("IsTruncated") != "true" || request.max_keys > 0) return listing;
    if (next.empty() || next == token) break;
    token = next;
  }
  return Corrupt("cannot list " + shown + ": the store's pages do not come to an end");
}

}  // namespace leat::io
