// Text in URIs: percent-encoding (RFC 3986).
#pragma once

#include <string>
#include <string_view>

namespace leat::io {

// Percent-encodes everything but unreserved characters (RFC 3986) and, for paths, the slash.
std::string EncodeUri(std::string_view text, bool keep_slashes);
// "%41b+" → "Ab+": the opposite; a sign without two digits after it stays as it is.
std::string DecodeUri(std::string_view text);

}  // namespace leat::io
