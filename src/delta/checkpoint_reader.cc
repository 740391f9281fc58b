#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "data/arrow_reader.h"
#include "delta/checkpoint.h"
#include "delta/deletion_vector.h"
#include "delta/limits.h"
#include "delta/log_path.h"
#include "delta/parallel.h"
#include "delta/parsed_stats.h"

namespace leat::delta {
namespace {

using data::ArrowKind;
using data::ArrowView;
using Column = std::optional<ArrowView>;

// Whether the column is there and has a value in the row.
bool Has(const Column& column, std::int64_t row) {
  return column.has_value() && !column->IsNull(row);
}

void ReadText(const Column& column, std::int64_t row, std::string& target) {
  if (Has(column, row)) target.assign(column->String(row));
}

template <typename T>
void ReadInt(const Column& column, std::int64_t row, T& target) {
  if (Has(column, row)) target = static_cast<T>(column->Int(row));
}

void ReadFlag(const Column& column, std::int64_t row, bool& target) {
  if (Has(column, row)) target = column->Bool(row);
}

template <typename T>
void ReadInt(const Column& column, std::int64_t row, std::optional<T>& target) {
  if (Has(column, row)) target = static_cast<T>(column->Int(row));
}

// The texts of a list<string> or map<string, string> column; its children are looked at once.
class TextList {
 public:
  static Result<TextList> Of(const ArrowView& parent, std::string_view name) {
    TextList list;
    LEAT_ASSIGN(list.column_, parent.Find(name, ArrowKind::kList));
    if (!list.column_) return list;
    list.elements_ = list.column_->child(0);
    if (list.elements_->kind() != ArrowKind::kString) {
      return Corrupt(fmt::format("column '{}' is not a list of text", name));
    }
    return list;
  }

  std::vector<std::string> Read(std::int64_t row) const {
    std::vector<std::string> texts;
    if (!Has(column_, row)) return texts;
    const ArrowView::Range range = column_->Elements(row);
    for (std::int64_t i = range.begin; i < range.end; i++) {
      if (!elements_->IsNull(i)) texts.emplace_back(elements_->String(i));
    }
    return texts;
  }

 private:
  Column column_;
  Column elements_;
};

class TextMap {
 public:
  static Result<TextMap> Of(const ArrowView& parent, std::string_view name) {
    TextMap map;
    LEAT_ASSIGN(map.column_, parent.Find(name, ArrowKind::kMap));
    if (!map.column_) return map;
    map.keys_ = map.column_->child(0);
    map.values_ = map.column_->child(1);
    if (map.keys_->kind() != ArrowKind::kString || map.values_->kind() != ArrowKind::kString) {
      return Corrupt(fmt::format("column '{}' is not a map of text to text", name));
    }
    return map;
  }

  bool IsThere(std::int64_t row) const { return Has(column_, row); }
  NullableTexts Read(std::int64_t row) const {
    NullableTexts texts;
    if (!Has(column_, row)) return texts;
    const ArrowView::Range range = column_->Elements(row);
    for (std::int64_t i = range.begin; i < range.end; i++) {
      std::optional<std::string>& slot = texts[std::string(keys_->String(i))];
      if (!values_->IsNull(i)) slot = std::string(values_->String(i));
    }
    return texts;
  }

  // An empty value stands for null.
  NullableTexts ReadPartitionValues(std::int64_t row) const {
    NullableTexts texts = Read(row);
    for (auto& [key, text] : texts) {
      if (text && text->empty()) text.reset();
    }
    return texts;
  }

  std::map<std::string, std::string> ReadWithoutNulls(std::int64_t row) const {
    std::map<std::string, std::string> texts;
    for (auto& [key, text] : Read(row)) texts[key] = text.value_or("");
    return texts;
  }

 private:
  Column column_;
  Column keys_;
  Column values_;
};

// The column deletionVector of added and removed files; absent in tables that have none.
class VectorColumn {
 public:
  static Result<VectorColumn> Of(const ArrowView& parent) {
    VectorColumn vector;
    LEAT_ASSIGN(vector.column_, parent.Find("deletionVector", ArrowKind::kStruct));
    if (!vector.column_) return vector;
    const ArrowView& column = *vector.column_;
    LEAT_ASSIGN(vector.storage_, column.Find("storageType", ArrowKind::kString));
    LEAT_ASSIGN(vector.path_, column.Find("pathOrInlineDv", ArrowKind::kString));
    LEAT_ASSIGN(vector.offset_, column.Find("offset", ArrowKind::kInt));
    LEAT_ASSIGN(vector.size_, column.Find("sizeInBytes", ArrowKind::kInt));
    LEAT_ASSIGN(vector.cardinality_, column.Find("cardinality", ArrowKind::kInt));
    return vector;
  }

  Status Read(std::int64_t row, Boxed<DeletionVectorDescriptor>& target) const {
    if (!Has(column_, row)) return Ok();
    DeletionVectorDescriptor vector;
    std::string storage;
    ReadText(storage_, row, storage);
    ReadText(path_, row, vector.path_or_inline);
    ReadInt(offset_, row, vector.offset);
    ReadInt(size_, row, vector.size_bytes);
    ReadInt(cardinality_, row, vector.cardinality);
    LEAT_ASSIGN(vector.storage, ParseDeletionVectorStorage(storage));
    target = std::move(vector);
    return Ok();
  }

 private:
  Column column_;
  Column storage_;
  Column path_;
  Column offset_;
  Column size_;
  Column cardinality_;
};

// Appends the actions of one batch to an entry.
class BatchReader {
 public:
  BatchReader(const ArrowView& root, std::string_view table_path, LogEntry& entry)
      : root_(root), table_path_(table_path), entry_(entry) {}

  Status Read() {
    LEAT_TRY(ForEach("protocol", [this](const ArrowView& c) { return ReadProtocols(c); }));
    LEAT_TRY(ForEach("metaData", [this](const ArrowView& c) { return ReadMetadata(c); }));
    LEAT_TRY(ForEach("txn", [this](const ArrowView& c) { return ReadTransactions(c); }));
    LEAT_TRY(ForEach("domainMetadata", [this](const ArrowView& c) { return ReadDomains(c); }));
    LEAT_TRY(ForEach("sidecar", [this](const ArrowView& c) { return ReadSidecars(c); }));
    LEAT_TRY(ForEach("remove", [this](const ArrowView& c) { return ReadRemoves(c); }));
    return ForEach("add", [this](const ArrowView& c) { return ReadAdds(c); });
  }

 private:
  template <typename Visit>
  Status ForEach(std::string_view name, Visit visit) {
    LEAT_ASSIGN(const Column column, root_.Find(name, ArrowKind::kStruct));
    if (!column) return Ok();
    return visit(*column);
  }

  Status ReadProtocols(const ArrowView& column) {
    LEAT_ASSIGN(const Column reader, column.Find("minReaderVersion", ArrowKind::kInt));
    LEAT_ASSIGN(const Column writer, column.Find("minWriterVersion", ArrowKind::kInt));
    LEAT_ASSIGN(const TextList reader_features, TextList::Of(column, "readerFeatures"));
    LEAT_ASSIGN(const TextList writer_features, TextList::Of(column, "writerFeatures"));
    for (std::int64_t row = 0; row < column.row_count(); row++) {
      if (column.IsNull(row)) continue;
      Protocol& protocol = entry_.protocol.emplace();
      ReadInt(reader, row, protocol.reader_version);
      ReadInt(writer, row, protocol.writer_version);
      protocol.reader_features = reader_features.Read(row);
      protocol.writer_features = writer_features.Read(row);
    }
    return Ok();
  }

  Status ReadMetadata(const ArrowView& column) {
    LEAT_ASSIGN(const Column id, column.Find("id", ArrowKind::kString));
    LEAT_ASSIGN(const Column name, column.Find("name", ArrowKind::kString));
    LEAT_ASSIGN(const Column description, column.Find("description", ArrowKind::kString));
    LEAT_ASSIGN(const Column schema, column.Find("schemaString", ArrowKind::kString));
    LEAT_ASSIGN(const Column created, column.Find("createdTime", ArrowKind::kInt));
    LEAT_ASSIGN(const TextList partition_columns, TextList::Of(column, "partitionColumns"));
    LEAT_ASSIGN(const TextMap configuration, TextMap::Of(column, "configuration"));
    for (std::int64_t row = 0; row < column.row_count(); row++) {
      if (column.IsNull(row)) continue;
      Metadata& metadata = entry_.metadata.emplace();
      ReadText(id, row, metadata.id);
      ReadText(name, row, metadata.name);
      ReadText(description, row, metadata.description);
      ReadInt(created, row, metadata.created_ms);
      metadata.partition_columns = partition_columns.Read(row);
      metadata.configuration = configuration.ReadWithoutNulls(row);
      std::string schema_json;
      ReadText(schema, row, schema_json);
      if (!schema_json.empty()) {
        LEAT_ASSIGN(metadata.schema, data::SchemaFromDeltaJson(schema_json));
      }
      const auto is_empty = [row](const Column& text) {
        return Has(text, row) && text->String(row).empty();
      };
      metadata.is_verbatim = !is_empty(name) && !is_empty(description) && Has(created, row) &&
                             data::ToDeltaJson(metadata.schema) == schema_json;
    }
    return Ok();
  }

  Status ReadTransactions(const ArrowView& column) {
    LEAT_ASSIGN(const Column app_id, column.Find("appId", ArrowKind::kString));
    LEAT_ASSIGN(const Column version, column.Find("version", ArrowKind::kInt));
    LEAT_ASSIGN(const Column updated, column.Find("lastUpdated", ArrowKind::kInt));
    for (std::int64_t row = 0; row < column.row_count(); row++) {
      if (column.IsNull(row)) continue;
      AppTransaction transaction;
      ReadText(app_id, row, transaction.app_id);
      ReadInt(version, row, transaction.version);
      ReadInt(updated, row, transaction.updated_ms);
      entry_.app_transactions.push_back(std::move(transaction));
    }
    return Ok();
  }

  Status ReadDomains(const ArrowView& column) {
    LEAT_ASSIGN(const Column domain, column.Find("domain", ArrowKind::kString));
    LEAT_ASSIGN(const Column configuration, column.Find("configuration", ArrowKind::kString));
    LEAT_ASSIGN(const Column removed, column.Find("removed", ArrowKind::kBool));
    for (std::int64_t row = 0; row < column.row_count(); row++) {
      if (column.IsNull(row)) continue;
      DomainMetadata metadata;
      ReadText(domain, row, metadata.domain);
      ReadText(configuration, row, metadata.configuration);
      ReadFlag(removed, row, metadata.removed);
      entry_.domain_metadata.push_back(std::move(metadata));
    }
    return Ok();
  }

  Status ReadSidecars(const ArrowView& column) {
    LEAT_ASSIGN(const Column path, column.Find("path", ArrowKind::kString));
    LEAT_ASSIGN(const Column size, column.Find("sizeInBytes", ArrowKind::kInt));
    for (std::int64_t row = 0; row < column.row_count(); row++) {
      if (column.IsNull(row)) continue;
      if (!Has(path, row)) return Corrupt("a sidecar has no path");
      SidecarFile& sidecar = entry_.sidecars.emplace_back();
      ReadText(path, row, sidecar.path);
      ReadInt(size, row, sidecar.size_bytes);
    }
    return Ok();
  }

  Status ReadRemoves(const ArrowView& column) {
    LEAT_ASSIGN(const Column path, column.Find("path", ArrowKind::kString));
    LEAT_ASSIGN(const Column deleted, column.Find("deletionTimestamp", ArrowKind::kInt));
    LEAT_ASSIGN(const Column data_change, column.Find("dataChange", ArrowKind::kBool));
    LEAT_ASSIGN(const Column size, column.Find("size", ArrowKind::kInt));
    LEAT_ASSIGN(const Column base_row_id, column.Find("baseRowId", ArrowKind::kInt));
    LEAT_ASSIGN(const Column row_version, column.Find("defaultRowCommitVersion", ArrowKind::kInt));
    LEAT_ASSIGN(const VectorColumn deletion_vector, VectorColumn::Of(column));
    LEAT_ASSIGN(const TextMap partition_values, TextMap::Of(column, "partitionValues"));
    for (std::int64_t row = 0; row < column.row_count(); row++) {
      if (column.IsNull(row)) continue;
      if (!Has(path, row)) return Corrupt("a removed file has no path");
      RemoveFile& remove = entry_.removes.emplace_back();
      SetPath(path->String(row), table_path_, remove);
      ReadInt(deleted, row, remove.deleted_ms);
      ReadFlag(data_change, row, remove.data_change);
      ReadInt(size, row, remove.size_bytes);
      ReadInt(base_row_id, row, remove.base_row_id);
      ReadInt(row_version, row, remove.default_row_commit_version);
      LEAT_TRY(deletion_vector.Read(row, remove.deletion_vector));
      remove.partition_values = partition_values.ReadPartitionValues(row);
    }
    return Ok();
  }

  Status ReadAdds(const ArrowView& column) {
    LEAT_ASSIGN(const Column path, column.Find("path", ArrowKind::kString));
    LEAT_ASSIGN(const Column size, column.Find("size", ArrowKind::kInt));
    LEAT_ASSIGN(const Column modified, column.Find("modificationTime", ArrowKind::kInt));
    LEAT_ASSIGN(const Column data_change, column.Find("dataChange", ArrowKind::kBool));
    LEAT_ASSIGN(const Column stats, column.Find("stats", ArrowKind::kString));
    LEAT_ASSIGN(const Column base_row_id, column.Find("baseRowId", ArrowKind::kInt));
    LEAT_ASSIGN(const Column row_version, column.Find("defaultRowCommitVersion", ArrowKind::kInt));
    LEAT_ASSIGN(const Column clustering, column.Find("clusteringProvider", ArrowKind::kString));
    LEAT_ASSIGN(const VectorColumn deletion_vector, VectorColumn::Of(column));
    LEAT_ASSIGN(const TextMap partition_values, TextMap::Of(column, "partitionValues"));
    LEAT_ASSIGN(const TextMap tags, TextMap::Of(column, "tags"));
    LEAT_ASSIGN(const ParsedStats parsed_stats, ParsedStats::Of(column));
    for (std::int64_t row = 0; row < column.row_count(); row++) {
      if (column.IsNull(row)) continue;
      if (!Has(path, row)) return Corrupt("an added file has no path");
      AddFile& add = entry_.adds.emplace_back();
      const bool is_plain = SetPath(path->String(row), table_path_, add);
      ReadInt(size, row, add.size_bytes);
      ReadInt(modified, row, add.modified_ms);
      ReadFlag(data_change, row, add.data_change);
      if (Has(stats, row)) add.stats_json = stats_.Add(stats->String(row));
      if (add.stats_json.empty()) add.stats_json = stats_.Add(parsed_stats.Json(row));
      add.partition_values = partition_values.ReadPartitionValues(row);
      if (tags.IsThere(row)) add.tags = tags.Read(row);
      ReadInt(base_row_id, row, add.base_row_id);
      ReadInt(row_version, row, add.default_row_commit_version);
      if (Has(clustering, row)) ReadText(clustering, row, add.clustering_provider.emplace());
      LEAT_TRY(deletion_vector.Read(row, add.deletion_vector));
      entry_.has_plain_paths &= is_plain && !add.deletion_vector;
    }
    return Ok();
  }

  const ArrowView& root_;
  std::string_view table_path_;
  LogEntry& entry_;
  TextPool stats_;
};

// A range of a checkpoint's rows, and what its parts say.
struct Section {
  std::string path;
  std::string name;  // of the file, in errors
  RowRange rows;
  std::map<std::uint64_t, LogEntry> parts = {};
};

const std::vector<std::string>& ActionColumns() {
  static const std::vector<std::string> columns = {
      "txn", "add", "remove", "metaData", "protocol", "domainMetadata", "sidecar"};
  return columns;
}

// Neighbours with the same columns as one, of up to `max_rows`: each costs a query.
std::vector<RowRange> Joined(std::vector<RowRange> ranges, std::int64_t max_rows) {
  std::vector<RowRange> joined;
  for (RowRange& range : ranges) {
    const bool fits = !joined.empty() && joined.back().columns == range.columns &&
                      joined.back().row_count + range.row_count <= max_rows;
    if (fits) {
      joined.back().row_count += range.row_count;
    } else {
      joined.push_back(std::move(range));
    }
  }
  return joined;
}

// Appends the sections of one Parquet file, unread. An object store answers late: so many sections
// that as many threads wait for it.
Status FindSections(ParquetHandler& parquet, const std::string& path, const std::string& name,
                    std::vector<Section>& sections) {
  auto ranges = parquet.Ranges(path, ActionColumns());
  if (!ranges.ok()) return Error(ranges.error()).WithContext(name);
  std::int64_t rows = 0;
  for (const RowRange& range : *ranges) rows += range.row_count;
  const std::int64_t share = rows / static_cast<std::int64_t>(kMaxLogThreads + 1);
  const std::int64_t max_rows = io::IsS3Path(path) ? std::max(share, kMinRowsToWaitFor) : rows;
  for (RowRange& range : Joined(std::move(*ranges), max_rows)) {
    if (range.columns.empty()) continue;
    sections.push_back({.path = path, .name = name, .rows = std::move(range)});
  }
  return Ok();
}

Status ReadSection(ParquetHandler& parquet, std::string_view table_path, Section& section) {
  const auto& columns = section.rows.columns;
  const bool reads_files = std::find(columns.begin(), columns.end(), "add") != columns.end();
  // A damaged file may claim any number of rows.
  const auto room = static_cast<std::size_t>(
      std::clamp<std::int64_t>(section.rows.row_count, 0, kMaxRowsToReserve));
  std::mutex mutex;
  const Status status = parquet.Read(
      section.path, section.rows, [&](std::uint64_t part, const data::ArrowBatch& batch) -> Status {
        LEAT_ASSIGN(const ArrowView root, ArrowView::Of(batch));
        LogEntry* entry = nullptr;
        {
          const std::lock_guard lock(mutex);
          entry = &section.parts.try_emplace(part, LogEntry{.has_plain_paths = true}).first->second;
        }
        if (reads_files && entry->adds.empty()) entry->adds.reserve(room);
        return BatchReader(root, table_path, *entry).Read();
      });
  return status.ok() ? Ok() : Status(Error(status.error()).WithContext(section.name));
}

// A checkpoint has each file, application and domain once.
void Add(LogEntry entry, CheckpointState& state, std::vector<SidecarFile>& sidecars) {
  if (entry.protocol) state.protocol = std::move(entry.protocol);
  if (entry.metadata) state.metadata = std::move(entry.metadata);
  Contents& contents = state.contents;
  contents.has_plain_paths &= entry.has_plain_paths;
  contents.files.Append(std::move(entry.adds));
  for (RemoveFile& remove : entry.removes) contents.tombstones.push_back(std::move(remove));
  for (AppTransaction& transaction : entry.app_transactions) {
    contents.app_transactions[transaction.app_id] = std::move(transaction);
  }
  for (DomainMetadata& domain : entry.domain_metadata) {
    if (!domain.removed) contents.domain_metadata[domain.domain] = std::move(domain);
  }
  for (SidecarFile& sidecar : entry.sidecars) sidecars.push_back(std::move(sidecar));
}

// The sections' actions in the order of the rows. Several threads read each of them, and several of
// them.
Status ReadSections(ParquetHandler& parquet, std::vector<Section> sections,
                    std::string_view table_path, CheckpointState& state,
                    std::vector<SidecarFile>& sidecars) {
  const std::size_t helpers = LogThreads(/*answers_late=*/io::IsS3Path(table_path));
  LEAT_TRY(ForEachPart(sections.size(), helpers, [&](std::size_t i) {
    return ReadSection(parquet, table_path, sections[i]);
  }));
  for (Section& section : sections) {
    for (auto& [number, entry] : section.parts) Add(std::move(entry), state, sidecars);
  }
  return Ok();
}

// A version 2 checkpoint in JSON has the lines of a log entry.
Status ReadJson(io::FileSystem& files, const std::string& path, std::string_view table_path,
                CheckpointState& state, std::vector<SidecarFile>& sidecars) {
  LEAT_ASSIGN(const std::string content, files.ReadFile(path));
  LEAT_ASSIGN(LogEntry entry, ParseLogEntry(content, path, table_path));
  Add(std::move(entry), state, sidecars);
  return Ok();
}

// Where a sidecar lies in the table: "_delta_log/_sidecars/<name>", or the path that the log gives.
Result<std::string> RelativeSidecarPath(const SidecarFile& sidecar, std::string_view table_path) {
  std::string path = CanonicalPath(sidecar.path, table_path);
  if (path.find('/') == std::string::npos) path = io::JoinPath(kSidecarDirectory, path);
  LEAT_TRY(CheckInsideTable(path));
  return path;
}

}  // namespace

Result<std::vector<std::string>> ReadSidecars(io::FileSystem& files, ParquetHandler& parquet,
                                              const std::string& path,
                                              std::string_view table_path) {
  std::vector<SidecarFile> sidecars;
  CheckpointState rest;
  const std::string name = "checkpoint " + path;
  if (path.ends_with(".json")) {
    const Status status = ReadJson(files, path, table_path, rest, sidecars);
    if (!status.ok()) return Error(status.error()).WithContext(name);
  } else {
    std::vector<Section> sections;
    LEAT_TRY(FindSections(parquet, path, name, sections));
    for (Section& section : sections) {
      std::erase_if(section.rows.columns, [](const auto& column) { return column != "sidecar"; });
    }
    std::erase_if(sections, [](const Section& section) { return section.rows.columns.empty(); });
    LEAT_TRY(ReadSections(parquet, std::move(sections), table_path, rest, sidecars));
  }
  std::vector<std::string> paths;
  for (const SidecarFile& sidecar : sidecars) {
    LEAT_ASSIGN(std::string relative, RelativeSidecarPath(sidecar, table_path));
    paths.push_back(std::move(relative));
  }
  return paths;
}

Result<CheckpointState> ReadCheckpoint(io::FileSystem& files, ParquetHandler& parquet,
                                       const std::vector<std::string>& paths,
                                       std::string_view table_path) {
  CheckpointState state;
  state.contents.has_plain_paths = true;
  std::vector<SidecarFile> sidecars;
  std::vector<Section> sections;
  for (const std::string& path : paths) {
    const std::string name = "checkpoint " + path;
    if (!path.ends_with(".json")) {
      LEAT_TRY(FindSections(parquet, path, name, sections));
      continue;
    }
    const Status status = ReadJson(files, path, table_path, state, sidecars);
    if (!status.ok()) return Error(status.error()).WithContext(name);
  }
  LEAT_TRY(ReadSections(parquet, std::move(sections), table_path, state, sidecars));
  sections = {};
  for (const SidecarFile& sidecar : sidecars) {
    const std::string name = fmt::format("sidecar {} of checkpoint {}", sidecar.path, paths[0]);
    const auto path = RelativeSidecarPath(sidecar, table_path);
    if (!path.ok()) return Error(path.error()).WithContext(name);
    LEAT_TRY(FindSections(parquet, io::JoinPath(table_path, *path), name, sections));
  }
  std::vector<SidecarFile> nested;
  LEAT_TRY(ReadSections(parquet, std::move(sections), table_path, state, nested));
  if (!nested.empty()) {
    return Corrupt(fmt::format("checkpoint {}: a sidecar names sidecars of its own", paths[0]));
  }
  return state;
}

}  // namespace leat::delta
