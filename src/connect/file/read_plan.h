// What a load reads, and what it keeps a record of while it does.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connect/file/detected_type.h"
#include "connect/file/file_format.h"
#include "connect/file/file_source.h"
#include "connect/reject.h"
#include "data/schema.h"

namespace leat::connect {

// One column of the table.
struct TargetColumn {
  std::string name;
  data::Type type;
  // How its texts are written, if dates and times are not in ISO form: see ToTimestampIn.
  std::string format;
  // Its value is in the path: a folder key=value.
  bool is_partition = false;
  // Declared with a type: a value in a nested field that the type lacks is an error of its record.
  bool is_closed = false;
};

// What all files of a load are read to.
struct ReadPlan {
  std::vector<TargetColumn> columns;
  bool bad_values_as_null = false;  // schema_policy discard_value
  // schema_policy discard_row: a row with a value in a column, or a nested field, that the table
  // lacks is rejected. Otherwise such values are passed over.
  bool reject_surplus = false;
  std::string null_text;  // declared; empty: none
};

// One file, and where it has the table's columns.
struct FilePlan {
  SourceFile file;
  FileFormat format;
  // For each of ReadPlan::columns its number in FileFormat::columns, or kMissing.
  static constexpr int kMissing = -1;
  std::vector<int> columns;
};

// has a value in a column that the table lacks (NAMES), and schema_policy is discard_row
std::string SurplusError(const std::vector<std::string>& names);

// What came of one file. `begin` to `end` of the decoded text is accounted for without a gap by
// rows, rejects, header and skipped lines.
struct FileCounts {
  std::int64_t rows = 0;
  std::int64_t rejects = 0;
  std::int64_t skipped_lines = 0;  // blank lines and comments
  std::int64_t preamble_lines = 0;
  std::int64_t records =
      0;                   // as the file's structure has them; rows + rejects or something is lost
  std::int64_t bytes = 0;  // accounted for
  std::int64_t text_bytes = 0;     // of the decoded text
  std::int64_t nulled_values = 0;  // by bad_values_as_null
};

// Filled by all threads of a load. Thread-safe.
class ReadLog {
 public:
  // kInvalidInput when the rejects of one load become more than memory should hold.
  Status Add(std::vector<Reject> rejects);
  void Count(const std::string& source, const FileCounts& counts);
  void AddSurplus(const DetectedType& fields);

  // Once the load is done.
  std::vector<Reject> TakeRejects();
  const std::map<std::string, FileCounts>& files() const { return files_; }
  // Values under keys that the plan does not have: a struct of them, unknown without any.
  const DetectedType& surplus() const { return surplus_; }
  std::int64_t rows() const;
  std::int64_t rejects() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Reject> rejects_;
  std::int64_t reject_bytes_ = 0;
  std::map<std::string, FileCounts> files_;
  DetectedType surplus_;
};

}  // namespace leat::connect
