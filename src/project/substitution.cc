#include "project/substitution.h"

#include <fmt/format.h>

namespace leat::project {

Result<std::string> SubstituteEnvironment(std::string_view text, const VariableLookup& variables,
                                          std::vector<std::string>& secrets) {
  std::string result;
  while (!text.empty()) {
    const std::size_t begin = text.find("${");
    if (begin == std::string_view::npos) break;
    if (begin > 0 && text[begin - 1] == '$') {
      result += text.substr(0, begin - 1);
      result += "${";
      text.remove_prefix(begin + 2);
      continue;
    }
    const std::size_t end = text.find('}', begin);
    if (end == std::string_view::npos || end == begin + 2) {
      return InvalidInput("'${' needs the name of an environment variable and '}'")
          .WithHint("write ${NAME}, or $${ for the text itself");
    }
    const std::string name(text.substr(begin + 2, end - begin - 2));
    auto value = variables(name);
    if (!value) {
      return NotFound(fmt::format("the environment variable {} is not set", name))
          .WithHint(fmt::format("set it (export {}=…) or remove the setting that uses it", name));
    }
    if (!value->empty()) secrets.push_back(*value);
    result += text.substr(0, begin);
    result += *value;
    text.remove_prefix(end + 1);
  }
  result += text;
  return result;
}

}  // namespace leat::project
