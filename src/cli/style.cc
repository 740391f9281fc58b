#include "cli/style.h"

namespace leat::cli {

std::string Paint(TextStyle style, std::string_view text, bool color) {
  const char* sequence = nullptr;
  switch (style) {
    case TextStyle::kPlain: break;
    case TextStyle::kBold: sequence = "\x1b[1m"; break;
    case TextStyle::kDim: sequence = "\x1b[2m"; break;
    case TextStyle::kRed: sequence = "\x1b[31m"; break;
    case TextStyle::kGreen: sequence = "\x1b[32m"; break;
    case TextStyle::kYellow: sequence = "\x1b[33m"; break;
  }
  if (!color || sequence == nullptr || text.empty()) return std::string(text);
  return sequence + std::string(text) + "\x1b[0m";
}

}  // namespace leat::cli
