// The names of data files and of the folders of partitions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "io/environment.h"

namespace leat::engine {

// part-<uuid>.zstd.parquet, with a new UUID.
std::string NewDataFileName(io::Random& random);

// Whether a file, by its name, was written by Leat. No other writer known to us names files so.
bool IsDataFileOfLeat(std::string_view path);

// What Hive and its successors call the folder of a partition whose value is null.
inline constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";

// A column and its value.
using Partition = std::pair<std::string, std::optional<std::string>>;
// Of a folder "column=value", both escaped with %XX; nothing for other names.
std::optional<Partition> PartitionOfFolder(std::string_view name);

}  // namespace leat::engine
