// Limits of the file connector.
#pragma once

#include <cstdint>

namespace leat::connect {

// Lines that decide the dialect and the types of a delimited file.
constexpr std::int64_t kSniffLines = 100'000;
// Bytes that decide the encoding and the kind of a file.
constexpr std::int64_t kSniffBytes = 1 << 20;
// A longer line is quarantined.
constexpr std::int64_t kMaxLineBytes = 16LL * 1024 * 1024;
// Read size while hashing a file.
constexpr std::int64_t kHashChunkBytes = 8LL * 1024 * 1024;

}  // namespace leat::connect
