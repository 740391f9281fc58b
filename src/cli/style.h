// Colours of text on terminals that have them.
#pragma once

#include <string>
#include <string_view>

namespace leat::cli {

enum class TextStyle { kPlain, kBold, kDim, kRed, kGreen, kYellow };

// The text wrapped in the style's escape sequence (ECMA-48), or as it is when `color` is false.
std::string Paint(TextStyle style, std::string_view text, bool color);

}  // namespace leat::cli
