// How a table's schema takes in rows of another one.
#pragma once

#include "base/result.h"
#include "data/schema.h"
#include "delta/actions.h"

namespace leat::transform {

// Makes the table's schema such that it can hold rows of `added`: new columns, and new fields of
// structs, join it at the end; columns that the rows lack stay; where delta.enableTypeWidening is
// set, types widen. Columns of a narrower type are no change: the rows are cast. Order does not
// matter. kInvalidInput naming all differences that are left.
Status Evolve(delta::Metadata& metadata, const data::Schema& added);

}  // namespace leat::transform
