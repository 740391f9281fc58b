#include "base/encoding.h"

#include <iconv.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace leat {

std::string IconvName(const std::string& encoding) {
  constexpr std::string_view kWindows = "windows-";
  static const std::map<std::string, std::string> names = {
      {"utf8", "utf-8"},          {"utf16", "utf-16"},       {"utf-16-le", "utf-16le"},
      {"utf-16-be", "utf-16be"},  {"latin-1", "iso-8859-1"}, {"latin1", "iso-8859-1"},
      {"shift-jis", "shift_jis"}, {"sjis", "shift_jis"},     {"ascii", "us-ascii"}};
  std::string name = ToLower(encoding);
  const auto known = names.find(name);
  if (known != names.end()) return known->second;
  if (name.starts_with(kWindows)) return "cp" + name.substr(kWindows.size());
  return name;
}

bool IsKnownEncoding(const std::string& encoding) {
  // A slash would be an option of iconv(3), such as //IGNORE.
  if (encoding.empty() || encoding.find('/') != std::string::npos) return false;
  const iconv_t converter = iconv_open("UTF-8", IconvName(encoding).c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) return false;  // as iconv_open(3) says it
  iconv_close(converter);
  return true;
}

}  // namespace leat
