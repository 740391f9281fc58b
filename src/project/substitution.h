// ${NAME} in configuration values stands for an environment variable; $${ stands for the text ${.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leat::project {

// Replaces every ${NAME}. Values taken from the environment are appended to `secrets`. Errors never
// show a value: kNotFound for a variable that is not set, kInvalidInput for "${" without its end.
Result<std::string> SubstituteEnvironment(std::string_view text, std::vector<std::string>& secrets);

}  // namespace leat::project
