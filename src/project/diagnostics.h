// Everything that is wrong with a project, collected so that one run reports all of it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace leat::project {

// Errors keep a project from being used; warnings do not. Each carries its Location where there is
// one, with the file relative to the project's folder.
struct Diagnostics {
  std::vector<Error> errors;
  std::vector<Error> warnings;

  // By file, line, column, message; the same problem found twice is kept once.
  void Sort();
};

}  // namespace leat::project
