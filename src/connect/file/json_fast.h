// The short way for what most records are: an object of numbers, booleans, nulls and texts without
// escapes under keys that the plan has. It takes nothing that JSON does not allow; all else is for
// the parser.
#pragma once

#include <string_view>
#include <vector>

#include "connect/file/json_keys.h"
#include "connect/file/read_plan.h"
#include "data/arrow_builder.h"

namespace leat::connect {

// Appends a row to the first of `columns`, those of `targets`. False: the record is not of that
// kind, or a value does not fit; columns may have got a value then. The text is UTF-8 and has
// kJsonPadding readable bytes behind it.
bool AppendSimpleRecord(std::string_view record, const std::vector<TargetColumn>& targets,
                        JsonKeys& keys, std::vector<data::ArrowColumn>& columns);

}  // namespace leat::connect
