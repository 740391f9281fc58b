// What a file descriptor that people look at can show.
#pragma once

#include <string_view>

#include "base/result.h"

namespace leat::io {

constexpr int kStandardOutput = 1;
constexpr int kStandardError = 2;
// When neither the terminal nor COLUMNS tells.
constexpr int kDefaultTerminalWidth = 80;

bool IsTerminal(int fd);

// Columns of the terminal now; it changes when its window does. Otherwise COLUMNS, or
// kDefaultTerminalWidth.
int TerminalWidth(int fd);

// Whether escape sequences make sense: a terminal, TERM is set and not "dumb".
bool SupportsEscapes(int fd);

// SupportsEscapes, and nobody asked for plain text with --no-color or a non-empty NO_COLOR
// (https://no-color.org).
bool SupportsColor(int fd, bool no_color_asked);

// Writes all of it, in as few system calls as can be: true. False: the other end of the pipe is
// closed, so that nobody wants more. Anything else that cannot be written is an error.
Result<bool> WriteText(int fd, std::string_view text);

// Once, before anything is opened: a reader that leaves no longer ends the process, and standard
// streams that the caller closed do not become the number of a file, which would get their text.
void PrepareStandardStreams();

}  // namespace leat::io
