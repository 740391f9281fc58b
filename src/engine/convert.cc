#include "engine/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "delta/cell.h"
#include "delta/limits.h"
#include "engine/data_file.h"
#include "engine/parquet_footers.h"

namespace leat::engine {
namespace {

bool IsParquet(const std::string& name) {
  const std::string lower = ToLower(name);
  return lower.ends_with(".parquet") || lower.ends_with(".parq") || lower.ends_with(".pq");
}

struct FoundFile {
  io::FileInfo info;
  std::vector<std::pair<std::string, std::optional<std::string>>> partitions;  // from its folders
};

// All Parquet files below the folder, by path.
class FileFinder {
 public:
  FileFinder(io::FileSystem& files, std::string root) : files_(files), root_(std::move(root)) {}

  Result<std::vector<FoundFile>> Find() && {
    LEAT_TRY(Visit(root_, {}, 0));
    if (found_.empty()) {
      return NotFound(fmt::format("there is no Parquet file below {}", root_))
          .WithHint("their names end with .parquet");
    }
    return std::move(found_);
  }

 private:
  using Partitions = decltype(FoundFile::partitions);

  Status Visit(const std::string& folder, const Partitions& partitions, int depth) {
    if (depth > delta::kMaxFolderDepth) {
      return InvalidInput(fmt::format("{}: folders are nested too deeply", folder));
    }
    LEAT_ASSIGN(const auto entries, files_.List(folder));
    for (const io::FileInfo& entry : entries) {
      const std::string name = io::FileName(entry.path);
      if (depth == 0 && name == "_delta_log") {
        return AlreadyExists(fmt::format("{} is a Delta table already", root_));
      }
      const std::size_t equals = entry.is_directory ? name.find('=') : std::string::npos;
      if ((name.starts_with('_') || name.starts_with('.')) && equals == std::string::npos) continue;
      if (!entry.is_directory) {
        LEAT_TRY(Add(entry, partitions));
        continue;
      }
      Partitions inner = partitions;
      if (equals != std::string::npos) {
        inner.push_back(*PartitionOfFolder(name));
      }
      LEAT_TRY(Visit(entry.path, inner, depth + 1));
    }
    return Ok();
  }

  Status Add(const io::FileInfo& file, const Partitions& partitions) {
    if (!IsParquet(file.path)) {
      return InvalidInput(fmt::format("{} is not a Parquet file", file.path))
          .WithHint("move it out of the folder, or let its name begin with '_' or '.'");
    }
    found_.push_back({.info = file, .partitions = partitions});
    return Ok();
  }

  io::FileSystem& files_;
  const std::string root_;
  std::vector<FoundFile> found_;
};

// The partition columns' values of one file, by column.
using PartitionValues = std::map<std::string, std::optional<std::string>>;

// What the folders' names say about the partition columns.
class Partitioning {
 public:
  Partitioning(const std::vector<FoundFile>& files, const std::vector<data::Field>& declared)
      : files_(files), declared_(declared) {}

  Result<std::vector<data::Field>> Columns() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : files_.front().partitions) names.push_back(name);
    for (const FoundFile& file : files_) {
      std::vector<std::string> others;
      for (const auto& [name, value] : file.partitions) others.push_back(name);
      if (others == names) continue;
      return InvalidInput(fmt::format("the folders of {} name the columns ({}), those of {} ({})",
                                      file.info.path, Join(others, ", "), files_.front().info.path,
                                      Join(names, ", ")));
    }
    if (declared_.empty()) return Inferred(names);
    for (const data::Field& field : declared_) {
      const auto found = std::find(names.begin(), names.end(), field.name);
      if (found == names.end()) {
        return InvalidInput(fmt::format("no folder is named {}=...", field.name))
            .WithHint(names.empty() ? "the files do not lie in partition folders"
                                    : "the folders name " + Join(names, ", "));
      }
      names.erase(found);
    }
    if (names.empty()) return declared_;
    return InvalidInput(fmt::format("the folders also name the column {}", names[0]))
        .WithHint("declare it with its type, or leave --partition-by out");
  }

 private:
  std::vector<data::Field> Inferred(const std::vector<std::string>& names) const {
    std::vector<data::Field> fields;
    for (std::size_t i = 0; i < names.size(); i++) {
      data::TypeKind kind = data::TypeKind::kString;
      for (const data::TypeKind candidate : {data::TypeKind::kLong, data::TypeKind::kDate}) {
        if (AllAre(candidate, i)) kind = candidate;
      }
      fields.push_back({.name = names[i], .type = {.kind = kind}});
    }
    return fields;
  }

  // Only what is written as Delta writes it: of 007 the zeros count.
  bool AllAre(data::TypeKind kind, std::size_t at) const {
    bool any = false;
    for (const FoundFile& file : files_) {
      const auto& text = file.partitions[at].second;
      if (!text) continue;
      any = true;
      const auto normal = delta::PartitionText({.kind = kind}, *text);
      if (!normal.ok() || *normal != *text) return false;
      const bool has_zeros = kind == data::TypeKind::kLong && text->size() > 1 &&
                             (text->starts_with('0') || text->starts_with("-0"));
      if (has_zeros) return false;
    }
    return any;
  }

  const std::vector<FoundFile>& files_;
  const std::vector<data::Field>& declared_;
};

}  // namespace

Result<ParquetFolder> LookAtParquetFolder(const io::Environment& environment, Session& session,
                                          const std::string& folder,
                                          const std::vector<data::Field>& partition_columns) {
  const std::string root = io::AbsolutePath(folder);
  LEAT_ASSIGN(const std::vector<FoundFile> found, FileFinder(environment.files, root).Find());
  LEAT_ASSIGN(const auto partitions, Partitioning(found, partition_columns).Columns());
  std::vector<std::string> paths;
  for (const FoundFile& file : found) paths.push_back(file.info.path);
  ParquetFolder result;
  LEAT_ASSIGN(result.schema, CommonSchema(session, paths));
  for (const data::Field& field : partitions) {
    if (result.schema.Find(field.name) != nullptr) {
      return InvalidInput(fmt::format(
          "the column '{}' is in the files and in the names of their folders", field.name));
    }
  }
  LEAT_ASSIGN(auto written, ReadFooters(session, paths, result.schema));
  for (const data::Field& field : partitions) {
    result.schema.fields.push_back(field);
    result.partition_columns.push_back(field.name);
  }
  for (std::size_t i = 0; i < found.size(); i++) {
    written[i].size_bytes = found[i].info.size_bytes;
    delta::AddFile file = ToAddFile(written[i], root, result.schema, found[i].info.modified_us);
    for (const auto& [name, value] : found[i].partitions) file.partition_values[name] = value;
    result.row_count += written[i].row_count;
    result.size_bytes += file.size_bytes;
    result.files.push_back(std::move(file));
  }
  return result;
}

delta::Transaction MakeConversion(const ParquetFolder& folder) {
  delta::Transaction transaction{
      .metadata =
          delta::Metadata{.schema = folder.schema, .partition_columns = folder.partition_columns},
      .adds = folder.files};
  transaction.info.operation = "CONVERT";
  transaction.info.operation_parameters = {
      {"numFiles", std::to_string(folder.files.size())},
      {"partitionedBy", JsonText(nlohmann::json(folder.partition_columns))},
      {"collectStats", "true"},
      {"sourceFormat", "parquet"}};
  transaction.info.operation_metrics = {{"numConvertedFiles", std::to_string(folder.files.size())}};
  return transaction;
}

}  // namespace leat::engine
