#include "engine/data_file.h"

#include <algorithm>
#include <cctype>

namespace leat::engine {
namespace {

constexpr std::string_view kPrefix = "part-";
constexpr std::string_view kSuffix = ".zstd.parquet";
constexpr std::size_t kUuidLength = 36;

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < text.size(); i++) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool fits =
        is_dash ? text[i] == '-' : std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
    if (!fits) return false;
  }
  return true;
}

int HexDigit(char c) {
  const auto* digits = "0123456789abcdef";
  const auto* found = std::char_traits<char>::find(
      digits, 16, static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  return found == nullptr ? -1 : static_cast<int>(found - digits);
}

// Hive writes characters that a path cannot have as %XX.
std::string Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); i++) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size();
    const int high = is_escape ? HexDigit(text[i + 1]) : -1;
    const int low = is_escape ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      plain += text[i];
    } else {
      plain += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return plain;
}

}  // namespace

std::optional<Partition> PartitionOfFolder(std::string_view name) {
  const std::size_t equals = name.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  Partition partition{Unescape(name.substr(0, equals)), Unescape(name.substr(equals + 1))};
  if (partition.second == kNullPartition) partition.second.reset();
  return partition;
}

std::string NewDataFileName(io::Random& random) {
  return std::string(kPrefix) + io::NewUuid(random) + std::string(kSuffix);
}

bool IsDataFileOfLeat(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.starts_with(kPrefix) && name.ends_with(kSuffix) &&
         name.size() == kPrefix.size() + kUuidLength + kSuffix.size() &&
         IsUuid(name.substr(kPrefix.size(), kUuidLength));
}

}  // namespace leat::engine
