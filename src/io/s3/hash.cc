#include "io/s3/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>

namespace leat::io {
namespace {

const unsigned char* AsBytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A reflected CRC, one byte at a time; `polynomial` is reflected as well. Big-endian bytes.
template <typename Register>
std::string Crc(std::string_view bytes, Register polynomial) {
  std::array<Register, 256> table{};
  for (std::size_t i = 0; i < table.size(); i++) {
    auto value = static_cast<Register>(i);
    for (int bit = 0; bit < 8; bit++) {
      value = (value & 1U) != 0 ? (value >> 1U) ^ polynomial : value >> 1U;
    }
    table[i] = value;
  }
  auto crc = static_cast<Register>(~Register{0});
  for (const char c : bytes) {
    crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (crc >> 8U);
  }
  crc = ~crc;
  std::string out;
  for (int shift = 8 * static_cast<int>(sizeof(Register)) - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>((crc >> static_cast<unsigned>(shift)) & 0xFFU);
  }
  return out;
}

std::string Sha1(std::string_view bytes) {
  std::string hash(SHA_DIGEST_LENGTH, '\0');
  SHA1(AsBytes(bytes), bytes.size(), reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

}  // namespace

std::string Sha256(std::string_view bytes) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(AsBytes(bytes), bytes.size(), reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

std::string HmacSha256(std::string_view key, std::string_view message) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), AsBytes(message), message.size(),
       reinterpret_cast<unsigned char*>(hash.data()), &size);
  return hash;
}

std::string ToHex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::string ToBase64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends it with a NUL
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), AsBytes(bytes),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string ChecksumBase64(std::string_view name, std::string_view bytes) {
  if (name == "sha256") return ToBase64(Sha256(bytes));
  if (name == "sha1") return ToBase64(Sha1(bytes));
  if (name == "crc32") return ToBase64(Crc<std::uint32_t>(bytes, 0xEDB88320U));
  if (name == "crc32c") return ToBase64(Crc<std::uint32_t>(bytes, 0x82F63B78U));
  if (name == "crc64nvme") return ToBase64(Crc<std::uint64_t>(bytes, 0x9A6C9329AC4BC9B5U));
  return {};
}

}  // namespace leat::io
