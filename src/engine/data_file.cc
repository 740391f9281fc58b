#include "engine/data_file.h"

#include <algorithm>
#include <cctype>

#include "io/uri.h"

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

}  // namespace

std::optional<Partition> PartitionOfFolder(std::string_view name) {
  const std::size_t equals = name.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  // Hive writes characters that a path cannot have as %XX.
  Partition partition{io::DecodeUri(name.substr(0, equals)),
                      io::DecodeUri(name.substr(equals + 1))};
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
