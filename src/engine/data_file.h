// The names of the data files that Leat writes.
#pragma once

#include <string>
#include <string_view>

#include "io/environment.h"

namespace leat::engine {

// part-<uuid>.zstd.parquet, with a new UUID.
std::string NewDataFileName(io::Random& random);

// Whether a file, by its name, was written by Leat. No other writer known to us names files so.
bool IsDataFileOfLeat(std::string_view path);

}  // namespace leat::engine
