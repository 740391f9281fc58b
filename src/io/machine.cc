#include "io/machine.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

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

// A number in a file of the control group; -1 when there is none ("max", or no cgroup v2).
std::int64_t CgroupBytes(const std::string& name) {
  std::ifstream file("/sys/fs/cgroup/" + name);
  std::int64_t value = 0;
  return file >> value ? value : -1;
}

}  // namespace

Result<MemoryInfo> Memory() {
  MemoryInfo memory{.total_bytes = MeminfoBytes("MemTotal"),
                    .available_bytes = MeminfoBytes("MemAvailable")};
  if (memory.total_bytes == 0) return NotFound("/proc/meminfo does not tell the machine's memory");
  const std::int64_t limit = CgroupBytes("memory.max");
  if (limit >= 0 && limit < memory.total_bytes) {
    const std::int64_t used = std::max<std::int64_t>(0, CgroupBytes("memory.current"));
    memory.total_bytes = limit;
    memory.available_bytes =
        std::min(memory.available_bytes, std::max<std::int64_t>(0, limit - used));
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
