// One cell, and a small result table: for statistics, parameters, samples and printing. Bulk rows
// stay in Arrow.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "data/schema.h"

namespace leat::data {

// Null, boolean, any integer, float or double, text (also decimals, dates as YYYY-MM-DD, nested
// values as JSON), or an instant in UTC.
struct Instant {
  TimestampUs us = 0;
  auto operator<=>(const Instant&) const = default;
};
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Instant>;

struct Rows {
  Schema schema;
  std::vector<std::vector<Value>> rows;  // rows[r].size() == schema.fields.size()
};

}  // namespace leat::data
