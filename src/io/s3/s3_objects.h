// The operations of an object store as functions over S3Client. Errors are those of S3Client::Send
// and, for refusals, ToError; both name the path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/s3/s3_client.h"

namespace leat::io {

struct S3ObjectInfo {
  std::int64_t size_bytes = 0;
  std::int64_t modified_us = 0;  // whole seconds
  std::string etag;              // with its quotes
  std::string writer_id;         // of the call that made it, if Leat did
};

// Nothing when it is missing; also when the bucket is.
Result<std::optional<S3ObjectInfo>> HeadObject(S3Client& client, const S3Path& path);

struct S3ReadRange {
  std::int64_t offset = 0;
  std::int64_t size_bytes = INT64_MAX;  // to the end
  std::string etag;                     // not empty: kConflict when the object is another by now
};

// The content of the range, shorter at the object's end. kNotFound when it is missing.
Result<std::string> GetObject(S3Client& client, const S3Path& path, const S3ReadRange& range);

// Replaces or creates; repeating it is harmless.
Status PutObject(S3Client& client, const S3Path& path, std::string_view content);
// Creates only if nothing is there: true = this call has created it, false = somebody else had.
// After a lost answer it tells its own success from somebody else's object by an id that each call
// gives its object, and, where the store keeps no such metadata, by the content. kOutcomeUnknown
// when it cannot.
Result<bool> CreateObject(S3Client& client, const S3Path& path, std::string_view content);

// Succeeds as well when nothing is there.
Status DeleteObject(S3Client& client, const S3Path& path);

// Within the store, with the size as HeadObject has told; in parts if it is larger than one copy
// may be. kConflict when the source is not the one of `info` any more.
struct S3CopyOptions {
  std::int64_t max_single_copy_bytes = kMaxSingleCopyBytes;
  std::int64_t part_bytes = kCopyPartBytes;
};
Status CopyObject(S3Client& client, const S3Path& from, const S3ObjectInfo& info, const S3Path& to,
                  const S3CopyOptions& options);

struct S3Listing {
  struct Object {
    std::string key;
    std::int64_t size_bytes = 0;
    std::int64_t modified_us = 0;  // whole seconds, as HeadObject has it
  };
  std::vector<Object> objects;
  std::vector<std::string> prefixes;  // "a/b/": what is below the prefix, up to the next slash
};

struct S3ListRequest {
  std::string bucket;
  std::string prefix;
  int max_keys = 0;  // 0: all, page after page; else one page of at most so many
};
Result<S3Listing> ListObjects(S3Client& client, const S3ListRequest& request);

// The headers that mark an object as written by the call with that id.
NameValues WriterIdHeaders(const std::string& writer_id);

}  // namespace leat::io
