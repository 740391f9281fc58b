// Hashes and their text forms, over OpenSSL's libcrypto.
#pragma once

#include <string>
#include <string_view>

namespace leat::io {

std::string Sha256(std::string_view bytes);  // 32 raw bytes
std::string HmacSha256(std::string_view key, std::string_view message);
std::string ToHex(std::string_view bytes);  // lower case
std::string ToBase64(std::string_view bytes);

// The checksum that S3 calls by one of its names ("crc32", "crc32c", "crc64nvme", "sha1",
// "sha256"), in base64 as in its headers; empty for other names.
std::string ChecksumBase64(std::string_view name, std::string_view bytes);

}  // namespace leat::io
