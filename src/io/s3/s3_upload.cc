#include "io/s3/s3_upload.h"

#include <utility>

#include "io/s3/s3_objects.h"
#include "io/s3/xml.h"

namespace leat::io {
namespace {

constexpr std::string_view kAction = "write";

}  // namespace

Result<S3Upload> S3Upload::Begin(S3Client& client, const S3Path& path) {
  std::string writer_id = NewUuid(client.random());
  LEAT_ASSIGN(const S3Answer answer, client.Send({.method = HttpMethod::kPost,
                                                  .target = path,
                                                  .action = kAction,
                                                  .query = {{"uploads", ""}},
                                                  .headers = WriterIdHeaders(writer_id),
                                                  .may_hide_error = true}));
  if (!answer.ok()) return ToError(kAction, path.ToString(), answer);
  LEAT_ASSIGN(const XmlElement root, ParseXml(answer.http.body));
  std::string upload_id = root.ChildText("UploadId");
  if (upload_id.empty()) {
    return Corrupt("cannot write " + path.ToString() + ": the store began an upload without an id");
  }
  return S3Upload(client, path, std::move(writer_id), std::move(upload_id));
}

S3Upload::S3Upload(S3Client& client, S3Path path, std::string writer_id, std::string upload_id)
    : client_(&client),
      path_(std::move(path)),
      writer_id_(std::move(writer_id)),
      upload_id_(std::move(upload_id)) {}

S3Upload::S3Upload(S3Upload&& other) noexcept
    : client_(other.client_),
      path_(std::move(other.path_)),
      writer_id_(std::move(other.writer_id_)),
      upload_id_(std::exchange(other.upload_id_, {})) {}

S3Upload::~S3Upload() {
  if (!upload_id_.empty()) Abort();
}

Result<S3Request> S3Upload::PartRequest(int number, std::string_view action) const {
  if (number > kMaxParts) {
    return InvalidInput("cannot write " + path_.ToString() + ": it would have more than " +
                        std::to_string(kMaxParts) + " parts")
        .WithHint("write several smaller files");
  }
  return S3Request{.method = HttpMethod::kPut,
                   .target = path_,
                   .action = action,
                   .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id_}}};
}

Result<std::string> S3Upload::SendPart(int number, std::string_view content) const {
  LEAT_ASSIGN(S3Request request, PartRequest(number, kAction));
  request.body = content;
  LEAT_ASSIGN(const S3Answer answer, client_->Send(request));
  if (!answer.ok()) return ToError(kAction, path_.ToString(), answer);
  return std::string(answer.http.Header("etag"));
}

Result<std::string> S3Upload::CopyPart(int number, NameValues headers) const {
  LEAT_ASSIGN(S3Request request, PartRequest(number, "copy an object to"));
  request.headers = std::move(headers);
  request.may_hide_error = true;
  request.is_slow = true;
  LEAT_ASSIGN(const S3Answer answer, client_->Send(request));
  if (!answer.ok()) return ToError(request.action, path_.ToString(), answer);
  LEAT_ASSIGN(const XmlElement root, ParseXml(answer.http.body));
  return root.ChildText("ETag");
}

Status S3Upload::Complete(const std::vector<std::string>& etags) && {
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < etags.size(); i++) {
    body += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" +
            EscapeXml(etags[i]) + "</ETag></Part>";
  }
  body += "</CompleteMultipartUpload>";
  const auto answer = client_->Send({.method = HttpMethod::kPost,
                                     .target = path_,
                                     .action = kAction,
                                     .query = {{"uploadId", upload_id_}},
                                     .body = body,
                                     .may_hide_error = true,
                                     .is_slow = true,
                                     .is_exclusive = true});
  if (!answer.ok()) {
    if (answer.error().kind() != ErrorKind::kOutcomeUnknown) return answer.error();
    return SettleLost(answer.error());
  }
  if (answer->ok()) {
    upload_id_.clear();
    return Ok();
  }
  const Error error = ToError(kAction, path_.ToString(), *answer);
  // After a success whose answer was lost the store knows no such upload any more.
  return answer->is_repeat && answer->code == "NoSuchUpload" ? SettleLost(error) : error;
}

// The completion may have been applied: whether it was can be read off the object.
Status S3Upload::SettleLost(const Error& failure) {
  upload_id_.clear();  // an outcome that is unknown is not cleaned up after
  const auto info = HeadObject(*client_, path_);
  if (info.ok() && *info && (*info)->writer_id == writer_id_) return Ok();
  return OutcomeUnknown("cannot tell whether " + path_.ToString() +
                        " was written: " + failure.message())
      .WithHint("run again");
}

void S3Upload::Abort() {
  const auto answer = client_->Send({.method = HttpMethod::kDelete,
                                     .target = path_,
                                     .action = "abort the upload of",
                                     .query = {{"uploadId", upload_id_}},
                                     .is_cleanup = true});
  static_cast<void>(answer);  // what brought us here is the error to report
  upload_id_.clear();
}

}  // namespace leat::io
