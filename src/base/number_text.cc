#include "base/number_text.h"

#include <fmt/format.h>

#include <cmath>

namespace leat {
namespace {

template <typename Real>
std::string Format(Real number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  if (number == 0 && std::signbit(number)) return "-0.0";  // as an integer it would lose its sign
  return fmt::format("{}", number);
}

}  // namespace

std::string FormatReal(double number) { return Format(number); }
std::string FormatReal(float number) { return Format(number); }

}  // namespace leat
