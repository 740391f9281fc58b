// Errors of the engine about a query that was typed, in our form.
#pragma once

#include <string>

#include "base/result.h"

namespace leat::cli {

// One line with a place, "query:2:15: message", and the nearest candidate as the hint, out of the
// engine's several lines of text about `sql`, of which the engine saw `lines_before` more lines.
// Errors with a file of their own stay as they are.
Error InQuery(Error error, const std::string& sql, int lines_before = 0);

}  // namespace leat::cli
