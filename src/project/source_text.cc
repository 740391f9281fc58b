#include "project/source_text.h"

#include <fmt/format.h>

#include "engine/sql.h"
#include "project/limits.h"

namespace leat::project {
namespace {

unsigned char ByteAt(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

// The length of the well-formed sequence at `at` (Unicode 15, table 3-7), 0 if there is none.
std::size_t SequenceLength(std::string_view text, std::size_t at) {
  const unsigned char first = ByteAt(text, at);
  const unsigned char second = ByteAt(text, at + 1);
  const auto continues = [&](std::size_t i) { return (ByteAt(text, at + i) & 0xC0U) == 0x80U; };
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !continues(1)) return 0;
  if (first < 0xE0) return 2;
  if (!continues(2)) return 0;
  if (first < 0xF0) {
    const bool overlong = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = first == 0xF0 && second < 0x90;
  const bool beyond = first == 0xF4 && second > 0x8F;
  return !continues(3) || overlong || beyond ? 0 : 4;
}

}  // namespace

std::size_t FindInvalidUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = SequenceLength(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

Location SourceText::At(std::size_t offset) const {
  Location location = engine::LocationOf(text, offset);
  location.file = file;
  return location;
}

Result<SourceText> MakeSourceText(std::string file, std::string bytes) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    return InvalidInput("the file is UTF-16")
        .WithHint("save it as UTF-8")
        .At({.file = std::move(file), .line = 1, .column = 1});
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
  SourceText source{.file = std::move(file), .text = std::move(bytes)};
  if (const std::size_t nul = source.text.find('\0'); nul != std::string::npos) {
    return InvalidInput("the file has a NUL byte, so it is not text").At(source.At(nul));
  }
  if (const std::size_t bad = FindInvalidUtf8(source.text); bad != std::string::npos) {
    const unsigned byte = ByteAt(source.text, bad);
    return InvalidInput(fmt::format("byte 0x{:02X} is not valid UTF-8", byte))
        .WithHint("save the file as UTF-8")
        .At(source.At(bad));
  }
  return source;
}

Result<SourceText> ReadSourceText(io::FileSystem& files, const std::string& root,
                                  const std::string& file) {
  auto bytes = files.ReadRange(io::JoinPath(root, file), 0, kMaxTextFileBytes + 1);
  if (!bytes.ok()) return std::move(bytes).error().At({.file = file});
  if (static_cast<std::int64_t>(bytes->size()) > kMaxTextFileBytes) {
    return InvalidInput("the file is larger than 1 MiB")
        .WithHint("split it: project files are written by people")
        .At({.file = file});
  }
  return MakeSourceText(file, std::move(bytes).value());
}

}  // namespace leat::project
