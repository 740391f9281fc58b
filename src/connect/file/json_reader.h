// Reads files of JSON: one record per line, or documents.
#pragma once

#include <memory>
#include <vector>

#include "connect/file/chunk_reader.h"
#include "connect/file/read_plan.h"
#include "engine/row_source.h"
#include "io/file_system.h"

namespace leat::connect {

// One record per line, which ends with \n or \r\n. Blank lines are counted as skipped. A line that
// is no valid object, or that the plan cannot store, is a reject of its own. Plan and files must
// outlive it.
std::unique_ptr<ChunkParser> MakeJsonLinesParser(const ReadPlan& plan,
                                                 const std::vector<FilePlan>& files);

// Documents of any size: one array of records, or records one after another, which may span lines.
// Damage between records, such as a missing comma, is a reject with its text, and records before it
// are kept. kInvalidInput: a value longer than kMaxLineBytes. All must outlive it.
std::unique_ptr<engine::RowReader> MakeJsonDocumentReader(io::FileSystem& files,
                                                          const ReadPlan& plan,
                                                          const std::vector<FilePlan>& plans,
                                                          ReadLog& log);

}  // namespace leat::connect
