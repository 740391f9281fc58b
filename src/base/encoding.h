// Names of text encodings, as people write them.
#pragma once

#include <string>

namespace leat {

// The name under which iconv(3) knows the encoding: latin-1 is iso-8859-1, windows-1252 cp1252.
std::string IconvName(const std::string& encoding);
// Whether it knows it.
bool IsKnownEncoding(const std::string& encoding);

}  // namespace leat
