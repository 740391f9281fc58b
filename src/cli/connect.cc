#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/app.h"
#include "cli/command.h"
#include "cli/interruptible.h"
#include "cli/limits.h"
#include "cli/output.h"
#include "cli/text_width.h"

namespace leat::cli {
namespace {

struct BrowseOptions {
  std::string connection;
  std::string table;
};

// Where it leads, without what names a secret.
std::string PlaceOf(const project::Connection& connection) {
  std::vector<std::string> parts;
  for (const char* key : {"host", "port", "database", "path", "endpoint", "bucket", "user"}) {
    const auto found = connection.options.find(key);
    if (found != connection.options.end())
      parts.push_back(fmt::format("{} {}", key, found->second));
  }
  return Join(parts, ", ");
}

int RunList(App& app) {
  const auto project = app.LoadProject();
  if (!project) return kError;
  data::Rows rows{.schema = TextColumns({"connection", "type", "where", "used_by"}), .rows = {}};
  for (const project::Connection& connection : project->connections) {
    std::vector<std::string> users;
    for (const project::Asset& asset : project->assets) {
      const auto* source = std::get_if<project::SourceSpec>(&asset.spec);
      const auto* from = source == nullptr ? nullptr : source->table();
      if (from != nullptr && from->connection == connection.name)
        users.push_back(asset.name.value());
    }
    rows.rows.push_back({connection.name, connection.type, PlaceOf(connection), Join(users, ", ")});
  }
  if (app.plain() && rows.rows.empty()) {
    app.Out("connections.yml has no connection.\n");
  } else {
    PrintRows(app, rows);
  }
  return kDone;
}

int RunTest(App& app, const std::string& name) {
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto session = workspace->engine().NewSession();
  const Interruptible guard(*session);
  std::vector<const project::Connection*> chosen;
  if (name.empty()) {
    for (const project::Connection& connection : workspace->project().connections)
      chosen.push_back(&connection);
  } else {
    const auto found = workspace->project().FindConnection(name);
    if (!found.ok()) return app.Fail(found.error());
    chosen.push_back(*found);
  }
  data::Rows rows{.schema = TextColumns({"connection", "result", "found"}), .rows = {}};
  bool all_work = true;
  for (const project::Connection* connection : chosen) {
    const auto system = workspace->SystemOf(*connection);
    const auto tested = system.ok() ? system->connector.Test(system->connection)
                                    : Result<std::string>(system.error());
    all_work &= tested.ok();
    const std::string found =
        tested.ok() ? *tested : app.Redact(OneLine(tested.error().ToString()));
    rows.rows.push_back({connection->name, std::string(tested.ok() ? "ok" : "failed"), found});
  }
  PrintRows(app, rows);
  return all_work ? kDone : kFailed;
}

int ListTables(App& app, connect::Connector& connector, const project::Connection& connection) {
  const auto tables = connector.Tables(connection);
  if (!tables.ok()) return app.Fail(tables.error());
  data::Rows rows{
      .schema = {.fields = {{.name = "table"},
                            {.name = "kind"},
                            {.name = "estimated_rows", .type = {.kind = data::TypeKind::kLong}}}},
      .rows = {}};
  for (const connect::TableInfo& table : *tables) {
    rows.rows.push_back(
        {table.name, table.kind,
         table.estimated_rows ? data::Value(*table.estimated_rows) : data::Value()});
  }
  PrintRows(app, rows);
  return kDone;
}

// Its columns, and for people a few of its rows.
int ShowTable(App& app, engine::Session& session, connect::Connector& connector,
              const project::Connection& connection, const std::string& table) {
  const project::TableSourceOptions source{.connection = connection.name, .table = table};
  auto extract = connector.Open({.connection = connection, .source = source, .cursor = {}});
  if (!extract.ok()) return app.Fail(extract.error());
  const connect::TableDescription& description = extract->description;
  data::Rows columns{.schema = TextColumns({"column", "type", "stored_as", "key"}), .rows = {}};
  for (std::size_t i = 0; i < description.schema.fields.size(); i++) {
    const data::Field& field = description.schema.fields[i];
    const bool is_key = std::find(description.key.begin(), description.key.end(), field.name) !=
                        description.key.end();
    columns.rows.push_back({field.name, description.system_types[i], field.type.ToString(),
                            is_key ? data::Value(std::string("primary key")) : data::Value()});
  }
  PrintRows(app, columns);
  if (!app.plain()) return kDone;
  std::vector<std::string> names;
  for (const data::Field& field : description.schema.fields)
    names.push_back(QuoteIdentifier(field.name));
  const auto rows = session.Query(fmt::format("SELECT {} FROM {} LIMIT {}", Join(names, ", "),
                                              session.ScanRows(extract->rows), kPreviewRows));
  if (!rows.ok()) return app.Fail(rows.error());
  app.Out("\n");
  PrintRows(app, *rows);
  return kDone;
}

int RunBrowse(App& app, const BrowseOptions& options) {
  const auto workspace = app.OpenWorkspace();
  if (!workspace) return kError;
  const auto session = workspace->engine().NewSession();
  const Interruptible guard(*session);
  const auto connection = workspace->project().FindConnection(options.connection);
  if (!connection.ok()) return app.Fail(connection.error());
  const auto system = workspace->SystemOf(**connection);
  if (!system.ok()) return app.Fail(system.error());
  if (options.table.empty()) return ListTables(app, system->connector, system->connection);
  return ShowTable(app, *session, system->connector, system->connection, options.table);
}

}  // namespace

Command MakeConnect() {
  auto name = std::make_shared<std::string>();
  auto browse = std::make_shared<BrowseOptions>();
  return {
      .name = "connect",
      .summary = "List, try and look into the connections of connections.yml",
      .subcommands =
          {{.name = "list",
            .summary = "List the connections, and the sources that use them",
            .examples = {{"leat connect list", "what connections.yml says, without secrets"}},
            .run = RunList},
           {.name = "test",
            .summary = "Try connections: name, TLS, login, version, what may be read",
            .options = {{"NAME", "", "the connection; all without it", name.get()}},
            .examples = {{"leat connect test", "all of them"},
                         {"leat connect test shop_db", "one; exit code 1 when it does not work"}},
            .run = [name](App& app) { return RunTest(app, *name); }},
           {.name = "browse",
            .summary = "List the tables of a connection, or show one",
            .options = {{"NAME", "", "the connection", &browse->connection, {}, true},
                        {"TABLE", "", "its columns, their types and a few rows", &browse->table}},
            .examples = {{"leat connect browse shop_db", "its tables and views"},
                         {"leat connect browse shop_db public.orders", "one of them"}},
            .run = [browse](App& app) { return RunBrowse(app, *browse); }}},
      .examples = {{"leat --env prod connect test", "those of another environment"}}};
}

}  // namespace leat::cli
