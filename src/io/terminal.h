// What a file descriptor that people look at can show.
#pragma once

#include <string_view>

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

// Writes all of it, in as few system calls as can be. False when the reader is gone or the disk is
// full.
bool WriteText(int fd, std::string_view text);

}  // namespace leat::io
