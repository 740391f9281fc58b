#include "io/machine.h"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "io/file_system.h"

namespace leat::io {
namespace {

constexpr std::int64_t kBytesPerKibibyte = 1024;

// "MemTotal:  16316412 kB" of /proc/meminfo; 0 when it is not there.
std::int64_t MeminfoBytes(const std::string& key) {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::string unit;
  std::int64_t value = 0;
  while (file >> name >> value) {
    std::getline(file, unit);
    if (name == key + ":") return value * kBytesPerKibibyte;
  }
  return 0;
}

std::int64_t NumberIn(const std::string& path) {
  std::ifstream file(path);
  std::int64_t value = 0;
  return file >> value ? value : -1;  // -1: no such file, or "max"
}

// Where control groups of the process and the folders above them limit its memory, and how.
struct CgroupFiles {
  std::string folder;  // of the process's group; limits of the groups above it hold as well
  std::string top;
  const char* limit;
  const char* used;
};

std::optional<CgroupFiles> FindCgroup(const std::string& process_file, const std::string& mount) {
  std::ifstream file(process_file);
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string path = line.substr(second + 1);
    if (controllers.find(",memory,") != std::string::npos) {  // version 1
      return CgroupFiles{mount + "/memory" + path, mount + "/memory", "/memory.limit_in_bytes",
                         "/memory.usage_in_bytes"};
    }
    if (controllers == ",,")
      return CgroupFiles{mount + path, mount, "/memory.max", "/memory.current"};
  }
  return std::nullopt;
}

}  // namespace

void LimitByCgroup(const std::string& process_file, const std::string& mount, MemoryInfo& memory) {
  const auto files = FindCgroup(process_file, mount);
  if (!files) return;
  for (std::string folder = files->folder; folder.size() >= files->top.size();
       folder = ParentPath(folder)) {
    const std::int64_t limit = NumberIn(folder + files->limit);
    if (limit > 0 && limit < memory.total_bytes) {
      const std::int64_t used = std::max<std::int64_t>(0, NumberIn(folder + files->used));
      memory.total_bytes = limit;
      memory.available_bytes =
          std::min(memory.available_bytes, std::max<std::int64_t>(0, limit - used));
    }
    if (folder == files->top || folder == "/") break;
  }
}

Result<MemoryInfo> Memory() {
  MemoryInfo memory{.total_bytes = MeminfoBytes("MemTotal"),
                    .available_bytes = MeminfoBytes("MemAvailable")};
  if (memory.total_bytes == 0) return NotFound("/proc/meminfo does not tell the machine's memory");
  LimitByCgroup("/proc/self/cgroup", "/sys/fs/cgroup", memory);
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    memory.total_bytes = std::min(memory.total_bytes, static_cast<std::int64_t>(limit.rlim_cur));
  }
  return memory;
}

Result<std::int64_t> FreeDiskBytes(const std::string& path) {
  struct statvfs info{};
  if (statvfs(path.c_str(), &info) != 0) {
    return NotFound("cannot tell the free space of " + path + ": " + std::strerror(errno));
  }
  return static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
}

Result<std::string> ProgramPath() { return RealPath("/proc/self/exe"); }

Status ChangeDirectory(const std::string& directory) {
  if (chdir(directory.c_str()) == 0) return Ok();
  const std::string message = "cannot enter the folder " + directory + ": " + std::strerror(errno);
  return errno == EACCES ? Denied(message) : NotFound(message);
}

Result<std::string> ReadStandardInput(std::size_t max_bytes) {
  std::string text;
  std::array<char, 65'536> buffer{};
  while (true) {
    const ssize_t n = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      return RetryLater(std::string("cannot read standard input: ") + std::strerror(errno));
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > max_bytes) {
      return InvalidInput("standard input is longer than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

}  // namespace leat::io
