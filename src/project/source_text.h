// The text of one project file, checked once so that every parser behind it gets clean UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"

namespace leat::project {

struct SourceText {
  std::string file;  // relative to the project's folder: what locations show
  std::string text;  // valid UTF-8, no NUL byte, no byte order mark

  // Line and column of a byte of `text`. Columns count characters.
  Location At(std::size_t offset) const;
};

// Checks and takes over a file's bytes. Errors name the line and column: kInvalidInput.
Result<SourceText> MakeSourceText(std::string file, std::string bytes);

// Reads `root`/`file`, at most kMaxTextFileBytes.
Result<SourceText> ReadSourceText(io::FileSystem& files, const std::string& root,
                                  const std::string& file);

// The offset of the first byte that is not valid UTF-8, or npos.
std::size_t FindInvalidUtf8(std::string_view text);

}  // namespace leat::project
