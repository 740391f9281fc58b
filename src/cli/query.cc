#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/app.h"
#include "cli/command.h"
#include "cli/interruptible.h"
#include "cli/limits.h"
#include "cli/output.h"
#include "cli/sql_session.h"
#include "cli/text_width.h"
#include "io/machine.h"

namespace leat::cli {
namespace {

constexpr std::int64_t kLimitOfFormat = INT64_MIN;

struct QueryOptions {
  std::string sql;
  std::int64_t limit = kLimitOfFormat;
};

std::size_t RowLimit(const App& app, std::int64_t asked) {
  if (asked == kLimitOfFormat) return app.plain() ? kPlainQueryRows : SIZE_MAX;
  return asked == 0 ? SIZE_MAX : static_cast<std::size_t>(asked);
}

Result<std::string> SqlOf(const QueryOptions& options) {
  if (options.sql != "-") return options.sql;
  return io::ReadStandardInput(kMaxQueryBytes);
}

void NoteCut(App& app, std::size_t limit) {
  app.Note(fmt::format("the first {}; there are more (--limit 0 shows all)",
                       Counted(static_cast<std::int64_t>(limit), "row")));
}

Status PrintTable(App& app, SqlSession& session, const std::string& sql, std::size_t limit) {
  const Interruptible guard(session.session());
  const std::size_t fetched = limit == SIZE_MAX ? limit : limit + 1;
  LEAT_ASSIGN(data::Rows rows, session.Query(sql, fetched));
  const bool is_cut = rows.rows.size() > limit;
  if (is_cut) rows.rows.resize(limit);
  PrintRows(app, rows);
  if (is_cut) {
    NoteCut(app, limit);
  } else {
    app.Note(Counted(std::ssize(rows.rows), "row"));
  }
  return Ok();
}

Status PrintText(App& app, SqlSession& session, const std::string& sql, std::size_t limit) {
  const Interruptible guard(session.session());
  const engine::TextFormat format{
      .is_json = app.format() == Format::kJson, .is_array = true, .max_rows = limit};
  LEAT_ASSIGN(const engine::TextWritten written,
              session.WriteText(sql, format, [&app](std::string_view text) {
                app.Out(text);
                return app.HasReader() ? Ok() : Status(Cancelled("nobody reads the rows"));
              }));
  if (written.is_cut) NoteCut(app, limit);
  return Ok();
}

int RunQuery(App& app, const QueryOptions& options) {
  if (options.limit < 0 && options.limit != kLimitOfFormat) {
    return app.Fail(InvalidInput("--limit must not be negative").WithHint("--limit 0 shows all"));
  }
  const auto sql = SqlOf(options);
  if (!sql.ok()) return app.Fail(sql.error());
  auto session = SqlSession::Open(app);
  if (!session) return kError;
  const std::size_t limit = RowLimit(app, options.limit);
  const Status printed =
      app.plain() ? PrintTable(app, *session, *sql, limit) : PrintText(app, *session, *sql, limit);
  return printed.ok() || !app.HasReader() ? kDone : app.Fail(printed.error());
}

}  // namespace

Command MakeQuery() {
  auto options = std::make_shared<QueryOptions>();
  return {
      .name = "query",
      .summary = "Run a read-only SQL query over all tables, in a project or outside one",
      .details =
          "Tables of the project are read by name, at a version with silver.orders@v12 or\n"
          "silver.orders@'2026-11-01T00:00:00Z'; any Delta table with delta_scan('path'), files\n"
          "with read_csv, read_json and read_parquet. Rejected rows are in NAME_quarantine.",
      .options =
          {{"SQL", "", "the query, or - to read it from standard input", &options->sql, {}, true},
           {"--limit", "N", "print at most N rows, 0 for all (plain: 1000; json, csv: all)",
            &options->limit}},
      .examples = {{"leat query \"select * from gold.daily_sales order by all\"",
                    "rows of a table"},
                   {"leat query -o csv - < report.sql > report.csv", "a query from a file"},
                   {"leat query \"select count(*) from delta_scan('lake/silver/orders')\"",
                    "a Delta table by its path"}},
      .run = [options](App& app) { return RunQuery(app, *options); }};
}

}  // namespace leat::cli
