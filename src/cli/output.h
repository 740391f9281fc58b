// Prints results in the format that -o asks for.
#pragma once

#include <functional>

#include "cli/app.h"
#include "cli/rows_output.h"
#include "data/value.h"

namespace leat::cli {

// A table as rows: aligned columns, an array of objects, or CSV.
void PrintRows(App& app, const data::Rows& rows);
// Writes rows as JSON or CSV piece by piece, so that no result has to fit into memory.
class RowsWriter {
 public:
  // kPlain is no format of pieces.
  RowsWriter(App& app, data::Schema schema);
  void Add(const data::Rows& rows);
  // Ends the text; required, once.
  void Finish() &&;

 private:
  void Emit(std::string_view piece);

  App& app_;
  const data::Schema schema_;
  const bool is_json_;
  bool is_empty_ = true;
  std::string pending_;
};

// A report's table as aligned columns: null is blank, numbers have thousands separators, words such
// as "failed" a colour.
std::string PlainTable(const App& app, data::Rows rows);

// Rows of data below another line, on lines that begin with blanks, cut to the terminal's width; in
// a pipe to kPipeWidth.
std::string IndentedRows(const App& app, const data::Rows& rows);

// A result that is one JSON object, a table for CSV, and a text of its own for people. Each is only
// made when it is asked for.
struct Report {
  std::function<Json()> json;
  std::function<data::Rows()> csv;
  std::function<std::string()> plain;
  bool is_remark = false;  // the text only says what was done: --quiet leaves it out
};
void PrintReport(App& app, const Report& report);

}  // namespace leat::cli
