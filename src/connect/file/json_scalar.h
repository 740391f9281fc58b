// A text as a value of a column that holds no objects or arrays.
#pragma once

#include <string>
#include <string_view>

#include "data/arrow_builder.h"
#include "data/schema.h"

namespace leat::connect {

// By the strict conversions of data/convert.h; dates and times by the format, if any (see
// ToTimestampIn). False: it is no value of the type, and nothing was appended.
bool AppendTextValue(std::string_view text, const data::Type& type, const std::string& format,
                     data::ArrowColumn& to);

}  // namespace leat::connect
