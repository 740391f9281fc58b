#include "delta/compaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/json.h"
#include "base/text.h"
#include "delta/file_skipping.h"
#include "delta/limits.h"
#include "delta/protocol.h"
#include "delta/table_properties.h"

namespace leat::delta {
namespace {

bool IsMostlyDeleted(const AddFile& file) {
  if (!file.deletion_vector) return false;
  const auto left = RowCount(file);
  const std::int64_t deleted = file.deletion_vector->cardinality;
  if (!left) return true;
  return static_cast<double>(deleted) >=
         kDeletedShareToRewrite * static_cast<double>(deleted + *left);
}

Status CheckClusterBy(const Snapshot& snapshot, const std::vector<std::string>& columns) {
  const Metadata& metadata = snapshot.metadata();
  for (const std::string& column : columns) {
    const data::Field* field = metadata.schema.Find(column);
    if (field == nullptr) {
      return InvalidInput(fmt::format("the table has no column '{}' to cluster by", column))
          .WithHint(NearestHint(column, metadata.schema.names()));
    }
    if (std::find(metadata.partition_columns.begin(), metadata.partition_columns.end(),
                  field->name) != metadata.partition_columns.end()) {
      return InvalidInput(
          fmt::format("column '{}' partitions the table: it is the same in each file", column));
    }
    if (!field->type.children.empty()) {
      return InvalidInput(fmt::format("column '{}' is a {}, which has no order to cluster by",
                                      column, field->type.ToString()));
    }
  }
  return Ok();
}

// A group and what its rows were written into.
struct Rewritten {
  CompactionGroup group;
  std::vector<AddFile> files;
};

class Compaction {
 public:
  Compaction(const io::Environment& environment, Table& table, RowRewriter& rewriter,
             const CompactionOptions& options)
      : environment_(environment), table_(table), rewriter_(rewriter), options_(options) {}

  Result<CompactionResult> Run() {
    LEAT_ASSIGN(base_, table_.Load());
    LEAT_TRY(CheckWritable(base_->protocol(), base_->metadata(), table_.path()));
    LEAT_ASSIGN(std::vector<CompactionGroup> groups, PlanCompaction(*base_, options_));
    std::erase_if(groups, [this](const CompactionGroup& group) {
      return group.files.size() < options_.min_files;
    });
    if (options_.dry_run) return Count(groups);
    for (CompactionGroup& group : groups) {
      auto files = rewriter_.Rewrite(table_.path(), *base_, group.files, options_.cluster_by);
      if (!files.ok()) {
        for (const Rewritten& written : written_) RemoveFiles(written);
        return std::move(files).error();
      }
      for (AddFile& file : *files) {
        file.partition_values = group.partition_values;
        file.data_change = false;
      }
      written_.push_back({.group = std::move(group), .files = std::move(*files)});
    }
    return Commit();
  }

 private:
  static CompactionResult Count(const std::vector<CompactionGroup>& groups) {
    CompactionResult result;
    for (const CompactionGroup& group : groups) {
      result.files_removed += group.files.size();
      result.files_added++;
      result.bytes_removed += group.size_bytes;
    }
    return result;
  }

  Result<CompactionResult> Commit() {
    for (int attempt = 0; attempt < kMaxCompactionCommits && !written_.empty(); attempt++) {
      CompactionResult result;
      auto outcome = table_.Commit(MakeTransaction(result));
      if (!outcome.ok()) {
        // Of an unknown outcome the files may belong to the table.
        if (outcome.error().kind() != ErrorKind::kOutcomeUnknown) {
          for (const Rewritten& written : written_) RemoveFiles(written);
        }
        return std::move(outcome).error();
      }
      if (const auto* committed = std::get_if<Committed>(&*outcome)) {
        result.version = committed->version;
        return result;
      }
      LEAT_TRY(DropWhatIsGone());
    }
    for (const Rewritten& written : written_) RemoveFiles(written);
    return CompactionResult();
  }

  Transaction MakeTransaction(CompactionResult& result) const {
    Transaction transaction{.base = base_, .scope = ReadScope::kFiles};
    for (const Rewritten& written : written_) {
      for (const AddFile& file : written.group.files) {
        transaction.removes.push_back(RemovalOf(file));
        transaction.removes.back().data_change = false;
      }
      for (const AddFile& file : written.files) {
        transaction.adds.push_back(file);
        result.bytes_added += file.size_bytes;
      }
      result.bytes_removed += written.group.size_bytes;
    }
    result.files_removed = transaction.removes.size();
    result.files_added = transaction.adds.size();
    transaction.copies_row_ids = true;
    transaction.info.operation = "OPTIMIZE";
    transaction.info.operation_parameters = {
        {"predicate", "[]"}, {"zOrderBy", JsonText(nlohmann::json(options_.cluster_by))}};
    transaction.info.operation_metrics = {
        {"numAddedFiles", std::to_string(result.files_added)},
        {"numRemovedFiles", std::to_string(result.files_removed)},
        {"numAddedBytes", std::to_string(result.bytes_added)},
        {"numRemovedBytes", std::to_string(result.bytes_removed)}};
    return transaction;
  }

  // After a conflict: keeps the groups whose files are all still there; none when the table is now
  // another one.
  Status DropWhatIsGone() {
    LEAT_ASSIGN(const auto latest, table_.Load());
    const bool is_same_table = latest->metadata().schema == base_->metadata().schema &&
                               latest->metadata().configuration == base_->metadata().configuration;
    std::unordered_set<FileKey, FileKeyHash> live;
    for (const AddFile& file : latest->files()) live.insert(FileKey(file));
    std::erase_if(written_, [&](const Rewritten& written) {
      const auto& files = written.group.files;
      const bool is_there = std::all_of(files.begin(), files.end(), [&](const AddFile& file) {
        return live.contains(FileKey(file));
      });
      if (is_same_table && is_there) return false;
      RemoveFiles(written);
      return true;
    });
    base_ = latest;
    return Ok();
  }

  void RemoveFiles(const Rewritten& written) const {
    for (const AddFile& file : written.files) {
      const Status removed = environment_.files.Remove(io::JoinPath(table_.path(), file.path));
      (void)removed;  // an orphan, which a vacuum takes
    }
  }

  const io::Environment& environment_;
  Table& table_;
  RowRewriter& rewriter_;
  const CompactionOptions& options_;
  std::shared_ptr<const Snapshot> base_;  // shared: as loaded
  std::vector<Rewritten> written_;
};

}  // namespace

Result<std::vector<CompactionGroup>> PlanCompaction(const Snapshot& snapshot,
                                                    const CompactionOptions& options) {
  LEAT_TRY(CheckClusterBy(snapshot, options.cluster_by));
  LEAT_ASSIGN(const TableProperties properties, ParseTableProperties(snapshot.metadata()));
  const std::int64_t target = options.target_file_bytes.value_or(properties.target_file_bytes);
  const auto small = static_cast<std::int64_t>(kSmallFileShare * static_cast<double>(target));
  std::map<std::map<std::string, std::optional<std::string>>, CompactionGroup> open;
  std::vector<CompactionGroup> groups;
  const auto close = [&](CompactionGroup& group) {
    const bool is_worth_it = group.files.size() > 1 || !options.cluster_by.empty() ||
                             (group.files.size() == 1 && IsMostlyDeleted(group.files[0]));
    if (is_worth_it) groups.push_back(std::move(group));
    group = CompactionGroup();
  };
  for (const AddFile& file : snapshot.files()) {
    const bool is_candidate =
        !options.cluster_by.empty() || file.size_bytes < small || IsMostlyDeleted(file);
    if (!is_candidate) continue;
    CompactionGroup& group = open[file.partition_values];
    if (!group.files.empty() && group.size_bytes + file.size_bytes > target) close(group);
    group.partition_values = file.partition_values;
    group.files.push_back(file);
    group.size_bytes += file.size_bytes;
  }
  for (auto& [values, group] : open) {
    if (!group.files.empty()) close(group);
  }
  return groups;
}

Result<CompactionResult> Compact(const io::Environment& environment, Table& table,
                                 RowRewriter& rewriter, const CompactionOptions& options) {
  return Compaction(environment, table, rewriter, options).Run();
}

}  // namespace leat::delta
