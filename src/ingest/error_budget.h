// How many rows of a load may be unreadable.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "connect/reject.h"
#include "project/definition.h"

namespace leat::ingest {

// kInvalidInput with the first of them when they are more than error_budget allows of `rows_read`.
Status CheckErrorBudget(const project::SourceSpec& source,
                        const std::vector<connect::Reject>& rejects, std::int64_t rows_read,
                        const std::string& hint);

}  // namespace leat::ingest
