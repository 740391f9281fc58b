#include <fnmatch.h>

#include <algorithm>
#include <utility>

#include "io/file_system.h"

namespace leat::io {
namespace {

constexpr int kMaxGlobDepth = 64;

std::size_t CountSteps(std::string_view path) {
  return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
}

bool Matches(const std::string& pattern, const std::string& path) {
  return fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
}

// A glob whose "**/", if there is one, stands for as many folders as a path needs.
class GlobPattern {
 public:
  // Empty: everything matches.
  explicit GlobPattern(std::string pattern) : pattern_(std::move(pattern)) {
    any_depth_ = pattern_.find(kAnyDepth);
    if (any_depth_ != std::string::npos) pattern_.erase(any_depth_, kAnyDepth.size());
    steps_ = CountSteps(pattern_);
  }

  bool MatchesFile(const std::string& path) const {
    if (pattern_.empty()) return true;
    const std::size_t steps = CountSteps(path);
    if (any_depth_ == std::string::npos || steps < steps_) return Matches(pattern_, path);
    std::string folders;
    for (std::size_t i = steps_; i < steps; i++) folders += "*/";
    return Matches(std::string(pattern_).insert(any_depth_, folders), path);
  }

  // Whether a file below the folder may match.
  bool MayLieBelow(const std::string& folder) const {
    if (pattern_.empty() || any_depth_ != std::string::npos) return true;
    std::size_t end = pattern_.find('/');  // of as many steps of the pattern as the folder has
    for (std::size_t i = CountSteps(folder); i > 0 && end != std::string::npos; i--) {
      end = pattern_.find('/', end + 1);
    }
    return end != std::string::npos && Matches(pattern_.substr(0, end), folder);
  }

 private:
  static constexpr std::string_view kAnyDepth = "**/";

  std::string pattern_;  // without "**/"
  std::size_t any_depth_ = 0;
  std::size_t steps_ = 0;
};

// Walks below `directory` and collects the files whose path matches.
Status CollectFiles(FileSystem& files, const std::string& directory, const GlobPattern& pattern,
                    int depth, std::vector<FileInfo>& found) {
  if (depth > kMaxGlobDepth) {
    return InvalidInput(directory + ": folders are nested too deeply");
  }
  LEAT_ASSIGN(const auto entries, files.List(directory));
  for (const FileInfo& entry : entries) {
    if (FileName(entry.path).starts_with(".")) continue;
    if (!entry.is_directory) {
      if (pattern.MatchesFile(entry.path)) found.push_back(entry);
    } else if (pattern.MayLieBelow(entry.path)) {
      LEAT_TRY(CollectFiles(files, entry.path, pattern, depth + 1, found));
    }
  }
  return Ok();
}

}  // namespace

Result<std::vector<FileInfo>> Glob(FileSystem& files, const std::string& pattern) {
  std::vector<FileInfo> found;
  const std::size_t wildcard = pattern.find_first_of("*?[");
  if (wildcard == std::string::npos) {
    LEAT_ASSIGN(FileInfo info, files.Stat(pattern));
    if (!info.is_directory) return std::vector<FileInfo>{std::move(info)};
    LEAT_TRY(CollectFiles(files, pattern, GlobPattern(""), 0, found));
    return found;
  }
  const std::string fixed = pattern.substr(0, pattern.rfind('/', wildcard));
  const std::string root = pattern.rfind('/', wildcard) == std::string::npos ? "." : fixed;
  const std::string full = root == "." && !pattern.starts_with("./") ? "./" + pattern : pattern;
  LEAT_TRY(CollectFiles(files, root, GlobPattern(full), 0, found));
  std::sort(found.begin(), found.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return found;
}

}  // namespace leat::io
