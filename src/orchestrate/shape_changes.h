// What changed in a table's columns from one version to the next, in words.
#pragma once

#include <string>
#include <vector>

#include "data/schema.h"

namespace leat::orchestrate {

// One line for each column and field, nested ones included: "new column client", "column c.email is
// now string, was long", "column price is gone". Empty: the shapes are the same. With `keeps` the
// table keeps the columns that `now` lacks, and the new rows have none of their values.
std::vector<std::string> ShapeChanges(const data::Schema& before, const data::Schema& now,
                                      bool keeps);

}  // namespace leat::orchestrate
