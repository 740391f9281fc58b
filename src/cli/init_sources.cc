#include "cli/init_sources.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "cli/interruptible.h"
#include "cli/output.h"
#include "cli/text_width.h"

namespace leat::cli {
namespace {

constexpr std::array kChangeTimes = {"updated_at", "modified_at",   "last_modified", "last_updated",
                                     "changed_at", "last_update",   "update_time",   "modified",
                                     "updated",    "date_modified", "mtime",         "updatedat",
                                     "modifiedat"};

// public."Order Items" is order_items.
std::string AssetFileOf(const std::string& table) {
  std::string name;
  for (const char c :
       table.substr(table.find('.') == std::string::npos ? 0 : table.find('.') + 1)) {
    if (c == '"') continue;
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '_';
  }
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) name = "t_" + name;
  return "assets/bronze/" + name + ".yml";
}

std::string InYaml(const std::string& text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
  });
  const bool is_word = !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0;
  if (is_plain && is_word) return text;
  std::string quoted = "\"";
  for (const char c : text)
    quoted += (c == '"' || c == '\\') ? std::string("\\") + c : std::string(1, c);
  return quoted + "\"";
}

std::string ListInYaml(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(InYaml(text));
  return "[" + Join(quoted, ", ") + "]";
}

// A time of the last change, by its name. Whether it really grows with every change is for people
// to know, so it is only proposed.
std::string ProposedCursor(const connect::TableDescription& description) {
  for (const char* name : kChangeTimes) {
    for (const data::Field& field : description.schema.fields) {
      if (EqualsIgnoreCase(field.name, name) && field.type.kind == data::TypeKind::kTimestamp)
        return field.name;
    }
  }
  return "";
}

std::string IncrementalComment(const connect::TableDescription& description) {
  if (description.key.empty()) return "";
  const std::string cursor = ProposedCursor(description);
  if (cursor.empty()) {
    return "# Each run reads all rows. To read only what is new, name a column that grows with "
           "every "
           "change:\n"
           "# load: merge\n# key: " +
           ListInYaml(description.key) + "\n# incremental: {cursor: ..., lag: 10m}\n";
  }
  return fmt::format(
      "# Each run reads all rows. To read only what has changed, if {} grows with every change of "
      "a "
      "row:\n# load: merge\n# key: {}\n# incremental: {{cursor: {}, lag: 10m}}\n",
      cursor, ListInYaml(description.key), InYaml(cursor));
}

std::string SourceFileText(const project::Connection& connection, const connect::TableInfo& table,
                           const connect::TableDescription& description) {
  std::string text =
      fmt::format("type: source\ndescription: {}\nfrom: {{connection: {}, table: {}}}\n",
                  InYaml(fmt::format("{} {} of {}", table.kind, table.name, connection.name)),
                  InYaml(connection.name), InYaml(table.name));
  text += IncrementalComment(description);
  text += "columns:\n";
  for (std::size_t i = 0; i < description.schema.fields.size(); i++) {
    const std::string& name = description.schema.fields[i].name;
    const bool is_key =
        std::find(description.key.begin(), description.key.end(), name) != description.key.end();
    std::string checks;
    if (is_key)
      checks =
          description.key.size() == 1 ? ", checks: [not_null, unique]" : ", checks: [not_null]";
    text += fmt::format("  {}: {{description: {}{}}}\n", InYaml(name),
                        InYaml(description.system_types[i]), checks);
  }
  return text;
}

Status Write(io::FileSystem& files, const std::string& path, const std::string& text) {
  LEAT_TRY(files.CreateDirectories(io::ParentPath(path)));
  LEAT_TRY(files.ReplaceFile(path, text));
  return Ok();
}

// As people write patterns: without the quotes of SQL.
bool Matches(const std::string& pattern, const std::string& table) {
  std::string plain = table;
  std::erase(plain, '"');
  return fnmatch(pattern.c_str(), plain.c_str(), 0) == 0;
}

}  // namespace

int RunInitSources(App& app, const InitSourcesOptions& options) {
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto session = workspace->engine().NewSession();
  const Interruptible guard(*session);
  const auto found = workspace->project().FindConnection(options.connection);
  if (!found.ok()) return app.Fail(found.error());
  const project::Connection* const connection = *found;
  const auto system = workspace->SystemOf(*connection);
  if (!system.ok()) return app.Fail(system.error());
  const auto tables = system->connector.Tables(system->connection);
  if (!tables.ok()) return app.Fail(tables.error());
  io::FileSystem& files = app.environment().files;
  data::Rows rows{.schema = TextColumns({"table", "file", "result"}), .rows = {}};
  for (const connect::TableInfo& table : *tables) {
    if (!Matches(options.tables, table.name)) continue;
    const std::string file = AssetFileOf(table.name);
    const std::string path = io::JoinPath(workspace->project().root, file);
    if (files.Stat(path).ok()) {
      rows.rows.push_back({table.name, file, std::string("is there already")});
      continue;
    }
    const auto description = system->connector.Describe(
        system->connection, {.connection = connection->name, .table = table.name});
    if (!description.ok()) {
      rows.rows.push_back({table.name, file, OneLine(description.error().message())});
      continue;
    }
    const Status written = Write(files, path, SourceFileText(*connection, table, *description));
    if (!written.ok()) return app.Fail(written.error());
    rows.rows.push_back({table.name, file, std::string("written")});
  }
  if (rows.rows.empty()) {
    return app.Fail(
        NotFound(fmt::format("no table of '{}' matches {}", options.connection, options.tables))
            .WithHint("leat connect browse " + options.connection + " lists them"));
  }
  PrintRows(app, rows);
  app.Note("\nNext:\n  leat validate\n  leat run");
  return kDone;
}

}  // namespace leat::cli
