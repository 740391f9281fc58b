// Writes one large file from front to back without holding it in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"

namespace leat::io {

// Collects writes in a buffer and appends them to a hidden file beside the target; Close gives the
// file its name. Readers therefore see the whole file or none. Not thread-safe; movable. Errors are
// those of FileSystem.
class FileWriter {
 public:
  // The parent folder must exist. An existing file at `path` stays until Close replaces it.
  static Result<FileWriter> Create(FileSystem& files, std::string path);

  FileWriter(FileWriter&& other) noexcept;
  FileWriter& operator=(FileWriter&&) = delete;
  // Not closed: nothing remains.
  ~FileWriter();

  Status Append(std::string_view bytes);
  // Durable when it returns: flush, fsync, rename to `path`, fsync of the folder. Returns the
  // file's size in bytes.
  Result<std::int64_t> Close() &&;

 private:
  FileWriter(FileSystem& files, std::string path, std::string temporary, int descriptor);
  Status Write(std::string_view bytes);
  Status CloseDescriptor();
  Status Publish();

  FileSystem* files_;
  std::string path_;
  std::string temporary_;  // empty once moved from, published or removed
  int descriptor_ = -1;
  std::string buffer_;
  std::int64_t size_bytes_ = 0;
};

}  // namespace leat::io
