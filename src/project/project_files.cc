#include "project/project_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "project/limits.h"

namespace leat::project {
namespace {

constexpr std::array<const char*, 5> kEngineSchemas = {"information_schema", "pg_catalog", "main",
                                                       "temp", "system"};
constexpr std::array<const char*, 5> kFileExtensions = {"sql", "yml", "yaml", "csv", "py"};

template <std::size_t N>
bool IsOneOf(const std::array<const char*, N>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::string ExtensionOf(const std::string& file) {
  const std::string name = io::FileName(file);
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? "" : ToLower(name.substr(dot + 1));
}

void ProjectFiles::Fail(const std::string& file, std::string message, std::string hint) {
  Error error = InvalidInput(std::move(message)).At({.file = file});
  if (!hint.empty()) error = std::move(error).WithHint(std::move(hint));
  diagnostics_.errors.push_back(std::move(error));
}

bool ProjectFiles::LeadsOut(const std::string& file) {
  if (real_root_.empty()) real_root_ = io::RealPath(root_).ok() ? *io::RealPath(root_) : root_;
  const auto target = io::RealPath(io::JoinPath(root_, file));
  if (target.ok() && target->starts_with(real_root_ + "/")) return false;
  Fail(file, "this symbolic link leads out of the project", "copy the file into the project");
  return true;
}

void ProjectFiles::FailSpecial(const std::string& file) {
  Fail(file, "this is a device, pipe or socket; a file is expected", "remove it");
}

bool ProjectFiles::Has(const std::string& file) {
  const auto info = files_.Stat(io::JoinPath(root_, file));
  if (!info.ok()) return false;
  if (info->is_directory) {
    Fail(file, "this is a folder; a file is expected", "rename the folder");
    return false;
  }
  if (info->is_special) {
    FailSpecial(file);
    return false;
  }
  return !info->is_symlink || !LeadsOut(file);
}

std::vector<std::string> ProjectFiles::Below(const std::string& folder, bool any_depth) {
  std::vector<std::string> found;
  const auto info = files_.Stat(io::JoinPath(root_, folder));
  if (!info.ok()) return found;
  if (!info->is_directory) {
    Fail(folder, "this is a file; a folder is expected", "rename the file");
  } else if (!info->is_symlink || !LeadsOut(folder)) {
    Walk(folder, any_depth, 0, found);
  }
  std::sort(found.begin(), found.end());
  return found;
}

void ProjectFiles::Walk(const std::string& folder, bool any_depth, int depth,
                        std::vector<std::string>& found) {
  if (depth > kMaxFolderDepth) {
    return Fail(folder, fmt::format("folders are nested deeper than {} levels", kMaxFolderDepth),
                "a symbolic link to a parent folder has this effect too");
  }
  auto entries = files_.List(io::JoinPath(root_, folder));
  if (!entries.ok()) {
    diagnostics_.errors.push_back(std::move(entries).error().At({.file = folder}));
    return;
  }
  for (const io::FileInfo& entry : *entries) {
    const std::string name = io::FileName(entry.path);
    const std::string file = io::JoinPath(folder, name);
    if (name.starts_with(".")) continue;
    if (entry.is_symlink && LeadsOut(file)) continue;
    if (entry.is_special) {
      FailSpecial(file);
    } else if (!entry.is_directory) {
      found.push_back(file);
    } else if (IsOneOf(kFileExtensions, ExtensionOf(file))) {
      Fail(file, fmt::format("a folder is named like a .{} file", ExtensionOf(file)),
           "rename the folder");
    } else if (!any_depth) {
      Fail(file, fmt::format("{}/ holds files only, no folders", folder),
           fmt::format("move its files to {}/", folder));
    } else {
      Walk(file, any_depth, depth + 1, found);
    }
  }
}

Result<AssetName> AssetNameOf(const std::string& file) {
  const std::string extension = ExtensionOf(file);
  const std::string stem =
      extension.empty() ? file : file.substr(0, file.size() - extension.size() - 1);
  std::vector<std::string> parts = Split(stem, '/');
  if (parts[0] == "assets") parts.erase(parts.begin());
  const auto refuse = [&](std::string message, std::string hint) {
    return InvalidInput(std::move(message)).WithHint(std::move(hint)).At({.file = file});
  };
  if (parts.size() < 2) {
    return refuse("an asset's folder is its schema, and this one has none",
                  fmt::format("move it, for example to assets/silver/{}", io::FileName(file)));
  }
  for (const std::string& part : parts) {
    const bool has_control = std::any_of(part.begin(), part.end(),
                                         [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    if (part.find('.') != std::string::npos) {
      return refuse(fmt::format("'{}' has a dot, which separates schema and table", part),
                    "use _ instead");
    }
    if (has_control || Trim(part).size() != part.size() || part.empty()) {
      return refuse("the name has a control character, or a blank at its begin or end",
                    "rename it");
    }
    if (part.size() > kMaxNameBytes) {
      return refuse(fmt::format("a name has more than {} bytes", kMaxNameBytes), "shorten it");
    }
  }
  if (IsOneOf(kEngineSchemas, ToLower(parts[0]))) {
    return refuse(fmt::format("the schema '{}' is the engine's own", parts[0]),
                  "rename the folder");
  }
  if (ToLower(parts.back()).ends_with("_quarantine")) {
    return refuse("names ending in _quarantine are kept for rejected rows", "rename the file");
  }
  return AssetName(Join(parts, "."));
}

}  // namespace leat::project
