// Walks a project's folders and refuses what does not belong: symbolic links out of the project,
// folders named like files, names that no table can have.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/strong.h"
#include "io/file_system.h"
#include "project/diagnostics.h"

namespace leat::project {

// Files of one project. Not thread-safe.
class ProjectFiles {
 public:
  ProjectFiles(io::FileSystem& files, std::string root, Diagnostics& diagnostics)
      : files_(files), root_(std::move(root)), diagnostics_(diagnostics) {}

  // The files below `folder` (relative to the root), sorted by path, relative to the root. Hidden
  // ones are left out. A missing folder has none. `any_depth` false: subfolders are errors.
  std::vector<std::string> Below(const std::string& folder, bool any_depth);

  // Whether the file exists and may be read: a link out of the project is reported.
  bool Has(const std::string& file);

 private:
  void Walk(const std::string& folder, bool any_depth, int depth, std::vector<std::string>& found);
  bool LeadsOut(const std::string& file);
  void FailSpecial(const std::string& file);
  void Fail(const std::string& file, std::string message, std::string hint);

  io::FileSystem& files_;
  std::string root_;
  std::string real_root_;  // resolved when the first link is met
  Diagnostics& diagnostics_;
};

// "sql" of "a/b.sql", lower case; empty without one.
std::string ExtensionOf(const std::string& file);

// "assets/gold/finance/margin.sql" is gold.finance.margin. kInvalidInput for names that are
// reserved or that no table can have: a file directly in assets/, dots, control characters,
// …_quarantine, schemas of the engine.
Result<AssetName> AssetNameOf(const std::string& file);

}  // namespace leat::project
