#include "connect/file/file_source.h"

#include <xxhash.h>

#include <algorithm>
#include <memory>

#include "connect/file/limits.h"

namespace leat::connect {
namespace {

constexpr std::uint64_t kLow32 = 0xFFFFFFFFULL;
constexpr std::uint64_t kLow31 = 0x7FFFFFFFULL;

Error LeadsOut(const std::string& path, const std::string& target) {
  return Denied(path + " leads out of the project, to " + target)
      .WithHint(
          "copy the file into the project, or name its folder by an absolute path in the source");
}

// Reading it would wait for ever, or never end.
Error IsSpecial(const std::string& name) {
  return InvalidInput(name + " is a device, pipe or socket; sources are files")
      .WithHint("write what it gives to a file, or let 'file:' match other names only");
}

Result<std::uint64_t> HashContent(io::FileSystem& files, const SourceFile& file,
                                  const io::CancelToken& cancel) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       XXH3_freeState);
  XXH3_64bits_reset(state.get());
  for (std::int64_t offset = 0; offset < file.size_bytes; offset += kHashChunkBytes) {
    if (cancel.cancelled()) return Cancelled("cancelled while comparing " + file.name);
    LEAT_ASSIGN(const std::string chunk, files.ReadRange(file.path, offset, kHashChunkBytes));
    XXH3_64bits_update(state.get(), chunk.data(), chunk.size());
  }
  return XXH3_64bits_digest(state.get());
}

}  // namespace

Result<std::vector<SourceFile>> FindFiles(io::FileSystem& files, const std::string& project_root,
                                          const project::FileSourceOptions& options) {
  const bool is_absolute = options.glob.starts_with("/");
  const std::string pattern =
      is_absolute ? options.glob : io::AbsolutePath(io::JoinPath(project_root, options.glob));
  const std::string prefix = project_root + "/";
  if (!is_absolute && !pattern.starts_with(prefix))
    return LeadsOut(options.glob, pattern).At(options.location);
  auto matches = io::Glob(files, pattern);
  if (!matches.ok() && matches.error().kind() == ErrorKind::kNotFound)
    return std::vector<SourceFile>{};
  if (!matches.ok()) return std::move(matches).error();
  LEAT_ASSIGN(const std::string real_root, io::RealPath(project_root));
  std::vector<SourceFile> found;
  const auto name_of = [&](const std::string& path) {
    return path.starts_with(prefix) ? path.substr(prefix.size()) : path;
  };
  for (const io::FileInfo& info : *matches) {
    if (info.is_special) return IsSpecial(name_of(info.path)).At(options.location);
    LEAT_ASSIGN(const std::string real, io::RealPath(info.path));
    if (!is_absolute && !real.starts_with(real_root + "/"))
      return LeadsOut(info.path, real).At(options.location);
    found.push_back({.path = info.path,
                     .name = name_of(info.path),
                     .size_bytes = info.size_bytes,
                     .modified_us = info.modified_us});
  }
  std::sort(found.begin(), found.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.name < b.name; });
  return found;
}

std::int64_t StatFingerprint(const SourceFile& file) {
  const std::int64_t facts[] = {file.size_bytes, file.modified_us};
  const std::uint64_t hash = XXH3_64bits(facts, sizeof(facts)) & kLow31;
  return static_cast<std::int64_t>(hash << 32U);
}

Result<std::int64_t> FullFingerprint(io::FileSystem& files, const SourceFile& file,
                                     const io::CancelToken& cancel) {
  LEAT_ASSIGN(const std::uint64_t content, HashContent(files, file, cancel));
  return StatFingerprint(file) | static_cast<std::int64_t>(content & kLow32);
}

bool SameStat(std::int64_t a, std::int64_t b) { return (a >> 32) == (b >> 32); }
bool SameContent(std::int64_t a, std::int64_t b) {
  return ((static_cast<std::uint64_t>(a) ^ static_cast<std::uint64_t>(b)) & kLow32) == 0;
}

std::string ManifestId(const std::string& file_name) { return "leat:file:" + file_name; }

Result<FileChanges> FindChanges(io::FileSystem& files, std::vector<SourceFile> found,
                                const delta::Snapshot* table, const io::CancelToken& cancel) {
  FileChanges changes;
  for (SourceFile& file : found) {
    if (cancel.cancelled()) return Cancelled("cancelled while comparing " + file.name);
    const auto known = table == nullptr ? std::nullopt : table->AppVersion(ManifestId(file.name));
    if (known && SameStat(*known, StatFingerprint(file))) continue;
    LEAT_ASSIGN(file.fingerprint, FullFingerprint(files, file, cancel));
    if (!known) {
      changes.added.push_back(std::move(file));
    } else if (!SameContent(*known, file.fingerprint)) {
      changes.changed.push_back(std::move(file));
    }
  }
  return changes;
}

}  // namespace leat::connect
