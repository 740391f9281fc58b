#include "delta/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "delta/column_mapping.h"

namespace leat::delta {
namespace {

bool AnyField(const std::vector<data::Field>& fields, std::string_view metadata_key) {
  return std::any_of(fields.begin(), fields.end(), [&](const data::Field& field) {
    return field.metadata_json.find(metadata_key) != std::string::npos ||
           AnyField(field.type.children, metadata_key);
  });
}

bool HasProperty(const Metadata& metadata, std::string_view prefix) {
  const auto found = metadata.configuration.lower_bound(std::string(prefix));
  return found != metadata.configuration.end() && found->first.starts_with(prefix);
}

bool PropertyIs(const Metadata& metadata, const std::string& key, std::string_view value) {
  const auto found = metadata.configuration.find(key);
  return found != metadata.configuration.end() && EqualsIgnoreCase(found->second, value);
}

bool Never(const Metadata&) { return false; }
bool HasInvariants(const Metadata& m) { return AnyField(m.schema.fields, "\"delta.invariants\""); }
bool HasConstraints(const Metadata& m) { return HasProperty(m, "delta.constraints."); }
bool HasChangeFeed(const Metadata& m) {
  return PropertyIs(m, "delta.enableChangeDataFeed", "true");
}
bool HasGeneratedColumns(const Metadata& m) {
  return AnyField(m.schema.fields, "\"delta.generationExpression\"");
}
bool HasColumnMapping(const Metadata& m) {
  const auto mapping = MappingOf(m);
  return !mapping.ok() || *mapping != ColumnMapping::kNone;
}
bool HasDefaults(const Metadata& m) { return AnyField(m.schema.fields, "\"CURRENT_DEFAULT\""); }
bool HasIdentityColumns(const Metadata& m) {
  return AnyField(m.schema.fields, "\"delta.identity.");
}

// A feature that is no hindrance unless `in_use` says that the table makes use of it.
struct Feature {
  std::string_view name;
  bool (*in_use)(const Metadata&);
  int since_writer_version;  // which versions below 7 imply it
};
constexpr std::array<Feature, 18> kFeatures = {{
    {"appendOnly", Never, 2},  // honoured
    {"invariants", HasInvariants, 2},
    {"checkConstraints", HasConstraints, 3},
    {"changeDataFeed", HasChangeFeed, 4},
    {"generatedColumns", HasGeneratedColumns, 4},
    {"columnMapping", HasColumnMapping, 5},
    {"identityColumns", HasIdentityColumns, 6},
    {"timestampNtz", Never, 7},
    {"vacuumProtocolCheck", Never, 7},  // concerns vacuum only
    {"deletionVectors", Never, 7},      // those of others are kept; files may do without
    {"v2Checkpoint", Never, 7},         // allows them, and the classic ones too
    {"domainMetadata", Never, 7},       // kept
    {"rowTracking", Never, 7},          // row_tracking.h
    {"clustering", Never, 7},           // a hint: its domain metadata is kept
    {"typeWidening", Never, 7},         // files are written with the table's types of today
    {"typeWidening-preview", Never, 7},
    {"inCommitTimestamp", Never, 7},  // written
    {"allowColumnDefaults", HasDefaults, 7},
}};
// What a reader has to know. Not the other way round: a writer knows all of these.
constexpr std::array<std::string_view, 7> kReaderFeatures = {
    "columnMapping", "timestampNtz", "vacuumProtocolCheck", "deletionVectors",
    "v2Checkpoint",  "typeWidening", "typeWidening-preview"};

const Feature* FindFeature(std::string_view name) {
  const auto* found = std::find_if(kFeatures.begin(), kFeatures.end(),
                                   [&](const Feature& feature) { return feature.name == name; });
  return found == kFeatures.end() ? nullptr : found;
}

Error Lacking(std::string_view side, const std::vector<std::string>& features,
              const std::string& table_path) {
  return InvalidInput(fmt::format("table {} needs the {} feature{} {}, which Leat lacks",
                                  table_path, side, features.size() == 1 ? "" : "s",
                                  Join(features, ", ")))
      .WithHint(side == "reader" ? "read it with the program that wrote it"
                                 : "Leat can read it; write it with the program that made it");
}

bool HasTimestampNtz(const std::vector<data::Field>& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const data::Field& field) {
    return field.type.kind == data::TypeKind::kTimestampNtz || HasTimestampNtz(field.type.children);
  });
}

bool Contains(const std::vector<std::string>& list, std::string_view feature) {
  return std::find(list.begin(), list.end(), feature) != list.end();
}

}  // namespace

Status CheckReadable(const Protocol& protocol, const Metadata& metadata,
                     const std::string& table_path) {
  std::vector<std::string> lacking;
  if (protocol.reader_version < 1 || protocol.reader_version > 3) {
    lacking.push_back(fmt::format("version {}", protocol.reader_version));
  }
  if (protocol.reader_version == 3) {
    for (const std::string& name : protocol.reader_features) {
      const auto* known = std::find(kReaderFeatures.begin(), kReaderFeatures.end(), name);
      if (known == kReaderFeatures.end()) lacking.push_back(name);
    }
  }
  if (!lacking.empty()) return Lacking("reader", lacking, table_path);
  const Status mapping = CheckColumnMapping(metadata);
  if (!mapping.ok()) return Error(mapping.error()).WithContext("table " + table_path);
  return Ok();
}

Status CheckWritable(const Protocol& protocol, const Metadata& metadata,
                     const std::string& table_path) {
  LEAT_TRY(CheckReadable(protocol, metadata, table_path));
  std::vector<std::string> lacking;
  if (protocol.writer_version < 1 || protocol.writer_version > 7) {
    lacking.push_back(fmt::format("version {}", protocol.writer_version));
  } else if (protocol.writer_version == 7) {
    for (const std::string& name : protocol.writer_features) {
      const Feature* feature = FindFeature(name);
      if (feature == nullptr || feature->in_use(metadata)) lacking.push_back(name);
    }
  } else {
    for (const Feature& feature : kFeatures) {
      if (feature.since_writer_version <= protocol.writer_version && feature.in_use(metadata)) {
        lacking.emplace_back(feature.name);
      }
    }
  }
  if (!lacking.empty()) return Lacking("writer", lacking, table_path);
  return Ok();
}

std::optional<Protocol> RequiredUpgrade(const Protocol& current, const data::Schema& schema) {
  constexpr std::string_view kNtz = "timestampNtz";
  if (!HasTimestampNtz(schema.fields)) return std::nullopt;
  if (Contains(current.reader_features, kNtz) && Contains(current.writer_features, kNtz)) {
    return std::nullopt;
  }
  Protocol upgraded = current;
  if (current.writer_version < 7) {
    for (const Feature& feature : kFeatures) {
      if (feature.since_writer_version <= current.writer_version) {
        upgraded.writer_features.emplace_back(feature.name);
      }
    }
  }
  if (current.reader_version == 2) upgraded.reader_features.emplace_back("columnMapping");
  upgraded.reader_version = 3;
  upgraded.writer_version = 7;
  if (!Contains(upgraded.reader_features, kNtz)) upgraded.reader_features.emplace_back(kNtz);
  if (!Contains(upgraded.writer_features, kNtz)) upgraded.writer_features.emplace_back(kNtz);
  return upgraded;
}

}  // namespace leat::delta
