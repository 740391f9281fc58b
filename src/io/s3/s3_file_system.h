// Object stores that speak S3 as a FileSystem, for paths "s3://bucket/key".
//
// A store has no folders: one is there as long as an object's key begins with its path and a slash.
// What was acknowledged is durable, so that syncing does nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "io/s3/s3_client.h"
#include "io/s3/s3_objects.h"
#include "io/s3/s3_upload.h"

namespace leat::io {

struct S3FileSystemOptions {
  S3ClientOptions client;
  std::int64_t part_bytes = kDefaultPartBytes;
  std::int64_t multipart_threshold_bytes = kDefaultMultipartThresholdBytes;
  S3CopyOptions copy;
};

// Reads at any position, from several threads at a time, always of the same object: kConflict when
// it has been replaced since it was opened.
class S3FileReader {
 public:
  std::int64_t size_bytes() const { return info_.size_bytes; }
  std::int64_t modified_us() const { return info_.modified_us; }

  // Fills the buffer from `offset`; fewer bytes only at the end of the object. Returns how many.
  Result<std::int64_t> ReadAt(std::int64_t offset, std::span<char> buffer) const;

 private:
  friend class S3FileSystem;
  S3FileReader(S3Client& client, S3Path path, S3ObjectInfo info);

  S3Client* client_;
  S3Path path_;
  S3ObjectInfo info_;
};

// Writes one object from front to back, holding one part of it in memory. Readers see the whole
// object or what was there before. Not thread-safe; movable. Not closed: nothing remains.
class S3FileWriter {
 public:
  S3FileWriter(S3FileWriter&&) noexcept = default;

  Status Append(std::string_view bytes);
  // Durable when it returns. Returns the object's size in bytes.
  Result<std::int64_t> Close() &&;

 private:
  friend class S3FileSystem;
  S3FileWriter(S3Client& client, S3Path path, std::int64_t part_bytes);
  Status SendPart(std::string_view content);

  S3Client* client_;
  S3Path path_;
  std::size_t part_bytes_;
  std::string buffer_;                // shorter than a part
  std::unique_ptr<S3Upload> upload_;  // from the first whole part on
  std::int64_t size_bytes_ = 0;
};

class S3FileSystem final : public FileSystem {
 public:
  explicit S3FileSystem(S3FileSystemOptions options);

  Result<std::string> ReadFile(const std::string& path) override;
  Result<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                std::int64_t size_bytes) override;
  Result<std::vector<FileInfo>> List(const std::string& directory) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Status ReplaceFile(const std::string& path, std::string_view content) override;
  Result<bool> CreateFile(const std::string& path, std::string_view content) override;
  Status SyncFile(const std::string& path) override;
  Status SyncDirectory(const std::string& directory) override;
  // Nothing to make: false.
  Result<bool> CreateDirectories(const std::string& directory) override;
  Status CreateAllDirectories(const std::vector<std::string>& directories) override;
  // Of an object, or of the empty object that other programs write as a folder's mark.
  // kInvalidInput for a folder with something in it.
  Status Remove(const std::string& path) override;
  // Of an object: a copy within the store, then a removal. Others may see both in between.
  Status Rename(const std::string& from, const std::string& to) override;

  // What they return uses this file system and must not outlive it.
  Result<S3FileReader> OpenReader(const std::string& path);
  Result<S3FileWriter> OpenWriter(const std::string& path);

  // Whether the store honours `If-None-Match: *`, without which several writers overwrite each
  // other's commits: writes a small object into the directory twice, and removes it.
  Result<bool> ProbeConditionalPut(const std::string& directory);

 private:
  Result<bool> IsDirectory(const S3Path& path);

  const std::int64_t part_bytes_;
  const std::int64_t multipart_threshold_bytes_;
  const S3CopyOptions copy_;
  S3Client client_;
};

// As the environment and AWS's files say, over the network and with the clock of this machine. The
// token outlives it.
Result<std::unique_ptr<S3FileSystem>> OpenS3FileSystem(const CancelToken* cancel = nullptr);

// The same, one for the whole process, made by the first call that succeeds.
Result<S3FileSystem*> SystemS3FileSystem();

}  // namespace leat::io
