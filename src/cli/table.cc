#include "cli/table.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/text.h"
#include "cli/rows_output.h"
#include "cli/text_width.h"

namespace leat::cli {
namespace {

constexpr std::size_t kGap = 2;           // blanks between columns
constexpr std::size_t kMinTextWidth = 8;  // texts are not cut below this

bool IsNumeric(data::TypeKind kind) {
  switch (kind) {
    case data::TypeKind::kByte:
    case data::TypeKind::kShort:
    case data::TypeKind::kInteger:
    case data::TypeKind::kLong:
    case data::TypeKind::kFloat:
    case data::TypeKind::kDouble:
    case data::TypeKind::kDecimal: return true;
    default: return false;
  }
}

struct Column {
  std::string name;
  bool numeric = false;
  std::vector<std::string> cells;
  std::size_t width = 0;
  std::size_t min_width = 0;
};

std::string CellText(const data::Value& value, const TableOptions& options) {
  if (std::holds_alternative<std::monostate>(value)) return options.null_text;
  if (const auto* number = std::get_if<std::int64_t>(&value);
      number != nullptr && options.thousands) {
    return WithThousands(*number);
  }
  return OneLine(PlainText(value));
}

std::vector<Column> MakeColumns(const data::Rows& rows, std::size_t shown,
                                const TableOptions& options) {
  std::vector<Column> columns;
  for (std::size_t c = 0; c < rows.schema.fields.size(); c++) {
    Column column{.name = OneLine(rows.schema.fields[c].name),
                  .numeric = IsNumeric(rows.schema.fields[c].type.kind)};
    std::size_t widest = 0;
    for (std::size_t r = 0; r < shown; r++) {
      column.cells.push_back(CellText(rows.rows[r][c], options));
      widest = std::max(widest, DisplayWidth(column.cells.back()));
    }
    const std::size_t name_width = DisplayWidth(column.name);
    column.width = std::max(widest, name_width);
    column.min_width = column.numeric ? std::max(widest, std::min(name_width, kMinTextWidth))
                                      : std::min(column.width, kMinTextWidth);
    columns.push_back(std::move(column));
  }
  return columns;
}

std::size_t TotalWidth(const std::vector<Column>& columns) {
  return std::accumulate(columns.begin(), columns.end(), kGap * (columns.size() - 1),
                         [](std::size_t sum, const Column& column) { return sum + column.width; });
}

// Cuts the widest columns until the table fits, and leaves out columns that cannot. Returns their
// names.
std::vector<std::string> FitColumns(std::vector<Column>& columns, std::size_t width) {
  std::vector<std::string> left_out;
  const auto min_total = [&] {
    std::size_t total = kGap * (columns.size() - 1);
    for (const Column& column : columns) total += column.min_width;
    return total;
  };
  for (Column& column : columns) {
    column.width = std::min(column.width, std::max(width, column.min_width));
  }
  while (columns.size() > 1 && min_total() > width) {
    left_out.insert(left_out.begin(), columns.back().name);
    columns.pop_back();
  }
  while (TotalWidth(columns) > width) {
    const auto widest =
        std::max_element(columns.begin(), columns.end(), [](const Column& a, const Column& b) {
          return (a.width > a.min_width ? a.width : 0) < (b.width > b.min_width ? b.width : 0);
        });
    if (widest->width <= widest->min_width) {
      widest->width = width;  // a single column wider than the terminal
      break;
    }
    widest->width--;
  }
  return left_out;
}

std::string Align(const Column& column, const std::string& text) {
  const std::string fitted = Fit(text, column.width);
  return column.numeric ? PadLeft(fitted, column.width) : PadRight(fitted, column.width);
}

// Pads the painted text by the width of the plain one.
std::string PaintCell(const Column& column, const std::string& text, TextStyle style, bool color) {
  std::string aligned = Align(column, text);
  const std::size_t begin = aligned.find_first_not_of(' ');
  if (begin == std::string::npos || style == TextStyle::kPlain) return aligned;
  const std::size_t end = aligned.find_last_not_of(' ') + 1;
  return aligned.substr(0, begin) + Paint(style, aligned.substr(begin, end - begin), color) +
         aligned.substr(end);
}

void AppendLine(std::string& text, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
}

TextStyle StyleOf(const data::Value& value, std::size_t column, const TableOptions& options) {
  if (std::holds_alternative<std::monostate>(value)) return TextStyle::kDim;
  return options.style_of ? options.style_of(column, value) : TextStyle::kPlain;
}

}  // namespace

std::string FormatTable(const data::Rows& rows, const TableOptions& options) {
  if (rows.schema.fields.empty()) return "";
  const std::size_t shown =
      options.max_rows == 0 ? rows.rows.size() : std::min(rows.rows.size(), options.max_rows);
  std::vector<Column> columns = MakeColumns(rows, shown, options);
  std::vector<std::string> left_out;
  if (options.width > 0) left_out = FitColumns(columns, options.width);

  const std::string gap(kGap, ' ');
  std::string text;
  std::string header;
  std::string rule;
  for (const Column& column : columns) {
    if (&column != &columns.front()) {
      header += gap;
      rule += gap;
    }
    header += PaintCell(column, column.name, TextStyle::kBold, options.color);
    for (std::size_t i = 0; i < column.width; i++) rule += "─";
  }
  AppendLine(text, header);
  AppendLine(text, Paint(TextStyle::kDim, rule, options.color));
  for (std::size_t r = 0; r < shown; r++) {
    std::string line;
    for (std::size_t c = 0; c < columns.size(); c++) {
      if (c > 0) line += gap;
      const TextStyle style = StyleOf(rows.rows[r][c], c, options);
      line += PaintCell(columns[c], columns[c].cells[r], style, options.color);
    }
    AppendLine(text, line);
  }
  const auto notice = [&](std::int64_t count, const std::string& noun, const std::string& more) {
    const std::string line =
        "… " + WithThousands(count) + " more " + noun + (count == 1 ? "" : "s") + more;
    text +=
        Paint(TextStyle::kDim, options.width > 0 ? Fit(line, options.width) : line, options.color) +
        "\n";
  };
  if (shown < rows.rows.size()) {
    notice(static_cast<std::int64_t>(rows.rows.size() - shown), "row", "");
  }
  if (!left_out.empty()) notice(std::ssize(left_out), "column", ": " + Join(left_out, ", "));
  return text;
}

}  // namespace leat::cli
