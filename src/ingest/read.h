// Reads planned files into staged Parquet files.
#pragma once

#include <string>
#include <vector>

#include "connect/file/read_plan.h"
#include "engine/engine.h"
#include "io/environment.h"

namespace leat::ingest {

struct ReadInput {
  const connect::ReadPlan& plan;
  const std::vector<connect::FilePlan>& files;
  std::string path_prefix;  // of Parquet files' names: the project's folder and a slash
  // Columns to select behind the plan's, over them, _leat_source and _leat_position. Empty: none;
  // then the plan has some.
  std::string provenance;
  std::string staging_directory;
  bool keep_order = false;
};

struct ReadFiles {
  std::vector<engine::WrittenFile> written;
  std::vector<connect::Reject> rejects;
  std::int64_t rows = 0;
  std::map<std::string, connect::FileCounts> counts;  // by SourceFile::name; not of Parquet
  connect::DetectedType surplus;                      // see connect::ReadLog
};

// All of them, or an error; then no file is left. kBug: rows or bytes are missing from the count.
Result<ReadFiles> Read(io::FileSystem& files, engine::Session& session, const ReadInput& input);

// Removes files that no table names. One that stays is an orphan, which a vacuum takes.
void RemoveWritten(io::FileSystem& files, const std::vector<engine::WrittenFile>& written);

// The rows of text files as a source for the engine. All must outlive its readers.
std::shared_ptr<const engine::RowSource> RowsOf(io::FileSystem& files,
                                                const connect::ReadPlan& plan,
                                                const std::vector<connect::FilePlan>& plans,
                                                connect::Layout layout, connect::ReadLog& log,
                                                int max_threads);

// Rejects as rows: source, position, line, raw, column_name, error.
std::shared_ptr<const engine::RowSource> RejectRows(std::vector<connect::Reject> rejects);

}  // namespace leat::ingest
