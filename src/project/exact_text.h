// Whether a text is a value of a type without loss.
#pragma once

#include <string>

#include "base/result.h"
#include "data/schema.h"

namespace leat::project {

// By the strict conversions of data/convert.h; kInvalidInput with the reason: "'1.6' is no bigint".
// Values of lists, maps and structs are JSON, of which each part must fit.
Status IsExactly(const std::string& text, const data::Type& type);

}  // namespace leat::project
