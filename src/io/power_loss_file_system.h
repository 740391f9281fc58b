// A disk for tests, in memory, that forgets what was not synced when the power goes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/file_system.h"

namespace leat::io {

// Keeps the promises of FileSystem and no others, as a disk may: a file's bytes survive since its
// SyncFile, a name, or its removal, since the SyncDirectory of its folder. Folders are durable when
// made. Thread-safe.
class PowerLossFileSystem final : public FileSystem {
 public:
  enum class Loss {
    kAll,    // nothing that was not synced is there
    kBytes,  // names are there, unsynced bytes are not: the empty files after a careless rename
    kSome,   // by chance, each for itself
  };
  struct File {
    std::string content;
    std::optional<std::string> synced;  // none: no byte of it was
    std::int64_t modified_us = 0;
  };
  // Shared: a file has two sets of names.
  using Names = std::map<std::string, std::shared_ptr<File>>;
  struct Image {
    Names seen;     // by programs
    Names durable;  // on the disk
    std::set<std::string> directories;
  };

  // What an engine does that writes by itself: neither bytes nor name are synced.
  void WriteUnsynced(const std::string& path, std::string content) {
    const std::lock_guard lock(mutex_);
    now_.seen[path] = std::make_shared<File>(File{.content = std::move(content)});
  }

  // An empty disk again.
  void Format() { Restore({}); }

  // A copy of all that is on the disk, for Restore to bring back.
  Image Save() {
    const std::lock_guard lock(mutex_);
    return Copy(now_);
  }
  void Restore(const Image& image) {
    const std::lock_guard lock(mutex_);
    now_ = Copy(image);
  }

  // The power goes, and comes back. `seed` decides what kSome keeps.
  void LosePower(Loss loss, std::uint32_t seed) {
    const std::lock_guard lock(mutex_);
    std::minstd_rand random(seed + 1);
    const auto keeps = [&] {
      return loss == Loss::kBytes || (loss == Loss::kSome && random() % 2 == 0);
    };
    std::set<std::string> paths;
    for (const auto& [path, file] : now_.seen) paths.insert(path);
    for (const auto& [path, file] : now_.durable) paths.insert(path);
    for (const std::string& path : paths) {
      if (Find(now_.seen, path) != Find(now_.durable, path) && keeps()) CopyName(path);
    }
    for (auto& [path, file] : now_.durable) {
      if (file->synced == file->content) continue;
      const auto chance = loss == Loss::kSome ? random() % 3 : 0;
      if (chance == 0) file->content = file->synced.value_or("");
      if (chance == 1) file->content.resize(file->content.size() / 2);
      file->synced = file->content;
    }
    now_.seen = now_.durable;
  }

  Result<std::string> ReadFile(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    const auto file = Find(now_.seen, path);
    if (file == nullptr) return Missing(path);
    return file->content;
  }
  Result<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                std::int64_t size_bytes) override {
    LEAT_ASSIGN(const std::string content, ReadFile(path));
    const auto begin = std::min(static_cast<std::size_t>(offset), content.size());
    return content.substr(begin, static_cast<std::size_t>(size_bytes));
  }
  Result<std::vector<FileInfo>> List(const std::string& path_of_directory) override {
    const std::lock_guard lock(mutex_);
    const std::string directory = AbsolutePath(path_of_directory);  // "table/" is the folder, too
    if (!now_.directories.contains(directory)) return Missing(directory);
    std::vector<FileInfo> entries;
    for (const auto& [path, file] : now_.seen) {
      if (ParentPath(path) == directory) entries.push_back(InfoOf(path, *file));
    }
    for (const std::string& path : now_.directories) {
      if (path != directory && ParentPath(path) == directory) {
        entries.push_back({.path = path, .is_directory = true});
      }
    }
    std::sort(entries.begin(), entries.end(),
              [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
    return entries;
  }
  Result<FileInfo> Stat(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (now_.directories.contains(path)) return FileInfo{.path = path, .is_directory = true};
    const auto file = Find(now_.seen, path);
    if (file == nullptr) return Missing(path);
    return InfoOf(path, *file);
  }
  Status ReplaceFile(const std::string& path, std::string_view content) override {
    const std::lock_guard lock(mutex_);
    return Put(path, content);
  }
  Result<bool> CreateFile(const std::string& path, std::string_view content) override {
    const std::lock_guard lock(mutex_);
    if (now_.seen.contains(path)) return false;
    LEAT_TRY(Put(path, content));
    return true;
  }
  Result<bool> CreateFileUnsynced(const std::string& path, std::string_view content) override {
    const std::lock_guard lock(mutex_);
    if (!now_.directories.contains(ParentPath(path))) return Missing(ParentPath(path));
    return now_.seen.emplace(path, std::make_shared<File>(File{.content = std::string(content)}))
        .second;
  }
  Status SyncFile(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    const auto file = Find(now_.seen, path);
    if (file == nullptr) return Missing(path);
    file->synced = file->content;
    return Ok();
  }
  Status SyncDirectory(const std::string& directory) override {
    const std::lock_guard lock(mutex_);
    if (!now_.directories.contains(directory)) return Missing(directory);
    Sync(directory);
    return Ok();
  }
  Result<bool> CreateDirectories(const std::string& directory) override {
    const std::lock_guard lock(mutex_);
    bool is_new = false;
    for (std::string path = directory; !path.empty() && path != "/"; path = ParentPath(path)) {
      is_new = now_.directories.insert(path).second || is_new;
    }
    return is_new;
  }
  Status CreateAllDirectories(const std::vector<std::string>& directories) override {
    for (const std::string& directory : directories) {
      LEAT_ASSIGN(const bool is_new, CreateDirectories(directory));
      static_cast<void>(is_new);
    }
    return Ok();
  }
  Status Remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    return now_.seen.erase(path) > 0 ? Ok() : Status(Missing(path));
  }
  Status Rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    const auto file = Find(now_.seen, from);
    if (file == nullptr) return Missing(from);
    now_.seen[to] = file;
    now_.seen.erase(from);
    return Ok();
  }

 private:
  static Image Copy(const Image& image) {
    std::map<const File*, std::shared_ptr<File>> copies;
    const auto copy_of = [&](const std::shared_ptr<File>& file) {
      std::shared_ptr<File>& copy = copies[file.get()];
      if (copy == nullptr) copy = std::make_shared<File>(*file);
      return copy;
    };
    Image whole{.directories = image.directories};
    for (const auto& [path, file] : image.seen) whole.seen[path] = copy_of(file);
    for (const auto& [path, file] : image.durable) whole.durable[path] = copy_of(file);
    return whole;
  }
  static std::shared_ptr<File> Find(const Names& names, const std::string& path) {
    const auto found = names.find(path);
    return found == names.end() ? nullptr : found->second;
  }
  static Error Missing(const std::string& path) { return NotFound(path + ": no such file"); }
  static FileInfo InfoOf(const std::string& path, const File& file) {
    return {.path = path,
            .size_bytes = static_cast<std::int64_t>(file.content.size()),
            .modified_us = file.modified_us};
  }

  Status Put(const std::string& path, std::string_view content) {
    if (!now_.directories.contains(ParentPath(path))) return Missing(ParentPath(path));
    now_.seen[path] = std::make_shared<File>(
        File{.content = std::string(content), .synced = std::string(content)});
    Sync(ParentPath(path));
    return Ok();
  }
  void CopyName(const std::string& path) {
    if (const auto file = Find(now_.seen, path)) {
      now_.durable[path] = file;
    } else {
      now_.durable.erase(path);
    }
  }
  void Sync(const std::string& directory) {
    std::erase_if(now_.durable, [&](const auto& entry) {
      return ParentPath(entry.first) == directory && !now_.seen.contains(entry.first);
    });
    for (const auto& [path, file] : now_.seen) {
      if (ParentPath(path) == directory) now_.durable[path] = file;
    }
  }

  std::mutex mutex_;
  Image now_;
};

}  // namespace leat::io
