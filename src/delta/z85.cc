#include "delta/z85.h"

#include <array>
#include <cstdint>
#include <limits>

namespace leat::delta {
namespace {

constexpr std::string_view kAlphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
constexpr std::size_t kBytesPerGroup = 4;
constexpr std::size_t kCharactersPerGroup = 5;

}  // namespace

std::string EncodeZ85(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += kBytesPerGroup) {
    std::uint32_t group = 0;
    for (std::size_t i = at; i < at + kBytesPerGroup; i++) {
      group = group << 8U | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
    }
    std::array<char, kCharactersPerGroup> characters{};
    for (std::size_t i = kCharactersPerGroup; i-- > 0; group /= kAlphabet.size()) {
      characters[i] = kAlphabet[group % kAlphabet.size()];
    }
    text.append(characters.data(), characters.size());
  }
  return text;
}

std::optional<std::string> DecodeZ85(std::string_view text) {
  if (text.size() % kCharactersPerGroup != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); at += kCharactersPerGroup) {
    std::uint64_t group = 0;
    for (const char c : text.substr(at, kCharactersPerGroup)) {
      const std::size_t digit = kAlphabet.find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      group = group * kAlphabet.size() + digit;
    }
    if (group > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(group >> shift & 0xFFU);
  }
  return bytes;
}

}  // namespace leat::delta
