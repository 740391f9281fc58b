// Limits of engine/.
#pragma once

#include <cstddef>
#include <cstdint>

namespace leat::engine {

// Memory of the embedded database when the user sets none: this share of what the machine or
// container has, and at least so much, with which the process stays below 2 GiB.
constexpr std::int64_t kDefaultMemoryPercent = 70;
constexpr std::int64_t kMinDefaultMemoryBytes = 1'400LL * 1024 * 1024;
// What a user may set: less, and even small queries fail.
constexpr std::int64_t kMinMemoryBytes = 128LL * 1024 * 1024;
constexpr int kMaxThreads = 1024;
// Spilled sorts and joins; DuckDB's own default is 90 % of the disk.
constexpr const char* kMaxTemporaryDirectorySize = "200GiB";
// A longer line of a text file is quarantined, not buffered.
constexpr std::int64_t kMaxLineBytes = 16LL * 1024 * 1024;
// Rows as text are handed on in pieces of about this size.
constexpr std::size_t kTextBytesPerWrite = 256UL * 1024;
// Of a file's or folder's name, in most file systems; and what is left for a value when a column
// has a long name.
constexpr std::int64_t kMaxNameBytes = 255;
constexpr std::int64_t kMinFolderValueBytes = 32;
// zstd level of data files: level 1 halves the time of level 3 for about 5 % more bytes.
constexpr int kCompressionLevel = 1;
// Distinct values of a row group up to which a column is written as a dictionary. DuckDB's own
// limit, 24,576, made the flights' files a tenth larger and slower to write.
constexpr int kDictionaryValues = 4096;
// DuckDB's row groups, and so the rows that leat_parquet holds back before it decides.
constexpr std::int64_t kRowGroupRows = 122'880;
// Rows of a checkpoint that one thread reads while another reads others.
constexpr std::int64_t kCheckpointRowGroup = 16'384;
// leat_parquet: a column whose first rows have no more values than this, and no longer ones, is
// written by their numbers.
constexpr std::uint32_t kMaxEnumValues = 1024;
constexpr std::uint32_t kMaxEnumValueBytes = 64;
// A file with a larger share of its rows deleted is written anew, not given a deletion vector.
constexpr double kMaxDeletedShare = 0.5;
// Times that a statement starts again because others committed first.
constexpr int kMaxChangeAttempts = 20;
// What is read ahead of small reads one after the other from an object store: first and at most.
constexpr std::int64_t kFirstReadAheadBytes = 64LL * 1024;
constexpr std::int64_t kMaxReadAheadBytes = 8LL * 1024 * 1024;
// What a function takes, in a hint about a call that does not fit.
constexpr std::size_t kMaxFunctionsInHint = 4;
// A thread without work asks for some this many times before it sleeps between its questions.
constexpr int kIdleYields = 64;
constexpr std::int64_t kIdleSleepUs = 50;

}  // namespace leat::engine
