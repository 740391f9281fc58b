#include "cli/bind.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/limits.h"
#include "connect/file/file_format.h"
#include "connect/file/file_source.h"
#include "data/own_columns.h"
#include "ingest/columns.h"
#include "transform/history.h"
#include "transform/schema_evolution.h"

namespace leat::cli {
namespace {

void AddMissing(const data::Schema& from, data::Schema& to) {
  for (const data::Field& field : from.fields) {
    if (to.Find(field.name) == nullptr) to.fields.push_back(field);
  }
}

// A declared column that no file has would be null in all rows.
void WarnOfMissing(const project::Asset& asset, const data::Schema& in_files,
                   project::Diagnostics& diagnostics) {
  for (const project::Column& column : asset.columns) {
    if (in_files.Find(column.name) != nullptr) continue;
    diagnostics.warnings.push_back(
        InvalidInput(fmt::format("no file of {} has the declared column '{}': it is null in all "
                                 "rows",
                                 asset.name.value(), column.name))
            .At(column.location)
            .WithHint(NearestHint(column.name, in_files.names())));
  }
}

// The columns that another system says a source has. None: its connection cannot be used, which is
// an error, or the system does not answer, which the load tells as one.
std::optional<data::Schema> ColumnsOfTable(orchestrate::Workspace& workspace,
                                           const project::Asset& asset,
                                           project::Diagnostics& diagnostics) {
  const auto& from = *std::get<project::SourceSpec>(asset.spec).table();
  auto system = workspace.SystemOf(from);
  if (!system.ok()) {
    diagnostics.errors.push_back(std::move(system).error().At(from.location));
    return std::nullopt;
  }
  auto described = system->connector.Describe(system->connection, from);
  if (!described.ok()) {
    diagnostics.warnings.push_back(std::move(described).error().At(from.location));
    return std::nullopt;
  }
  data::Schema columns = std::move(described->schema);
  AddMissing({.fields = data::ProvenanceColumns()}, columns);
  return columns;
}

// The columns of the first and the last files, which tell how the columns changed over time. None:
// there are no files, or none can be understood, which is for the load to report.
std::optional<data::Schema> ColumnsOfFiles(orchestrate::Workspace& workspace,
                                           engine::Session& session, const project::Asset& asset,
                                           project::Diagnostics& diagnostics) {
  io::FileSystem& files = workspace.environment().files;
  const auto& spec = std::get<project::SourceSpec>(asset.spec);
  if (spec.files() == nullptr) return ColumnsOfTable(workspace, asset, diagnostics);
  const auto& options = *spec.files();
  const auto found = connect::FindFiles(files, workspace.project().root, options);
  if (!found.ok() || found->empty()) return std::nullopt;
  std::vector<std::string> names;
  for (const project::Column& column : asset.columns) names.push_back(column.name);
  data::Schema columns;
  bool all_read = true;
  const std::size_t count = found->size();
  for (std::size_t i = 0; i < count; i++) {
    if (i >= kBindFirstFiles && i + kBindLastFiles < count) continue;
    const auto format = connect::DetectFormat(files, session, (*found)[i], options,
                                              names.empty() ? columns.names() : names);
    if (format.ok()) AddMissing(format->schema(), columns);
    all_read &= format.ok();
  }
  if (columns.fields.empty()) return std::nullopt;
  if (all_read) WarnOfMissing(asset, columns, diagnostics);
  // What a load adds to the columns of files (docs/guide/reference/files.md).
  AddMissing({.fields = data::ProvenanceColumns()}, columns);
  return columns;
}

void CheckDeclaredTypes(const project::Asset& source, const data::Schema& stored,
                        project::Diagnostics& diagnostics) {
  for (const project::Column& column : source.columns) {
    const data::Field* field = stored.Find(column.name);
    if (field == nullptr || !column.type || ingest::Stored(*column.type) == field->type) continue;
    diagnostics.errors.push_back(
        InvalidInput(fmt::format("column '{}' is declared as {}, and the table of {} has {}",
                                 column.name, column.type->ToString(), source.name.value(),
                                 field->type.ToString()))
            .At(column.location)
            .WithHint(fmt::format("load everything anew (leat run -s {} --full-refresh), or change "
                                  "the declaration back",
                                  source.name.value())));
  }
}

// What a run would refuse to put into the table that is there.
void CheckAgainstTable(orchestrate::Workspace& workspace, const project::Asset& asset,
                       const data::Schema& schema, project::Diagnostics& diagnostics) {
  const auto& model = std::get<project::ModelSpec>(asset.spec);
  if (asset.is_view()) return;
  const auto table = workspace.TableOf(asset.name).Load();
  if (!table.ok()) return;
  if (Status kept = transform::CheckHistory(asset, (*table)->schema(), schema); !kept.ok()) {
    diagnostics.errors.push_back(kept.error());
    return;
  }
  if (model.materialized == project::Materialization::kTable) return;
  delta::Metadata metadata = (*table)->metadata();
  const Status fits = transform::Evolve(metadata, schema);
  if (!fits.ok()) {
    const Location place{asset.location.file, model.sql_line, 1};
    diagnostics.errors.push_back(Error(fits.error()).At(place));
  }
  const auto& partitions = metadata.partition_columns;
  const bool is_same = std::equal(
      partitions.begin(), partitions.end(), asset.partition_by.begin(), asset.partition_by.end(),
      [](const std::string& a, const std::string& b) { return EqualsIgnoreCase(a, b); });
  if (asset.partition_by.empty() || is_same) return;
  diagnostics.errors.push_back(
      InvalidInput(fmt::format("the table is partitioned by [{}], not by [{}]",
                               Join(partitions, ", "), Join(asset.partition_by, ", ")))
          .At(asset.partition_by_location)
          .WithHint(
              fmt::format("leat run -s {} --full-refresh writes it anew", asset.name.value())));
}

}  // namespace

Result<project::BindResult> Bind(orchestrate::Workspace& workspace, SourceColumns columns,
                                 DeclaredTypes types) {
  project::Diagnostics declared;
  const auto session = workspace.engine().NewSession();
  const auto detecting = workspace.engine().NewSession();
  const auto known = [&](const project::Asset& source) -> std::optional<data::Schema> {
    auto stored = workspace.StoredSchema(source.name);
    if (stored && types == DeclaredTypes::kLikeStored) {
      CheckDeclaredTypes(source, *stored, declared);
    }
    if (stored && columns == SourceColumns::kStored) return stored;
    auto in_files = ColumnsOfFiles(workspace, *detecting, source, declared);
    if (!stored) return in_files;
    if (in_files) AddMissing(*in_files, *stored);
    return stored;
  };
  project::BindResult bound = project::BindProject(workspace.project(), *session, known);
  if (types == DeclaredTypes::kLikeStored) {
    for (const auto& [name, query] : bound.bound) {
      CheckAgainstTable(workspace, *workspace.project().Find(name), query.schema,
                        bound.diagnostics);
    }
  }
  for (Error& error : declared.errors) bound.diagnostics.errors.push_back(std::move(error));
  for (Error& warning : declared.warnings) bound.diagnostics.warnings.push_back(std::move(warning));
  bound.diagnostics.Sort();
  return bound;
}

Result<Unbound> FindUnbound(orchestrate::Workspace& workspace, DeclaredTypes types) {
  auto bound = Bind(workspace, SourceColumns::kStored, types);
  if (bound.ok() && !bound->diagnostics.errors.empty()) {
    bound = Bind(workspace, SourceColumns::kStoredAndNew, types);
  }
  if (!bound.ok()) return std::move(bound).error();
  Unbound unbound{.reasons = {},
                  .errors = std::move(bound->diagnostics.errors),
                  .warnings = std::move(bound->diagnostics.warnings)};
  for (const Error& error : unbound.errors) {
    if (!error.location()) continue;
    const std::string& file = error.location()->file;
    const std::string stem = file.substr(0, file.rfind('.'));
    for (const project::Asset& asset : workspace.project().assets) {
      const std::string& own = asset.location.file;
      if (own == file || own.substr(0, own.rfind('.')) == stem)
        unbound.reasons.emplace(asset.name, error.PlacedMessage());
    }
  }
  return unbound;
}

}  // namespace leat::cli
