// Object stores that speak S3 as a FileSystem, for paths "s3://bucket/key".
//
// A store has no folders: one is there as long as an object's key begins with its path and a slash.
// What was acknowledged is durable, so that syncing does nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "io/s3/s3_client.h"
#include "io/s3/s3_objects.h"

namespace leat::io {

struct S3FileSystemOptions {
  S3ClientOptions client;
  std::int64_t part_bytes = kDefaultPartBytes;
  std::int64_t multipart_threshold_bytes = kDefaultMultipartThresholdBytes;
  S3CopyOptions copy;
  // Whether CreateFile first makes sure, once per bucket, that the store honours its condition.
  bool probes_conditional_put = true;
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
  // As FileSystem says. Denied when the store would overwrite what is there: with several writers
  // that loses what one of them has created.
  Result<bool> CreateFile(const std::string& path, std::string_view content) override;
  Status SyncFile(const std::string& path) override;
  Status SyncDirectory(const std::string& directory) override;
  // Nothing to make: false.
  Result<bool> CreateDirectories(const std::string& directory) override;
  Status CreateAllDirectories(const std::vector<std::string>& directories) override;
  // Of an object. Succeeds as well when there is none.
  Status Remove(const std::string& path) override;
  // Of an object: a copy within the store, then a removal. Others may see both in between.
  Status Rename(const std::string& from, const std::string& to) override;

  // Always of the same object: kConflict when it has been replaced since it was opened. With the
  // size given that is not noticed.
  Result<std::unique_ptr<RandomAccessFile>> OpenForReading(
      const std::string& path, std::optional<std::int64_t> size_bytes) override;
  // Sends parts while the next one is filled, and holds some of them in memory.
  Result<std::unique_ptr<WritableFile>> OpenForWriting(const std::string& path) override;

  // Whether the store honours `If-None-Match: *`, without which several writers overwrite each
  // other's commits: writes a small object into the directory twice, and removes it.
  Result<bool> ProbeConditionalPut(const std::string& directory);

 private:
  Result<bool> IsDirectory(const S3Path& path);
  Status RequireConditionalPut(const std::string& path);

  const std::int64_t part_bytes_;
  const std::int64_t multipart_threshold_bytes_;
  const S3CopyOptions copy_;
  const bool probes_conditional_put_;
  S3Client client_;
  std::mutex probe_mutex_;  // held during a probe: the others wait for its result
  std::map<std::string, bool> honours_conditions_;  // by bucket; guarded by probe_mutex_
};

// As the environment and AWS's files say, over the network and with the clock of this machine. The
// token outlives it.
Result<std::unique_ptr<S3FileSystem>> OpenS3FileSystem(const CancelToken* cancel = nullptr);

// The same, one for the whole process, made by the first call that succeeds.
Result<S3FileSystem*> SystemS3FileSystem();

}  // namespace leat::io
