#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/app.h"
#include "cli/command.h"
#include "cli/interruptible.h"
#include "cli/output.h"
#include "cli/sql_session.h"
#include "cli/text_width.h"

namespace leat::cli {
namespace {

struct ExportOptions {
  std::string what, to, format;
};

Result<std::string> FormatOf(const ExportOptions& options) {
  if (!options.format.empty()) return options.format;
  const std::string name = ToLower(io::FileName(options.to));
  const std::size_t dot = name.rfind('.');
  const std::string extension = dot == std::string::npos ? "" : name.substr(dot + 1);
  if (extension == "csv" || extension == "json" || extension == "parquet") return extension;
  if (extension == "ndjson" || extension == "jsonl") return std::string("json");
  return InvalidInput(fmt::format("--to {}: its ending does not tell the format", options.to))
      .WithHint("end it with .csv, .json or .parquet, or add --format");
}

Status CheckTarget(App& app, const std::string& path) {
  const auto target = app.environment().files.Stat(path);
  if (target.ok() && target->is_directory) {
    return InvalidInput(fmt::format("--to {}: this is a folder", path))
        .WithHint("name a file in it: " + io::JoinPath(path, "export.parquet"));
  }
  const auto folder = app.environment().files.Stat(io::ParentPath(path));
  if (folder.ok()) return Ok();
  return NotFound(fmt::format("--to {}: its folder does not exist", path))
      .WithHint("mkdir -p " + io::ParentPath(path));
}

bool IsName(const std::string& text) {
  return text.find_first_of(" \t\r\n(;'\"") == std::string::npos;
}

int RunExport(App& app, const ExportOptions& options) {
  const auto format = FormatOf(options);
  if (!format.ok()) return app.Fail(format.error());
  const std::string path = io::AbsolutePath(options.to);
  const Status target = CheckTarget(app, path);
  if (!target.ok()) return app.Fail(target.error());
  const auto session = SqlSession::Open(app);
  if (!session) return kError;
  const auto sql = IsName(options.what) ? session->SelectAll(options.what) : options.what;
  if (!sql.ok()) return app.Fail(sql.error());
  const Interruptible guard(session->session());
  const auto rows = session->Export(*sql, path, *format);
  if (!rows.ok()) return app.Fail(rows.error());
  PrintReport(app,
              {.json = [&] { return Json{{"path", path}, {"format", *format}, {"rows", *rows}}; },
               .csv =
                   [&] {
                     return data::Rows{.schema = TextColumns({"path", "format", "rows"}),
                                       .rows = {{path, *format, *rows}}};
                   },
               .plain = [&] { return Counted(*rows, "row") + " to " + options.to + "\n"; },
               .is_remark = true});
  return kDone;
}

}  // namespace

Command MakeExport() {
  auto options = std::make_shared<ExportOptions>();
  return {.name = "export",
          .summary = "Write a table or the result of a query to a file",
          .details =
              "The file appears when it is complete, and replaces one of that name. JSON has one\n"
              "object per line.",
          .options = {{"ASSET", "", "an asset's name, or a query", &options->what, {}, true},
                      {"--to", "FILE", "the file: .csv, .json or .parquet", &options->to, {}, true},
                      {"--format",
                       "FORMAT",
                       "csv, json or parquet, whatever the file's ending",
                       &options->format,
                       {"csv", "json", "parquet"}}},
          .examples =
              {{"leat export gold.daily_sales --to sales.parquet", "a whole table"},
               {"leat export \"select * from gold.daily_sales where revenue > 100\" --to big.csv",
                "some rows"}},
          .run = [options](App& app) { return RunExport(app, *options); }};
}

}  // namespace leat::cli
