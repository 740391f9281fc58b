#include "delta/transaction_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "delta/cell.h"
#include "delta/column_mapping.h"
#include "delta/log_path.h"
#include "delta/protocol.h"
#include "delta/row_tracking.h"
#include "delta/table_properties.h"

namespace leat::delta {
namespace {

Status CheckNames(const std::vector<data::Field>& fields, const std::string& parent) {
  std::unordered_set<std::string> names;
  for (const data::Field& field : fields) {
    if (field.name.empty()) return InvalidInput(fmt::format("a column{} has no name", parent));
    // Statements add columns of their own under such names (engine::HelperColumn).
    if (field.name.find_first_of(std::string_view("\0\001", 2)) != std::string::npos) {
      return InvalidInput(fmt::format("the name of a column{} holds a control character", parent))
          .WithHint("rename it: " + QuoteIdentifier(field.name));
    }
    if (!names.insert(ToLower(field.name)).second) {
      return InvalidInput(fmt::format(
          "two columns{} are named '{}' (upper and lower case count as one)", parent, field.name));
    }
    LEAT_TRY(CheckNames(field.type.children, fmt::format(" of '{}'", field.name)));
  }
  return Ok();
}

Status CheckMetadata(const Metadata& metadata) {
  LEAT_TRY(CheckNames(metadata.schema.fields, ""));
  std::unordered_set<std::string> seen;
  for (const std::string& column : metadata.partition_columns) {
    const data::Field* field = metadata.schema.Find(column);
    if (field == nullptr || field->name != column) {
      return InvalidInput(fmt::format("the partition column '{}' is not in the schema", column))
          .WithHint(NearestHint(column, metadata.schema.names()));
    }
    if (!seen.insert(column).second) {
      return InvalidInput(fmt::format("the partition column '{}' is there twice", column));
    }
    if (!field->type.children.empty()) {
      return InvalidInput(fmt::format("column '{}' of the type {} cannot partition a table", column,
                                      field->type.ToString()));
    }
  }
  LEAT_TRY(ParseTableProperties(metadata));
  return Ok();
}

// Puts a file's partition values into the protocol's form: one for each partition column, no
// others.
template <typename File>
Status NormalizePartitionValues(const Metadata& metadata, File& file) {
  LEAT_ASSIGN(const ColumnMapping mapping, MappingOf(metadata));
  for (const std::string& column : metadata.partition_columns) {
    const auto value =
        file.partition_values.find(PhysicalName(mapping, *metadata.schema.Find(column)));
    if (value == file.partition_values.end()) {
      return InvalidInput(
          fmt::format("file {} has no value for the partition column '{}'", file.path, column));
    }
    std::optional<std::string>& text = value->second;
    if (text && text->empty()) text.reset();  // the protocol takes both for null
    if (!text) continue;
    auto normalized = PartitionText(metadata.schema.Find(column)->type, *text);
    if (!normalized.ok()) {
      return Error(normalized.error())
          .WithContext(fmt::format("file {}, column {}", file.path, column));
    }
    text = std::move(*normalized);
  }
  if (file.partition_values.size() > metadata.partition_columns.size()) {
    return InvalidInput(
        fmt::format("file {} has values for columns that do not partition the table", file.path));
  }
  return Ok();
}

Status CheckFiles(const Transaction& transaction, const FileRoots& roots) {
  std::unordered_set<std::string_view> added_paths;
  std::unordered_set<FileKey, FileKeyHash> added;
  for (const AddFile& add : transaction.adds) {
    LEAT_TRY(CheckDataPath(add.path, roots));
    added.insert(FileKey(add));
    if (!added_paths.insert(add.path).second) {
      return Bug(fmt::format("file {} is added twice", add.path));
    }
  }
  if (transaction.removes.empty()) return Ok();
  std::unordered_map<FileKey, const RemoveFile*, FileKeyHash> removed;
  for (const RemoveFile& remove : transaction.removes) {
    if (!removed.emplace(FileKey(remove), &remove).second || added.contains(FileKey(remove))) {
      return Bug(fmt::format("file {} is removed twice, or removed and added", remove.path));
    }
  }
  if (transaction.base != nullptr) {
    for (const AddFile& file : transaction.base->files()) {
      const auto found = removed.find(FileKey(file));
      if (found == removed.end()) continue;
      if (found->second->size_bytes != file.size_bytes) {
        return Bug(fmt::format("file {} is removed with another size than it has", file.path));
      }
      removed.erase(found);
    }
  }
  if (!removed.empty()) {
    return Bug(fmt::format("file {} is removed, but the transaction's base does not have it",
                           removed.begin()->first.path));
  }
  return Ok();
}

Status CheckAppendOnly(const Transaction& transaction, const Metadata& metadata,
                       const std::string& table_path) {
  LEAT_ASSIGN(const TableProperties properties, ParseTableProperties(metadata));
  const bool changes_data =
      std::any_of(transaction.removes.begin(), transaction.removes.end(),
                  [](const RemoveFile& remove) { return remove.data_change; });
  if (!properties.append_only || !changes_data) return Ok();
  return InvalidInput(
             fmt::format("table {} takes appends only (delta.appendOnly is true)", table_path))
      .WithHint("rows of this table cannot be changed or deleted unless that property is removed");
}

// The protocol action to write, if any; `current` is what the table has then.
Result<std::optional<Protocol>> DecideProtocol(const Transaction& transaction,
                                               const Metadata& metadata,
                                               const std::string& table_path) {
  const bool creates = transaction.base == nullptr;
  std::optional<Protocol> action = transaction.protocol;
  if (creates && !action) action = Protocol();
  const Protocol current = action ? *action : transaction.base->protocol();
  if (transaction.metadata) {
    if (auto upgrade = RequiredUpgrade(current, metadata)) action = std::move(*upgrade);
  }
  if (!creates) {
    LEAT_TRY(CheckWritable(transaction.base->protocol(), transaction.base->metadata(), table_path));
  }
  if (action) LEAT_TRY(CheckWritable(*action, metadata, table_path));
  return action;
}

}  // namespace

Result<LogEntry> PrepareEntry(const Transaction& transaction, const io::Environment& environment,
                              const std::string& table_path, const FileRoots& roots) {
  if (transaction.base == nullptr && !transaction.metadata) {
    return Bug("a transaction without a base creates a table, so it needs metadata");
  }
  const std::int64_t now_ms = environment.clock.Now() / kMicrosPerMilli;
  LogEntry entry{.metadata = transaction.metadata,
                 .app_transactions = transaction.app_transactions,
                 .removes = transaction.removes,
                 .adds = transaction.adds,
                 .changes = transaction.changes,
                 .domain_metadata = transaction.domain_metadata};
  if (entry.metadata) {
    if (entry.metadata->id.empty()) entry.metadata->id = io::NewUuid(environment.random);
    if (entry.metadata->created_ms == 0) entry.metadata->created_ms = now_ms;
    entry.metadata->is_verbatim = true;
    LEAT_TRY(CheckMetadata(*entry.metadata));
  }
  const Metadata& metadata = entry.metadata ? *entry.metadata : transaction.base->metadata();
  LEAT_ASSIGN(entry.protocol, DecideProtocol(transaction, metadata, table_path));
  LEAT_TRY(CheckFiles(transaction, roots));
  LEAT_TRY(CheckAppendOnly(transaction,
                           transaction.base != nullptr ? transaction.base->metadata() : metadata,
                           table_path));
  LEAT_TRY(CheckRowTracking(transaction, metadata, table_path));
  for (AddFile& add : entry.adds) {
    LEAT_TRY(NormalizePartitionValues(metadata, add));
    if (add.modified_ms == 0) add.modified_ms = now_ms;
  }
  for (ChangeFile& change : entry.changes) {
    LEAT_TRY(CheckInsideTable(change.path));
    LEAT_TRY(NormalizePartitionValues(metadata, change));
  }
  for (RemoveFile& remove : entry.removes) {
    if (remove.deleted_ms == 0) remove.deleted_ms = now_ms;
  }
  std::unordered_set<std::string_view> app_ids;
  for (AppTransaction& application : entry.app_transactions) {
    if (application.updated_ms == 0) application.updated_ms = now_ms;
    if (!app_ids.insert(application.app_id).second) {
      return Bug(fmt::format("the application '{}' has two positions in one transaction",
                             application.app_id));
    }
  }
  return entry;
}

}  // namespace leat::delta
