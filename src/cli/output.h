// Prints results in the format that -o asks for.
#pragma once

#include <functional>

#include "cli/app.h"
#include "cli/rows_output.h"
#include "data/value.h"

namespace leat::cli {

// A table as rows: aligned columns, an array of objects, or CSV.
void PrintRows(App& app, const data::Rows& rows);
// A report's table as aligned columns: null is blank, numbers have thousands separators, words such
// as "failed" a colour.
std::string PlainTable(const App& app, data::Rows rows);

// A result that is one JSON object, a table for CSV, and a text of its own for people. Each is only
// made when it is asked for.
struct Report {
  std::function<Json()> json;
  std::function<data::Rows()> csv;
  std::function<std::string()> plain;
};
void PrintReport(App& app, const Report& report);

}  // namespace leat::cli
