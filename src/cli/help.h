// The help text of a command.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace leat::cli {

// `path` leads from the root to the command: {leat, generate, retail}. Never empty.
std::string HelpFor(const std::vector<const Command*>& path);

}  // namespace leat::cli
