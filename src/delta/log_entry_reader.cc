// Parses log entries. Source: Delta's PROTOCOL.md, "Actions". Hot: a table's log can hold 100,000
// files.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "delta/deletion_vector.h"
#include "delta/log_entry.h"
#include "delta/log_path.h"

namespace leat::delta {
namespace {

namespace json = simdjson::ondemand;
using std::string_view_literals::operator""sv;

// The text of a kCorrupt error without its place, which the caller adds.
Error Wrong(std::string_view what) { return Corrupt(std::string(what)); }
Error Wrong(std::string_view key, simdjson::error_code error) {
  return Corrupt(fmt::format("'{}': {}", Shorten(key, 60), simdjson::error_message(error)));
}

// The key as it stands in the text, which spares a copy; empty when it has escapes, or nothing.
std::string_view PlainKey(const json::field& field) {
  const char* begin = field.key().raw();
  const char* end = begin;
  while (*end != '"' && *end != '\\') end++;  // simdjson has looked for the end already
  return *end == '"' ? std::string_view(begin, end) : std::string_view();
}

// Calls visit(key, value) for each field of the object whose value is not null.
template <typename Visit>
Status ForEachField(json::object object, Visit visit) {
  for (auto item : object) {
    json::field field;
    if (const auto error = std::move(item).get(field)) return Wrong("object", error);
    std::string_view key = PlainKey(field);
    if (key.empty()) {
      if (const auto error = field.unescaped_key().get(key)) return Wrong("key", error);
    }
    json::value value = field.value();
    json::json_type type{};
    if (const auto error = value.type().get(type)) return Wrong(key, error);
    if (type == json::json_type::null) {
      bool is_null = false;  // checks the whole word: "nuxx" is not null
      if (value.is_null().get(is_null) != simdjson::SUCCESS || !is_null) return Wrong(key);
      continue;
    }
    LEAT_TRY(visit(key, value));
  }
  return Ok();
}

template <typename T>
Status Read(std::string_view key, json::value value, T& target) {
  if (const auto error = value.get(target)) return Wrong(key, error);
  return Ok();
}

// Valid until the line's end.
Status Read(std::string_view key, json::value value, std::string_view& target) {
  const auto error = value.get_string().get(target);
  return error ? Wrong(key, error) : Ok();
}

Status Read(std::string_view key, json::value value, std::string& target) {
  std::string_view text;
  LEAT_TRY(Read(key, value, text));
  target.assign(text);
  return Ok();
}

Status Read(std::string_view key, json::value value, int& target) {
  std::int64_t number = 0;
  LEAT_TRY(Read(key, value, number));
  if (!std::in_range<int>(number)) return Wrong(fmt::format("'{}' is out of range", key));
  target = static_cast<int>(number);
  return Ok();
}

Status Read(std::string_view key, json::value value, std::vector<std::string>& target) {
  json::array array;
  if (const auto error = value.get_array().get(array)) return Wrong(key, error);
  for (auto item : array) {
    std::string_view text;
    if (const auto error = item.get_string().get(text)) return Wrong(key, error);
    target.emplace_back(text);
  }
  return Ok();
}

// A value as text: a string as it is, anything else as JSON.
Status ReadAsText(std::string_view key, json::value value, std::string& target) {
  json::json_type type{};
  if (const auto error = value.type().get(type)) return Wrong(key, error);
  if (type == json::json_type::string) return Read(key, value, target);
  std::string_view raw;
  if (const auto error = simdjson::to_json_string(value).get(raw)) return Wrong(key, error);
  target.assign(Trim(raw));
  return Ok();
}

Status Read(std::string_view key, json::value value, std::map<std::string, std::string>& target) {
  json::object object;
  if (const auto error = value.get_object().get(object)) return Wrong(key, error);
  return ForEachField(object, [&](std::string_view name, json::value item) {
    return ReadAsText(name, item, target[std::string(name)]);
  });
}

Status Read(std::string_view key, json::value value, NullableTexts& target) {
  json::object object;
  if (const auto error = value.get_object().get(object)) return Wrong(key, error);
  for (auto item : object) {
    json::field field;
    if (const auto error = std::move(item).get(field)) return Wrong(key, error);
    std::string_view name;
    if (const auto error = field.unescaped_key().get(name)) return Wrong(key, error);
    std::optional<std::string>& slot = target[std::string(name)];
    bool is_null = false;
    if (const auto error = field.value().is_null().get(is_null)) return Wrong(key, error);
    if (is_null) continue;
    slot.emplace();
    LEAT_TRY(Read(key, field.value(), *slot));
  }
  return Ok();
}

// The protocol: "an empty string for any type translates to a null partition value".
void EmptyToNull(NullableTexts& partition_values) {
  for (auto& [column, text] : partition_values) {
    if (text && text->empty()) text.reset();
  }
}

Result<Metadata> ReadMetadata(json::object object) {
  Metadata metadata;
  std::string schema_json;
  std::string provider = "parquet";
  std::map<std::string, std::string> options;
  std::optional<std::string> name, description;
  std::optional<std::int64_t> created_ms;
  LEAT_TRY(ForEachField(object, [&](std::string_view key, json::value value) -> Status {
    if (key == "id") return Read(key, value, metadata.id);
    if (key == "name") return Read(key, value, name.emplace());
    if (key == "description") return Read(key, value, description.emplace());
    if (key == "schemaString") return Read(key, value, schema_json);
    if (key == "partitionColumns") return Read(key, value, metadata.partition_columns);
    if (key == "configuration") return Read(key, value, metadata.configuration);
    if (key == "createdTime") return Read(key, value, created_ms.emplace());
    if (key != "format") return Ok();
    json::object format;
    if (const auto error = value.get_object().get(format)) return Wrong(key, error);
    return ForEachField(format, [&](std::string_view part, json::value item) -> Status {
      if (part == "options") return Read(part, item, options);
      return part == "provider" ? Read(part, item, provider) : Ok();
    });
  }));
  metadata.is_verbatim = name != "" && description != "" && created_ms && options.empty();
  metadata.name = name.value_or("");
  metadata.description = description.value_or("");
  metadata.created_ms = created_ms.value_or(0);
  if (provider != "parquet") {
    return InvalidInput(fmt::format("its data files have the format '{}'", Shorten(provider, 60)))
        .WithHint("Leat reads Delta tables of Parquet files only");
  }
  // Old writers leave the schema of an empty table out.
  if (!schema_json.empty()) {
    LEAT_ASSIGN(metadata.schema, data::SchemaFromDeltaJson(schema_json));
  }
  metadata.is_verbatim &= data::ToDeltaJson(metadata.schema) == schema_json;
  return metadata;
}

Result<Protocol> ReadProtocol(json::object object) {
  Protocol protocol;
  LEAT_TRY(ForEachField(object, [&](std::string_view key, json::value value) -> Status {
    if (key == "minReaderVersion") return Read(key, value, protocol.reader_version);
    if (key == "minWriterVersion") return Read(key, value, protocol.writer_version);
    if (key == "readerFeatures") return Read(key, value, protocol.reader_features);
    if (key == "writerFeatures") return Read(key, value, protocol.writer_features);
    return Ok();
  }));
  return protocol;
}

Result<AppTransaction> ReadAppTransaction(json::object object) {
  AppTransaction transaction;
  LEAT_TRY(ForEachField(object, [&](std::string_view key, json::value value) -> Status {
    if (key == "appId") return Read(key, value, transaction.app_id);
    if (key == "version") return Read(key, value, transaction.version);
    if (key == "lastUpdated") return Read(key, value, transaction.updated_ms);
    return Ok();
  }));
  return transaction;
}

Result<CommitInfo> ReadCommitInfo(json::object object) {
  CommitInfo info;
  LEAT_TRY(ForEachField(object, [&](std::string_view key, json::value value) -> Status {
    if (key == "timestamp") return Read(key, value, info.timestamp_ms);
    if (key == "operation") return Read(key, value, info.operation);
    if (key == "operationParameters") return Read(key, value, info.operation_parameters);
    if (key == "operationMetrics") return Read(key, value, info.operation_metrics);
    if (key == "engineInfo") return Read(key, value, info.engine_info);
    if (key == "txnId") return Read(key, value, info.txn_id);
    if (key == "inCommitTimestamp") return Read(key, value, info.in_commit_timestamp_ms.emplace());
    std::string_view raw;
    const std::string name(key);
    if (const auto error = simdjson::to_json_string(value).get(raw)) return Wrong(key, error);
    info.extra[name] = std::string(Trim(raw));
    return Ok();
  }));
  if (info.in_commit_timestamp_ms) info.timestamp_ms = *info.in_commit_timestamp_ms;
  return info;
}

Result<DeletionVectorDescriptor> ReadDescriptor(json::object object) {
  DeletionVectorDescriptor vector;
  std::string storage;
  LEAT_TRY(ForEachField(object, [&](std::string_view key, json::value value) -> Status {
    if (key == "storageType") return Read(key, value, storage);
    if (key == "pathOrInlineDv") return Read(key, value, vector.path_or_inline);
    if (key == "offset") return Read(key, value, vector.offset.emplace());
    if (key == "sizeInBytes") return Read(key, value, vector.size_bytes);
    if (key == "cardinality") return Read(key, value, vector.cardinality);
    return Ok();
  }));
  LEAT_ASSIGN(vector.storage, ParseDeletionVectorStorage(storage));
  return vector;
}

Result<DomainMetadata> ReadDomainMetadata(json::object object) {
  DomainMetadata domain;
  LEAT_TRY(ForEachField(object, [&](std::string_view key, json::value value) -> Status {
    if (key == "domain") return Read(key, value, domain.domain);
    if (key == "configuration") return Read(key, value, domain.configuration);
    if (key == "removed") return Read(key, value, domain.removed);
    return Ok();
  }));
  return domain;
}

Result<SidecarFile> ReadSidecar(json::object object) {
  SidecarFile sidecar;
  LEAT_TRY(ForEachField(object, [&](std::string_view key, json::value value) -> Status {
    if (key == "path") return Read(key, value, sidecar.path);
    if (key == "sizeInBytes") return Read(key, value, sidecar.size_bytes);
    return Ok();
  }));
  if (sidecar.path.empty()) return Wrong("a sidecar has no path");
  return sidecar;
}

class EntryReader {
 public:
  // `max_actions`: room for so many; most lines of a long entry add files.
  EntryReader(std::string_view table_path, std::size_t max_actions) : table_path_(table_path) {
    entry_.adds.reserve(max_actions);
    entry_.has_plain_paths = true;
  }

  // An action that is not known here is none of ours, whatever its value.
  Status ReadAction(json::object line) {
    return ForEachField(line, [&](std::string_view key, json::value value) -> Status {
      constexpr std::array kActions = {"add"sv,    "remove"sv, "metaData"sv,   "protocol"sv,
                                       "txn"sv,    "cdc"sv,    "commitInfo"sv, "domainMetadata"sv,
                                       "sidecar"sv};
      if (std::find(kActions.begin(), kActions.end(), key) == kActions.end()) return Ok();
      json::object object;
      if (const auto error = value.get_object().get(object)) return Wrong(key, error);
      if (key == "add") return ReadAdd(object);
      if (key == "remove") return ReadRemove(object);
      if (key == "metaData") return Take(ReadMetadata(object), entry_.metadata);
      if (key == "protocol") return Take(ReadProtocol(object), entry_.protocol);
      if (key == "commitInfo") return Take(ReadCommitInfo(object), entry_.info);
      if (key == "txn") return Append(ReadAppTransaction(object), entry_.app_transactions);
      if (key == "cdc") return ReadChange(object);
      if (key == "domainMetadata") {
        return Append(ReadDomainMetadata(object), entry_.domain_metadata);
      }
      return Append(ReadSidecar(object), entry_.sidecars);
    });
  }

  LogEntry Finish() && {
    if (entry_.adds.size() < entry_.adds.capacity() / 2) entry_.adds.shrink_to_fit();
    return std::move(entry_);
  }

 private:
  template <typename T>
  static Status Take(Result<T> read, std::optional<T>& target) {
    if (!read.ok()) return std::move(read).error();
    target = std::move(*read);
    return Ok();
  }

  template <typename T>
  static Status Append(Result<T> read, std::vector<T>& target) {
    if (!read.ok()) return std::move(read).error();
    target.push_back(std::move(*read));
    return Ok();
  }

  Status ReadAdd(json::object object) {
    AddFile& add = entry_.adds.emplace_back();
    std::string_view path, stats;
    LEAT_TRY(ForEachField(object, [&](std::string_view key, json::value value) -> Status {
      if (key == "path") return Read(key, value, path);
      if (key == "partitionValues") return Read(key, value, add.partition_values);
      if (key == "size") return Read(key, value, add.size_bytes);
      if (key == "modificationTime") return Read(key, value, add.modified_ms);
      if (key == "dataChange") return Read(key, value, add.data_change);
      if (key == "stats") return Read(key, value, stats);
      if (key == "tags") return Read(key, value, add.tags.emplace());
      if (key == "deletionVector") return ReadVector(key, value, add.deletion_vector);
      if (key == "baseRowId") return Read(key, value, add.base_row_id.emplace());
      if (key == "defaultRowCommitVersion") {
        return Read(key, value, add.default_row_commit_version.emplace());
      }
      if (key == "clusteringProvider") {
        return Read(key, value, add.clustering_provider.emplace());
      }
      return Ok();
    }));
    EmptyToNull(add.partition_values);
    add.stats_json = stats_.Add(stats);
    const bool is_plain = SetPath(path, table_path_, add);
    entry_.has_plain_paths &= is_plain && !add.deletion_vector;
    if (add.path.empty()) return Wrong("an added file has no path");
    return Ok();
  }

  Status ReadRemove(json::object object) {
    RemoveFile& remove = entry_.removes.emplace_back();
    std::string_view path;
    LEAT_TRY(ForEachField(object, [&](std::string_view key, json::value value) -> Status {
      if (key == "path") return Read(key, value, path);
      if (key == "deletionTimestamp") return Read(key, value, remove.deleted_ms);
      if (key == "dataChange") return Read(key, value, remove.data_change);
      if (key == "partitionValues") return Read(key, value, remove.partition_values);
      if (key == "size") return Read(key, value, remove.size_bytes);
      if (key == "deletionVector") return ReadVector(key, value, remove.deletion_vector);
      if (key == "baseRowId") return Read(key, value, remove.base_row_id.emplace());
      if (key == "defaultRowCommitVersion") {
        return Read(key, value, remove.default_row_commit_version.emplace());
      }
      return Ok();
    }));
    EmptyToNull(remove.partition_values);
    SetPath(path, table_path_, remove);
    if (remove.path.empty()) return Wrong("a removed file has no path");
    return Ok();
  }

  Status ReadChange(json::object object) {
    ChangeFile& change = entry_.changes.emplace_back();
    std::string_view path;
    LEAT_TRY(ForEachField(object, [&](std::string_view key, json::value value) -> Status {
      if (key == "path") return Read(key, value, path);
      if (key == "partitionValues") return Read(key, value, change.partition_values);
      if (key == "size") return Read(key, value, change.size_bytes);
      return Ok();
    }));
    EmptyToNull(change.partition_values);
    change.path = CanonicalPath(path, table_path_);
    if (change.path.empty()) return Wrong("a file of changes has no path");
    return Ok();
  }

  static Status ReadVector(std::string_view key, json::value value,
                           Boxed<DeletionVectorDescriptor>& target) {
    json::object object;
    if (const auto error = value.get_object().get(object)) return Wrong(key, error);
    LEAT_ASSIGN(target, ReadDescriptor(object));
    return Ok();
  }

  std::string_view table_path_;
  TextPool stats_;
  LogEntry entry_;
};

// Parses one line with visit(object). simdjson may read its padding beyond the line: what follows
// it in the file.
template <typename Visit>
Status ParseLine(json::parser& parser, simdjson::padded_string_view line, Visit& visit) {
  json::document document;
  json::object object;
  if (const auto error = parser.iterate(line).get(document)) return Wrong("line", error);
  if (const auto error = document.get_object().get(object)) return Wrong("line", error);
  LEAT_TRY(visit(object));
  if (document.current_location().error() != simdjson::SUCCESS) return Ok();
  return Wrong("there is text after the JSON object");
}

// Calls visit(object) for each line that is not blank.
template <typename Visit>
Status ForEachLine(std::string_view content, const std::string& file, Visit visit) {
  json::parser parser;
  std::string padded_end;  // a copy of a line that ends too near to the content's end
  std::size_t begin = 0;
  for (int number = 1; begin < content.size(); number++) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view line = content.substr(begin, end - begin);
    std::size_t readable = content.size() - begin;
    begin = end + 1;
    if (Trim(line).empty()) continue;
    const char* data = line.data();
    if (readable < line.size() + simdjson::SIMDJSON_PADDING) {
      padded_end.assign(line).append(simdjson::SIMDJSON_PADDING, ' ');
      data = padded_end.data();
      readable = padded_end.size();
    }
    const Status status =
        ParseLine(parser, simdjson::padded_string_view(data, line.size(), readable), visit);
    if (!status.ok()) {
      // Of another kind than damage: what it says is not supported.
      const bool is_damaged = status.error().kind() == ErrorKind::kCorrupt;
      return Error(status.error().kind(),
                   fmt::format("the log entry {}{}, line {}: {}", file,
                               is_damaged ? " is damaged" : "", number, status.error().message()))
          .WithHint(status.error().hint());
    }
  }
  return Ok();
}

// By memchr, which looks at many bytes at once.
std::size_t CountLines(std::string_view content) {
  std::size_t count = 0;
  for (std::size_t at = content.find('\n'); at != std::string_view::npos;
       at = content.find('\n', at + 1)) {
    count++;
  }
  return count;
}

}  // namespace

Result<LogEntry> ParseLogEntry(std::string_view content, const std::string& file,
                               std::string_view table_path) {
  EntryReader reader(table_path, CountLines(content));
  LEAT_TRY(
      ForEachLine(content, file, [&](json::object object) { return reader.ReadAction(object); }));
  return std::move(reader).Finish();
}

Result<std::optional<CommitInfo>> FindCommitInfo(std::string_view content,
                                                 const std::string& file) {
  content = content.substr(0, content.rfind('\n'));
  std::optional<CommitInfo> found;
  LEAT_TRY(ForEachLine(content, file, [&](json::object object) {
    return ForEachField(object, [&](std::string_view key, json::value value) -> Status {
      if (key != "commitInfo") return Ok();
      json::object info;
      if (const auto error = value.get_object().get(info)) return Wrong(key, error);
      LEAT_ASSIGN(found, ReadCommitInfo(info));
      return Ok();
    });
  }));
  return found;
}

}  // namespace leat::delta
