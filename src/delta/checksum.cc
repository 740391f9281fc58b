#include "delta/checksum.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "delta/json_writer.h"
#include "delta/limits.h"
#include "delta/log_path.h"
#include "delta/table_properties.h"

namespace leat::delta {
namespace {

using Json = nlohmann::json;

bool HasFeature(const Protocol& protocol, std::string_view name) {
  return std::find(protocol.writer_features.begin(), protocol.writer_features.end(), name) !=
         protocol.writer_features.end();
}

// Other programs forget applications after a while then, each by its own clock.
bool ForgetsApplications(const Metadata& metadata) {
  return metadata.configuration.contains("delta.setTransactionRetentionDuration");
}

template <typename Action>
void AppendList(ObjectWriter& object, std::string_view key,
                const std::map<std::string, Action>& actions) {
  std::string& out = object.Key(key);
  out += '[';
  bool is_first = true;
  for (const auto& [name, action] : actions) {
    if (!is_first) out += ',';
    is_first = false;
    ObjectWriter item(out);
    Write(item, action);
    item.Close();
  }
  out += ']';
}

template <typename Action>
std::string ToJson(const Action& action) {
  std::string json;
  ObjectWriter object(json);
  Write(object, action);
  object.Close();
  return json;
}

// The key's value if it is there and a number.
std::optional<std::int64_t> Number(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

// The actions that the checksum repeats, read as those of a log entry are; nothing when they cannot
// be.
std::optional<LogEntry> RepeatedActions(const Json& json, const std::string& path,
                                        const std::string& table_path) {
  std::string lines;
  const auto add = [&](const char* action, const Json& value) {
    if (!value.is_null()) lines += JsonText(Json{{action, value}}) + "\n";
  };
  for (const char* key : {"metadata", "protocol"}) {
    if (json.contains(key)) add(key == std::string("metadata") ? "metaData" : key, json[key]);
  }
  for (const auto& [key, action] :
       {std::pair("setTransactions", "txn"), std::pair("domainMetadata", "domainMetadata")}) {
    const auto list = json.find(key);
    if (list == json.end() || !list->is_array()) continue;
    for (const Json& item : *list) add(action, item);
  }
  auto entry = ParseLogEntry(lines, path, table_path);
  if (!entry.ok()) return std::nullopt;
  return std::move(*entry);
}

bool SameFeatures(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

// Without regard to the order of keys in the metadata of columns.
bool SameSchema(const data::Schema& a, const data::Schema& b) {
  return a == b || ParseJson(data::ToDeltaJson(a)) == ParseJson(data::ToDeltaJson(b));
}

// Collects what differs between a snapshot and its checksum.
class Comparison {
 public:
  Comparison(const LogSnapshot& snapshot, const Json& json) : snapshot_(snapshot), json_(json) {}

  std::vector<std::string> Differences(const LogEntry& recorded) && {
    const FileTotals totals = FileTotals::Of(snapshot_.files());
    CompareNumber("numFiles", "files", totals.files);
    CompareNumber("tableSizeBytes", "bytes", totals.size_bytes);
    CompareNumber("numMetadata", "metadata actions", 1);
    CompareNumber("numProtocol", "protocol actions", 1);
    if (HasFeature(snapshot_.protocol(), "deletionVectors")) {
      CompareNumber("numDeletionVectorsOpt", "deletion vectors", totals.deletion_vectors);
      CompareNumber("numDeletedRecordsOpt", "deleted rows", totals.deleted_rows);
    }
    if (HasFeature(snapshot_.protocol(), "inCommitTimestamp")) {
      CompareNumber("inCommitTimestampOpt", "as its time", snapshot_.timestamp_ms());
    }
    if (recorded.protocol) CompareProtocol(*recorded.protocol);
    if (recorded.metadata) CompareMetadata(*recorded.metadata);
    if (HasList("setTransactions") && !ForgetsApplications(snapshot_.metadata())) {
      CompareApplications(recorded.app_transactions);
    }
    if (HasList("domainMetadata")) CompareDomains(recorded.domain_metadata);
    return std::move(differences_);
  }

 private:
  void CompareNumber(const char* key, std::string_view what, std::int64_t found) {
    const auto recorded = Number(json_, key);
    if (!recorded || *recorded == found) return;
    differences_.push_back(fmt::format("{} {} instead of {}", found, what, *recorded));
  }

  bool HasList(const char* key) const {
    const auto list = json_.find(key);
    return list != json_.end() && list->is_array();
  }

  void CompareProtocol(const Protocol& recorded) {
    const Protocol& found = snapshot_.protocol();
    const bool same = found.reader_version == recorded.reader_version &&
                      found.writer_version == recorded.writer_version &&
                      SameFeatures(found.reader_features, recorded.reader_features) &&
                      SameFeatures(found.writer_features, recorded.writer_features);
    if (!same) differences_.emplace_back("another protocol");
  }

  void CompareMetadata(const Metadata& recorded) {
    const Metadata& found = snapshot_.metadata();
    if (found.id != recorded.id) differences_.emplace_back("another table id");
    if (!SameSchema(found.schema, recorded.schema)) differences_.emplace_back("another schema");
    if (found.partition_columns != recorded.partition_columns) {
      differences_.emplace_back("other partition columns");
    }
    if (found.configuration != recorded.configuration) {
      differences_.emplace_back("other table properties");
    }
  }

  void CompareApplications(const std::vector<AppTransaction>& recorded) {
    std::map<std::string, std::int64_t> missing;
    for (const AppTransaction& transaction : recorded) {
      missing[transaction.app_id] = transaction.version;
    }
    for (const auto& [app_id, transaction] : snapshot_.app_transactions()) {
      const auto found = missing.find(app_id);
      if (found == missing.end() || found->second != transaction.version) {
        differences_.push_back(fmt::format("another position of the application '{}'", app_id));
      }
      if (found != missing.end()) missing.erase(found);
    }
    for (const auto& [app_id, version] : missing) {
      differences_.push_back(fmt::format("no position of the application '{}'", app_id));
    }
  }

  void CompareDomains(const std::vector<DomainMetadata>& recorded) {
    std::map<std::string, std::string> wanted, found;
    for (const DomainMetadata& domain : recorded) wanted[domain.domain] = domain.configuration;
    for (const auto& [name, domain] : snapshot_.domain_metadata()) {
      found[name] = domain.configuration;
    }
    if (wanted != found) differences_.emplace_back("other domain metadata");
  }

  const LogSnapshot& snapshot_;
  const Json& json_;
  std::vector<std::string> differences_;
};

}  // namespace

std::string ChecksumWriter::MetadataJson(const std::shared_ptr<const Metadata>& metadata) {
  const std::lock_guard lock(mutex_);
  if (metadata_ != metadata) {
    metadata_json_ = ToJson(*metadata);
    metadata_ = metadata;
  }
  return metadata_json_;
}

std::optional<std::string> ChecksumWriter::Format(const LogSnapshot& snapshot,
                                                  const CommitInfo& info) {
  const auto totals = snapshot.totals();
  const Metadata& metadata = snapshot.metadata();
  if (!totals || !metadata.is_verbatim) return std::nullopt;
  std::string json;
  ObjectWriter object(json);
  object.Text("txnId", info.txn_id);
  object.Number("tableSizeBytes", totals->size_bytes);
  object.Number("numFiles", totals->files);
  if (HasFeature(snapshot.protocol(), "deletionVectors")) {
    object.Number("numDeletedRecordsOpt", totals->deleted_rows);
    object.Number("numDeletionVectorsOpt", totals->deletion_vectors);
  }
  object.Number("numMetadata", 1);
  object.Number("numProtocol", 1);
  if (info.in_commit_timestamp_ms) {
    object.Number("inCommitTimestampOpt", *info.in_commit_timestamp_ms);
  }
  if (!ForgetsApplications(metadata)) {
    const auto transactions = snapshot.AppTransactions(kMaxActionsInChecksum);
    if (transactions) AppendList(object, "setTransactions", *transactions);
  }
  const auto domains = snapshot.Domains(kMaxActionsInChecksum);
  if (domains) AppendList(object, "domainMetadata", *domains);
  object.Key("metadata") += MetadataJson(snapshot.head().metadata);
  object.Key("protocol") += ToJson(snapshot.protocol());
  object.Close();
  json += '\n';
  return json;
}

void ChecksumWriter::Write(io::FileSystem& files, const std::string& log_directory,
                           const LogSnapshot& snapshot, const CommitInfo& info) {
  const auto content = Format(snapshot, info);
  if (!content) return;
  const std::string name = ChecksumFileName(snapshot.version().value());
  const auto created = files.CreateFileUnsynced(io::JoinPath(log_directory, name), *content);
  static_cast<void>(created);  // the protocol lets it be missing
}

Status CheckAgainstChecksum(const LogSnapshot& snapshot, std::string_view content,
                            const std::string& path, const std::string& table_path) {
  const Json json = ParseJson(content);
  if (!json.is_object()) return Ok();
  const auto recorded = RepeatedActions(json, path, table_path);
  if (!recorded) return Ok();
  const auto differences = Comparison(snapshot, json).Differences(*recorded);
  if (differences.empty()) return Ok();
  return Corrupt(fmt::format("version {} of table {} is not what its checksum {} says: {}",
                             snapshot.version().value(), table_path, io::FileName(path),
                             Join(differences, ", ")))
      .WithHint(
          "a log entry or checkpoint was changed or lost since: restore _delta_log from a backup, "
          "or remove the checksum file if you know it to be wrong");
}

}  // namespace leat::delta
