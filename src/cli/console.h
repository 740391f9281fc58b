// Where a command's text goes: the process's output streams, or a test.
#pragma once

#include <string_view>

#include "base/result.h"

namespace leat::cli {

// `fd` is io::kStandardOutput or io::kStandardError.
class Console {
 public:
  virtual ~Console() = default;
  // False when nobody reads any more. Errors: the disk is full, the stream is closed.
  virtual Result<bool> Write(int fd, std::string_view text) = 0;
  virtual bool IsTerminal(int fd) const = 0;
  virtual bool HasColor(int fd, bool no_color_asked) const = 0;
  virtual int Width(int fd) const = 0;  // columns
};

// The process's own. Lives as long as the process.
Console& SystemConsole();

}  // namespace leat::cli
