// ${NAME} in configuration values stands for an environment variable; $${ stands for the text ${.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leat::project {

// The value of an environment variable; io::GetEnv outside tests.
using VariableLookup = std::function<std::optional<std::string>(const std::string& name)>;

// Replaces every ${NAME}. Values taken from the environment are appended to `secrets`. Errors never
// show a value: kNotFound for a variable that is not set, kInvalidInput for "${" without its end.
Result<std::string> SubstituteEnvironment(std::string_view text, const VariableLookup& variables,
                                          std::vector<std::string>& secrets);

}  // namespace leat::project
