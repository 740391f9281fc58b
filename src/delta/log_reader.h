// Reads states of one table from the files of its log.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "delta/checkpoint.h"
#include "delta/log_listing.h"
#include "delta/log_path.h"
#include "delta/parquet_handler.h"
#include "delta/snapshot.h"
#include "io/file_system.h"

namespace leat::delta {

// Thread-safe: has no state of its own. Errors name the file or the version.
class LogReader {
 public:
  // Files outside of the table are accepted below the roots.
  LogReader(io::FileSystem& files, ParquetHandler& parquet, std::string table_path,
            FileRoots roots = {});

  const FileRoots& roots() const { return roots_; }
  const std::string& table_path() const { return table_path_; }
  const std::string& log_directory() const { return log_directory_; }
  std::string CommitPath(long version) const;

  Result<LogListing> List() const;
  // From the newest checkpoint that can be read and the commits after it. As Table::Load.
  Result<std::shared_ptr<const LogSnapshot>> Load(std::optional<long> version) const;
  // By version, or by name below _delta_log. kNotFound when there is no such entry.
  Result<LogEntry> ReadEntry(long version) const;
  Result<LogEntry> ReadEntryFile(const std::string& name) const;
  // The segment's entries. A compacted entry that names a file twice is not believed: the entries
  // that it stands for are read.
  Result<std::vector<LogEntry>> ReadSegment(const LogListing& listing,
                                            const LogSegment& segment) const;
  // The commitInfo of an entry, read without the rest of it where possible. An entry without one,
  // or with one that has no timestamp, gets the file's modification time.
  Result<CommitInfo> ReadInfo(const CommitFile& commit) const;
  // The sidecar files that the checkpoint names, relative to the table.
  Result<std::vector<std::string>> SidecarsOf(const CheckpointFiles& checkpoint) const;

 private:
  Result<std::shared_ptr<const LogSnapshot>> LoadListed(const LogListing& listing,
                                                        std::optional<long> version,
                                                        bool missing_is_damage) const;
  Result<std::vector<LogEntry>> ReadEntries(const std::vector<std::string>& names) const;
  Result<CheckpointState> ReadState(const CheckpointFiles& checkpoint) const;
  Result<std::shared_ptr<const LogSnapshot>> Build(const LogListing& listing,
                                                   const LogSegment& segment, CheckpointState state,
                                                   std::optional<Error> damage) const;
  Status CheckChecksum(const LogListing& listing, const LogSnapshot& snapshot) const;
  Result<std::int64_t> TimestampOf(const LogListing& listing, const LogSegment& segment,
                                   const std::vector<LogEntry>& entries) const;

  io::FileSystem& files_;
  ParquetHandler& parquet_;
  std::string table_path_;
  std::string log_directory_;
  FileRoots roots_;
};

// Refuses a file, or a file of deletion vectors, that lies outside the table and the roots.
// kInvalidInput.
Status CheckPaths(const FileList& files, std::string_view table_path, const FileRoots& roots);
Status CheckPaths(const std::vector<AddFile>& files, std::string_view table_path,
                  const FileRoots& roots);
Status CheckPaths(const std::vector<RemoveFile>& files, std::string_view table_path,
                  const FileRoots& roots);

}  // namespace leat::delta
