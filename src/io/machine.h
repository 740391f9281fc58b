// What the machine and the process offer: memory, disk space, the program's own file and folder,
// and what is piped into it.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace leat::io {

struct MemoryInfo {
  std::int64_t total_bytes = 0;
  std::int64_t available_bytes = 0;  // without swapping, as the kernel estimates it
};
// Of the machine, or less where a container (cgroup v1 or v2) or ulimit -v limits it.
Result<MemoryInfo> Memory();
// Lowers `memory` to what the control groups allow that a file like /proc/self/cgroup names, below
// their mount point.
void LimitByCgroup(const std::string& process_file, const std::string& mount, MemoryInfo& memory);

// Free for this user on the file system of an existing path, in bytes.
Result<std::int64_t> FreeDiskBytes(const std::string& path);

// The path of the running program.
Result<std::string> ProgramPath();

// Makes relative paths of the whole process begin at this folder. Not thread-safe: call it first.
Status ChangeDirectory(const std::string& directory);

// Standard input to its end; kInvalidInput when it is longer than `max_bytes`.
Result<std::string> ReadStandardInput(std::size_t max_bytes);

}  // namespace leat::io
