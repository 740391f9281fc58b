#include "engine/duckdb_file_system.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "duckdb/common/file_opener.hpp"
#include "duckdb/common/file_system.hpp"
#include "engine/limits.h"
#include "engine/session_state.h"
#include "engine/work_connection.h"
#include "io/work.h"

namespace leat::engine {
namespace {

constexpr const char* kSizeOption = "file_size";
constexpr const char* kValidateOption = "validate_external_file_cache";

// The result's value, or its error as DuckDB's exception.
template <typename T>
T OrThrow(Result<T> result) {
  if (!result.ok()) Throw(result.error());
  return std::move(result).value();
}

void OrThrow(const Status& status) {
  if (!status.ok()) Throw(status.error());
}

// The size of a file that FileOfTable has named.
std::optional<std::int64_t> KnownSize(const duckdb::OpenFileInfo& file) {
  if (!file.extended_info) return std::nullopt;
  const auto& options = file.extended_info->options;
  const auto validated = options.find(kValidateOption);
  const auto size = options.find(kSizeOption);
  if (validated == options.end() || size == options.end()) return std::nullopt;
  if (duckdb::BooleanValue::Get(validated->second)) return std::nullopt;
  return size->second.GetValue<std::int64_t>();
}

// Positional reads come from several threads. Reads one after the other come from one thread at a
// time; small ones of those are served from what was read ahead, more of it the longer they go on.
class ReadHandle final : public duckdb::FileHandle {
 public:
  ReadHandle(duckdb::FileSystem& system, const std::string& name, duckdb::FileOpenFlags open_flags,
             std::unique_ptr<io::RandomAccessFile> file, std::shared_ptr<io::Work> work)
      : FileHandle(system, name, open_flags), file_(std::move(file)), work_(std::move(work)) {}

  const io::RandomAccessFile& file() const { return *file_; }
  std::int64_t position() const { return position_; }
  void Close() override {}

  void Seek(std::int64_t position) {
    if (position != position_) window_bytes_ = kFirstReadAheadBytes;
    position_ = position;
  }

  void ReadAt(std::span<char> buffer, std::int64_t offset) {
    const io::WorkScope scope(work_);
    if (OrThrow(file_->ReadAt(offset, buffer)) == std::ssize(buffer)) return;
    throw duckdb::IOException("cannot read %d bytes at %d of %s: it has %d", buffer.size(), offset,
                              path, file_->size_bytes());
  }

  // Returns how many; fewer only at the end.
  std::int64_t ReadOn(std::span<char> buffer) {
    const io::WorkScope scope(work_);
    std::int64_t count = TakeAhead(buffer);
    if (count < std::ssize(buffer) && std::ssize(buffer) < window_bytes_) {
      ahead_.resize(static_cast<std::size_t>(window_bytes_));
      ahead_.resize(static_cast<std::size_t>(OrThrow(file_->ReadAt(position_, ahead_))));
      ahead_at_ = position_;
      window_bytes_ = std::min(2 * window_bytes_, kMaxReadAheadBytes);
      count += TakeAhead(buffer.subspan(static_cast<std::size_t>(count)));
    } else if (count < std::ssize(buffer)) {
      const auto rest = buffer.subspan(static_cast<std::size_t>(count));
      const std::int64_t read = OrThrow(file_->ReadAt(position_, rest));
      position_ += read;
      count += read;
    }
    return count;
  }

 private:
  // What of the buffer was read ahead already.
  std::int64_t TakeAhead(std::span<char> buffer) {
    const std::int64_t begin = position_ - ahead_at_;
    if (begin < 0 || begin >= std::ssize(ahead_)) return 0;
    const std::int64_t count = std::min(std::ssize(buffer), std::ssize(ahead_) - begin);
    std::memcpy(buffer.data(), ahead_.data() + begin, static_cast<std::size_t>(count));
    position_ += count;
    return count;
  }

  const std::unique_ptr<io::RandomAccessFile> file_;
  const std::shared_ptr<io::Work> work_;  // shared: of the session that reads; null: none
  std::int64_t position_ = 0;             // of the reads one after the other
  std::string ahead_;
  std::int64_t ahead_at_ = 0;  // where in the file it begins
  std::int64_t window_bytes_ = kFirstReadAheadBytes;
};

// DuckDB closes a file only when the whole of it was written: a query that fails leaves none.
class WriteHandle final : public duckdb::FileHandle {
 public:
  WriteHandle(duckdb::FileSystem& system, const std::string& name, duckdb::FileOpenFlags open_flags,
              std::unique_ptr<io::WritableFile> file, std::shared_ptr<io::Work> work)
      : FileHandle(system, name, open_flags), file_(std::move(file)), work_(std::move(work)) {}

  std::int64_t size_bytes() const { return size_bytes_; }

  void Append(std::string_view bytes) {
    const io::WorkScope scope(work_);
    if (!file_) throw duckdb::InternalException("%s is closed", path);
    OrThrow(file_->Append(bytes));
    size_bytes_ += std::ssize(bytes);
  }
  void Close() override {
    const io::WorkScope scope(work_);
    if (const auto file = std::exchange(file_, nullptr)) OrThrow(file->Close());
  }

 private:
  std::unique_ptr<io::WritableFile> file_;  // null: closed
  const std::shared_ptr<io::Work> work_;    // shared: of the session that writes; null: none
  std::int64_t size_bytes_ = 0;
};

// Thread-safe, as `files` is.
class ObjectStoreFileSystem final : public duckdb::FileSystem {
 public:
  explicit ObjectStoreFileSystem(io::FileSystem& files) : files_(files) {}

  std::string GetName() const override { return "leat"; }
  bool CanHandleFile(const std::string& path) override { return io::IsS3Path(path); }
  bool CanSeek() override { return true; }
  bool OnDiskFile(duckdb::FileHandle&) override { return false; }
  std::string PathSeparator(const std::string&) override { return "/"; }
  bool IsPathAbsolute(const std::string& path) override { return io::IsS3Path(path); }
  bool IsPipe(const std::string&, duckdb::optional_ptr<duckdb::FileOpener>) override {
    return false;
  }

  void Read(duckdb::FileHandle& handle, void* buffer, std::int64_t size,
            duckdb::idx_t location) override {
    handle.Cast<ReadHandle>().ReadAt({static_cast<char*>(buffer), static_cast<std::size_t>(size)},
                                     static_cast<std::int64_t>(location));
  }
  std::int64_t Read(duckdb::FileHandle& handle, void* buffer, std::int64_t size) override {
    return handle.Cast<ReadHandle>().ReadOn(
        {static_cast<char*>(buffer), static_cast<std::size_t>(size)});
  }
  std::int64_t Write(duckdb::FileHandle& handle, void* buffer, std::int64_t size) override {
    handle.Cast<WriteHandle>().Append(
        {static_cast<const char*>(buffer), static_cast<std::size_t>(size)});
    return size;
  }
  void Write(duckdb::FileHandle& handle, void* buffer, std::int64_t size,
             duckdb::idx_t location) override {
    if (static_cast<std::int64_t>(location) != handle.Cast<WriteHandle>().size_bytes()) {
      throw duckdb::NotImplementedException("%s is written from front to back only", handle.path);
    }
    Write(handle, buffer, size);
  }
  void FileSync(duckdb::FileHandle&) override {}  // closing makes it durable

  void Seek(duckdb::FileHandle& handle, duckdb::idx_t location) override {
    handle.Cast<ReadHandle>().Seek(static_cast<std::int64_t>(location));
  }
  duckdb::idx_t SeekPosition(duckdb::FileHandle& handle) override {
    return static_cast<duckdb::idx_t>(handle.Cast<ReadHandle>().position());
  }

  std::int64_t GetFileSize(duckdb::FileHandle& handle) override {
    return handle.flags.OpenForWriting() ? handle.Cast<WriteHandle>().size_bytes()
                                         : handle.Cast<ReadHandle>().file().size_bytes();
  }
  duckdb::timestamp_t GetLastModifiedTime(duckdb::FileHandle& handle) override {
    return duckdb::timestamp_t(handle.Cast<ReadHandle>().file().modified_us());
  }
  std::string GetVersionTag(duckdb::FileHandle& handle) override {
    return handle.Cast<ReadHandle>().file().version_tag();
  }
  duckdb::FileType GetFileType(duckdb::FileHandle&) override {
    return duckdb::FileType::FILE_TYPE_REGULAR;
  }

  bool FileExists(const std::string& path, duckdb::optional_ptr<duckdb::FileOpener>) override {
    const auto info = Find(path);
    return info && !info->is_directory;
  }
  bool DirectoryExists(const std::string& path, duckdb::optional_ptr<duckdb::FileOpener>) override {
    const auto info = Find(path);
    return info && info->is_directory;
  }
  void CreateDirectory(const std::string& path, duckdb::optional_ptr<duckdb::FileOpener>) override {
    OrThrow(files_.CreateDirectories(path));
  }
  void RemoveFile(const std::string& path, duckdb::optional_ptr<duckdb::FileOpener>) override {
    OrThrow(files_.Remove(path));
  }
  bool TryRemoveFile(const std::string& path, duckdb::optional_ptr<duckdb::FileOpener>) override {
    const Status removed = files_.Remove(path);
    if (!removed.ok() && removed.error().kind() != ErrorKind::kNotFound) Throw(removed.error());
    return removed.ok();
  }
  void MoveFile(const std::string& from, const std::string& to,
                duckdb::optional_ptr<duckdb::FileOpener>) override {
    OrThrow(files_.Rename(from, to));
  }
  bool ListFiles(const std::string& directory,
                 const std::function<void(const std::string&, bool)>& callback,
                 duckdb::FileOpener*) override {
    const auto entries = files_.List(directory);
    if (!entries.ok() && entries.error().kind() == ErrorKind::kNotFound) return false;
    if (!entries.ok()) Throw(entries.error());
    for (const io::FileInfo& entry : *entries) {
      callback(io::FileName(entry.path), entry.is_directory);
    }
    return true;
  }

  // A path without wildcards is taken to be there: opening it tells.
  duckdb::vector<duckdb::OpenFileInfo> Glob(const std::string& pattern,
                                            duckdb::FileOpener*) override {
    duckdb::vector<duckdb::OpenFileInfo> found;
    if (!HasGlob(pattern)) {
      found.emplace_back(pattern);
      return found;
    }
    const auto matches = io::Glob(files_, pattern);
    if (!matches.ok() && matches.error().kind() == ErrorKind::kNotFound) return found;
    if (!matches.ok()) Throw(matches.error());
    for (const io::FileInfo& file : *matches) found.emplace_back(file.path);
    return found;
  }

 protected:
  bool SupportsOpenFileExtended() const override { return true; }
  duckdb::unique_ptr<duckdb::FileHandle> OpenFileExtended(
      const duckdb::OpenFileInfo& file, duckdb::FileOpenFlags flags,
      duckdb::optional_ptr<duckdb::FileOpener> opener) override {
    const io::WorkScope scope(WorkFor(opener));
    if (flags.OpenForWriting()) return OpenForWriting(file.path, flags);
    auto opened = files_.OpenForReading(file.path, KnownSize(file));
    const bool is_missing = !opened.ok() && opened.error().kind() == ErrorKind::kNotFound;
    if (is_missing && flags.ReturnNullIfNotExists()) return nullptr;
    return duckdb::make_uniq<ReadHandle>(*this, file.path, flags, OrThrow(std::move(opened)),
                                         io::CurrentWork());
  }

 private:
  duckdb::unique_ptr<duckdb::FileHandle> OpenForWriting(const std::string& path,
                                                        duckdb::FileOpenFlags flags) {
    if (flags.OpenForAppending() || flags.OpenForReading()) {
      throw duckdb::NotImplementedException("%s can only be written as a whole", path);
    }
    return duckdb::make_uniq<WriteHandle>(*this, path, flags, OrThrow(files_.OpenForWriting(path)),
                                          io::CurrentWork());
  }

  // Of the connection that opens a file; else of this thread.
  static std::shared_ptr<io::Work> WorkFor(duckdb::optional_ptr<duckdb::FileOpener> opener) {
    auto context = duckdb::FileOpener::TryGetClientContext(opener);
    auto work = context ? WorkOf(*context) : nullptr;
    return work ? work : io::CurrentWork();
  }

  std::optional<io::FileInfo> Find(const std::string& path) {
    auto info = files_.Stat(path);
    if (info.ok()) return std::move(*info);
    if (info.error().kind() == ErrorKind::kNotFound) return std::nullopt;
    Throw(info.error());
  }

  io::FileSystem& files_;
};

}  // namespace

void RegisterObjectStores(duckdb::DatabaseInstance& database, io::FileSystem& files) {
  database.GetFileSystem().RegisterSubSystem(duckdb::make_uniq<ObjectStoreFileSystem>(files));
}

duckdb::OpenFileInfo FileOfTable(std::string path, std::int64_t size_bytes) {
  duckdb::OpenFileInfo file(std::move(path));
  if (size_bytes <= 0 || !io::IsS3Path(file.path)) return file;
  file.extended_info = duckdb::make_shared_ptr<duckdb::ExtendedOpenFileInfo>();
  file.extended_info->options[kSizeOption] = duckdb::Value::BIGINT(size_bytes);
  file.extended_info->options[kValidateOption] = duckdb::Value::BOOLEAN(false);
  return file;
}

}  // namespace leat::engine
