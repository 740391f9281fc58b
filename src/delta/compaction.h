// Writing many small files, or files with many deleted rows, anew as few whole ones.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/table.h"
#include "io/environment.h"

namespace leat::delta {

// What compaction needs of a query engine.
class RowRewriter {
 public:
  virtual ~RowRewriter() = default;
  // Writes the files' rows, without deleted ones, into new files of the table's folder, in log
  // order or, when columns are given, along a Z-order curve over them. Rows take their ids along
  // where the table keeps them (row_tracking.h). The files are durable;
  // partition values are the caller's to fill in. All given files have the same ones.
  virtual Result<std::vector<AddFile>> Rewrite(const std::string& table_path,
                                               const Snapshot& snapshot,
                                               const std::vector<AddFile>& files,
                                               const std::vector<std::string>& cluster_by) = 0;
};

struct CompactionOptions {
  // Columns to bring near rows together by; empty: only small files, and such with deleted rows,
  // are written anew. With columns: all files.
  std::vector<std::string> cluster_by;
  std::optional<std::int64_t> target_file_bytes;  // none: delta.targetFileSize (256 MiB)
  std::size_t min_files = 1;                      // smaller groups are left as they are
  bool dry_run = false;                           // counts only
};

// Files of one partition that become one, or few.
struct CompactionGroup {
  std::map<std::string, std::optional<std::string>> partition_values;
  std::vector<AddFile> files;
  std::int64_t size_bytes = 0;
};

// What there is to do, in log order, so that rows that came together stay together. kInvalidInput:
// a column to cluster by is not there, or partitions the table.
Result<std::vector<CompactionGroup>> PlanCompaction(const Snapshot& snapshot,
                                                    const CompactionOptions& options);

struct CompactionResult {
  std::optional<TableVersion> version;  // none: nothing to do, or others took all of its files
  std::size_t files_removed = 0;
  std::size_t files_added = 0;
  std::int64_t bytes_removed = 0;
  std::int64_t bytes_added = 0;
};

// Plans, writes and commits. The commit changes no data, so that it conflicts only with what
// removes or replaces one of its files; then it gives way: the groups concerned are dropped, the
// others are committed.
Result<CompactionResult> Compact(const io::Environment& environment, Table& table,
                                 RowRewriter& rewriter, const CompactionOptions& options);

}  // namespace leat::delta
