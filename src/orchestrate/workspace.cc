#include "orchestrate/workspace.h"

#include <algorithm>
#include <future>

#include "base/text.h"
#include "connect/secrets.h"
#include "engine/resources.h"
#include "engine/sql.h"
#include "quality/quarantine.h"
#include "state/schema.h"

namespace leat::orchestrate {
namespace {

constexpr const char* kQuarantineSuffix = "_quarantine";

}  // namespace

delta::FileRoots FileRoots() {
  delta::FileRoots roots;
  for (const std::string& root : Split(io::GetEnv("LEAT_FILE_ROOTS").value_or(""), ',')) {
    if (!Trim(root).empty()) roots.push_back(io::AbsolutePath(Trim(root)));
  }
  return roots;
}

Result<engine::EngineOptions> EngineOptionsOf(const project::Project& project) {
  engine::EngineOptions options{.temporary_directory = io::JoinPath(project.root, ".leat/tmp"),
                                .caches_files = io::IsS3Path(project.storage)};
  if (!project.memory.empty()) {
    LEAT_ASSIGN(options.memory_bytes, engine::MemoryOf(project.memory, engine::TotalMemory()));
  }
  if (!project.threads.empty()) {
    LEAT_ASSIGN(options.threads, engine::ThreadsOf(project.threads, engine::Cores()));
  }
  return options;
}

Result<std::unique_ptr<Workspace>> Workspace::Open(const io::Environment& environment,
                                                   const connect::Connectors& connectors,
                                                   project::Project project, Purpose purpose) {
  std::unique_ptr<Workspace> workspace(new Workspace(environment, connectors, std::move(project)));
  std::future<void> state;
  if (purpose == Purpose::kRun) {
    state = std::async(std::launch::async, [opening = workspace.get()] {
      const auto opened = opening->writer();
      (void)opened;  // if not, the run tries again and tells why
    });
  }
  const project::Project& opened = workspace->project_;
  delta::FileRoots file_roots = FileRoots();
  file_roots.push_back(opened.storage);
  LEAT_ASSIGN(engine::EngineOptions options, EngineOptionsOf(opened));
  options.file_roots = std::move(file_roots);
  LEAT_ASSIGN(workspace->engine_, engine::Engine::Open(environment, options));
  return workspace;
}

Workspace::~Workspace() {
  if (!writer_) return;
  // This waits for the disk; the engine ends meanwhile.
  const auto closed = std::async(std::launch::async, [this] { writer_.reset(); });
  engine_.reset();
}

Result<Workspace::System> Workspace::SystemOf(const project::TableSourceOptions& source) const {
  auto connection = project_.FindConnection(source.connection);
  if (!connection.ok()) return std::move(connection).error().At(source.location);
  return SystemOf(**connection);
}

Result<Workspace::System> Workspace::SystemOf(const project::Connection& connection) const {
  LEAT_ASSIGN(connect::Connector* const connector, connectors_.For(connection));
  LEAT_ASSIGN(auto filled, connect::WithSecrets(environment_, project_.root, connection));
  return System{.connection = std::move(filled), .connector = *connector};
}

std::string Workspace::TablePath(const AssetName& asset) const { return Folder(asset.value()); }

std::string Workspace::QuarantinePath(const AssetName& asset) const {
  return Folder(asset.value() + kQuarantineSuffix);
}

// Names are told apart without case, but folders with it: an asset that is spelled otherwise than
// its table keeps the table.
std::string Workspace::Folder(const std::string& name) const {
  const std::lock_guard lock(folders_mutex_);
  const auto known = folders_.find(name);
  if (known != folders_.end()) return known->second;
  io::FileSystem& files = environment_.files;
  std::string path = project_.storage;
  for (const std::string& part : Split(name, '.')) {
    std::string folder = io::JoinPath(path, part);
    if (!io::IsS3Path(path) && !files.Stat(folder).ok()) {
      const auto [entries, is_new] = folder_names_.try_emplace(path);
      if (is_new) {
        const auto listed = files.List(path);
        for (const io::FileInfo& entry : listed.ok() ? *listed : std::vector<io::FileInfo>{}) {
          const std::string own = io::FileName(entry.path);
          entries->second.emplace(ToLower(own), own);
        }
      }
      const auto own = entries->second.find(ToLower(part));
      if (own != entries->second.end()) folder = io::JoinPath(path, own->second);
    }
    path = std::move(folder);
  }
  return folders_[name] = path;
}

std::optional<data::Schema> Workspace::StoredSchema(const AssetName& asset) {
  const auto snapshot = TableOf(asset).Load();
  if (!snapshot.ok()) return std::nullopt;
  return (*snapshot)->schema();
}

const project::Asset* Workspace::FindTable(const std::string& schema,
                                           const std::string& table) const {
  const std::string name = schema.empty() ? table : schema + "." + table;
  const project::Asset* found = nullptr;
  for (const project::Asset& asset : project_.assets) {
    if (EqualsIgnoreCase(asset.name.value(), name)) return &asset;
    if (schema.empty() && EqualsIgnoreCase(asset.name.value(), "seeds." + table)) found = &asset;
  }
  return found;
}

Result<std::optional<engine::TableSource>> Workspace::Resolve(const std::string& schema,
                                                              const std::string& table) {
  const project::Asset* asset = FindTable(schema, table);
  std::string path;
  if (asset != nullptr) {
    if (asset->is_view() && !asset->broken.empty()) {
      return InvalidInput("the view " + asset->name.value() + " cannot be read: " + asset->broken);
    }
    if (asset->is_view()) {
      const auto& model = std::get<project::ModelSpec>(asset->spec);
      return std::optional<engine::TableSource>(
          engine::QuerySource{.sql = engine::WithLiterals(model.sql, ParametersFor(std::nullopt))});
    }
    path = TablePath(asset->name);
  } else if (table.ends_with(kQuarantineSuffix)) {
    asset =
        FindTable(schema, table.substr(0, table.size() - std::string(kQuarantineSuffix).size()));
    if (asset != nullptr) path = QuarantinePath(asset->name);
  }
  if (asset == nullptr) {
    if (schema.empty()) return std::optional<engine::TableSource>();
    return NotFound("there is no table " + schema + "." + table)
        .WithHint(NearestHint(schema + "." + table, TableNames()));
  }
  const auto snapshot = engine_->TableAt(path).Load();
  if (!snapshot.ok() && snapshot.error().kind() == ErrorKind::kNotFound) {
    if (path == QuarantinePath(asset->name)) {  // nothing was rejected: a table without rows
      return std::optional<engine::TableSource>(engine::SchemaSource{
          .asset = quality::QuarantineName(asset->name), .schema = quality::QuarantineSchema()});
    }
    return NotFound("the table of " + asset->name.value() + " does not exist yet")
        .WithHint("build it with: leat run -s " + asset->name.value());
  }
  if (!snapshot.ok()) return snapshot.error();
  return std::optional<engine::TableSource>(engine::DeltaSource{.path = path});
}

std::vector<std::string> Workspace::TableNames() const {
  std::vector<std::string> names;
  for (const project::Asset& asset : project_.assets) names.push_back(asset.name.value());
  return names;
}

engine::TableResolver Workspace::Resolver() {
  return [this](const std::string& schema, const std::string& table) {
    return Resolve(schema, table);
  };
}

Result<std::unique_ptr<engine::Session>> Workspace::NewSession() {
  auto session = engine_->NewSession();
  for (const engine::MacroDefinition& macro : project_.macros) {
    auto defined = session->Execute(macro.sql);
    if (!defined.ok()) return std::move(defined).error().WithContext("macro " + macro.name);
  }
  session->SetResolver(Resolver());
  session->SetTableNames(TableNames());
  return session;
}

engine::Parameters Workspace::ParametersFor(const std::optional<Interval>& window) const {
  engine::Parameters parameters(project_.vars.begin(), project_.vars.end());
  if (window) {
    parameters["start"] = data::Instant{window->start};
    parameters["end"] = data::Instant{window->end};
  }
  return parameters;
}

Result<state::StateReader*> Workspace::reader() {
  const std::lock_guard lock(mutex_);
  if (!reader_) {
    LEAT_ASSIGN(reader_, state::StateReader::Open(
                             environment_, state::StatePath(project_.root, project_.environment)));
  }
  return reader_.get();
}

Result<state::StateWriter*> Workspace::writer() {
  const std::lock_guard lock(mutex_);
  if (!writer_) {
    LEAT_ASSIGN(writer_, state::StateWriter::Open(
                             environment_, state::StatePath(project_.root, project_.environment)));
  }
  return writer_.get();
}

}  // namespace leat::orchestrate
