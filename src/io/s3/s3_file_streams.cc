#include "io/s3/s3_file_streams.h"

#include <algorithm>
#include <utility>

#include "io/work.h"

namespace leat::io {

S3FileReader::S3FileReader(S3Client& client, S3Path path, S3ObjectInfo info)
    : client_(client), path_(std::move(path)), info_(std::move(info)) {}

Result<std::int64_t> S3FileReader::ReadAt(std::int64_t offset, std::span<char> buffer) {
  const std::int64_t wanted = std::min(std::ssize(buffer), info_.size_bytes - offset);
  if (offset < 0 || wanted <= 0) return std::int64_t{0};
  const std::int64_t step =
      std::max(kMinRangeBytes, (wanted + kMaxRangesAtOnce - 1) / kMaxRangesAtOnce);
  const auto read = [&, work = CurrentWork()](std::int64_t at) {
    const WorkScope scope(work);
    const std::int64_t size_bytes = std::min(step, wanted - at);
    return Fill(offset + at,
                buffer.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(size_bytes)));
  };
  std::vector<std::future<Status>> others;
  for (std::int64_t at = step; at < wanted; at += step) {
    others.push_back(
        std::async(std::launch::async | std::launch::deferred, [&read, at] { return read(at); }));
  }
  Status status = read(0);
  for (auto& other : others) {
    Status ended = other.get();  // all of them: they write into the buffer
    if (status.ok()) status = std::move(ended);
  }
  LEAT_TRY(status);
  return wanted;
}

Status S3FileReader::Fill(std::int64_t offset, std::span<char> buffer) const {
  const std::int64_t wanted = std::ssize(buffer);
  LEAT_ASSIGN(
      const std::string content,
      GetObject(client_, path_, {.offset = offset, .size_bytes = wanted, .etag = info_.etag}));
  if (std::ssize(content) != wanted) {
    return Corrupt("cannot read " + path_.ToString() + ": it is shorter than its " +
                   std::to_string(info_.size_bytes) + " bytes");
  }
  std::copy(content.begin(), content.end(), buffer.begin());
  return Ok();
}

S3FileWriter::S3FileWriter(S3Client& client, S3Path path, std::int64_t part_bytes)
    : client_(client), path_(std::move(path)), part_bytes_(static_cast<std::size_t>(part_bytes)) {}

Status S3FileWriter::Append(std::string_view bytes) {
  if (failure_) return *failure_;
  size_bytes_ += std::ssize(bytes);
  while (buffer_.size() + bytes.size() >= part_bytes_) {
    const std::size_t missing = part_bytes_ - buffer_.size();
    buffer_ += bytes.substr(0, missing);
    bytes.remove_prefix(missing);
    LEAT_TRY(SendPart());
  }
  buffer_ += bytes;
  return Ok();
}

Status S3FileWriter::SendPart() {
  if (upload_ == nullptr) {
    LEAT_ASSIGN(S3Upload upload, S3Upload::Begin(client_, path_));
    upload_ = std::make_unique<S3Upload>(std::move(upload));
  }
  while (under_way_.size() >= kMaxPartsUnderWay) LEAT_TRY(AwaitOldest());
  const std::size_t number = etags_.size() + under_way_.size() + 1;
  // Deferred only where no thread can be had.
  under_way_.push_back(std::async(std::launch::async | std::launch::deferred,
                                  [upload = upload_.get(), number, work = CurrentWork(),
                                   content = std::exchange(buffer_, std::string())] {
                                    const WorkScope scope(work);
                                    return upload->SendPart(static_cast<int>(number), content);
                                  }));
  return Ok();
}

Status S3FileWriter::AwaitOldest() {
  Result<std::string> etag = under_way_.front().get();
  under_way_.pop_front();
  if (!etag.ok()) {
    failure_ = etag.error();
    return *failure_;
  }
  etags_.push_back(std::move(*etag));
  return Ok();
}

Result<std::int64_t> S3FileWriter::Close() {
  if (failure_) return *failure_;
  if (upload_ == nullptr) {
    LEAT_TRY(PutObject(client_, path_, buffer_));
    return size_bytes_;
  }
  if (!buffer_.empty()) LEAT_TRY(SendPart());
  while (!under_way_.empty()) LEAT_TRY(AwaitOldest());
  LEAT_TRY(std::move(*upload_).Complete(etags_));
  return size_bytes_;
}

}  // namespace leat::io
