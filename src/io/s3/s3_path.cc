#include "io/s3/s3_path.h"

#include <algorithm>

#include "io/s3/limits.h"

namespace leat::io {
namespace {

// Wider than today's rules, which older buckets and other stores need not follow; narrow enough
// that a name never becomes another part of a web address.
bool IsBucketName(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return name.size() >= 3 && name.size() <= 255 &&
         std::all_of(name.begin(), name.end(), is_allowed) && !name.starts_with(".") &&
         !name.starts_with("-");
}

}  // namespace

Result<S3Path> ParseS3Path(const std::string& path) {
  if (!path.starts_with(kS3Scheme)) return InvalidInput(path + " does not begin with s3://");
  const std::string_view rest = std::string_view(path).substr(kS3Scheme.size());
  const std::size_t slash = rest.find('/');
  S3Path parsed{.bucket = std::string(rest.substr(0, slash))};
  if (!IsBucketName(parsed.bucket)) {
    return InvalidInput(path + ": '" + parsed.bucket + "' is no name of a bucket")
        .WithHint("write s3://bucket/path; a bucket's name has letters, digits, '-' and '.'");
  }
  if (slash == std::string_view::npos) return parsed;
  std::string_view key = rest.substr(slash);
  while (key.starts_with("/")) key.remove_prefix(1);
  while (key.ends_with("/")) key.remove_suffix(1);
  parsed.key = std::string(key);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; };
  if (key.size() > kMaxKeyBytes) {
    return InvalidInput(path + ": the key is longer than " + std::to_string(kMaxKeyBytes) +
                        " bytes");
  }
  if (std::any_of(key.begin(), key.end(), is_control)) {
    return InvalidInput(path + ": the key holds a control character");
  }
  return parsed;
}

}  // namespace leat::io
