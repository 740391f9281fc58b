// One entry of the log: the actions of one commit, as JSON lines in _delta_log/<version>.json.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"

namespace leat::delta {

struct LogEntry {
  std::optional<CommitInfo> info;
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  std::vector<AppTransaction> app_transactions;
  std::vector<RemoveFile> removes;
  std::vector<AddFile> adds;
  // Whether all of `adds` have plain paths (IsPlainPath) and no deletion vectors; false: perhaps.
  bool has_plain_paths = false;
  std::vector<ChangeFile> changes;
  std::vector<DomainMetadata> domain_metadata;
  std::vector<SidecarFile> sidecars;  // in version 2 checkpoints only
};

// `content` is the whole file; `file` stands in error messages. Paths become canonical for the
// table. Unknown actions and keys are ignored, as the protocol asks. kCorrupt with file and line:
// not JSON, wrong types, no path.
Result<LogEntry> ParseLogEntry(std::string_view content, const std::string& file,
                               std::string_view table_path);

// The commitInfo among the complete lines of `content`, which may be cut anywhere; nothing when
// there is none.
Result<std::optional<CommitInfo>> FindCommitInfo(std::string_view content, const std::string& file);

// The JSON lines. kInvalidInput: some text is not UTF-8, or a value of info.extra is not JSON.
Result<std::string> FormatLogEntry(const LogEntry& entry);

}  // namespace leat::delta
