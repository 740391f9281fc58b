// Limits of the file connector.
#pragma once

#include <cstddef>
#include <cstdint>

namespace leat::connect {

// Lines that decide the dialect and the types of a delimited file.
constexpr std::int64_t kSniffLines = 100'000;
// And bytes of them, at most.
constexpr std::size_t kMaxSampleBytes = 64ULL * 1024 * 1024;
// Records, and bytes, that decide the dialect.
constexpr std::size_t kDialectRecords = 2000;
constexpr std::size_t kDialectBytes = 512ULL * 1024;
// Bytes that decide the encoding and the kind of a file.
constexpr std::int64_t kSniffBytes = 1 << 20;
// A longer line is quarantined.
constexpr std::int64_t kMaxLineBytes = 16LL * 1024 * 1024;
// What one thread makes rows of at a time; more only for a longer line.
constexpr std::size_t kChunkBytes = 1 << 20;
// What is decompressed or converted at a time.
constexpr std::size_t kInputChunkBytes = 256 * 1024;
// Of rejected rows with their texts, in one load.
constexpr std::int64_t kMaxRejectBytes = 512LL * 1024 * 1024;
// Read size while hashing a file.
constexpr std::int64_t kHashChunkBytes = 8LL * 1024 * 1024;

}  // namespace leat::connect
