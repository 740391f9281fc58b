#include "ingest/position.h"

#include <fmt/format.h>

namespace leat::ingest {
namespace {

// The number of bytes, and then seven of them in each entry, the first in the highest byte.
constexpr std::string_view kSize = "leat:position";
constexpr std::size_t kBytesPerEntry = 7;
constexpr std::size_t kMostBytes = 64 * 1024;

std::string EntryId(std::size_t number) { return fmt::format("{}:{}", kSize, number); }

}  // namespace

std::vector<delta::AppTransaction> WritePosition(std::string_view text) {
  std::vector<delta::AppTransaction> entries = {
      {.app_id = std::string(kSize), .version = std::ssize(text)}};
  for (std::size_t at = 0; at < text.size(); at += kBytesPerEntry) {
    std::uint64_t packed = 0;
    for (std::size_t i = at; i < at + kBytesPerEntry; i++)
      packed = (packed << 8) | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
    entries.push_back(
        {.app_id = EntryId(at / kBytesPerEntry), .version = static_cast<std::int64_t>(packed)});
  }
  return entries;
}

Result<std::optional<std::string>> ReadPosition(const delta::Snapshot& table) {
  const auto size = table.AppVersion(std::string(kSize));
  if (!size) return std::optional<std::string>();
  const auto damaged = [] {
    return Corrupt("the table's log says only a part of how far the source was read")
        .WithHint("leat run --full-refresh reads everything again");
  };
  if (*size < 0 || *size > static_cast<std::int64_t>(kMostBytes)) return damaged();
  std::string text;
  for (std::size_t number = 0; std::ssize(text) < *size; number++) {
    const auto packed = table.AppVersion(EntryId(number));
    if (!packed) return damaged();
    for (std::size_t i = 0; i < kBytesPerEntry && std::ssize(text) < *size; i++)
      text += static_cast<char>((*packed >> (8 * (kBytesPerEntry - 1 - i))) & 0xFF);
  }
  return std::optional(std::move(text));
}

}  // namespace leat::ingest
