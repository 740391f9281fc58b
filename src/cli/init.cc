#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "cli/app.h"
#include "cli/command.h"
#include "cli/flights_data.h"
#include "cli/init_sources.h"
#include "cli/output.h"
#include "cli/templates.h"
#include "cli/text_width.h"

namespace leat::cli {
namespace {

constexpr char kIgnored[] =
    "# Secrets, tables and run state stay out of git.\nconnections.yml\n/lake/\n/.leat/\n";
constexpr char kConnections[] =
    "# Connections and their secrets; not kept in git. For instance:\n"
    "#\n"
    "# connections:\n"
    "#   shop_db: {type: postgres, host: localhost, user: leat, password: "
    "\"${SHOP_DB_PASSWORD}\"}\n"
    "connections: {}\n";

struct InitOptions {
  std::string directory;
  std::string from = "empty";
};

// Only git may have been here before.
Status CheckEmpty(io::FileSystem& files, const std::string& folder) {
  const auto info = files.Stat(folder);
  if (!info.ok()) return info.error().kind() == ErrorKind::kNotFound ? Ok() : Status(info.error());
  if (!info->is_directory) {
    return AlreadyExists(folder + " is a file").WithHint("give a new or an empty folder");
  }
  LEAT_ASSIGN(const auto entries, files.List(folder));
  const auto foreign = std::find_if(entries.begin(), entries.end(), [](const io::FileInfo& entry) {
    return io::FileName(entry.path) != ".git";
  });
  if (foreign == entries.end()) return Ok();
  const bool is_project = std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
    return io::FileName(entry.path) == "leat.yml";
  });
  return AlreadyExists(
             is_project
                 ? fmt::format("{} is a project already: it holds leat.yml", folder)
                 : fmt::format("{} is not empty: it holds {}", folder, io::FileName(foreign->path)))
      .WithHint("give a new or an empty folder");
}

// A project's name as leat.yml takes it: letters, digits, _ and -.
std::string ProjectName(const std::string& folder) {
  std::string name;
  for (const char c : io::FileName(folder)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    name += plain ? c : '_';
  }
  const bool begins_well =
      !name.empty() && name[0] != '-' && name[0] != '_' && !(name[0] >= '0' && name[0] <= '9');
  return begins_well ? name : "project" + (name.empty() ? name : "_" + name);
}

// Puts the name in leat.yml, in the place of the template's.
void NameProject(const std::string& name, std::vector<TemplateFile>& files) {
  for (TemplateFile& file : files) {
    if (file.path != "leat.yml") continue;
    const std::size_t key =
        file.content.rfind("name:", 0) == 0 ? 0 : file.content.find("\nname:") + 1;
    file.content.replace(key, file.content.find('\n', key) - key, "name: " + name);
  }
}

std::vector<TemplateFile> FilesOf(const std::string& from, const std::string& folder) {
  std::vector<TemplateFile> files;
  for (TemplateFile& file : EmbeddedTemplateFiles()) {
    if (file.name == from) files.push_back(std::move(file));
  }
  const auto has = [&](const std::string& path) {
    return std::any_of(files.begin(), files.end(),
                       [&](const auto& file) { return file.path == path; });
  };
  if (!has(".gitignore")) files.push_back({from, ".gitignore", kIgnored});
  if (!has("connections.yml")) files.push_back({from, "connections.yml", kConnections});
  NameProject(ProjectName(folder), files);
  return files;
}

Status WriteProject(io::FileSystem& files, const std::string& folder,
                    const std::vector<TemplateFile>& project) {
  LEAT_TRY(files.CreateDirectories(folder));
  for (const char* part : {"assets/bronze", "assets/silver", "assets/gold"}) {
    LEAT_TRY(files.CreateDirectories(io::JoinPath(folder, part)));
  }
  for (const TemplateFile& file : project) {
    const std::string path = io::JoinPath(folder, file.path);
    LEAT_TRY(files.CreateDirectories(io::ParentPath(path)));
    LEAT_TRY(files.ReplaceFile(path, file.content));
  }
  return Ok();
}

std::vector<std::string> NextCommands(const InitOptions& options) {
  std::vector<std::string> next;
  if (io::AbsolutePath(options.directory) != io::AbsolutePath(".")) {
    next.push_back("cd " + options.directory);
  }
  if (options.from == "empty") {
    next.emplace_back("leat validate");
    return next;
  }
  if (options.from == "retail") {
    next.emplace_back(
        "leat generate retail --customers 500 --orders 5000 --days 31 --seed 7 --defects 0.02 "
        "landing");
  }
  next.emplace_back("leat validate");
  next.emplace_back("leat run");
  next.emplace_back("leat status");
  return next;
}

std::string PlainResult(const InitOptions& options, std::size_t file_count) {
  std::string text =
      fmt::format("Made the project {} from the template {}: {}.\n\nNext:\n", options.directory,
                  options.from, Counted(static_cast<std::int64_t>(file_count), "file"));
  for (const std::string& command : NextCommands(options)) text += "  " + command + "\n";
  return text;
}

int RunInit(App& app, const InitOptions& options) {
  io::FileSystem& files = app.environment().files;
  const std::string folder = io::AbsolutePath(options.directory);
  const Status empty = CheckEmpty(files, folder);
  if (!empty.ok()) return app.Fail(empty.error());
  const std::vector<TemplateFile> project = FilesOf(options.from, folder);
  const Status written = WriteProject(files, folder, project);
  if (!written.ok()) return app.Fail(written.error());
  if (options.from == "flights") {
    const Status copied = CopyFlightsData(app, folder);
    if (!copied.ok()) return app.Fail(copied.error());
  }
  data::Rows list{.schema = TextColumns({"file"}), .rows = {}};
  for (const TemplateFile& file : project) list.rows.push_back({file.path});
  PrintReport(app, {.json =
                        [&] {
                          Json paths = Json::array();
                          for (const auto& file : project) paths.push_back(file.path);
                          return Json{{"project", folder},
                                      {"template", options.from},
                                      {"files", paths},
                                      {"next", NextCommands(options)}};
                        },
                    .csv = [&] { return list; },
                    .plain = [&] { return PlainResult(options, project.size()); },
                    .is_remark = true});
  return kDone;
}

}  // namespace

Command MakeInit() {
  auto options = std::make_shared<InitOptions>();
  auto sources = std::make_shared<InitSourcesOptions>();
  return {
      .name = "init",
      .summary = "Make a new project in a new or empty folder, or sources for a connection",
      .details =
          "Templates: flights (three million real flights), retail (a chain's nightly dumps, with\n"
          "made-up data), empty. flights and retail work as they are.\n"
          "With --from, in a project: a file in assets/bronze for each table of a connection, "
          "with\n"
          "its columns, key and a proposed cursor. Files that are there stay as they are.",
      .options = {{"DIR", "", "the project's folder", &options->directory},
                  {"--template",
                   "NAME",
                   "flights, retail or empty (default)",
                   &options->from,
                   {"flights", "retail", "empty"}},
                  {"--from", "NAME", "a connection of connections.yml", &sources->connection},
                  {"--tables", "PATTERN", "with --from: these tables (all)", &sources->tables}},
      .examples = {{"leat init shop", "an empty project"},
                   {"leat init --template flights flights", "a complete example"},
                   {"leat init --from shop_db --tables 'public.*'",
                    "a source for each table of a schema"}},
      .run = [options, sources](App& app) {
        const bool has_directory = !options->directory.empty();
        if (has_directory == !sources->connection.empty()) {
          return app.Fail(InvalidInput("give a folder for a new project, or --from NAME in one")
                              .WithHint("leat init shop; leat init --from shop_db"));
        }
        return has_directory ? RunInit(app, *options) : RunInitSources(app, *sources);
      }};
}

}  // namespace leat::cli
