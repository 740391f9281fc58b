#include "delta/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "delta/column_mapping.h"
#include "delta/row_tracking.h"
#include "delta/table_properties.h"

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

bool HasTimestampNtz(const std::vector<data::Field>& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const data::Field& field) {
    return field.type.kind == data::TypeKind::kTimestampNtz || HasTimestampNtz(field.type.children);
  });
}

bool Never(const Metadata&) { return false; }
bool IsAppendOnly(const Metadata& m) { return IsOn(m, "delta.appendOnly"); }
bool HasInvariants(const Metadata& m) { return AnyField(m.schema.fields, "\"delta.invariants\""); }
bool HasConstraints(const Metadata& m) { return HasProperty(m, "delta.constraints."); }
bool HasChangeFeed(const Metadata& m) { return IsOn(m, "delta.enableChangeDataFeed"); }
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
bool HasNtz(const Metadata& m) { return HasTimestampNtz(m.schema.fields); }
bool HasDeletionVectors(const Metadata& m) { return IsOn(m, "delta.enableDeletionVectors"); }
bool HasV2Checkpoints(const Metadata& m) {
  const auto policy = m.configuration.find("delta.checkpointPolicy");
  return policy != m.configuration.end() && EqualsIgnoreCase(policy->second, "v2");
}
bool HasTypeWidening(const Metadata& m) { return IsOn(m, "delta.enableTypeWidening"); }
bool HasInCommitTimestamps(const Metadata& m) { return IsOn(m, "delta.enableInCommitTimestamps"); }

enum class For { kWriters, kReadersAndWriters };
enum class Writing { kHonoured, kRefused };  // of tables that use the feature

struct Feature {
  std::string_view name;
  bool (*in_use)(const Metadata&);  // a table with such metadata has to have the feature
  int since_writer_version;         // which versions below 7 imply it
  For whom = For::kWriters;
  Writing writing = Writing::kHonoured;
};
constexpr std::array<Feature, 18> kFeatures = {{
    {"appendOnly", IsAppendOnly, 2},
    {"invariants", HasInvariants, 2},
    {"checkConstraints", HasConstraints, 3},
    {"changeDataFeed", HasChangeFeed, 4},
    {"generatedColumns", HasGeneratedColumns, 4, For::kWriters, Writing::kRefused},
    {"columnMapping", HasColumnMapping, 5, For::kReadersAndWriters},
    {"identityColumns", HasIdentityColumns, 6, For::kWriters, Writing::kRefused},
    {"timestampNtz", HasNtz, 7, For::kReadersAndWriters},
    {"vacuumProtocolCheck", Never, 7, For::kReadersAndWriters},  // concerns vacuum only
    {"deletionVectors", HasDeletionVectors, 7, For::kReadersAndWriters},
    {"v2Checkpoint", HasV2Checkpoints, 7, For::kReadersAndWriters},
    {"domainMetadata", KeepsRowIds, 7},
    {"rowTracking", KeepsRowIds, 7},  // row_tracking.h
    {"clustering", Never, 7},         // a hint: its domain metadata is kept
    {"typeWidening", HasTypeWidening, 7, For::kReadersAndWriters},  // files have today's types
    {"typeWidening-preview", Never, 7, For::kReadersAndWriters},
    {"inCommitTimestamp", HasInCommitTimestamps, 7},
    {"allowColumnDefaults", HasDefaults, 7},
}};

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

bool Contains(const std::vector<std::string>& list, std::string_view feature) {
  return std::find(list.begin(), list.end(), feature) != list.end();
}

bool IsImplied(const Feature& feature, const Protocol& protocol) {
  return protocol.writer_version < 7 && feature.since_writer_version <= protocol.writer_version;
}

bool Supports(const Protocol& protocol, const Feature& feature) {
  const bool for_readers = feature.whom == For::kWriters || protocol.reader_version < 3 ||
                           Contains(protocol.reader_features, feature.name);
  return for_readers &&
         (IsImplied(feature, protocol) || Contains(protocol.writer_features, feature.name));
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
      const Feature* known = FindFeature(name);
      if (known == nullptr || known->whom == For::kWriters) lacking.push_back(name);
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
      if (FindFeature(name) == nullptr) lacking.push_back(name);
    }
  }
  for (const Feature& feature : kFeatures) {
    if (feature.writing == Writing::kRefused && Supports(protocol, feature) &&
        feature.in_use(metadata)) {
      lacking.emplace_back(feature.name);
    }
  }
  if (!lacking.empty()) return Lacking("writer", lacking, table_path);
  return Ok();
}

std::optional<Protocol> RequiredUpgrade(const Protocol& current, const Metadata& metadata) {
  std::vector<const Feature*> missing;
  for (const Feature& feature : kFeatures) {
    if (feature.in_use(metadata) && !Supports(current, feature)) missing.push_back(&feature);
  }
  if (missing.empty()) return std::nullopt;
  Protocol upgraded = current;
  const bool has_versions =
      current.writer_version < 7 &&
      std::all_of(
          missing.begin(), missing.end(),
          [](const Feature* feature) { return feature->since_writer_version < 7; });
  if (has_versions) {
    for (const Feature* feature : missing) {
      upgraded.writer_version = std::max(upgraded.writer_version, feature->since_writer_version);
      if (feature->whom == For::kReadersAndWriters) upgraded.reader_version = 2;  // columnMapping
    }
    return upgraded;
  }
  for (const Feature& feature : kFeatures) {
    if (IsImplied(feature, current)) upgraded.writer_features.emplace_back(feature.name);
  }
  upgraded.writer_version = 7;
  const bool for_readers = std::any_of(missing.begin(), missing.end(), [](const Feature* feature) {
    return feature->whom == For::kReadersAndWriters;
  });
  if (for_readers && current.reader_version == 2) {
    upgraded.reader_features.emplace_back("columnMapping");
  }
  if (for_readers) upgraded.reader_version = 3;
  const auto add = [](std::vector<std::string>& list, std::string_view name) {
    if (!Contains(list, name)) list.emplace_back(name);
  };
  for (const Feature* feature : missing) {
    add(upgraded.writer_features, feature->name);
    if (feature->whom == For::kReadersAndWriters) add(upgraded.reader_features, feature->name);
  }
  return upgraded;
}

}  // namespace leat::delta
