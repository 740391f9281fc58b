#include "delta/log_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/text.h"
#include "io/file_system.h"
#include "io/uri.h"

namespace leat::delta {
namespace {

constexpr std::size_t kVersionDigits = 20;
constexpr std::size_t kPartDigits = 10;
constexpr std::size_t kUuidLength = 36;

// All of `text` as a number without sign; nothing otherwise.
template <typename T>
std::optional<T> ParseDigits(std::string_view text, std::size_t digits) {
  T value{};
  if (text.size() != digits || text[0] == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What follows "<version>.checkpoint.": "parquet", "<part>.<parts>.parquet", "<uuid>.parquet|json".
std::optional<LogFileName> ParseCheckpointRest(long version, std::string_view rest) {
  if (rest == "parquet") {
    return LogFileName{.kind = LogFileName::Kind::kCheckpoint, .version = version};
  }
  const std::vector<std::string> pieces = Split(rest, '.');
  if (pieces.size() == 2 && pieces[0].size() == kUuidLength &&
      (pieces[1] == "parquet" || pieces[1] == "json")) {
    return LogFileName{.kind = LogFileName::Kind::kV2Checkpoint, .version = version};
  }
  if (pieces.size() != 3 || pieces[2] != "parquet") return std::nullopt;
  const auto part = ParseDigits<int>(pieces[0], kPartDigits);
  const auto parts = ParseDigits<int>(pieces[1], kPartDigits);
  if (!part || !parts || *part < 1 || *part > *parts) return std::nullopt;
  return LogFileName{.kind = LogFileName::Kind::kCheckpointPart,
                     .version = version,
                     .part = *part,
                     .parts = *parts};
}

// "file:/x", "file:///x" and "file://localhost/x" are the absolute path /x.
std::string_view WithoutFileScheme(std::string_view text) {
  if (!text.starts_with("file:/")) return text;
  std::string_view rest = text.substr(5);
  if (!rest.starts_with("//")) return rest;
  rest.remove_prefix(2);
  if (rest.starts_with("localhost/")) rest.remove_prefix(9);
  return rest.starts_with("/") ? rest : text;
}

// "s3:/", "abfss:/": letters, digits, +, - and . before the colon (RFC 3986).
bool HasScheme(std::string_view path) {
  const std::size_t colon = path.find(":/");
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view scheme = path.substr(0, colon);
  return std::isalpha(static_cast<unsigned char>(scheme[0])) != 0 &&
         std::all_of(scheme.begin(), scheme.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' ||
                  c == '.';
         });
}

bool HasParentStep(std::string_view path) {
  for (std::size_t at = path.find(".."); at != std::string_view::npos;
       at = path.find("..", at + 1)) {
    const bool starts = at == 0 || path[at - 1] == '/';
    const bool ends = at + 2 == path.size() || path[at + 2] == '/';
    if (starts && ends) return true;
  }
  return false;
}

// The characters that stand for themselves in a path of the log.
constexpr std::array<bool, 256> MakePlain() {
  std::array<bool, 256> plain{};
  for (const char c : std::string_view("-_.!~*'()/=@&+$,;0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "abcdefghijklmnopqrstuvwxyz")) {
    plain[static_cast<unsigned char>(c)] = true;
  }
  return plain;
}
constexpr std::array<bool, 256> kPlain = MakePlain();
bool IsPlain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

}  // namespace

std::string CommitFileName(long version) { return fmt::format("{:020}.json", version); }
std::string CompactedFileName(long first, long last) {
  return fmt::format("{:020}.{:020}.compacted.json", first, last);
}
std::string CheckpointFileName(long version) {
  return fmt::format("{:020}.checkpoint.parquet", version);
}

std::string V2CheckpointFileName(long version, const std::string& uuid) {
  return fmt::format("{:020}.checkpoint.{}.json", version, uuid);
}
std::string ChecksumFileName(long version) { return fmt::format("{:020}.crc", version); }

std::optional<LogFileName> ParseLogFileName(std::string_view name) {
  if (name.size() <= kVersionDigits || name[kVersionDigits] != '.') return std::nullopt;
  const auto version = ParseDigits<long>(name.substr(0, kVersionDigits), kVersionDigits);
  if (!version) return std::nullopt;
  const std::string_view rest = name.substr(kVersionDigits + 1);
  if (rest == "json") return LogFileName{.kind = LogFileName::Kind::kCommit, .version = *version};
  if (rest == "crc") return LogFileName{.kind = LogFileName::Kind::kChecksum, .version = *version};
  constexpr std::string_view kCompacted = ".compacted.json";
  if (rest.size() == kVersionDigits + kCompacted.size() && rest.ends_with(kCompacted)) {
    const auto last = ParseDigits<long>(rest.substr(0, kVersionDigits), kVersionDigits);
    if (!last || *last < *version) return std::nullopt;
    return LogFileName{.kind = LogFileName::Kind::kCompacted, .version = *version, .last = *last};
  }
  constexpr std::string_view kCheckpoint = "checkpoint.";
  if (!rest.starts_with(kCheckpoint)) return std::nullopt;
  return ParseCheckpointRest(*version, rest.substr(kCheckpoint.size()));
}

bool IsPlainPath(std::string_view text) {
  bool is_plain = !text.empty();
  char before = '/';
  for (const char c : text) {
    const bool is_step = before == '/' && (c == '/' || c == '.');  // "//", "/./", "/../"
    is_plain = is_plain && IsPlain(c) && !is_step;
    before = c;
  }
  return is_plain;
}

std::optional<std::string> UnlessEncoded(std::string_view text, std::string_view canonical_path) {
  if (EncodePath(canonical_path) == text) return std::nullopt;
  return std::string(text);
}

std::string EncodePath(std::string_view path) {
  std::string encoded;
  encoded.reserve(path.size());
  // The file of another table stands as a URI with its scheme, so that nobody takes it for ours.
  if (io::IsS3Path(path)) {
    const std::size_t scheme = path.find("://") + 3;
    encoded += path.substr(0, scheme);
    path.remove_prefix(scheme);
  } else if (path.starts_with('/')) {
    encoded += "file://";
  }
  for (const char c : path) {
    const auto u = static_cast<unsigned char>(c);
    if (IsPlain(c)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", u);
    }
  }
  return encoded;
}

std::string CanonicalPath(std::string_view text, std::string_view table_path) {
  std::string path = io::DecodeUri(WithoutFileScheme(text));
  if (path.size() > table_path.size() && path.starts_with(table_path) &&
      path[table_path.size()] == '/') {
    path.erase(0, table_path.size() + 1);
  }
  return path;
}

Status CheckInsideTable(const std::string& canonical_path) {
  const char* reason = nullptr;
  if (canonical_path.empty()) {
    reason = "is empty";
  } else if (canonical_path[0] == '/') {
    reason = "is outside of the table's folder";
  } else if (HasScheme(canonical_path)) {
    reason = "is on another storage than the table";
  } else if (canonical_path.find('\0') != std::string::npos) {
    reason = "contains a NUL byte";
  } else if (HasParentStep(canonical_path)) {
    reason = "contains '..'";
  } else if (canonical_path[0] == '.' && io::AbsolutePath("/" + canonical_path) == "/") {
    reason = "is the table's folder";
  }
  if (reason == nullptr) return Ok();
  return InvalidInput(fmt::format("the log names the data file '{}', which {}",
                                  Shorten(canonical_path, 300), reason))
      .WithHint(
          "Leat reads data files from the table's own folder, the project's storage and the "
          "folders that LEAT_FILE_ROOTS names");
}

Status CheckDataPath(const std::string& canonical_path, const FileRoots& roots) {
  const bool is_elsewhere = canonical_path.starts_with('/') || io::IsS3Path(canonical_path);
  const bool is_plain = is_elsewhere && canonical_path.find('\0') == std::string::npos &&
                        io::AbsolutePath(canonical_path) == canonical_path;
  for (const std::string& root : roots) {
    const bool is_below = canonical_path.size() > root.size() && canonical_path.starts_with(root) &&
                          canonical_path[root.size()] == '/';
    if (is_plain && is_below) return Ok();
  }
  return CheckInsideTable(canonical_path);
}

}  // namespace leat::delta
