#include "io/file_system_by_scheme.h"

#include <utility>

#include "io/s3/s3_file_system.h"

namespace leat::io {

FileSystemByScheme::FileSystemByScheme(FileSystem& local, FindStore find_store)
    : local_(local), find_store_(std::move(find_store)) {}

Result<FileSystem*> FileSystemByScheme::For(const std::string& path) {
  if (!IsS3Path(path)) return &local_;
  const std::scoped_lock lock(mutex_);
  if (store_ == nullptr) {
    LEAT_ASSIGN(store_, find_store_());
  }
  return store_;
}

Result<std::string> FileSystemByScheme::ReadFile(const std::string& path) {
  LEAT_ASSIGN(FileSystem * files, For(path));
  return files->ReadFile(path);
}

Result<std::string> FileSystemByScheme::ReadRange(const std::string& path, std::int64_t offset,
                                                  std::int64_t size_bytes) {
  LEAT_ASSIGN(FileSystem * files, For(path));
  return files->ReadRange(path, offset, size_bytes);
}

Result<std::vector<FileInfo>> FileSystemByScheme::List(const std::string& directory) {
  LEAT_ASSIGN(FileSystem * files, For(directory));
  return files->List(directory);
}

Result<FileInfo> FileSystemByScheme::Stat(const std::string& path) {
  LEAT_ASSIGN(FileSystem * files, For(path));
  return files->Stat(path);
}

Status FileSystemByScheme::ReplaceFile(const std::string& path, std::string_view content) {
  LEAT_ASSIGN(FileSystem * files, For(path));
  return files->ReplaceFile(path, content);
}

Result<bool> FileSystemByScheme::CreateFile(const std::string& path, std::string_view content) {
  LEAT_ASSIGN(FileSystem * files, For(path));
  return files->CreateFile(path, content);
}

Result<bool> FileSystemByScheme::CreateFileUnsynced(const std::string& path,
                                                    std::string_view content) {
  LEAT_ASSIGN(FileSystem * files, For(path));
  return files->CreateFileUnsynced(path, content);
}

Status FileSystemByScheme::SyncFile(const std::string& path) {
  LEAT_ASSIGN(FileSystem * files, For(path));
  return files->SyncFile(path);
}

Status FileSystemByScheme::SyncDirectory(const std::string& directory) {
  LEAT_ASSIGN(FileSystem * files, For(directory));
  return files->SyncDirectory(directory);
}

Result<bool> FileSystemByScheme::CreateDirectories(const std::string& directory) {
  LEAT_ASSIGN(FileSystem * files, For(directory));
  return files->CreateDirectories(directory);
}

Status FileSystemByScheme::CreateAllDirectories(const std::vector<std::string>& directories) {
  std::vector<std::string> local;
  for (const std::string& directory : directories) {
    if (IsS3Path(directory)) {
      LEAT_TRY(CreateDirectories(directory));
    } else {
      local.push_back(directory);
    }
  }
  return local_.CreateAllDirectories(local);
}

Status FileSystemByScheme::Remove(const std::string& path) {
  LEAT_ASSIGN(FileSystem * files, For(path));
  return files->Remove(path);
}

Status FileSystemByScheme::Rename(const std::string& from, const std::string& to) {
  if (IsS3Path(from) != IsS3Path(to)) {
    return InvalidInput("cannot rename " + from + " to " + to +
                        ": one is in an object store, the other is not");
  }
  LEAT_ASSIGN(FileSystem * files, For(from));
  return files->Rename(from, to);
}

Result<std::unique_ptr<RandomAccessFile>> FileSystemByScheme::OpenForReading(
    const std::string& path, std::optional<std::int64_t> size_bytes) {
  LEAT_ASSIGN(FileSystem * files, For(path));
  return files->OpenForReading(path, size_bytes);
}

Result<std::unique_ptr<WritableFile>> FileSystemByScheme::OpenForWriting(const std::string& path) {
  LEAT_ASSIGN(FileSystem * files, For(path));
  return files->OpenForWriting(path);
}

FileSystem& LocalAndS3FileSystem() {
  static FileSystemByScheme files(LocalFileSystem(), []() -> Result<FileSystem*> {
    LEAT_ASSIGN(FileSystem * store, SystemS3FileSystem());
    return store;
  });
  return files;
}

}  // namespace leat::io
