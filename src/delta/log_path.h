// Names of the files below _delta_log, and paths of data files as the log writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leat::delta {

inline constexpr std::string_view kLogDirectory = "_delta_log";
inline constexpr std::string_view kSidecarDirectory = "_delta_log/_sidecars";
inline constexpr std::string_view kLastCheckpointFile = "_last_checkpoint";

// "00000000000000000007.json", "00000000000000000010.checkpoint.parquet".
std::string CommitFileName(long version);
std::string CompactedFileName(long first, long last);
std::string CheckpointFileName(long version);
std::string V2CheckpointFileName(long version, const std::string& uuid);  // in JSON
std::string ChecksumFileName(long version);

struct LogFileName {
  enum class Kind { kCommit, kCompacted, kCheckpoint, kCheckpointPart, kV2Checkpoint, kChecksum };
  Kind kind = Kind::kCommit;
  long version = 0;
  long last = 0;  // kCompacted: the last of the versions from `version` that it stands for
  int part = 0;   // kCheckpointPart: from 1
  int parts = 0;
};
// Nothing for other files, temporary ones say.
std::optional<LogFileName> ParseLogFileName(std::string_view name);

// The log's form of a relative path: percent-encoded as in a URI.
std::string EncodePath(std::string_view path);
// `text` when it is another form of the path than EncodePath's; else nothing.
std::optional<std::string> UnlessEncoded(std::string_view text, std::string_view canonical_path);
// A path from the log in one form per file: decoded, without "file:" and, when it lies inside the
// table, relative to `table_path` (absolute, without a slash at the end).
std::string CanonicalPath(std::string_view text, std::string_view table_path);

// Whether the text is a path below the table in the one form that it has: nothing to decode, encode
// or refuse.
bool IsPlainPath(std::string_view text);

// Sets the path, and the form that the log has it in if need be. Returns IsPlainPath(text).
template <typename Action>
bool SetPath(std::string_view text, std::string_view table_path, Action& action) {
  if (IsPlainPath(text)) {
    action.path = text;
    return true;
  }
  action.path = CanonicalPath(text, table_path);
  action.path_in_log = UnlessEncoded(text, action.path);
  return false;
}

// What stands in the log for an added or removed file.
template <typename Action>
std::string PathInLog(const Action& file) {
  return file.path_in_log ? *file.path_in_log : EncodePath(file.path);
}

// Refuses paths that lead out of the table: absolute ones, other schemes (s3://), "..", NUL.
// kInvalidInput.
Status CheckInsideTable(const std::string& canonical_path);

// Folders, absolute or in an object store, whose files the logs of other folders may name: shallow
// clones do.
using FileRoots = std::vector<std::string>;
// As CheckInsideTable, but lets pass what lies below one of the roots.
Status CheckDataPath(const std::string& canonical_path, const FileRoots& roots);

}  // namespace leat::delta
