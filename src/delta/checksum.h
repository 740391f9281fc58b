// Version checksums: what a version of the table comes to, in _delta_log/<version>.crc. Source:
// PROTOCOL.md, "Version Checksum File".
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "delta/snapshot.h"
#include "io/file_system.h"

namespace leat::delta {

// Writes the checksums of one table. Thread-safe.
class ChecksumWriter {
 public:
  // The file's content; nothing when it would take the table's files to tell, or when the log says
  // the metadata in other words than Leat would: other programs compare them to the letter.
  std::optional<std::string> Format(const LogSnapshot& snapshot, const CommitInfo& info);
  // After the commit. A checksum that cannot be written is left out, as readers do without; it is
  // not synced for the same reason. One that is there already stays, as the protocol asks.
  void Write(io::FileSystem& files, const std::string& log_directory, const LogSnapshot& snapshot,
             const CommitInfo& info);

 private:
  std::string MetadataJson(const std::shared_ptr<const Metadata>& metadata);

  std::mutex mutex_;  // guards what follows
  // Of the last snapshot, as most commits leave the metadata alone.
  std::shared_ptr<const Metadata> metadata_;
  std::string metadata_json_;
};

// kCorrupt naming the file and each difference: the state that was replayed is not the one that was
// committed. Content that is no checksum (a power loss cut it off) says nothing.
Status CheckAgainstChecksum(const LogSnapshot& snapshot, std::string_view content,
                            const std::string& path, const std::string& table_path);

}  // namespace leat::delta
