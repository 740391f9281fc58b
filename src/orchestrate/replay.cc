// `leat quarantine replay`: rows return from quarantine, exactly once.
#include "quality/replay.h"

#include "ingest/reparse.h"
#include "orchestrate/run.h"
#include "quality/quarantine.h"
#include "transform/publish.h"

namespace leat::orchestrate {
namespace {

using project::Asset;

class Replayer {
 public:
  Replayer(Workspace& workspace, const Asset& asset)
      : workspace_(workspace),
        asset_(asset),
        path_(workspace.TablePath(asset.name)),
        quarantine_(workspace.QuarantinePath(asset.name)) {}

  Result<ReplayResult> Run() {
    LEAT_ASSIGN(session_, workspace_.NewSession());
    LEAT_ASSIGN(table_, workspace_.TableOf(asset_.name).Load());
    LEAT_ASSIGN(auto unfinished,
                quality::FindUnfinishedReplay(workspace_.engine(), *session_, quarantine_));
    if (unfinished) LEAT_TRY(Finish(unfinished->id));
    LEAT_ASSIGN(const auto begun,
                quality::BeginReplay(
                    workspace_.engine(), *session_, workspace_.environment(), quarantine_,
                    {quality::QuarantineStage::kIngest, quality::QuarantineStage::kCheck}));
    if (begun) LEAT_TRY(Finish(begun->id));
    return result_;
  }

 private:
  // Takes a marked replay to its end, from whichever step a crash may have left it at.
  Status Finish(const std::string& id) {
    LEAT_ASSIGN(table_, workspace_.TableOf(asset_.name).Load());
    if (!quality::IsReplayed(*table_, id)) LEAT_TRY(StageAndPublish(id));
    LEAT_ASSIGN(const std::int64_t replayed,
                quality::FinishReplay(workspace_.engine(), *session_, workspace_.environment(),
                                      quarantine_, id));
    result_.replayed += replayed;
    return Ok();
  }

  Status StageAndPublish(const std::string& id) {
    const quality::ReplayInput input{
        .asset = asset_,
        .schema = table_->schema(),
        .table = engine::DeltaSource{.path = path_, .version = table_->version()},
        .tables = workspace_.Resolver(),
        .parameters = workspace_.ParametersFor(std::nullopt),
        .now = workspace_.environment().clock.Now(),
        .reparse = ReparseIn(id)};
    auto staged = quality::StageReplay(workspace_.engine(), *session_, workspace_.environment(),
                                       quarantine_, id, input, {.directory = path_});
    if (!staged.ok()) return std::move(staged).error();
    result_.still_failing += staged->rejected;
    transform::PublishMode mode = transform::Append{};
    const auto* model = std::get_if<project::ModelSpec>(&asset_.spec);
    if (model != nullptr && model->materialized == project::Materialization::kMerge)
      mode = transform::MergeByKey{model->key};
    const transform::PublishInput publish{.table_path = path_,
                                          .read = table_,
                                          .schema = table_->schema(),
                                          .files = staged->files,
                                          .mode = std::move(mode),
                                          .app_transactions = {quality::ReplayTransaction(id)}};
    const auto published =
        transform::Publish(workspace_.environment(), workspace_.engine(), publish);
    const bool may_be_published = published.ok()
                                      ? published->took_staged
                                      : published.error().kind() == ErrorKind::kOutcomeUnknown;
    if (!may_be_published) RemoveStaged(staged->files);
    if (!published.ok()) return published.error();
    result_.version = published->version;
    return Ok();
  }

  void RemoveStaged(const std::vector<engine::WrittenFile>& files) {
    for (const engine::WrittenFile& file : files) {
      const Status removed = workspace_.environment().files.Remove(file.path);
      (void)removed;  // an orphan that no log entry refers to
    }
  }

  quality::Reparse ReparseIn(const std::string& id) {
    const auto* source = std::get_if<project::SourceSpec>(&asset_.spec);
    if (source == nullptr || source->files() == nullptr) return nullptr;
    return
        [this, id](engine::Session& session, const std::string& rows_sql) -> Result<std::string> {
          return ingest::ReparseSql(workspace_.environment(), session,
                                    {.asset = asset_,
                                     .project_root = workspace_.project().root,
                                     .schema = table_->schema(),
                                     .run = RunId(id)},
                                    rows_sql);
        };
  }

  Workspace& workspace_;
  const Asset& asset_;
  const std::string path_, quarantine_;
  std::unique_ptr<engine::Session> session_;
  std::shared_ptr<const delta::Snapshot> table_;
  ReplayResult result_;
};

}  // namespace

Result<ReplayResult> Replay(Workspace& workspace, const AssetName& name) {
  const Asset* asset = workspace.project().Find(name);
  if (asset == nullptr) return NotFound("there is no asset " + name.value());
  if (!asset->broken.empty()) return InvalidInput(asset->broken);  // its checks may be missing
  const auto* model = std::get_if<project::ModelSpec>(&asset->spec);
  if (model != nullptr && model->materialized == project::Materialization::kScd2) {
    return InvalidInput(name.value() + " keeps history: its rows cannot be added one by one")
        .WithHint("correct the input and run it again: leat run -s " + name.value());
  }
  if (asset->is_view()) return InvalidInput(name.value() + " is a view: it has no rows of its own");
  return Replayer(workspace, *asset).Run();
}

}  // namespace leat::orchestrate
