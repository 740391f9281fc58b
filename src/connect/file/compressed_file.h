// Whether a compressed file is whole: readers take the part of one that was cut off for all of it.
#pragma once

#include <string>

#include "connect/file/file_source.h"

namespace leat::connect {

// Decompresses the file to its end, in bounded memory, and lets the format's own checksums judge.
// `compression`: gzip, zstd; any other is whole. kInvalidInput: cut off, or damaged.
Status CheckCompressed(io::FileSystem& files, const SourceFile& file,
                       const std::string& compression);

}  // namespace leat::connect
