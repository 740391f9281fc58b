#include "cli/output.h"

#include <algorithm>

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
  return FormatTable(rows, options);
}

// Writes in pieces, so that a large result is not held a second time.
class Pieces {
 public:
  explicit Pieces(App& app) : app_(app) {}
  ~Pieces() { app_.Out(text_); }
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;

  void Add(std::string_view piece) {
    text_ += piece;
    if (text_.size() < kBytesPerWrite) return;
    app_.Out(text_);
    text_.clear();
  }

 private:
  App& app_;
  std::string text_;
};

void PrintCsv(App& app, const data::Rows& rows) {
  Pieces out(app);
  out.Add(CsvHeader(rows.schema));
  for (const auto& row : rows.rows) out.Add(CsvLine(row));
}

void PrintJson(App& app, const data::Rows& rows) {
  Pieces out(app);
  out.Add("[");
  for (std::size_t i = 0; i < rows.rows.size(); i++) {
    out.Add(i == 0 ? "\n" : ",\n");
    out.Add(Dump(ToJson(rows.schema, rows.rows[i])));
  }
  out.Add(rows.rows.empty() ? "]\n" : "\n]\n");
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

void PrintRows(App& app, const data::Rows& rows) {
  switch (app.format()) {
    case Format::kPlain: app.Out(FormatPlain(app, rows, "NULL")); break;
    case Format::kJson: PrintJson(app, rows); break;
    case Format::kCsv: PrintCsv(app, rows); break;
  }
}

void PrintReport(App& app, const Report& report) {
  switch (app.format()) {
    case Format::kPlain: app.Out(report.plain()); break;
    case Format::kJson: app.Out(Dump(report.json(), 2) + "\n"); break;
    case Format::kCsv: PrintCsv(app, report.csv()); break;
  }
}

}  // namespace leat::cli
