#include "cli/bind.h"

#include <fmt/format.h>

#include <array>

#include "cli/limits.h"
#include "connect/file/file_format.h"
#include "connect/file/file_source.h"

namespace leat::cli {
namespace {

// What a load adds to the columns of files (docs/guide/reference/files.md).
constexpr std::array kProvenance = {std::pair{"_leat_run_id", data::TypeKind::kString},
                                    std::pair{"_leat_source", data::TypeKind::kString},
                                    std::pair{"_leat_position", data::TypeKind::kLong},
                                    std::pair{"_leat_ingested_at", data::TypeKind::kTimestamp}};

void AddMissing(const data::Schema& from, data::Schema& to) {
  for (const data::Field& field : from.fields) {
    if (to.Find(field.name) == nullptr) to.fields.push_back(field);
  }
}

// The columns of the first and the last files, which tell how the columns changed over time. None:
// there are no files, or none can be understood, which is for the load to report.
std::optional<data::Schema> ColumnsOfFiles(orchestrate::Workspace& workspace,
                                           engine::Session& session, const project::Asset& asset) {
  io::FileSystem& files = workspace.environment().files;
  const auto& options = std::get<project::SourceSpec>(asset.spec).file;
  const auto found = connect::FindFiles(files, workspace.project().root, options);
  if (!found.ok() || found->empty()) return std::nullopt;
  data::Schema columns;
  const std::size_t count = found->size();
  for (std::size_t i = 0; i < count; i++) {
    if (i >= kBindFirstFiles && i + kBindLastFiles < count) continue;
    const auto format = connect::DetectFormat(files, session, (*found)[i], options);
    if (format.ok()) AddMissing(format->columns, columns);
  }
  if (columns.fields.empty()) return std::nullopt;
  for (const auto& [name, kind] : kProvenance) {
    if (columns.Find(name) == nullptr)
      columns.fields.push_back({.name = name, .type = {.kind = kind}});
  }
  return columns;
}

}  // namespace

Result<project::BindResult> Bind(orchestrate::Workspace& workspace, SourceColumns columns) {
  const auto session = workspace.engine().NewSession();
  const auto detecting = workspace.engine().NewSession();
  const auto known = [&](const project::Asset& source) -> std::optional<data::Schema> {
    auto stored = workspace.StoredSchema(source.name);
    if (stored && columns == SourceColumns::kStored) return stored;
    auto in_files = ColumnsOfFiles(workspace, *detecting, source);
    if (!stored) return in_files;
    if (in_files) AddMissing(*in_files, *stored);
    return stored;
  };
  return project::BindProject(workspace.project(), *session, known);
}

bool CheckBinds(App& app, orchestrate::Workspace& workspace) {
  auto bound = Bind(workspace, SourceColumns::kStored);
  if (bound.ok() && !bound->diagnostics.errors.empty()) {
    bound = Bind(workspace, SourceColumns::kStoredAndNew);
  }
  if (!bound.ok()) {
    app.Fail(bound.error());
    return false;
  }
  app.FailAll(bound->diagnostics.errors);
  if (bound->diagnostics.errors.empty()) return true;
  app.Note("nothing was run");
  return false;
}

}  // namespace leat::cli
