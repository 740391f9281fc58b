#include "connect/column_names.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"

namespace leat::connect {

std::string FaultOfNames(const std::vector<std::string>& names, const std::string& what) {
  std::map<std::string, std::string> known;  // by the name in lower case
  for (const std::string& name : names) {
    if (name.empty()) return fmt::format("a {} without a name", what);
    const auto [found, is_new] = known.emplace(ToLower(name), name);
    if (is_new) continue;
    if (found->second == name) return fmt::format("two {}s named '{}'", what, name);
    return fmt::format("{}s named '{}' and '{}', which differ only in case", what, found->second,
                       name);
  }
  return "";
}

}  // namespace leat::connect
