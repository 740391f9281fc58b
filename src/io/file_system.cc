#include "io/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

namespace leat::io {
namespace {

namespace fs = std::filesystem;

Error SystemError(std::string_view action, const std::string& path, int error_number) {
  std::string message =
      "cannot " + std::string(action) + " " + path + ": " + std::strerror(error_number);
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return NotFound(std::move(message));
    case EEXIST: return AlreadyExists(std::move(message));
    case EACCES:
    case EPERM:
    case EROFS:
      return Denied(std::move(message)).WithHint("check the owner and permissions of that path");
    case ENOSPC:
    case EDQUOT:
      return RetryLater(std::move(message))
          .WithHint("free disk space, then run again: nothing was lost");
    case EMFILE:
    case ENFILE:
      return RetryLater(std::move(message)).WithHint("raise the limit of open files (ulimit -n)");
    case EISDIR: return InvalidInput(std::move(message));
    default: return RetryLater(std::move(message));
  }
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  bool ok() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  // close(2) reports delayed write errors of network file systems.
  int Close() {
    const int fd = fd_;
    fd_ = -1;
    return close(fd);
  }

 private:
  int fd_;
};

Status WriteAll(int fd, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write", path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return Ok();
}

Status SyncPath(const std::string& path, int flags) {
  Descriptor file(open(path.c_str(), flags | O_CLOEXEC));
  if (!file.ok()) return SystemError("open", path, errno);
  if (fsync(file.fd()) != 0) {
    // After a failed fsync the kernel may have dropped the data: calling it again would lie.
    return OutcomeUnknown("cannot make " + path + " durable: " + std::strerror(errno))
        .WithHint("check the disk; Leat reads the table again before it writes");
  }
  return Ok();
}

// Renames unless `to` exists, in one step; 0 or the error number.
int RenameIfFree(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system that cannot do it in one, NFS say.
  if (link(from.c_str(), to.c_str()) != 0) return errno;
  unlink(from.c_str());
  return 0;
}

FileInfo ToInfo(const std::string& path, const struct stat& s) {
  return {.path = path,
          .size_bytes = s.st_size,
          .modified_us = s.st_mtim.tv_sec * 1'000'000LL + s.st_mtim.tv_nsec / 1'000,
          .is_directory = S_ISDIR(s.st_mode),
          .is_special = !S_ISDIR(s.st_mode) && !S_ISREG(s.st_mode)};
}

class RealFileSystem final : public FileSystem {
 public:
  Result<std::string> ReadFile(const std::string& path) override {
    return ReadRange(path, 0, INT64_MAX);
  }

  Result<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                std::int64_t size_bytes) override {
    Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.ok()) return SystemError("read", path, errno);
    struct stat s{};
    if (fstat(file.fd(), &s) != 0) return SystemError("read", path, errno);
    if (S_ISDIR(s.st_mode)) return SystemError("read", path, EISDIR);
    const std::int64_t there = std::max<std::int64_t>(0, s.st_size - offset);
    std::string content(static_cast<std::size_t>(std::min(there, size_bytes)), '\0');
    std::size_t done = 0;
    while (done < content.size()) {
      const ssize_t n = pread(file.fd(), content.data() + done, content.size() - done,
                              static_cast<off_t>(offset + static_cast<std::int64_t>(done)));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return SystemError("read", path, errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    content.resize(done);
    return content;
  }

  Result<std::vector<FileInfo>> List(const std::string& directory) override {
    DIR* handle = opendir(directory.c_str());
    if (handle == nullptr) return SystemError("list", directory, errno);
    std::vector<FileInfo> entries;
    for (const dirent* entry = readdir(handle); entry != nullptr; entry = readdir(handle)) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      auto info = Stat(JoinPath(directory, name));
      if (info.ok()) entries.push_back(std::move(*info));  // else it vanished since, or dangles
    }
    closedir(handle);
    std::sort(entries.begin(), entries.end(),
              [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
    return entries;
  }

  Result<FileInfo> Stat(const std::string& path) override {
    struct stat link{};
    struct stat target{};
    if (lstat(path.c_str(), &link) != 0) return SystemError("read", path, errno);
    if (!S_ISLNK(link.st_mode)) return ToInfo(path, link);
    if (stat(path.c_str(), &target) != 0) return SystemError("read", path, errno);
    FileInfo info = ToInfo(path, target);
    info.is_symlink = true;
    return info;
  }

  Status ReplaceFile(const std::string& path, std::string_view content) override {
    LEAT_ASSIGN(const std::string temporary, WriteTemporary(path, content, Durability::kSynced));
    if (rename(temporary.c_str(), path.c_str()) != 0) {
      const int error_number = errno;
      unlink(temporary.c_str());
      return SystemError("replace", path, error_number);
    }
    return SyncDirectory(ParentPath(path));
  }

  Result<bool> CreateFile(const std::string& path, std::string_view content) override {
    LEAT_ASSIGN(const bool created, Create(path, content, Durability::kSynced));
    if (created) LEAT_TRY(SyncDirectory(ParentPath(path)));
    return created;
  }

  Result<bool> CreateFileUnsynced(const std::string& path, std::string_view content) override {
    return Create(path, content, Durability::kUnsynced);
  }

  Status SyncFile(const std::string& path) override { return SyncPath(path, O_RDONLY); }
  Status SyncDirectory(const std::string& directory) override {
    return SyncPath(directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
  }

  Result<bool> CreateDirectories(const std::string& directory) override {
    std::set<std::string> changed;
    LEAT_TRY(MakeDirectory(directory, changed));
    for (const std::string& parent : changed) LEAT_TRY(SyncDirectory(parent));
    return !changed.empty();
  }

  Status CreateAllDirectories(const std::vector<std::string>& directories) override {
    std::set<std::string> changed;
    for (const std::string& directory : directories) LEAT_TRY(MakeDirectory(directory, changed));
    for (const std::string& parent : changed) LEAT_TRY(SyncDirectory(parent));
    return Ok();
  }

  Status Remove(const std::string& path) override {
    if (::remove(path.c_str()) != 0) return SystemError("remove", path, errno);
    return Ok();
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return SystemError("rename", from, errno);
    return Ok();
  }

 private:
  enum class Durability { kSynced, kUnsynced };

  // Without syncing the folder; false when somebody else had the file.
  Result<bool> Create(const std::string& path, std::string_view content, Durability durability) {
    LEAT_ASSIGN(const std::string temporary, WriteTemporary(path, content, durability));
    const int error_number = RenameIfFree(temporary, path);
    if (error_number != 0) unlink(temporary.c_str());
    if (error_number == EEXIST) return false;
    if (error_number != 0) return SystemError("create", path, error_number);
    return true;
  }

  // With all parents; adds the folders that have got a new entry.
  Status MakeDirectory(const std::string& directory, std::set<std::string>& changed) {
    if (directory.empty() || access(directory.c_str(), F_OK) == 0) return Ok();
    const std::string parent = ParentPath(directory);
    LEAT_TRY(MakeDirectory(parent, changed));
    if (mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST) {
      return SystemError("create folder", directory, errno);
    }
    changed.insert(parent);
    return Ok();
  }

  // Writes a hidden file beside `path`; its name holds the process and a counter, so that
  // no two writers share one.
  Result<std::string> WriteTemporary(const std::string& path, std::string_view content,
                                     Durability durability) {
    static std::atomic<unsigned> counter{0};
    const std::string temporary =
        JoinPath(ParentPath(path), "." + FileName(path) + "." + std::to_string(getpid()) + "." +
                                       std::to_string(counter++) + ".tmp");
    Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file.ok()) return SystemError("create", temporary, errno);
    Status status = WriteAll(file.fd(), temporary, content);
    const bool is_synced = durability == Durability::kSynced;
    if (status.ok() && is_synced && fsync(file.fd()) != 0) {
      status = SystemError("sync", temporary, errno);
    }
    if (status.ok() && file.Close() != 0) status = SystemError("close", temporary, errno);
    if (!status.ok()) {
      unlink(temporary.c_str());
      return std::move(status).error();
    }
    return temporary;
  }
};

// FileSystem's own, for those that have nothing better.
class RangeReader final : public RandomAccessFile {
 public:
  RangeReader(FileSystem& files, FileInfo info) : files_(files), info_(std::move(info)) {}

  std::int64_t size_bytes() const override { return info_.size_bytes; }
  std::int64_t modified_us() const override { return info_.modified_us; }
  std::string version_tag() const override { return ""; }
  Result<std::int64_t> ReadAt(std::int64_t offset, std::span<char> buffer) override {
    LEAT_ASSIGN(const std::string content,
                files_.ReadRange(info_.path, offset, std::ssize(buffer)));
    std::copy(content.begin(), content.end(), buffer.begin());
    return std::ssize(content);
  }

 private:
  FileSystem& files_;
  const FileInfo info_;
};

class CollectingWriter final : public WritableFile {
 public:
  CollectingWriter(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  Status Append(std::string_view bytes) override {
    content_ += bytes;
    return Ok();
  }
  Result<std::int64_t> Close() override {
    LEAT_TRY(files_.ReplaceFile(path_, content_));
    return std::ssize(content_);
  }

 private:
  FileSystem& files_;
  const std::string path_;
  std::string content_;
};

// As the kernel follows (path_resolution(7)).
constexpr int kMaxLinks = 40;
constexpr std::int64_t kCopyBytes = 1 << 20;

constexpr std::string_view kS3Scheme = "s3://";

// As std::filesystem's parent_path: "" of a name alone, "/" of "/name" and of "/". Paths are taken
// apart many times per commit, and a filesystem::path holds each of their steps.
std::string_view ParentOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return "";
  const std::size_t end = path.find_last_not_of('/', slash);
  return end == std::string_view::npos ? path.substr(0, 1) : path.substr(0, end + 1);
}

// Whether the path is absolute and has no step that is empty, "." or "..".
bool IsNormal(std::string_view path) {
  if (!path.starts_with('/')) return false;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view step = path.substr(begin, end - begin);
    if (step.empty() || step == "." || step == "..") return false;
    begin = end + 1;
  }
  return true;
}

// "/key" of "s3://bucket/key": the bucket is the root, which has no name.
std::string_view S3Rest(std::string_view path) {
  const std::size_t slash = path.find('/', kS3Scheme.size());
  return slash == std::string_view::npos ? "" : path.substr(slash);
}

std::string S3Root(std::string_view path) {
  return std::string(path.substr(0, path.find('/', kS3Scheme.size())));
}

std::string NormaliseS3(std::string_view path) {
  const std::string key = ("/" / fs::path(S3Rest(path))).lexically_normal().string();
  const std::string text = S3Root(path) + key;
  return text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
}

}  // namespace

Result<std::unique_ptr<RandomAccessFile>> FileSystem::OpenForReading(
    const std::string& path, std::optional<std::int64_t> size_bytes) {
  FileInfo info{.path = path, .size_bytes = size_bytes.value_or(0)};
  if (!size_bytes) {
    LEAT_ASSIGN(info, Stat(path));
    if (info.is_directory) return InvalidInput("cannot read " + path + ": it is a folder");
  }
  return std::unique_ptr<RandomAccessFile>(std::make_unique<RangeReader>(*this, std::move(info)));
}

Result<std::unique_ptr<WritableFile>> FileSystem::OpenForWriting(const std::string& path) {
  return std::unique_ptr<WritableFile>(std::make_unique<CollectingWriter>(*this, path));
}

FileSystem& LocalFileSystem() {
  static RealFileSystem files;
  return files;
}

bool IsS3Path(std::string_view path) { return path.starts_with(kS3Scheme); }

std::string JoinPath(std::string_view directory, std::string_view name) {
  if (directory.empty() || name.starts_with("/") || IsS3Path(name)) return std::string(name);
  std::string path(directory);
  if (!path.ends_with('/')) path += '/';
  path += name;
  return path;
}

std::string ParentPath(std::string_view path) {
  if (!IsS3Path(path)) return std::string(ParentOf(path));
  const std::string_view parent = ParentOf(S3Rest(path));
  return S3Root(path) + (parent == "/" ? "" : std::string(parent));
}

std::string FileName(std::string_view path) {
  const std::string_view whole = IsS3Path(path) ? S3Rest(path) : path;
  return std::string(whole.substr(whole.rfind('/') + 1));
}

std::string AbsolutePath(std::string_view path) {
  if (IsS3Path(path)) return NormaliseS3(path);
  if (IsNormal(path)) return std::string(path);
  std::string text = fs::absolute(fs::path(path.empty() ? "." : path)).lexically_normal().string();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

Result<std::string> RealPath(const std::string& path) {
  if (IsS3Path(path)) return AbsolutePath(path);
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return SystemError("resolve", path, error.value());
  return real.string();
}

Result<std::string> FollowLinks(std::string path) {
  for (int i = 0; i < kMaxLinks; i++) {
    std::error_code error;
    const fs::path target = fs::read_symlink(path, error);
    if (error) return path;  // no link, or nothing at all
    path = AbsolutePath(JoinPath(ParentPath(path), target.string()));
  }
  return InvalidInput(path + ": the links lead to each other");
}

Status CopyIntoSpecialFile(const std::string& from, const std::string& to) {
  const auto failed = [&](const char* action) {
    if (errno == EINTR) return Cancelled(std::string("cancelled while waiting to ") + action);
    return SystemError(action, to, errno);
  };
  Descriptor target(open(to.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!target.ok()) return failed("open");
  for (std::int64_t offset = 0;;) {
    LEAT_ASSIGN(const std::string chunk, LocalFileSystem().ReadRange(from, offset, kCopyBytes));
    if (chunk.empty()) break;
    offset += std::ssize(chunk);
    for (std::string_view rest = chunk; !rest.empty();) {
      const ssize_t written = write(target.fd(), rest.data(), rest.size());
      if (written < 0) return failed("write");
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  if (target.Close() != 0) return failed("close");
  return Ok();
}

Result<std::string> MakeTemporaryDirectory(std::string_view prefix) {
  std::string path = (fs::temp_directory_path() / (std::string(prefix) + "XXXXXX")).string();
  if (mkdtemp(path.data()) == nullptr) return SystemError("create folder", path, errno);
  return path;
}

Status RemoveAll(const std::string& directory) {
  std::error_code error;
  fs::remove_all(directory, error);
  if (error) return SystemError("remove", directory, error.value());
  return Ok();
}

}  // namespace leat::io
