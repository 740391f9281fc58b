// Floating-point numbers as text, the shortest that reads back as the same number.
#pragma once

#include <string>

namespace leat {

// "1.5", "1", "-0.0", "1e+16", "NaN", "Infinity", "-Infinity".
std::string FormatReal(double number);
std::string FormatReal(float number);

}  // namespace leat
