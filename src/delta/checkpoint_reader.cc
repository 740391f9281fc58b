#include <fmt/format.h>

#include "data/arrow_reader.h"
#include "delta/checkpoint.h"
#include "delta/log_path.h"

namespace leat::delta {
namespace {

using data::ArrowKind;
using data::ArrowView;
using Column = std::optional<ArrowView>;
using NullableTexts = std::map<std::string, std::optional<std::string>>;

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

// Appends the actions of one batch to a state.
class BatchReader {
 public:
  BatchReader(const ArrowView& root, std::string_view table_path, CheckpointState& state)
      : root_(root), table_path_(table_path), state_(state) {}

  Status Read() {
    LEAT_TRY(ForEach("protocol", [this](const ArrowView& c) { return ReadProtocols(c); }));
    LEAT_TRY(ForEach("metaData", [this](const ArrowView& c) { return ReadMetadata(c); }));
    LEAT_TRY(ForEach("txn", [this](const ArrowView& c) { return ReadTransactions(c); }));
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
      Protocol& protocol = state_.protocol.emplace();
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
      Metadata& metadata = state_.metadata.emplace();
      ReadText(id, row, metadata.id);
      ReadText(name, row, metadata.name);
      ReadText(description, row, metadata.description);
      ReadInt(created, row, metadata.created_ms);
      metadata.partition_columns = partition_columns.Read(row);
      metadata.configuration = configuration.ReadWithoutNulls(row);
      std::string schema_json;
      ReadText(schema, row, schema_json);
      if (schema_json.empty()) continue;
      LEAT_ASSIGN(metadata.schema, data::SchemaFromDeltaJson(schema_json));
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
      state_.contents.app_transactions[transaction.app_id] = transaction;
    }
    return Ok();
  }

  Status ReadRemoves(const ArrowView& column) {
    LEAT_ASSIGN(const Column path, column.Find("path", ArrowKind::kString));
    LEAT_ASSIGN(const Column deleted, column.Find("deletionTimestamp", ArrowKind::kInt));
    LEAT_ASSIGN(const Column data_change, column.Find("dataChange", ArrowKind::kBool));
    LEAT_ASSIGN(const Column size, column.Find("size", ArrowKind::kInt));
    LEAT_ASSIGN(const TextMap partition_values, TextMap::Of(column, "partitionValues"));
    for (std::int64_t row = 0; row < column.row_count(); row++) {
      if (column.IsNull(row)) continue;
      if (!Has(path, row)) return Corrupt("a removed file has no path");
      RemoveFile& remove = state_.contents.tombstones.emplace_back();
      remove.path = CanonicalPath(path->String(row), table_path_);
      ReadInt(deleted, row, remove.deleted_ms);
      ReadFlag(data_change, row, remove.data_change);
      ReadInt(size, row, remove.size_bytes);
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
    LEAT_ASSIGN(const Column deletion_vector, column.Find("deletionVector", ArrowKind::kStruct));
    LEAT_ASSIGN(const TextMap partition_values, TextMap::Of(column, "partitionValues"));
    LEAT_ASSIGN(const TextMap tags, TextMap::Of(column, "tags"));
    for (std::int64_t row = 0; row < column.row_count(); row++) {
      if (column.IsNull(row)) continue;
      if (!Has(path, row)) return Corrupt("an added file has no path");
      AddFile& add = state_.contents.files.emplace_back();
      add.path = CanonicalPath(path->String(row), table_path_);
      ReadInt(size, row, add.size_bytes);
      ReadInt(modified, row, add.modified_ms);
      ReadFlag(data_change, row, add.data_change);
      ReadText(stats, row, add.stats_json);
      add.partition_values = partition_values.ReadPartitionValues(row);
      add.tags = tags.Read(row);
      if (Has(deletion_vector, row)) state_.file_with_deletion_vector = add.path;
    }
    return Ok();
  }

  const ArrowView& root_;
  std::string_view table_path_;
  CheckpointState& state_;
};

}  // namespace

Result<CheckpointState> ReadCheckpoint(ParquetHandler& parquet,
                                       const std::vector<std::string>& paths,
                                       std::string_view table_path) {
  static const std::vector<std::string> kColumns = {"txn", "add", "remove", "metaData", "protocol"};
  CheckpointState state;
  for (const std::string& path : paths) {
    const Status status =
        parquet.Read(path, kColumns, [&](const data::ArrowBatch& batch) -> Status {
          LEAT_ASSIGN(const ArrowView root, ArrowView::Of(batch));
          return BatchReader(root, table_path, state).Read();
        });
    if (!status.ok()) return Error(status.error()).WithContext("checkpoint " + path);
  }
  return state;
}

}  // namespace leat::delta
