// Delimited files as typed columns.
#pragma once

#include <memory>
#include <vector>

#include "connect/file/chunk_reader.h"

namespace leat::connect {

// Of files whose layout is kCsv. Both must outlive it.
std::unique_ptr<ChunkParser> MakeCsvParser(const ReadPlan& plan,
                                           const std::vector<FilePlan>& files);

// Whether a text is a value of the column.
bool IsText(std::string_view text, const TargetColumn& target);

// Where the records of a file begin: behind a byte order mark and the lines to skip, before the
// header. `text` is the beginning of the file's text.
std::size_t BeginOfRecords(std::string_view text, const FileFormat& format);

}  // namespace leat::connect
