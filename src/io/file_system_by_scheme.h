// One file system for all paths: those that begin with s3:// go to an object store, all others to
// the disk.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"

namespace leat::io {

// Thread-safe, as both are. The store is asked for by the first call that needs it; when that
// fails, the call returns the error and the next one asks again.
class FileSystemByScheme final : public FileSystem {
 public:
  using FindStore = std::function<Result<FileSystem*>()>;

  // `local` and the store outlive this object.
  FileSystemByScheme(FileSystem& local, FindStore find_store);

  Result<std::string> ReadFile(const std::string& path) override;
  Result<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                std::int64_t size_bytes) override;
  Result<std::vector<FileInfo>> List(const std::string& directory) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Status ReplaceFile(const std::string& path, std::string_view content) override;
  Result<bool> CreateFile(const std::string& path, std::string_view content) override;
  Result<bool> CreateFileUnsynced(const std::string& path, std::string_view content) override;
  Status SyncFile(const std::string& path) override;
  Status SyncDirectory(const std::string& directory) override;
  Result<bool> CreateDirectories(const std::string& directory) override;
  Status CreateAllDirectories(const std::vector<std::string>& directories) override;
  Status Remove(const std::string& path) override;
  // kInvalidInput from one to the other.
  Status Rename(const std::string& from, const std::string& to) override;
  Result<std::unique_ptr<RandomAccessFile>> OpenForReading(
      const std::string& path, std::optional<std::int64_t> size_bytes) override;
  Result<std::unique_ptr<WritableFile>> OpenForWriting(const std::string& path) override;

 private:
  Result<FileSystem*> For(const std::string& path);

  FileSystem& local_;
  const FindStore find_store_;
  std::mutex mutex_;
  FileSystem* store_ = nullptr;  // guarded by mutex_; null: not found yet
};

// LocalFileSystem and SystemS3FileSystem. Lives as long as the process.
FileSystem& LocalAndS3FileSystem();

}  // namespace leat::io
