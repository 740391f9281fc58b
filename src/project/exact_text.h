// Whether a text is a value of a type without loss.
#pragma once

#include <string>

#include "data/schema.h"
#include "engine/engine.h"

namespace leat::project {

// kInvalidInput with the reason: "'1.6' is no bigint". Values of lists, maps and structs are JSON,
// of which each part must fit. Nothing is rounded or cut: 1.50 is a decimal(10,2), 1.505 and a date
// with a time of day are none.
Status IsExactly(engine::Session& session, const std::string& text, const data::Type& type);

}  // namespace leat::project
