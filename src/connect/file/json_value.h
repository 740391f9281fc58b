// Strict conversion of JSON into columns: a value is stored exactly, or told why not. Numbers are
// read from their own text, never through a double; all of a text is checked, also what is passed
// over.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/file/detected_type.h"
#include "connect/file/read_plan.h"
#include "data/arrow_builder.h"
#include "data/schema.h"

namespace leat::connect {

// Nesting of values in a record.
constexpr int kMaxJsonDepth = 64;
// Readable bytes that must follow a record's text; their values do not matter.
constexpr std::size_t kJsonPadding = 64;

bool IsUtf8(std::string_view text);

// Why a record is not stored.
struct JsonReason {
  std::string column;  // of the table; empty: the whole record
  std::string error;
};

// Reads the records of one file into columns. Not thread-safe.
class JsonRecords {
 public:
  // Both must outlive it.
  JsonRecords(const ReadPlan& plan, const FilePlan& file);
  JsonRecords(JsonRecords&&) noexcept;
  ~JsonRecords();

  // Appends a row to the first of `columns`, those of the plan, or leaves them as they are and
  // tells why. The text has kJsonPadding bytes behind it.
  // `is_utf8`: the text is known to be valid UTF-8 (see IsUtf8), which makes it faster.
  std::optional<JsonReason> Append(std::string_view record, bool is_utf8,
                                   std::vector<data::ArrowColumn>& columns);

  // Of the records appended, and those rejected for nothing else: values under keys that the plan
  // lacks, as the fields of a struct. Values of maps are told like elements of lists.
  const DetectedType& surplus() const;
  // Values that became null by ReadPlan::bad_values_as_null.
  std::int64_t nulled_values() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// A cell that holds a value as JSON. Nothing: appended; else why not, naming the place in the value
// below the column's name, and the column is as before. Thread-safe.
std::optional<std::string> AppendJsonText(std::string_view json, const data::Type& type,
                                          data::ArrowColumn& to);

}  // namespace leat::connect
