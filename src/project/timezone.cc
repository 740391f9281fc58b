#include "project/timezone.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/text.h"
#include "project/limits.h"

namespace leat::project {
namespace {

constexpr char kDatabase[] = "/usr/share/zoneinfo";

// The zones and links named in the database's source form; empty when the system has none.
std::vector<std::string> ZoneNames(io::FileSystem& files) {
  const auto text = files.ReadRange(io::JoinPath(kDatabase, "tzdata.zi"), 0, kMaxTextFileBytes);
  std::vector<std::string> names;
  if (!text.ok()) return names;
  for (const std::string& line : Split(*text, '\n')) {
    const std::vector<std::string> words = Split(line, ' ');
    if (words.size() > 1 && words[0] == "Z") names.push_back(words[1]);
    if (words.size() > 2 && words[0] == "L") names.push_back(words[2]);
  }
  return names;
}

}  // namespace

Status CheckTimezone(io::FileSystem& files, const std::string& name) {
  if (name == "UTC") return Ok();
  const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '+' || c == '/';
  });
  if (is_name && name[0] != '/') {
    const auto header = files.ReadRange(io::JoinPath(kDatabase, name), 0, 4);
    if (header.ok() && *header == "TZif") return Ok();
  }
  if (!files.Stat(kDatabase).ok()) {
    return NotFound(fmt::format("no time zone database at {} to look up '{}'", kDatabase, name))
        .WithHint("install the package tzdata, or use UTC");
  }
  std::string hint = NearestHint(name, ZoneNames(files));
  if (hint.empty()) hint = "use an IANA name such as UTC or Europe/Berlin";
  return InvalidInput(fmt::format("'{}' is not a time zone", name)).WithHint(std::move(hint));
}

}  // namespace leat::project
