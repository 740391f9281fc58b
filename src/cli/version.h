#pragma once

#include <string>

namespace leat::cli {

// "0.1.0"
std::string Version();
// "leat 0.1.0"
std::string VersionLine();

}  // namespace leat::cli
