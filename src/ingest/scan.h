// The SQL that reads a group of like files with the table's types.
#pragma once

#include <string>
#include <vector>

#include "connect/file/file_format.h"
#include "project/definition.h"

namespace leat::ingest {

// One column of the table, and where a group of files has it.
struct ColumnPlan {
  std::string name;         // in the table
  data::Type type;          // in the table
  std::string file_column;  // in the files; empty: they lack it, it reads as null
};

struct FileGroup {
  // Whose files: nobody else in the process reads under this name at the same time. The reader's
  // tables of rejected rows are named after it. DuckDB shares what it counts of them between all
  // connections that use one name, and loses rows when two do so at once.
  std::string owner;
  connect::FileFormat format;
  std::vector<connect::SourceFile> files;
};

struct ScanPlan {
  std::vector<ColumnPlan> columns;
  std::vector<std::string> surplus;      // columns of the files that the table does not take
  bool keep_bad_values_as_null = false;  // schema_policy discard_value
  bool reject_surplus = false;  // schema_policy discard_row: a row with a value there is rejected
};

// A SELECT of the plan's columns, then "source" (the file's path) and "position".
std::string ScanSql(const FileGroup& group, const ScanPlan& plan,
                    const project::FileSourceOptions& options);

// A SELECT of the rows that ScanSql leaves out: path, position, line, raw, column_name, error. To
// be run after it in the same session.
std::string RejectsSql(const FileGroup& group, const ScanPlan& plan,
                       const project::FileSourceOptions& options);

// Of these rows, those that the reader itself could not read: all, when ScanSql gave every row that
// the reader did. Empty: this reader reads every row or fails.
std::string ReaderRejectsSql(const FileGroup& group);

// How many rejected rows the reader's tables have lost the file of: 0, or the rows of RejectsSql
// are not all there. Empty: this reader has no such tables.
std::string LostRejectsSql(const FileGroup& group);
// Forgets the reader's rejected rows.
std::string DropRejectsSql(const FileGroup& group);

// How many rows the files hold; empty where only reading them tells.
std::string RowCountSql(const FileGroup& group);

// The lines of a group of delimited files as they are: path, position, line. A row that goes on
// over several lines is left out.
std::string WholeLinesSql(const FileGroup& group);

}  // namespace leat::ingest
