// Tells what a file of JSON holds.
#pragma once

#include "base/result.h"
#include "connect/file/file_format.h"
#include "connect/file/file_source.h"
#include "io/file_system.h"

namespace leat::connect {

// Fills format.columns by the file's first records, with a column for every key, in the order in
// which they are found; keys that differ only in case are one. Layout, encoding and compression are
// those of `format`. Records that are not valid objects, and keys that no column can have (empty or
// with a NUL byte), are passed over here. Errors: those of reading the file.
Status DetectJson(io::FileSystem& files, const SourceFile& file, FileFormat& format);

}  // namespace leat::connect
