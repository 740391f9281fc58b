#include "io/file_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace leat::io {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;

Error WriteError(std::string_view action, const std::string& path, int error_number) {
  std::string message =
      "cannot " + std::string(action) + " " + path + ": " + std::strerror(error_number);
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return NotFound(std::move(message));
    case EACCES:
    case EPERM:
    case EROFS:
      return Denied(std::move(message)).WithHint("check the owner and permissions of that path");
    case ENOSPC:
    case EDQUOT: return RetryLater(std::move(message)).WithHint("free disk space, then run again");
    default: return RetryLater(std::move(message));
  }
}

// Beside the target, hidden from globs; process and counter keep two writers apart.
std::string TemporaryPath(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  return JoinPath(ParentPath(path), "." + FileName(path) + "." + std::to_string(getpid()) + ".w" +
                                        std::to_string(counter++) + ".tmp");
}

}  // namespace

Result<FileWriter> FileWriter::Create(FileSystem& files, std::string path) {
  std::string temporary = TemporaryPath(path);
  const int descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) return WriteError("create", path, errno);
  return FileWriter(files, std::move(path), std::move(temporary), descriptor);
}

FileWriter::FileWriter(FileSystem& files, std::string path, std::string temporary, int descriptor)
    : files_(&files),
      path_(std::move(path)),
      temporary_(std::move(temporary)),
      descriptor_(descriptor) {
  buffer_.reserve(kBufferBytes);
}

FileWriter::FileWriter(FileWriter&& other) noexcept
    : files_(other.files_),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)),
      buffer_(std::move(other.buffer_)),
      size_bytes_(other.size_bytes_) {}

FileWriter::~FileWriter() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Status FileWriter::Append(std::string_view bytes) {
  size_bytes_ += static_cast<std::int64_t>(bytes.size());
  if (buffer_.size() + bytes.size() <= kBufferBytes) {
    buffer_ += bytes;
    return Ok();
  }
  LEAT_TRY(Write(buffer_));
  buffer_.clear();
  if (bytes.size() > kBufferBytes) return Write(bytes);
  buffer_ += bytes;
  return Ok();
}

Result<std::int64_t> FileWriter::Close() && {
  LEAT_TRY(Write(buffer_));
  LEAT_TRY(CloseDescriptor());
  LEAT_TRY(Publish());
  return size_bytes_;
}

Status FileWriter::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return WriteError("write", path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return Ok();
}

// close(2) reports delayed write errors of network file systems.
Status FileWriter::CloseDescriptor() {
  if (close(std::exchange(descriptor_, -1)) != 0) return WriteError("close", path_, errno);
  return Ok();
}

Status FileWriter::Publish() {
  LEAT_TRY(files_->SyncFile(temporary_));
  LEAT_TRY(files_->Rename(temporary_, path_));
  temporary_.clear();
  return files_->SyncDirectory(ParentPath(path_));
}

}  // namespace leat::io
