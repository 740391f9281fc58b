// A project opened for work: its engine, its tables and its state.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connect/connector.h"
#include "engine/engine.h"
#include "io/environment.h"
#include "project/definition.h"
#include "state/state_reader.h"
#include "state/state_writer.h"

namespace leat::orchestrate {

// The folders of LEAT_FILE_ROOTS, separated by commas: tables elsewhere may take files from them.
delta::FileRoots FileRoots();
// Memory, threads and temporary folder as the project has them.
Result<engine::EngineOptions> EngineOptionsOf(const project::Project& project);

// What for: a run writes the state, which is then opened beside the engine.
enum class Purpose { kLook, kRun };

// Thread-safe. Opening creates nothing in `storage`.
class Workspace {
 public:
  // `connectors` must outlive it.
  static Result<std::unique_ptr<Workspace>> Open(const io::Environment& environment,
                                                 const connect::Connectors& connectors,
                                                 project::Project project, Purpose purpose);
  ~Workspace();

  const io::Environment& environment() const { return environment_; }
  const project::Project& project() const { return project_; }
  engine::Engine& engine() { return *engine_; }

  // Of a source that reads tables of another system, with its secrets. kInvalidInput: no connector
  // reads it.
  struct System {
    project::Connection connection;
    connect::Connector& connector;
  };
  Result<System> SystemOf(const project::Connection& connection) const;
  Result<System> SystemOf(const project::TableSourceOptions& source) const;

  // <storage>/<schema>/<table> of an asset, and of its quarantine.
  std::string TablePath(const AssetName& asset) const;
  std::string QuarantinePath(const AssetName& asset) const;
  delta::Table& TableOf(const AssetName& asset) { return engine_->TableAt(TablePath(asset)); }
  // The schema of the asset's table; none while it does not exist.
  std::optional<data::Schema> StoredSchema(const AssetName& asset);

  // A session in which the project's assets are tables (views are expanded) and its macros are
  // defined. <asset>_quarantine names the quarantine table.
  Result<std::unique_ptr<engine::Session>> NewSession();
  engine::TableResolver Resolver();
  // The asset that a query's table name means, case ignored; a seed also without its schema. Null:
  // none.
  const project::Asset* FindTable(const std::string& schema, const std::string& table) const;

  std::vector<std::string> TableNames() const;

  // The project's variables; with a window also $start and $end.
  engine::Parameters ParametersFor(const std::optional<Interval>& window) const;

  // Opened at first use.
  Result<state::StateReader*> reader();
  Result<state::StateWriter*> writer();

 private:
  Workspace(const io::Environment& environment, const connect::Connectors& connectors,
            project::Project project)
      : environment_(environment), connectors_(connectors), project_(std::move(project)) {}

  std::string Folder(const std::string& name) const;
  Result<std::optional<engine::TableSource>> Resolve(const std::string& schema,
                                                     const std::string& table);

  io::Environment environment_;
  const connect::Connectors& connectors_;
  project::Project project_;
  std::unique_ptr<engine::Engine> engine_;
  std::mutex mutex_;  // guards the two below
  std::unique_ptr<state::StateReader> reader_;
  std::unique_ptr<state::StateWriter> writer_;
  mutable std::mutex folders_mutex_;                    // guards what follows
  mutable std::map<std::string, std::string> folders_;  // of tables by name, once looked up
  // What a folder held when it was first asked for another spelling, by the names in lower case.
  mutable std::map<std::string, std::map<std::string, std::string>> folder_names_;
};

}  // namespace leat::orchestrate
