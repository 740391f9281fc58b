// For tests: a project folder in memory, and the text of what loading it reports.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "project/loader.h"

namespace leat::project {

// Files in memory below /project/, everything else read from the disk. Writing is not what loading
// does: an error.
class MemoryFiles final : public io::FileSystem {
 public:
  static constexpr char kRoot[] = "/project";

  void Put(const std::string& file, std::string content) {
    files_[io::JoinPath(kRoot, file)] = std::move(content);
  }
  void Deny(const std::string& file) { denied_.insert(io::JoinPath(kRoot, file)); }

  Result<std::string> ReadFile(const std::string& path) override {
    return ReadRange(path, 0, INT64_MAX);
  }
  Result<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                std::int64_t size_bytes) override {
    if (IsElsewhere(path)) return io::LocalFileSystem().ReadRange(path, offset, size_bytes);
    if (denied_.count(path) > 0) return Denied("cannot read " + path + ": Permission denied");
    const auto found = files_.find(path);
    if (found == files_.end()) return NotFound(path);
    return found->second.substr(static_cast<std::size_t>(offset),
                                static_cast<std::size_t>(size_bytes));
  }
  Result<std::vector<io::FileInfo>> List(const std::string& directory) override {
    std::map<std::string, io::FileInfo> entries;
    const std::string prefix = directory + "/";
    for (auto file = files_.lower_bound(prefix);
         file != files_.end() && file->first.starts_with(prefix); ++file) {
      const std::string rest = file->first.substr(prefix.size());
      const std::string path = prefix + rest.substr(0, rest.find('/'));
      entries[path] = Stat(path).value();
    }
    std::vector<io::FileInfo> list;
    for (auto& entry : entries) list.push_back(entry.second);
    return list;
  }
  Result<io::FileInfo> Stat(const std::string& path) override {
    if (IsElsewhere(path)) return io::LocalFileSystem().Stat(path);
    io::FileInfo info{.path = path};
    if (const auto file = files_.find(path); file != files_.end()) {
      info.size_bytes = static_cast<std::int64_t>(file->second.size());
      return info;
    }
    const auto inside = files_.lower_bound(path + "/");
    info.is_directory = inside != files_.end() && inside->first.starts_with(path + "/");
    if (!info.is_directory) return NotFound(path);
    return info;
  }

  Status ReplaceFile(const std::string& path, std::string_view) override { return ReadOnly(path); }
  Result<bool> CreateFile(const std::string& path, std::string_view) override {
    return ReadOnly(path);
  }
  Status SyncFile(const std::string& path) override { return ReadOnly(path); }
  Status SyncDirectory(const std::string& path) override { return ReadOnly(path); }
  Status CreateAllDirectories(const std::vector<std::string>& paths) override {
    return paths.empty() ? Ok() : ReadOnly(paths[0]);
  }
  Result<bool> CreateDirectories(const std::string& path) override { return ReadOnly(path); }
  Status Remove(const std::string& path) override { return ReadOnly(path); }
  Status Rename(const std::string& path, const std::string&) override { return ReadOnly(path); }

 private:
  static bool IsElsewhere(const std::string& path) {
    return path != kRoot && !path.starts_with(std::string(kRoot) + "/");
  }
  static Error ReadOnly(const std::string& path) { return Denied(path + " is read-only"); }

  std::map<std::string, std::string> files_;
  std::set<std::string> denied_;
};

// "file:line:column: message | hint" of each error.
inline std::vector<std::string> Lines(const std::vector<Error>& errors) {
  std::vector<std::string> lines;
  for (const Error& error : errors) {
    std::string line = error.location() ? error.location()->ToString() + ": " : "";
    line += error.message();
    if (!error.hint().empty()) line += " | " + error.hint();
    lines.push_back(line);
  }
  return lines;
}

class ProjectTest : public testing::Test {
 protected:
  void SetUp() override { Write("leat.yml", "name: shop\nstorage: ./lake\n"); }

  void Write(const std::string& file, const std::string& content) { files_.Put(file, content); }

  LoadResult Load(const std::string& environment = "") {
    const LoadOptions options{
        .environment = environment, .variables = [this](const std::string& name) {
          const auto found = variables_.find(name);
          return found == variables_.end() ? std::optional<std::string>() : found->second;
        }};
    return LoadProject(world_, MemoryFiles::kRoot, options);
  }

  // The project, which must load without errors.
  Project LoadValid() {
    LoadResult result = Load();
    for (const Error& error : result.diagnostics.errors) ADD_FAILURE() << error.ToString();
    return result.project.value_or(Project{});
  }

  std::vector<std::string> Errors(const std::string& environment = "") {
    const LoadResult result = Load(environment);
    EXPECT_EQ(result.project.has_value(), result.diagnostics.errors.empty());
    return Lines(result.diagnostics.errors);
  }
  std::vector<std::string> Warnings() { return Lines(Load().diagnostics.warnings); }

  MemoryFiles files_;
  io::Environment world_{files_, io::SystemClock(), io::SystemRandom()};
  std::map<std::string, std::string> variables_;
};

}  // namespace leat::project
