// Writes log entries. Source: Delta's PROTOCOL.md, "Actions".
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "delta/json_writer.h"
#include "delta/log_entry.h"
#include "delta/log_path.h"

namespace leat::delta {
namespace {

// {"add":{...}} and a line break around what `fill` writes.
template <typename Fill>
void AppendAction(std::string& out, std::string_view name, Fill fill) {
  ObjectWriter line(out);
  ObjectWriter action(line.Key(name));
  fill(action);
  action.Close();
  line.Close();
  out += '\n';
}

constexpr std::array<std::string_view, 7> kInfoKeys = {
    "timestamp",        "inCommitTimestamp", "operation", "operationParameters",
    "operationMetrics", "engineInfo",        "txnId"};

Status AppendInfo(std::string& out, const CommitInfo& info) {
  std::map<std::string, std::string> extra;
  for (const auto& [key, raw] : info.extra) {
    if (std::find(kInfoKeys.begin(), kInfoKeys.end(), key) != kInfoKeys.end()) continue;
    const auto value = ParseOrderedJson(raw);
    if (value.is_discarded()) {
      return InvalidInput(fmt::format("commitInfo '{}' is not JSON: {}", key, Shorten(raw, 80)));
    }
    const bool is_one_line = raw.find_first_of("\r\n") == std::string::npos;
    extra[key] = is_one_line ? raw : JsonText(value);
  }
  AppendAction(out, "commitInfo", [&](ObjectWriter& action) {
    if (info.in_commit_timestamp_ms) {
      action.Number("inCommitTimestamp", *info.in_commit_timestamp_ms);
    }
    action.Number("timestamp", info.timestamp_ms);
    action.Text("operation", info.operation);
    action.TextMap("operationParameters", info.operation_parameters);
    for (const auto& [key, json] : extra) action.Key(key) += json;
    action.TextMap("operationMetrics", info.operation_metrics);
    action.Text("engineInfo", info.engine_info);
    action.Text("txnId", info.txn_id);
  });
  return Ok();
}

template <typename Action>
void AppendVectorAndRows(ObjectWriter& action, const Action& file) {
  if (file.deletion_vector) {
    const DeletionVectorDescriptor& vector = *file.deletion_vector;
    ObjectWriter inner(action.Key("deletionVector"));
    inner.Text("storageType", std::string(1, static_cast<char>(vector.storage)));
    inner.Text("pathOrInlineDv", vector.path_or_inline);
    if (vector.offset) inner.Number("offset", *vector.offset);
    inner.Number("sizeInBytes", vector.size_bytes);
    inner.Number("cardinality", vector.cardinality);
    inner.Close();
  }
  if (file.base_row_id) action.Number("baseRowId", *file.base_row_id);
  if (file.default_row_commit_version) {
    action.Number("defaultRowCommitVersion", *file.default_row_commit_version);
  }
}

void AppendRemove(std::string& out, const RemoveFile& remove) {
  AppendAction(out, "remove", [&](ObjectWriter& action) {
    action.Text("path", PathInLog(remove));
    action.Number("deletionTimestamp", remove.deleted_ms);
    action.Flag("dataChange", remove.data_change);
    action.Flag("extendedFileMetadata", true);
    action.TextMap("partitionValues", remove.partition_values);
    action.Number("size", remove.size_bytes);
    AppendVectorAndRows(action, remove);
  });
}

void AppendAdd(std::string& out, const AddFile& add) {
  AppendAction(out, "add", [&](ObjectWriter& action) {
    action.Text("path", PathInLog(add));
    action.TextMap("partitionValues", add.partition_values);
    action.Number("size", add.size_bytes);
    action.Number("modificationTime", add.modified_ms);
    action.Flag("dataChange", add.data_change);
    if (!add.stats_json.empty()) action.Text("stats", add.stats_json);
    if (add.tags) action.TextMap("tags", *add.tags);
    AppendVectorAndRows(action, add);
    if (add.clustering_provider) action.Text("clusteringProvider", *add.clustering_provider);
  });
}

void AppendChange(std::string& out, const ChangeFile& change) {
  AppendAction(out, "cdc", [&](ObjectWriter& action) {
    action.Text("path", EncodePath(change.path));
    action.TextMap("partitionValues", change.partition_values);
    action.Number("size", change.size_bytes);
    action.Flag("dataChange", false);
  });
}

template <typename Action>
void Append(std::string& out, std::string_view name, const Action& action) {
  AppendAction(out, name, [&](ObjectWriter& writer) { Write(writer, action); });
}

}  // namespace

void AppendString(std::string& out, std::string_view text) {
  out += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    const bool is_control = static_cast<unsigned char>(c) < 0x20;
    if (c != '"' && c != '\\' && !is_control) continue;
    out += text.substr(copied, i - copied);
    copied = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out += fmt::format("\\u{:04x}", static_cast<int>(c));
    }
  }
  out += text.substr(copied);
  out += '"';
}

void Write(ObjectWriter& action, const Protocol& protocol) {
  action.Number("minReaderVersion", protocol.reader_version);
  action.Number("minWriterVersion", protocol.writer_version);
  // Lists are there exactly when the versions say so.
  if (protocol.reader_version >= 3) action.Texts("readerFeatures", protocol.reader_features);
  if (protocol.writer_version >= 7) action.Texts("writerFeatures", protocol.writer_features);
}

void Write(ObjectWriter& action, const Metadata& metadata) {
  action.Text("id", metadata.id);
  if (!metadata.name.empty()) action.Text("name", metadata.name);
  if (!metadata.description.empty()) action.Text("description", metadata.description);
  action.Key("format") += R"({"provider":"parquet","options":{}})";
  action.Text("schemaString", data::ToDeltaJson(metadata.schema));
  action.Texts("partitionColumns", metadata.partition_columns);
  action.TextMap("configuration", metadata.configuration);
  action.Number("createdTime", metadata.created_ms);
}

void Write(ObjectWriter& action, const AppTransaction& transaction) {
  action.Text("appId", transaction.app_id);
  action.Number("version", transaction.version);
  if (transaction.updated_ms != 0) action.Number("lastUpdated", transaction.updated_ms);
}

void Write(ObjectWriter& action, const DomainMetadata& domain) {
  action.Text("domain", domain.domain);
  action.Text("configuration", domain.configuration);
  action.Flag("removed", domain.removed);
}

Result<std::string> FormatLogEntry(const LogEntry& entry) {
  std::string out;
  if (entry.info) LEAT_TRY(AppendInfo(out, *entry.info));
  if (entry.protocol) Append(out, "protocol", *entry.protocol);
  if (entry.metadata) Append(out, "metaData", *entry.metadata);
  for (const AppTransaction& transaction : entry.app_transactions) Append(out, "txn", transaction);
  for (const RemoveFile& remove : entry.removes) AppendRemove(out, remove);
  for (const AddFile& add : entry.adds) AppendAdd(out, add);
  for (const ChangeFile& change : entry.changes) AppendChange(out, change);
  for (const DomainMetadata& domain : entry.domain_metadata) {
    Append(out, "domainMetadata", domain);
  }
  for (const SidecarFile& sidecar : entry.sidecars) {
    AppendAction(out, "sidecar", [&](ObjectWriter& action) {
      action.Text("path", EncodePath(sidecar.path));
      action.Number("sizeInBytes", sidecar.size_bytes);
      action.Number("modificationTime", sidecar.modified_ms);
    });
  }
  if (!simdjson::validate_utf8(out.data(), out.size())) {
    return InvalidInput("a commit can hold UTF-8 text only: a name, value or statistic is not");
  }
  return out;
}

}  // namespace leat::delta
