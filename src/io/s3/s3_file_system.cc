#include "io/s3/s3_file_system.h"

#include <algorithm>
#include <utility>

#include "io/s3/s3_file_streams.h"

namespace leat::io {
namespace {

// An object's path; the bucket itself is none.
Result<S3Path> ParseObjectPath(const std::string& path) {
  LEAT_ASSIGN(S3Path parsed, ParseS3Path(path));
  if (parsed.key.empty()) return InvalidInput(path + " is a bucket, not a file");
  return parsed;
}

// What the keys of everything in the folder begin with.
std::string PrefixOf(const S3Path& directory) {
  return directory.key.empty() ? "" : directory.key + "/";
}

Error Missing(const std::string& path) { return NotFound(path + " does not exist"); }

}  // namespace

S3FileSystem::S3FileSystem(S3FileSystemOptions options)
    : part_bytes_(options.part_bytes),
      multipart_threshold_bytes_(options.multipart_threshold_bytes),
      copy_(options.copy),
      probes_conditional_put_(options.probes_conditional_put),
      client_(std::move(options.client)) {}

Result<std::string> S3FileSystem::ReadFile(const std::string& path) {
  LEAT_ASSIGN(const S3Path parsed, ParseObjectPath(path));
  return GetObject(client_, parsed, {});
}

Result<std::string> S3FileSystem::ReadRange(const std::string& path, std::int64_t offset,
                                            std::int64_t size_bytes) {
  LEAT_ASSIGN(const S3Path parsed, ParseObjectPath(path));
  if (offset < 0 || size_bytes < 0) return InvalidInput(path + ": the range to read is negative");
  if (size_bytes > 0)
    return GetObject(client_, parsed, {.offset = offset, .size_bytes = size_bytes});
  LEAT_ASSIGN(const auto info, HeadObject(client_, parsed));  // a range has at least one byte
  if (!info) return Missing(path);
  return std::string();
}

Result<std::vector<FileInfo>> S3FileSystem::List(const std::string& directory) {
  LEAT_ASSIGN(const S3Path parsed, ParseS3Path(directory));
  const std::string prefix = PrefixOf(parsed);
  LEAT_ASSIGN(const S3Listing listing,
              ListObjects(client_, {.bucket = parsed.bucket, .prefix = prefix}));
  if (listing.objects.empty() && listing.prefixes.empty() && !prefix.empty()) {
    return Missing(directory);
  }
  std::vector<FileInfo> entries;
  for (const S3Listing::Object& object : listing.objects) {
    if (object.key.size() <= prefix.size() || !object.key.starts_with(prefix)) continue;  // a mark
    entries.push_back({.path = JoinPath(directory, object.key.substr(prefix.size())),
                       .size_bytes = object.size_bytes,
                       .modified_us = object.modified_us});
  }
  for (const std::string& below : listing.prefixes) {
    if (below.size() <= prefix.size() + 1 || !below.starts_with(prefix)) continue;  // has no name
    const std::string name = below.substr(prefix.size(), below.size() - prefix.size() - 1);
    entries.push_back({.path = JoinPath(directory, name), .is_directory = true});
  }
  std::sort(entries.begin(), entries.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return entries;
}

Result<bool> S3FileSystem::IsDirectory(const S3Path& path) {
  LEAT_ASSIGN(
      const S3Listing below,
      ListObjects(client_, {.bucket = path.bucket, .prefix = PrefixOf(path), .max_keys = 1}));
  return path.key.empty() || !below.objects.empty() || !below.prefixes.empty();
}

Result<FileInfo> S3FileSystem::Stat(const std::string& path) {
  LEAT_ASSIGN(const S3Path parsed, ParseS3Path(path));
  if (!parsed.key.empty()) {
    LEAT_ASSIGN(const auto info, HeadObject(client_, parsed));
    if (info) {
      return FileInfo{
          .path = path, .size_bytes = info->size_bytes, .modified_us = info->modified_us};
    }
  }
  LEAT_ASSIGN(const bool is_directory, IsDirectory(parsed));
  if (!is_directory) return Missing(path);
  return FileInfo{.path = path, .is_directory = true};
}

Status S3FileSystem::ReplaceFile(const std::string& path, std::string_view content) {
  LEAT_ASSIGN(const S3Path parsed, ParseObjectPath(path));
  if (std::ssize(content) <= multipart_threshold_bytes_) {
    return PutObject(client_, parsed, content);
  }
  // Parts grow where kMaxParts of the usual size would not do.
  const std::int64_t part_bytes = std::max(part_bytes_, std::ssize(content) / kMaxParts + 1);
  S3FileWriter writer(client_, parsed, part_bytes);
  LEAT_TRY(writer.Append(content));
  LEAT_TRY(writer.Close());
  return Ok();
}

Result<bool> S3FileSystem::CreateFile(const std::string& path, std::string_view content) {
  LEAT_ASSIGN(const S3Path parsed, ParseObjectPath(path));
  if (std::ssize(content) > kMaxSinglePutBytes) {
    return InvalidInput(path + ": what is created on condition has at most " +
                        std::to_string(kMaxSinglePutBytes) + " bytes");
  }
  if (probes_conditional_put_) LEAT_TRY(RequireConditionalPut(path));
  return CreateObject(client_, parsed, content);
}

Status S3FileSystem::SyncFile(const std::string& path) {
  LEAT_TRY(ParseObjectPath(path));
  return Ok();
}

Status S3FileSystem::SyncDirectory(const std::string& directory) {
  LEAT_TRY(ParseS3Path(directory));
  return Ok();
}

Result<bool> S3FileSystem::CreateDirectories(const std::string& directory) {
  LEAT_TRY(ParseS3Path(directory));
  return false;
}

Status S3FileSystem::CreateAllDirectories(const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) LEAT_TRY(ParseS3Path(directory));
  return Ok();
}

Status S3FileSystem::Remove(const std::string& path) {
  LEAT_ASSIGN(const S3Path parsed, ParseObjectPath(path));
  return DeleteObject(client_, parsed);
}

Status S3FileSystem::Rename(const std::string& from, const std::string& to) {
  LEAT_ASSIGN(const S3Path source, ParseObjectPath(from));
  LEAT_ASSIGN(const S3Path target, ParseObjectPath(to));
  LEAT_ASSIGN(const auto info, HeadObject(client_, source));
  if (!info) {
    LEAT_ASSIGN(const bool is_directory, IsDirectory(source));
    if (!is_directory) return Missing(from);
    return InvalidInput("cannot rename " + from + ": an object store cannot rename folders");
  }
  if (source.bucket == target.bucket && source.key == target.key) return Ok();
  LEAT_TRY(CopyObject(client_, source, *info, target, copy_));
  return DeleteObject(client_, source);
}

Result<std::unique_ptr<RandomAccessFile>> S3FileSystem::OpenForReading(
    const std::string& path, std::optional<std::int64_t> size_bytes) {
  LEAT_ASSIGN(S3Path parsed, ParseObjectPath(path));
  S3ObjectInfo info{.size_bytes = size_bytes.value_or(0)};
  if (!size_bytes) {
    LEAT_ASSIGN(auto found, HeadObject(client_, parsed));
    if (!found) return Missing(path);
    info = std::move(*found);
  }
  return std::unique_ptr<RandomAccessFile>(
      std::make_unique<S3FileReader>(client_, std::move(parsed), std::move(info)));
}

Result<std::unique_ptr<WritableFile>> S3FileSystem::OpenForWriting(const std::string& path) {
  LEAT_ASSIGN(S3Path parsed, ParseObjectPath(path));
  return std::unique_ptr<WritableFile>(
      std::make_unique<S3FileWriter>(client_, std::move(parsed), part_bytes_));
}

Status S3FileSystem::RequireConditionalPut(const std::string& path) {
  LEAT_ASSIGN(const S3Path parsed, ParseObjectPath(path));
  const std::scoped_lock lock(probe_mutex_);
  auto known = honours_conditions_.find(parsed.bucket);
  if (known == honours_conditions_.end()) {
    LEAT_ASSIGN(const bool honours, ProbeConditionalPut(ParentPath(path)));
    known = honours_conditions_.emplace(parsed.bucket, honours).first;
  }
  if (known->second) return Ok();
  return Denied("cannot create " + path + ": the store of bucket " + parsed.bucket +
                " ignores 'If-None-Match: *', so that two writers would overwrite each other's "
                "commits")
      .WithHint(
          "use a store with conditional writes, or a version of this one that has them; Leat does "
          "not write tables without");
}

Result<bool> S3FileSystem::ProbeConditionalPut(const std::string& directory) {
  const std::string path = JoinPath(directory, ".leat-probe-" + NewUuid(client_.random()));
  LEAT_ASSIGN(const S3Path probe, ParseObjectPath(path));
  const S3Request request{.method = HttpMethod::kPut,
                          .target = probe,
                          .action = "probe",
                          .headers = {{"If-None-Match", "*"}},
                          .body = "Leat looks whether this store refuses to overwrite.\n"};
  LEAT_ASSIGN(const S3Answer first, client_.Send(request));
  // Some stores refuse what they do not know.
  if (first.status() == 501 || (first.status() == 400 && first.code == "InvalidArgument"))
    return false;
  // Nobody else has this name: a first write that was repeated has met itself.
  if (!first.ok() && first.status() != 412) return ToError("probe", path, first);
  const auto second = client_.Send(request);
  // A hidden object of some bytes that stays behind does no harm.
  const Status removed = DeleteObject(client_, probe);
  static_cast<void>(removed);
  if (!second.ok()) return second.error();
  if (!second->ok() && second->status() != 412) return ToError("probe", path, *second);
  return second->status() == 412;
}

Result<std::unique_ptr<S3FileSystem>> OpenS3FileSystem(const CancelToken* cancel) {
  Clock& clock = SystemClock();
  LEAT_ASSIGN(S3Config config, LoadS3Config(GetEnv, LocalFileSystem()));
  const bool is_aws = config.endpoint.empty();  // which is known to honour conditions
  return std::make_unique<S3FileSystem>(
      S3FileSystemOptions{.client = {.config = std::move(config),
                                     .credentials = DefaultCredentials({.lookup = GetEnv,
                                                                        .files = LocalFileSystem(),
                                                                        .http = SystemHttpClient(),
                                                                        .clock = clock}),
                                     .http = SystemHttpClient(),
                                     .clock = clock,
                                     .random = SystemRandom(),
                                     .cancel = cancel},
                          .probes_conditional_put = !is_aws});
}

Result<S3FileSystem*> SystemS3FileSystem() {
  static std::mutex mutex;
  static std::unique_ptr<S3FileSystem> files;  // guarded by mutex
  const std::scoped_lock lock(mutex);
  if (files == nullptr) {
    LEAT_ASSIGN(files, OpenS3FileSystem());
  }
  return files.get();
}

}  // namespace leat::io
