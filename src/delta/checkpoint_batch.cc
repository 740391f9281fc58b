// The actions of a checkpoint as columns.
#include <algorithm>
#include <optional>

#include "data/arrow_builder.h"
#include "delta/checkpoint.h"
#include "delta/log_path.h"

namespace leat::delta {
namespace {

using data::ArrowColumn;

ArrowColumn TextMapColumn(std::string name) {
  return ArrowColumn::Map(std::move(name), ArrowColumn::String("key"),
                          ArrowColumn::String("value"));
}

ArrowColumn TextListColumn(std::string name) {
  return ArrowColumn::List(std::move(name), ArrowColumn::String("element"));
}

template <typename... Columns>
ArrowColumn StructColumn(std::string name, Columns... columns) {
  std::vector<ArrowColumn> fields;
  (fields.push_back(std::move(columns)), ...);
  return ArrowColumn::Struct(std::move(name), std::move(fields));
}

void AppendTexts(ArrowColumn& list, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) list.child(0).AppendString(text);
  list.EndRow();
}

void AppendUnlessEmpty(ArrowColumn& column, std::string_view text) {
  if (text.empty()) {
    column.AppendNull();
  } else {
    column.AppendString(text);
  }
}

template <typename Map>
void AppendMap(ArrowColumn& map, const Map& values) {
  for (const auto& [key, value] : values) {
    map.child(0).AppendString(key);
    if constexpr (std::is_same_v<typename Map::mapped_type, std::string>) {
      map.child(1).AppendString(value);
    } else if (value) {
      map.child(1).AppendString(*value);
    } else {
      map.child(1).AppendNull();
    }
  }
  map.EndRow();
}

ArrowColumn VectorColumn() {
  return StructColumn("deletionVector", ArrowColumn::String("storageType"),
                      ArrowColumn::String("pathOrInlineDv"), ArrowColumn::Int32("offset"),
                      ArrowColumn::Int32("sizeInBytes"), ArrowColumn::Int64("cardinality"));
}

template <typename Number>
void AppendOptional(ArrowColumn& column, const std::optional<Number>& number) {
  if (number) {
    column.AppendInt(*number);
  } else {
    column.AppendNull();
  }
}

void AppendOptional(ArrowColumn& column, const Boxed<NullableTexts>& texts) {
  if (texts) {
    AppendMap(column, *texts);
  } else {
    column.AppendNull();
  }
}

void AppendOptional(ArrowColumn& column, const Boxed<std::string>& text) {
  if (text) {
    column.AppendString(*text);
  } else {
    column.AppendNull();
  }
}

void AppendVector(ArrowColumn& column, const Boxed<DeletionVectorDescriptor>& vector) {
  if (!vector) {
    column.AppendNull();
    return;
  }
  column.child(0).AppendString(std::string(1, static_cast<char>(vector->storage)));
  column.child(1).AppendString(vector->path_or_inline);
  AppendOptional(column.child(2), vector->offset);
  column.child(3).AppendInt(vector->size_bytes);
  column.child(4).AppendInt(vector->cardinality);
  column.EndRow();
}

// The column of added files. Fields that none of them has are left out: readers take them for null,
// and reading 100,000 nulls takes its time.
class AddColumn {
 public:
  AddColumn(std::span<const AddFile* const> files, StatsForm stats)
      : stats_form_(std::move(stats)) {
    const auto any = [&](auto has) {
      return std::any_of(files.begin(), files.end(),
                         [&](const AddFile* file) { return has(*file); });
    };
    std::vector<ArrowColumn> fields;
    fields.push_back(ArrowColumn::String("path"));
    fields.push_back(TextMapColumn("partitionValues"));
    fields.push_back(ArrowColumn::Int64("size"));
    fields.push_back(ArrowColumn::Int64("modificationTime"));
    fields.push_back(ArrowColumn::Bool("dataChange"));
    const auto add = [&](bool is_used, std::size_t& place, ArrowColumn field) {
      if (!is_used) return;
      place = fields.size();
      fields.push_back(std::move(field));
    };
    add(stats_form_.as_json, stats_, ArrowColumn::String("stats"));
    if (stats_form_.as_columns) {
      add(true, parsed_stats_, stats_form_.as_columns->StatsColumn());
      auto partition = stats_form_.as_columns->PartitionColumn();
      if (partition) add(true, parsed_partition_, std::move(*partition));
    }
    add(any([](const AddFile& file) { return file.tags.has_value(); }), tags_,
        TextMapColumn("tags"));
    add(any([](const AddFile& file) { return file.deletion_vector.has_value(); }), vector_,
        VectorColumn());
    add(any([](const AddFile& file) { return file.base_row_id.has_value(); }), row_id_,
        ArrowColumn::Int64("baseRowId"));
    add(any([](const AddFile& file) { return file.default_row_commit_version.has_value(); }),
        row_version_, ArrowColumn::Int64("defaultRowCommitVersion"));
    add(any([](const AddFile& file) { return file.clustering_provider.has_value(); }), clustering_,
        ArrowColumn::String("clusteringProvider"));
    column_ = ArrowColumn::Struct("add", std::move(fields));
  }

  // A row without its end.
  void Append(ArrowColumn& column, const AddFile& add) {
    column.child(0).AppendString(PathInLog(add));
    AppendMap(column.child(1), add.partition_values);
    column.child(2).AppendInt(add.size_bytes);
    column.child(3).AppendInt(add.modified_ms);
    column.child(4).AppendBool(false);  // a checkpoint changes no data
    if (stats_ != 0) AppendUnlessEmpty(column.child(stats_), add.stats_json);
    if (parsed_stats_ != 0) {
      stats_form_.as_columns->AppendStats(column.child(parsed_stats_), add.stats_json);
    }
    if (parsed_partition_ != 0) {
      stats_form_.as_columns->AppendPartition(column.child(parsed_partition_),
                                              add.partition_values);
    }
    if (tags_ != 0) AppendOptional(column.child(tags_), add.tags);
    if (vector_ != 0) AppendVector(column.child(vector_), add.deletion_vector);
    if (row_id_ != 0) AppendOptional(column.child(row_id_), add.base_row_id);
    if (row_version_ != 0) {
      AppendOptional(column.child(row_version_), add.default_row_commit_version);
    }
    if (clustering_ != 0) AppendOptional(column.child(clustering_), add.clustering_provider);
  }

  ArrowColumn TakeColumn() { return std::move(*column_); }

 private:
  StatsForm stats_form_;
  std::optional<ArrowColumn> column_;
  // Places of the fields that may be missing; 0: it is.
  std::size_t stats_ = 0, parsed_stats_ = 0, parsed_partition_ = 0, tags_ = 0, vector_ = 0,
              row_id_ = 0, row_version_ = 0, clustering_ = 0;
};

// One row per action; in each row exactly one of the columns has a value.
class CheckpointBuilder {
 public:
  CheckpointBuilder(std::span<const AddFile* const> files, StatsForm stats)
      : add_(files, std::move(stats)) {
    columns_.push_back(StructColumn("txn", ArrowColumn::String("appId"),
                                    ArrowColumn::Int64("version"),
                                    ArrowColumn::Int64("lastUpdated")));
    columns_.push_back(add_.TakeColumn());
    columns_.push_back(StructColumn(
        "remove", ArrowColumn::String("path"), ArrowColumn::Int64("deletionTimestamp"),
        ArrowColumn::Bool("dataChange"), ArrowColumn::Bool("extendedFileMetadata"),
        TextMapColumn("partitionValues"), ArrowColumn::Int64("size"), VectorColumn(),
        ArrowColumn::Int64("baseRowId"), ArrowColumn::Int64("defaultRowCommitVersion")));
    columns_.push_back(StructColumn(
        "metaData", ArrowColumn::String("id"), ArrowColumn::String("name"),
        ArrowColumn::String("description"),
        StructColumn("format", ArrowColumn::String("provider"), TextMapColumn("options")),
        ArrowColumn::String("schemaString"), TextListColumn("partitionColumns"),
        TextMapColumn("configuration"), ArrowColumn::Int64("createdTime")));
    columns_.push_back(StructColumn(
        "protocol", ArrowColumn::Int32("minReaderVersion"), ArrowColumn::Int32("minWriterVersion"),
        TextListColumn("readerFeatures"), TextListColumn("writerFeatures")));
    columns_.push_back(StructColumn("domainMetadata", ArrowColumn::String("domain"),
                                    ArrowColumn::String("configuration"),
                                    ArrowColumn::Bool("removed")));
  }

  void Add(const Protocol& protocol) {
    ArrowColumn& column = columns_[kProtocol];
    column.child(0).AppendInt(protocol.reader_version);
    column.child(1).AppendInt(protocol.writer_version);
    AppendFeatures(column.child(2), protocol.reader_version >= 3, protocol.reader_features);
    AppendFeatures(column.child(3), protocol.writer_version >= 7, protocol.writer_features);
    EndRow(kProtocol);
  }

  void Add(const Metadata& metadata) {
    ArrowColumn& column = columns_[kMetadata];
    column.child(0).AppendString(metadata.id);
    AppendUnlessEmpty(column.child(1), metadata.name);
    AppendUnlessEmpty(column.child(2), metadata.description);
    column.child(3).child(0).AppendString("parquet");
    column.child(3).child(1).EndRow();  // no options
    column.child(3).EndRow();
    column.child(4).AppendString(data::ToDeltaJson(metadata.schema));
    AppendTexts(column.child(5), metadata.partition_columns);
    AppendMap(column.child(6), metadata.configuration);
    column.child(7).AppendInt(metadata.created_ms);
    EndRow(kMetadata);
  }

  void Add(const AppTransaction& transaction) {
    ArrowColumn& column = columns_[kTransaction];
    column.child(0).AppendString(transaction.app_id);
    column.child(1).AppendInt(transaction.version);
    if (transaction.updated_ms == 0) {
      column.child(2).AppendNull();
    } else {
      column.child(2).AppendInt(transaction.updated_ms);
    }
    EndRow(kTransaction);
  }

  void Add(const RemoveFile& remove) {
    ArrowColumn& column = columns_[kRemove];
    column.child(0).AppendString(PathInLog(remove));
    column.child(1).AppendInt(remove.deleted_ms);
    column.child(2).AppendBool(false);
    column.child(3).AppendBool(true);
    AppendMap(column.child(4), remove.partition_values);
    column.child(5).AppendInt(remove.size_bytes);
    AppendVector(column.child(6), remove.deletion_vector);
    AppendOptional(column.child(7), remove.base_row_id);
    AppendOptional(column.child(8), remove.default_row_commit_version);
    EndRow(kRemove);
  }

  void Add(const AddFile& add) {
    add_.Append(columns_[kAdd], add);
    EndRow(kAdd);
  }

  void Add(const DomainMetadata& domain) {
    ArrowColumn& column = columns_[kDomain];
    column.child(0).AppendString(domain.domain);
    column.child(1).AppendString(domain.configuration);
    column.child(2).AppendBool(false);
    EndRow(kDomain);
  }

  data::ArrowBatch Finish() && { return data::ToArrowBatch(std::move(columns_)); }
  // Of files alone.
  data::ArrowBatch FinishSidecar() && {
    std::vector<ArrowColumn> columns;
    columns.push_back(std::move(columns_[kAdd]));
    columns.push_back(std::move(columns_[kRemove]));
    return data::ToArrowBatch(std::move(columns));
  }

 private:
  enum Index : std::size_t { kTransaction, kAdd, kRemove, kMetadata, kProtocol, kDomain };

  static void AppendFeatures(ArrowColumn& column, bool present,
                             const std::vector<std::string>& features) {
    if (present) {
      AppendTexts(column, features);
    } else {
      column.AppendNull();
    }
  }

  void EndRow(std::size_t filled) {
    for (std::size_t i = 0; i < columns_.size(); i++) {
      if (i == filled) {
        columns_[i].EndRow();
      } else {
        columns_[i].AppendNull();
      }
    }
  }

  AddColumn add_;
  std::vector<ArrowColumn> columns_;
};

}  // namespace

data::ArrowBatch ToCheckpointBatch(const LogSnapshot& snapshot, std::int64_t oldest_tombstone_ms,
                                   StatsForm stats) {
  const Contents& contents = snapshot.contents();
  std::vector<const AddFile*> files;
  files.reserve(contents.files.size());
  for (const AddFile& add : contents.files) files.push_back(&add);
  CheckpointBuilder builder(files, std::move(stats));
  // The files first: most row groups have no other column with a value then, and a reader may leave
  // out the rest.
  for (const AddFile& add : contents.files) builder.Add(add);
  for (const RemoveFile& remove : contents.tombstones) {
    if (remove.deleted_ms >= oldest_tombstone_ms) builder.Add(remove);
  }
  for (const auto& [app_id, transaction] : contents.app_transactions) builder.Add(transaction);
  for (const auto& [name, domain] : contents.domain_metadata) builder.Add(domain);
  builder.Add(snapshot.protocol());
  builder.Add(snapshot.metadata());
  return std::move(builder).Finish();
}

data::ArrowBatch ToSidecarBatch(std::span<const AddFile* const> files,
                                std::span<const RemoveFile* const> tombstones, StatsForm stats) {
  CheckpointBuilder builder(files, std::move(stats));
  for (const RemoveFile* remove : tombstones) builder.Add(*remove);
  for (const AddFile* add : files) builder.Add(*add);
  return std::move(builder).FinishSidecar();
}

}  // namespace leat::delta
