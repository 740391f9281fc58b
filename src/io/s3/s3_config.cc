#include "io/s3/s3_config.h"

#include <algorithm>

#include "base/text.h"

namespace leat::io {
namespace {

// Without a slash at its end and without a port that its scheme implies.
Result<std::string> NormaliseEndpoint(std::string url) {
  const bool is_https = url.starts_with("https://");
  if (!is_https && !url.starts_with("http://")) {
    return InvalidInput("the object store's endpoint must begin with https:// or http://")
        .WithHint("check AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL and the profile's endpoint_url");
  }
  if (url.find_first_of("@?# ") != std::string::npos) {
    return InvalidInput("the object store's endpoint may not hold a user, a '?' or a '#'")
        .WithHint("credentials belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  const std::size_t host_at = url.find("://") + 3;
  while (url.size() > host_at && url.ends_with("/")) url.pop_back();
  if (host_at >= url.size()) return InvalidInput("the object store's endpoint names no host");
  const std::size_t host_end = std::min(url.find('/', host_at), url.size());
  const std::string_view default_port = is_https ? ":443" : ":80";
  const std::string_view host = std::string_view(url).substr(host_at, host_end - host_at);
  if (host.ends_with(default_port)) {
    url.erase(host_end - default_port.size(), default_port.size());
  }
  return url;
}

// A certificate for *.s3.REGION.amazonaws.com covers no name with a dot.
bool FitsIntoHostName(const std::string& bucket) {
  return std::all_of(bucket.begin(), bucket.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string AwsEndpoint(const std::string& region) {
  const char* domain = region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  return "https://s3." + region + domain;
}

}  // namespace

bool IsRegionName(std::string_view region) {
  return !region.empty() && std::all_of(region.begin(), region.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<S3Config> LoadS3Config(const EnvironmentLookup& lookup, FileSystem& files) {
  LEAT_ASSIGN(const AwsProfile profile, LoadAwsProfile(lookup, files));
  S3Config config;
  const auto ignored = FirstOf(lookup, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"});
  auto endpoint = FirstOf(lookup, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  if (!endpoint) endpoint = profile.Find("endpoint_url");
  if (endpoint && !EqualsIgnoreCase(ignored.value_or(""), "true")) {
    LEAT_ASSIGN(config.endpoint, NormaliseEndpoint(*endpoint));
  }
  auto region = FirstOf(lookup, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (!region) region = profile.Find("region");
  if (region && !IsRegionName(*region))
    return InvalidInput("'" + *region + "' is no name of a region");
  if (region) config.region = *region;
  config.path_style =
      !config.endpoint.empty() && profile.Find("s3.addressing_style").value_or("path") != "virtual";
  const auto checksums = FirstOf(lookup, {"AWS_REQUEST_CHECKSUM_CALCULATION"});
  const std::string wanted =
      ToLower(checksums.value_or(config.endpoint.empty() ? "when_supported" : "when_required"));
  config.use_checksums = wanted == "when_supported";
  return config;
}

S3Address AddressOf(const S3Config& config, const std::string& region, const S3Path& path) {
  const std::string endpoint = config.endpoint.empty() ? AwsEndpoint(region) : config.endpoint;
  const std::size_t host_at = endpoint.find("://") + 3;
  const std::size_t host_end = std::min(endpoint.find('/', host_at), endpoint.size());
  const bool in_path = config.path_style || !FitsIntoHostName(path.bucket);
  S3Address address;
  address.host = endpoint.substr(host_at, host_end - host_at);
  if (!in_path) address.host = path.bucket + "." + address.host;
  address.origin = endpoint.substr(0, host_at) + address.host;
  address.path = endpoint.substr(host_end) + (in_path ? "/" + path.bucket : "");
  if (!path.key.empty() || !in_path) address.path += "/" + path.key;
  return address;
}

}  // namespace leat::io
