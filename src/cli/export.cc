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

constexpr std::int64_t kBytesPerWrite = 1 << 20;

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

struct Target {
  enum class Kind {
    kFile,            // appears, or is replaced, when it is complete
    kSpecialFile,     // a device or pipe: written into
    kStandardOutput,  // whatever that is: a file may hold more already
  };
  Kind kind = Kind::kFile;
  std::string path;  // links followed
};

Result<Target> TargetOf(App& app, const std::string& to) {
  for (const char* name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    if (to == name) return Target{.kind = Target::Kind::kStandardOutput, .path = to};
  }
  const auto there = app.environment().files.Stat(to);
  if (there.ok() && there->is_directory) {
    return InvalidInput(fmt::format("--to {}: this is a folder", to))
        .WithHint("name a file in it: " + io::JoinPath(to, "export.parquet"));
  }
  if (there.ok() && there->is_special) {
    return Target{.kind = Target::Kind::kSpecialFile, .path = to};
  }
  if (io::IsS3Path(to)) return Target{.path = to};
  LEAT_ASSIGN(std::string path, io::FollowLinks(to));
  const auto folder = app.environment().files.Stat(io::ParentPath(path));
  if (folder.ok()) return Target{.path = std::move(path)};
  return NotFound(fmt::format("--to {}: its folder does not exist", path))
      .WithHint("mkdir -p " + io::ParentPath(path));
}

Status PrintFile(App& app, const std::string& path) {
  for (std::int64_t offset = 0; app.HasReader();) {
    LEAT_ASSIGN(const std::string chunk,
                app.environment().files.ReadRange(path, offset, kBytesPerWrite));
    if (chunk.empty()) break;
    offset += std::ssize(chunk);
    app.OutData(chunk);
  }
  return Ok();
}

Result<std::int64_t> Export(App& app, SqlSession& session, const std::string& sql,
                            const Target& target, const std::string& format) {
  if (target.kind == Target::Kind::kFile) return session.Export(sql, target.path, format);
  LEAT_ASSIGN(const std::string folder, io::MakeTemporaryDirectory("leat-export"));
  const std::string file = io::JoinPath(folder, "rows");
  auto rows = session.Export(sql, file, format);
  Status copied = Ok();
  if (rows.ok()) {
    copied = target.kind == Target::Kind::kStandardOutput
                 ? PrintFile(app, file)
                 : io::CopyIntoSpecialFile(file, target.path);
  }
  const Status removed = io::RemoveAll(folder);
  LEAT_TRY(copied);
  if (rows.ok()) LEAT_TRY(removed);
  return rows;
}

bool IsName(const std::string& text) {
  return text.find_first_of(" \t\r\n(;'\"") == std::string::npos;
}

int RunExport(App& app, const ExportOptions& options) {
  const auto format = FormatOf(options);
  if (!format.ok()) return app.Fail(format.error());
  const std::string path = io::AbsolutePath(options.to);
  const auto target = TargetOf(app, path);
  if (!target.ok()) return app.Fail(target.error());
  const auto session = SqlSession::Open(app);
  if (!session) return kError;
  const auto sql = IsName(options.what) ? session->SelectAll(options.what) : options.what;
  if (!sql.ok()) return app.Fail(sql.error());
  const Interruptible guard(session->session());
  const auto rows = Export(app, *session, *sql, *target, *format);
  if (!rows.ok()) return app.Fail(rows.error());
  if (target->kind == Target::Kind::kStandardOutput) {
    app.Note(Counted(*rows, "row"));
    return kDone;
  }
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
              "The file appears when it is complete, and replaces one of that name. Links are\n"
              "followed; devices and pipes are written into, /dev/stdout as well. JSON has one\n"
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
                "some rows"},
               {"leat export gold.daily_sales --to /dev/stdout --format json | gzip > sales.gz",
                "into a pipe"}},
          .run = [options](App& app) { return RunExport(app, *options); }};
}

}  // namespace leat::cli
