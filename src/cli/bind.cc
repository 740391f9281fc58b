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
  std::vector<std::string> names;
  for (const project::Column& column : asset.columns) names.push_back(column.name);
  data::Schema columns;
  const std::size_t count = found->size();
  for (std::size_t i = 0; i < count; i++) {
    if (i >= kBindFirstFiles && i + kBindLastFiles < count) continue;
    const auto format = connect::DetectFormat(files, session, (*found)[i], options,
                                              names.empty() ? columns.names() : names);
    if (format.ok()) AddMissing(format->columns, columns);
  }
  if (columns.fields.empty()) return std::nullopt;
  for (const auto& [name, kind] : kProvenance) {
    if (columns.Find(name) == nullptr)
      columns.fields.push_back({.name = name, .type = {.kind = kind}});
  }
  return columns;
}

// As a load stores it: times without a zone are instants in UTC.
data::Type Stored(data::Type type) {
  if (type.kind == data::TypeKind::kTimestampNtz) type.kind = data::TypeKind::kTimestamp;
  for (data::Field& child : type.children) child.type = Stored(child.type);
  return type;
}

void CheckDeclaredTypes(const project::Asset& source, const data::Schema& stored,
                        project::Diagnostics& diagnostics) {
  for (const project::Column& column : source.columns) {
    const data::Field* field = stored.Find(column.name);
    if (field == nullptr || !column.type || Stored(*column.type) == field->type) continue;
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
    auto in_files = ColumnsOfFiles(workspace, *detecting, source);
    if (!stored) return in_files;
    if (in_files) AddMissing(*in_files, *stored);
    return stored;
  };
  project::BindResult bound = project::BindProject(workspace.project(), *session, known);
  for (Error& error : declared.errors) bound.diagnostics.errors.push_back(std::move(error));
  bound.diagnostics.Sort();
  return bound;
}

bool CheckBinds(App& app, orchestrate::Workspace& workspace, DeclaredTypes types) {
  auto bound = Bind(workspace, SourceColumns::kStored, types);
  if (bound.ok() && !bound->diagnostics.errors.empty()) {
    bound = Bind(workspace, SourceColumns::kStoredAndNew, types);
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
