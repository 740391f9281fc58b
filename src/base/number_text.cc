#include "base/number_text.h"

#include <fmt/format.h>

#include <cmath>

namespace leat {
namespace {

template <typename Real>
std::string Format(Real number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  std::string text = fmt::format("{}", number);
  // So that a reader that guesses types takes the column for what it is, and keeps -0.0.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::string FormatReal(double number) { return Format(number); }
std::string FormatReal(float number) { return Format(number); }

}  // namespace leat
