// The dialect, header and types of a delimited file, from its beginning.
#pragma once

#include <string>
#include <vector>

#include "connect/file/file_format.h"

namespace leat::connect {

// Completes `format`, of which layout, encoding and compression are set. Nothing is guessed that
// the first kSniffLines records contradict: the dialect is the one in which most of them are
// well-formed and have the same number of cells; lines of one cell before them are a preamble; the
// first record is the header if it names one of `known`, or fits its columns' types less than the
// others do. kInvalidInput: a header that cannot be read; kNotFound: one that names none of
// `known`, and may be a row.
Status DetectCsv(io::FileSystem& files, const SourceFile& file,
                 const project::FileSourceOptions& options, const std::vector<std::string>& known,
                 FileFormat& format);

}  // namespace leat::connect
