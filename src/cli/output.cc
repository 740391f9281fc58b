#include "cli/output.h"

#include <algorithm>

#include "base/text.h"
#include "cli/limits.h"
#include "cli/table.h"
#include "io/terminal.h"

namespace leat::cli {
namespace {

constexpr std::size_t kBytesPerWrite = 256UL * 1024UL;

// Words that say how something went.
TextStyle StyleOf(const data::Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return TextStyle::kPlain;
  if (*text == "succeeded" || *text == "passed" || *text == "ok") return TextStyle::kGreen;
  if (*text == "failed" || *text == "error" || *text == "problem") return TextStyle::kRed;
  const bool is_yellow = *text == "warned" || *text == "warning" || *text == "skipped" ||
                         *text == "cancelled" || *text == "partial";
  return is_yellow ? TextStyle::kYellow : TextStyle::kPlain;
}

// Times become texts in the project's time zone.
data::Rows WithTimes(const App& app, data::Rows rows) {
  for (auto& row : rows.rows) {
    for (data::Value& cell : row) {
      if (const auto* time = std::get_if<data::Instant>(&cell)) cell = app.TimeText(time->us);
    }
  }
  return rows;
}

std::string FormatPlain(const App& app, const data::Rows& rows, const char* null_text) {
  const int fd = io::kStandardOutput;
  const bool is_terminal = app.console().IsTerminal(fd);
  TableOptions options{.width = is_terminal ? static_cast<std::size_t>(app.console().Width(fd)) : 0,
                       .color = app.colored(fd),
                       .null_text = null_text};
  if (*null_text == '\0') {
    options.thousands = true;
    options.style_of = [](std::size_t, const data::Value& value) { return StyleOf(value); };
  }
  return FormatTable(WithTimes(app, rows), options);
}

}  // namespace

std::string PlainTable(const App& app, data::Rows rows) {
  // Columns that hold nothing but numbers are aligned as such.
  for (std::size_t column = 0; column < rows.schema.fields.size(); column++) {
    const bool is_number = std::all_of(rows.rows.begin(), rows.rows.end(), [&](const auto& row) {
      return std::holds_alternative<std::int64_t>(row[column]) ||
             std::holds_alternative<std::monostate>(row[column]);
    });
    if (is_number) rows.schema.fields[column].type = {.kind = data::TypeKind::kLong};
  }
  return FormatPlain(app, rows, "");
}

std::string IndentedRows(const App& app, const data::Rows& rows) {
  constexpr std::size_t kIndent = 4;
  const int fd = io::kStandardOutput;
  const std::size_t width =
      app.console().IsTerminal(fd) ? static_cast<std::size_t>(app.console().Width(fd)) : kPipeWidth;
  std::string table =
      FormatTable(WithTimes(app, rows),
                  {.width = std::max(width, 2 * kIndent) - kIndent, .color = app.colored(fd)});
  std::string text;
  if (table.ends_with('\n')) table.pop_back();
  for (const std::string& line : Split(table, '\n')) {
    text += std::string(kIndent, ' ') + line + "\n";
  }
  return text;
}

RowsWriter::RowsWriter(App& app, data::Schema schema)
    : app_(app), schema_(std::move(schema)), is_json_(app.format() == Format::kJson) {
  Emit(is_json_ ? "[" : CsvHeader(schema_));
}

void RowsWriter::Add(const data::Rows& rows) {
  for (const auto& row : rows.rows) {
    if (is_json_) {
      Emit(is_empty_ ? "\n" : ",\n");
      Emit(Dump(ToJson(schema_, row)));
    } else {
      Emit(CsvLine(row));
    }
    is_empty_ = false;
  }
}

void RowsWriter::Finish() && {
  if (is_json_) Emit(is_empty_ ? "]\n" : "\n]\n");
  app_.Out(pending_);
}

void RowsWriter::Emit(std::string_view piece) {
  pending_ += piece;
  if (pending_.size() < kBytesPerWrite) return;
  app_.Out(pending_);
  pending_.clear();
}

void PrintRows(App& app, const data::Rows& rows) {
  if (app.plain()) {
    app.Out(FormatPlain(app, rows, "NULL"));
    return;
  }
  RowsWriter writer(app, rows.schema);
  writer.Add(rows);
  std::move(writer).Finish();
}

void PrintReport(App& app, const Report& report) {
  switch (app.format()) {
    case Format::kPlain:
      if (!report.is_remark || !app.options().quiet) app.Out(report.plain());
      break;
    case Format::kJson: app.Out(Dump(report.json(), 2) + "\n"); break;
    case Format::kCsv: PrintRows(app, report.csv()); break;
  }
}

}  // namespace leat::cli
