// tests/*.yml: unit tests of models, a list of
//
//   - name: late_orders_count_once              # required, unique in the project
//     model: silver.orders                      # required
//     given:                                    # a table for each that the model reads
//       bronze.orders:                          # rows; keys that a row leaves out are null
//         - {order_id: 1, amount: 10.5, ordered_at: 2026-11-01T10:00:00Z}
//       seeds.country_codes: []                 # no rows
//     expect:                                   # the model's rows; only the columns named here are
//     compared
//       - {order_id: 1, amount: 10.5}
//     ordered: false                            # whether the order of rows matters
//     start: 2026-11-01                         # $start and $end
//     end: 2026-11-02
//     now: 2026-11-02T06:00:00Z                 # what now() and current_date are
//     vars: {vip_threshold: 10}                 # instead of the project's
//
// Cells are text, numbers, booleans, null; dates and times are text; lists and maps become JSON
// text. A column's type in the fixture (boolean, long, double or string) is that of its cells; the
// runner casts it to the real column's type.
#pragma once

#include <vector>

#include "project/definition.h"
#include "project/diagnostics.h"
#include "project/source_text.h"

namespace leat::project {

// A test and the places of its parts, for the checks that need the whole project.
struct ParsedTest {
  UnitTest test;
  Location model_location;
  std::map<std::string, Location> given_locations, var_locations;
};

std::vector<ParsedTest> ReadTestCases(const SourceText& source, Diagnostics& diagnostics);

// Checks names against the project's assets and variables, writes tables as the assets' names, and
// keeps sound tests. `project.assets` have their dependencies.
std::vector<UnitTest> ResolveTestCases(std::vector<ParsedTest> tests, const Project& project,
                                       Diagnostics& diagnostics);

}  // namespace leat::project
