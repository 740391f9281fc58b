// Completion scripts, made from the command line as data.
#pragma once

#include <string>

#include "cli/command.h"

namespace leat::cli {

std::string BashCompletion(const Command& root);
// Needs zsh's compinit to have run.
std::string ZshCompletion(const Command& root);
std::string FishCompletion(const Command& root);

}  // namespace leat::cli
