// Base85 in the alphabet of ZeroMQ (Z85), as deletion vector descriptors write binary data. Source:
// https://rfc.zeromq.org/spec/32
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace leat::delta {

// Five characters for four bytes; bytes are padded with zeros to a multiple of four.
std::string EncodeZ85(std::string_view bytes);
// Nothing when the text is not a multiple of five characters of the alphabet, or a group is beyond
// 32 bits.
std::optional<std::string> DecodeZ85(std::string_view text);

}  // namespace leat::delta
