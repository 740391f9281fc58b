#include "base/redact.h"

#include <algorithm>
#include <cctype>

namespace leat {
namespace {

std::string PercentEncode(std::string_view text, const char* hex) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("-._~").find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += {'%', hex[byte >> 4U], hex[byte & 15U]};
    }
  }
  return encoded;
}

std::string EscapeAsJson(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '"': escaped += "\\\""; break;
      case '\\': escaped += "\\\\"; break;
      case '\n': escaped += "\\n"; break;
      case '\r': escaped += "\\r"; break;
      case '\t': escaped += "\\t"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

}  // namespace

Redactor::Redactor(const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.size() < kMinSecretBytes) continue;
    patterns_.push_back(secret);
    patterns_.push_back(PercentEncode(secret, "0123456789ABCDEF"));
    patterns_.push_back(PercentEncode(secret, "0123456789abcdef"));
    patterns_.push_back(EscapeAsJson(secret));
  }
  std::sort(patterns_.begin(), patterns_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  patterns_.erase(std::unique(patterns_.begin(), patterns_.end()), patterns_.end());
}

std::string Redactor::Redact(std::string_view text) const {
  std::string redacted;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    const auto found =
        std::find_if(patterns_.begin(), patterns_.end(),
                     [&](const std::string& pattern) { return rest.starts_with(pattern); });
    if (found == patterns_.end()) {
      redacted += text[at++];
    } else {
      redacted += "***";
      at += found->size();
    }
  }
  return redacted;
}

}  // namespace leat
