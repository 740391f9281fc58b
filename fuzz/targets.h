// What is fuzzed: functions that take any bytes whatsoever. A broken promise throws; all else that
// is wrong, the sanitizers find.
#pragma once

#include <string_view>

namespace leat::fuzz {

// An entry of the log: parsed, formatted and parsed again; and as the only entry of a table, whose
// files then lie inside of it.
void LogEntry(std::string_view input);
// The top-level file of a version 2 checkpoint in JSON.
void Checkpoint(std::string_view input);
// A serialized deletion vector: in memory, inline in a descriptor, and in a file.
void DeletionVector(std::string_view input);
// The descriptor of a deletion vector, line by line: storage, path or inline data, offset, size and
// cardinality.
void DeletionVectorDescriptor(std::string_view input);
// A path of an add action.
void Path(std::string_view input);
// Base85 text.
void Z85(std::string_view input);
// The schemaString of a metaData action.
void SchemaJson(std::string_view input);
// A file of JSON, a record a line: detected, then read to what was detected. All of it is accounted
// for.
void JsonLines(std::string_view input);
// The same of a document.
void JsonDocument(std::string_view input);

// A delimited file: detected, then read to what was detected. All of it is accounted for.
void Csv(std::string_view input);
// A text as a value of each type.
void Conversions(std::string_view input);

struct Target {
  const char* name;  // and the folder of its corpus
  void (*run)(std::string_view input);
};
inline constexpr Target kTargets[] = {
    {"log_entry", LogEntry},
    {"checkpoint", Checkpoint},
    {"deletion_vector", DeletionVector},
    {"deletion_vector_descriptor", DeletionVectorDescriptor},
    {"path", Path},
    {"z85", Z85},
    {"schema_json", SchemaJson},
    {"json_lines", JsonLines},
    {"json_document", JsonDocument},
    {"csv", Csv},
    {"conversions", Conversions},
};

}  // namespace leat::fuzz
