// Finds what users name on the command line.
#pragma once

#include <string>

#include "base/result.h"
#include "project/definition.h"

namespace leat::cli {

// By full name, case ignored; a seed also without its schema. kNotFound with the nearest name. The
// pointer lives as long as the project.
Result<const project::Asset*> FindAsset(const project::Project& project, const std::string& name);

// "source", "seed", or how a model is stored: "view", "interval", ....
std::string KindOf(const project::Asset& asset);

}  // namespace leat::cli
