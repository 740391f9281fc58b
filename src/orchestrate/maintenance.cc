#include "orchestrate/maintenance.h"

#include <fmt/format.h>

#include <set>

#include "delta/restore.h"
#include "delta/table_properties.h"
#include "delta/vacuum.h"
#include "orchestrate/limits.h"
#include "project/selection.h"

namespace leat::orchestrate {
namespace {

class Maintenance {
 public:
  Maintenance(Workspace& workspace, engine::Session& session, const MaintainRequest& request)
      : workspace_(workspace),
        rewriter_(engine::MakeRowRewriter(workspace.environment(), session)),
        request_(request) {}

  // Nothing when there is no table.
  std::optional<MaintainedTable> Maintain(const std::string& name, delta::Table& table) const {
    MaintainedTable done{.name = name};
    const Status status = Steps(table, done);
    if (!status.ok() && status.error().kind() == ErrorKind::kNotFound && !table.Load().ok()) {
      return std::nullopt;
    }
    if (!status.ok()) done.error = status.error();
    return done;
  }

 private:
  Status Steps(delta::Table& table, MaintainedTable& done) const {
    const io::Environment& environment = workspace_.environment();
    LEAT_ASSIGN(done.compaction,
                delta::Compact(environment, table, *rewriter_,
                               {.cluster_by = request_.cluster_by, .dry_run = request_.dry_run}));
    // The clean-up goes back to the newest checkpoint that is old enough: there must be one.
    if (done.compaction.version) LEAT_TRY(table.Checkpoint());
    LEAT_TRY(table.CompactLog(request_.dry_run));
    LEAT_ASSIGN(const auto log_files, table.CleanLog(request_.dry_run));
    done.log_files_removed = static_cast<std::int64_t>(log_files.size());
    LEAT_ASSIGN(const auto unused,
                delta::Vacuum(environment, table,
                              {.retention_ms = request_.retention_ms,
                               .allows_short_retention = request_.allows_short_retention,
                               .dry_run = request_.dry_run}));
    done.data_files_removed = static_cast<std::int64_t>(unused.size());
    for (const delta::UnusedFile& file : unused) done.bytes_freed += file.size_bytes;
    return Ok();
  }

  Workspace& workspace_;
  std::unique_ptr<delta::RowRewriter> rewriter_;
  const MaintainRequest& request_;
};

}  // namespace

Result<std::vector<MaintainedTable>> Maintain(
    Workspace& workspace, engine::Session& session, const MaintainRequest& request,
    const std::function<void(const std::string& table)>& started) {
  LEAT_ASSIGN(const auto names,
              project::Select(workspace.project(), request.select, request.exclude, {}));
  const std::set<AssetName> chosen(names.begin(), names.end());
  if (!request.cluster_by.empty() && chosen.size() != 1) {
    return InvalidInput(fmt::format("columns to cluster by are those of one table, and {} assets "
                                    "are selected",
                                    chosen.size()))
        .WithHint("name it with -s");
  }
  const Maintenance maintenance(workspace, session, request);
  std::vector<MaintainedTable> tables;
  const auto maintain = [&](const std::string& name, delta::Table& table) -> Status {
    started(name);
    auto done = maintenance.Maintain(name, table);
    if (!done) return Ok();
    if (done->error && done->error->kind() == ErrorKind::kCancelled) return *done->error;
    tables.push_back(std::move(*done));
    return Ok();
  };
  for (const project::Asset& asset : workspace.project().assets) {
    if (!chosen.contains(asset.name) || asset.is_view()) continue;
    LEAT_TRY(maintain(asset.name.value(), workspace.TableOf(asset.name)));
    if (!request.cluster_by.empty()) continue;
    LEAT_TRY(maintain(asset.name.value() + "_quarantine",
                      workspace.engine().TableAt(workspace.QuarantinePath(asset.name))));
  }
  return tables;
}

Status CompactPublished(Workspace& workspace, const std::vector<AssetName>& assets) {
  std::unique_ptr<engine::Session> session;
  for (const AssetName& asset : assets) {
    delta::Table& table = workspace.TableOf(asset);
    LEAT_ASSIGN(const auto snapshot, table.Load());
    LEAT_ASSIGN(const delta::TableProperties properties,
                delta::ParseTableProperties(snapshot->metadata()));
    if (!properties.auto_compact || snapshot->files().size() < kFilesToCompactAfterRun) continue;
    if (!session) session = workspace.engine().NewSession();
    const auto rewriter = engine::MakeRowRewriter(workspace.environment(), *session);
    const auto done = delta::Compact(
        workspace.environment(), table, *rewriter,
        {.target_file_bytes = std::min(properties.target_file_bytes, kFileBytesAfterRun),
         .min_files = kFilesToCompactAfterRun});
    if (!done.ok()) return Error(done.error()).WithContext("compacting " + asset.value());
  }
  return Ok();
}

Result<RestoredTable> Restore(Workspace& workspace, const AssetName& asset, TableVersion version) {
  delta::Table& table = workspace.TableOf(asset);
  for (int attempt = 0; attempt < kMaxRestoreAttempts; attempt++) {
    LEAT_ASSIGN(const auto target, table.Load(version));
    LEAT_ASSIGN(const auto latest, table.Load());
    LEAT_ASSIGN(delta::Transaction restore,
                delta::MakeRestore(workspace.environment().files, table.path(), latest, *target));
    RestoredTable restored{.restored = version,
                           .files_added = static_cast<std::int64_t>(restore.adds.size()),
                           .files_removed = static_cast<std::int64_t>(restore.removes.size())};
    if (restore.adds.empty() && restore.removes.empty() && !restore.metadata) return restored;
    LEAT_ASSIGN(const auto outcome, table.Commit(std::move(restore)));
    if (const auto* committed = std::get_if<delta::Committed>(&outcome)) {
      restored.version = committed->version;
      return restored;
    }
  }
  return Conflict(fmt::format("{} kept changing: gave up after {} attempts", asset.value(),
                              kMaxRestoreAttempts))
      .WithHint("restore it when no run writes it");
}

}  // namespace leat::orchestrate
