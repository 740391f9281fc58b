// Seeds: small CSV files of the project itself.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "connect/file/file_format.h"
#include "ingest/columns.h"
#include "ingest/load.h"
#include "ingest/read.h"

namespace leat::ingest {
namespace {

using connect::FilePlan;

const data::Type* Declared(const project::Asset& asset, const std::string& name) {
  for (const project::Column& column : asset.columns) {
    if (EqualsIgnoreCase(column.name, name) && column.type) return &*column.type;
  }
  return nullptr;
}

Result<connect::ReadPlan> PlanOf(const project::Asset& asset, FilePlan& file) {
  connect::ReadPlan plan;
  for (std::size_t i = 0; i < file.format.columns.size(); i++) {
    const auto& [name, detected] = file.format.columns[i];
    const data::Type* const declared = Declared(asset, name);
    connect::TargetColumn column{.name = name,
                                 .type = declared != nullptr ? *declared : Stored(detected.type()),
                                 .format = detected.format()};
    const bool is_time =
        column.type.kind == data::TypeKind::kDate || column.type.kind == data::TypeKind::kTimestamp;
    if (is_time && detected.is_ambiguous()) {
      return InvalidInput(
                 fmt::format("the dates of column {} could be day first or month first", name))
          .At({.file = asset.location.file, .line = 1})
          .WithHint("write them as 2026-12-31 in the seed");
    }
    plan.columns.push_back(std::move(column));
    file.columns.push_back(static_cast<int>(i));
  }
  return plan;
}

}  // namespace

Result<StagedLoad> StageSeed(const io::Environment& environment, engine::Session& session,
                             const LoadInput& input) {
  const std::string& path = input.asset.location.file;
  LEAT_ASSIGN(const auto info, environment.files.Stat(io::JoinPath(input.project_root, path)));
  connect::SourceFile file{.path = info.path,
                           .name = path,
                           .size_bytes = info.size_bytes,
                           .modified_us = info.modified_us};
  LEAT_ASSIGN(file.fingerprint, connect::FullFingerprint(environment.files, file));
  StagedLoad staged;
  const auto known =
      input.table ? input.table->AppVersion(connect::ManifestId(file.name)) : std::nullopt;
  if (known && connect::SameContent(*known, file.fingerprint)) return staged;
  project::FileSourceOptions options{.glob = path, .format = project::FileFormat::kCsv};
  LEAT_ASSIGN(auto format, connect::DetectFormat(environment.files, session, file, options));
  if (format.columns.empty()) {
    return InvalidInput("the seed is empty")
        .At({.file = path, .line = 1, .column = 1})
        .WithHint("write a header line and at least one row");
  }
  std::vector<FilePlan> files = {{.file = file, .format = std::move(format)}};
  LEAT_ASSIGN(const auto plan, PlanOf(input.asset, files[0]));
  for (const connect::TargetColumn& column : plan.columns)
    staged.schema.fields.push_back({.name = column.name, .type = column.type});
  LEAT_ASSIGN(auto read, Read(environment.files, session,
                              {.plan = plan,
                               .files = files,
                               .staging_directory = input.staging_directory,
                               .keep_order = true}));
  staged.files = std::move(read.written);
  if (!read.rejects.empty()) {
    for (const engine::WrittenFile& written : staged.files) {
      const Status removed = environment.files.Remove(written.path);
      (void)removed;  // an orphan that no log entry refers to
    }
    const auto& first =
        *std::min_element(read.rejects.begin(), read.rejects.end(),
                          [](const auto& a, const auto& b) { return a.position < b.position; });
    return InvalidInput(first.error)
        .At({.file = path, .line = static_cast<int>(first.line.value_or(0))})
        .WithHint("correct that line of the seed");
  }
  staged.rows_read = read.rows;
  staged.loaded.push_back(std::move(file));
  return staged;
}

}  // namespace leat::ingest
