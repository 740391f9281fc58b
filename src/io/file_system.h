// The seam for files. Everything Leat itself reads or writes goes through FileSystem, so that tests
// can make any call fail, lose unsynced data, or stop the program between two calls. Paths are
// plain UTF-8 text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leat::io {

struct FileInfo {
  std::string path;  // as given to Stat, or directory + "/" + name from List
  std::int64_t size_bytes = 0;
  std::int64_t modified_us = 0;  // microseconds since 1970-01-01T00:00:00Z
  bool is_directory = false;
  bool is_symlink = false;
  bool is_special = false;  // neither file nor folder: a device, pipe or socket
};

// A file opened for reading at any position. Thread-safe.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  virtual std::int64_t size_bytes() const = 0;
  virtual std::int64_t modified_us() const = 0;  // 0: not known
  // Another one for another content, where the storage tells; else empty.
  virtual std::string version_tag() const = 0;
  // Fills the buffer from `offset`; fewer bytes only at the file's end. Returns how many.
  virtual Result<std::int64_t> ReadAt(std::int64_t offset, std::span<char> buffer) = 0;
};

// A file that is written from front to back. Readers see the whole of it, or what was there before.
// Not closed: nothing remains. Not thread-safe.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status Append(std::string_view bytes) = 0;
  // Once. Durable when it returns. Returns the file's size in bytes.
  virtual Result<std::int64_t> Close() = 0;
};

// Thread-safe. Errors name the path and the system's reason; kNotFound, kDenied, kRetryLater (disk
// full, too many open files) and kOutcomeUnknown (a failed fsync) are told apart.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::string> ReadFile(const std::string& path) = 0;
  // At most `size_bytes` from `offset`; shorter at the end of the file.
  virtual Result<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                        std::int64_t size_bytes) = 0;
  // Entries of one directory sorted by name; kNotFound when it is missing.
  virtual Result<std::vector<FileInfo>> List(const std::string& directory) = 0;
  virtual Result<FileInfo> Stat(const std::string& path) = 0;

  // Durable when it returns: temporary file, fsync, rename over `path`, fsync of the directory.
  virtual Status ReplaceFile(const std::string& path, std::string_view content) = 0;
  // The same, but only if `path` does not exist yet: true = created by this call, false = somebody
  // else had it. Atomic between processes (renameat2(2) or link(2)). The basis of Delta's
  // commit.
  virtual Result<bool> CreateFile(const std::string& path, std::string_view content) = 0;
  // The same without waiting for the disk: after a power loss the file may be missing, empty or cut
  // off. For what readers can do without.
  virtual Result<bool> CreateFileUnsynced(const std::string& path, std::string_view content) {
    return CreateFile(path, content);
  }

  // Makes a file written by somebody else (the engine) durable. Its directory entry needs
  // SyncDirectory.
  virtual Status SyncFile(const std::string& path) = 0;
  virtual Status SyncDirectory(const std::string& directory) = 0;

  // With all parents; durable. False if it was there already, and nothing has been synced.
  virtual Result<bool> CreateDirectories(const std::string& directory) = 0;
  // All of them, each with all parents, where each changed folder is synced once; durable.
  virtual Status CreateAllDirectories(const std::vector<std::string>& directories) = 0;
  // kNotFound when it is missing; an object store does not tell, and succeeds.
  virtual Status Remove(const std::string& path) = 0;
  // Renames a file or an empty-target directory; not durable by itself.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;

  // What they return uses this file system and must not outlive it. With `size_bytes` the file is
  // taken to have that size and not looked up first, which only files that are never replaced bear.
  // Unless overridden they read by ReadRange, and collect in memory what ReplaceFile then writes.
  virtual Result<std::unique_ptr<RandomAccessFile>> OpenForReading(
      const std::string& path, std::optional<std::int64_t> size_bytes);
  virtual Result<std::unique_ptr<WritableFile>> OpenForWriting(const std::string& path);
};

// The real one. Lives as long as the process.
FileSystem& LocalFileSystem();

// Text functions on paths; none touches the disk. In "s3://bucket/key" the bucket is the root.
bool IsS3Path(std::string_view path);
std::string JoinPath(std::string_view directory, std::string_view name);
std::string ParentPath(std::string_view path);
std::string FileName(std::string_view path);
// Absolute, with "." and ".." resolved as text.
std::string AbsolutePath(std::string_view path);

// Follows symbolic links; kNotFound when the target is missing. An object store has no links: its
// paths are only normalised.
Result<std::string> RealPath(const std::string& path);
// What a write to `path` reaches: every symbolic link at its end replaced by its target, which may
// be missing.
Result<std::string> FollowLinks(std::string path);
// Files that match a glob (*, ?, [..], ** for any depth), sorted; a folder means all files below
// it.
Result<std::vector<FileInfo>> Glob(FileSystem& files, const std::string& pattern);
// Writes a file's bytes into a device or pipe, which must exist. Waits for whoever reads a pipe;
// kCancelled when a signal comes meanwhile.
Status CopyIntoSpecialFile(const std::string& from, const std::string& to);
// A fresh directory below the system's temporary folder.
Result<std::string> MakeTemporaryDirectory(std::string_view prefix);
Status RemoveAll(const std::string& directory);

}  // namespace leat::io
