// A small table as aligned columns for people to read.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "cli/style.h"
#include "data/value.h"

namespace leat::cli {

struct TableOptions {
  std::size_t width = 0;     // columns of the terminal, to which lines are cut; 0: never cut
  std::size_t max_rows = 0;  // further rows are only counted, in a last line; 0: all
  bool color = false;
  bool thousands = false;  // 1,234,567
  std::string null_text = "NULL";
  // The style of a cell; called for the cells that are shown.
  std::function<TextStyle(std::size_t column, const data::Value& value)> style_of;
};

// A header, a rule and one line per row, without tabs or trailing blanks. Numbers are aligned to
// the right. Where the width does not suffice, texts are cut ("…"), then columns left out from the
// right and named in a last line; numbers are never cut. Control characters in data are shown as
// escapes. "" for a table without columns.
std::string FormatTable(const data::Rows& rows, const TableOptions& options = {});

}  // namespace leat::cli
