#include "io/s3/sigv4.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "io/s3/hash.h"
#include "io/uri.h"

namespace leat::io {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// Without blanks at the ends, and single blanks inside.
std::string Squeeze(std::string_view value) {
  std::string out;
  for (const char c : Trim(value)) {
    if (c == ' ' && out.ends_with(' ')) continue;
    out += c;
  }
  return out;
}

// By name in lower case; the values of one name are joined in their order.
std::map<std::string, std::string> CanonicalHeaders(const NameValues& headers) {
  std::map<std::string, std::string> canonical;
  for (const auto& [name, value] : headers) {
    const auto [at, is_new] = canonical.try_emplace(ToLower(name), Squeeze(value));
    if (!is_new) at->second += "," + Squeeze(value);
  }
  return canonical;
}

std::string SignedHeaders(const NameValues& headers) {
  std::vector<std::string> names;
  for (const auto& [name, value] : CanonicalHeaders(headers)) names.push_back(name);
  return Join(names, ";");
}

}  // namespace

std::string CanonicalQuery(const NameValues& query) {
  NameValues encoded;
  for (const auto& [name, value] : query) {
    encoded.emplace_back(EncodeUri(name, false), EncodeUri(value, false));
  }
  std::sort(encoded.begin(), encoded.end());
  std::vector<std::string> parts;
  for (const auto& [name, value] : encoded) parts.push_back(Join({name, value}, "="));
  return Join(parts, "&");
}

std::string CanonicalRequest(const SignableRequest& request) {
  std::string text = request.method + "\n" + EncodeUri(request.path, true) + "\n" +
                     CanonicalQuery(request.query) + "\n";
  for (const auto& [name, value] : CanonicalHeaders(request.headers)) {
    text.append(name).append(":").append(value).append("\n");
  }
  return text + "\n" + SignedHeaders(request.headers) + "\n" + request.payload_sha256;
}

std::string FormatAmzDate(TimestampUs time) {
  std::string text = FormatTimestamp(time - time % kMicrosPerSecond);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

NameValues Sign(SignableRequest request, const SigningKey& key, TimestampUs now) {
  const std::string date_time = FormatAmzDate(now);
  const std::string date = date_time.substr(0, 8);
  request.headers.emplace_back("X-Amz-Date", date_time);
  if (!key.session_token.empty()) {
    request.headers.emplace_back("X-Amz-Security-Token", key.session_token);
  }
  const std::string scope = date + "/" + key.region + "/" + key.service + "/aws4_request";
  const std::string string_to_sign = std::string(kAlgorithm) + "\n" + date_time + "\n" + scope +
                                     "\n" + ToHex(Sha256(CanonicalRequest(request)));
  std::string derived = "AWS4" + key.secret_access_key;
  for (const std::string_view step :
       {std::string_view(date), std::string_view(key.region), std::string_view(key.service),
        std::string_view("aws4_request"), std::string_view(string_to_sign)}) {
    derived = HmacSha256(derived, step);
  }
  request.headers.emplace_back(
      "Authorization", std::string(kAlgorithm) + " Credential=" + key.access_key_id + "/" + scope +
                           ", SignedHeaders=" + SignedHeaders(request.headers) +
                           ", Signature=" + ToHex(derived));
  return std::move(request.headers);
}

}  // namespace leat::io
