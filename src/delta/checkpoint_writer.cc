#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "delta/checkpoint.h"
#include "delta/limits.h"
#include "delta/log_path.h"
#include "delta/table_properties.h"

namespace leat::delta {
namespace {

// The version that _last_checkpoint names; -1 when it is missing or damaged.
long LastCheckpointVersion(io::FileSystem& files, const std::string& path) {
  const auto content = files.ReadFile(path);
  if (!content.ok()) return -1;
  const auto json = ParseJson(*content);
  if (!json.is_object()) return -1;
  const auto version = json.find("version");
  return version != json.end() && version->is_number_integer() ? version->get<long>() : -1;
}

Status Publish(io::FileSystem& files, const std::string& temporary, const std::string& path) {
  LEAT_TRY(files.SyncFile(temporary));
  LEAT_TRY(files.Rename(temporary, path));
  return files.SyncDirectory(io::ParentPath(path));
}

void RemoveQuietly(io::FileSystem& files, const std::string& path) {
  const Status removed = files.Remove(path);
  static_cast<void>(removed);  // the error that led here is the one to report
}

struct Written {
  std::size_t actions = 0;
  std::int64_t size_bytes = 0;
};

// Writes the checkpoint of one snapshot.
class CheckpointWriter {
 public:
  CheckpointWriter(const io::Environment& environment, ParquetHandler& parquet,
                   const std::string& log_directory, const LogSnapshot& snapshot,
                   std::int64_t oldest_tombstone_ms, StatsForm stats)
      : environment_(environment),
        files_(environment.files),
        parquet_(parquet),
        log_directory_(log_directory),
        snapshot_(snapshot),
        oldest_tombstone_ms_(oldest_tombstone_ms),
        stats_(std::move(stats)) {}

  Result<Written> WriteClassic() {
    data::ArrowBatch batch = ToCheckpointBatch(snapshot_, oldest_tombstone_ms_, stats_);
    const auto actions = static_cast<std::size_t>(batch.row_count());
    const std::string name = CheckpointFileName(snapshot_.version().value());
    const std::string path = io::JoinPath(log_directory_, name);
    const bool appears_whole = io::IsS3Path(path);
    // Hidden, so that no reader takes it for a checkpoint before it is whole.
    const std::string temporary = io::JoinPath(
        log_directory_, fmt::format(".{}.{}.tmp", name, io::NewUuid(environment_.random)));
    Status written = parquet_.Write(appears_whole ? path : temporary, std::move(batch));
    if (written.ok() && !appears_whole) written = Publish(files_, temporary, path);
    if (!written.ok()) {
      if (!appears_whole) RemoveQuietly(files_, temporary);
      return Error(written.error()).WithContext("cannot write checkpoint " + path);
    }
    LEAT_ASSIGN(const io::FileInfo info, files_.Stat(path));
    return Written{.actions = actions, .size_bytes = info.size_bytes};
  }

  // The files in sidecars, everything else in JSON, which makes them count.
  Result<Written> WriteV2() {
    const std::string name =
        V2CheckpointFileName(snapshot_.version().value(), io::NewUuid(environment_.random));
    auto written = WriteSidecarsAnd(io::JoinPath(log_directory_, name));
    if (written.ok()) return written;
    if (written.error().kind() != ErrorKind::kOutcomeUnknown) {
      for (const SidecarFile& sidecar : sidecars_) {
        RemoveQuietly(files_, SidecarPath(sidecar.path));
      }
    }
    return Error(written.error())
        .WithContext("cannot write checkpoint " + io::JoinPath(log_directory_, name));
  }

 private:
  std::string SidecarPath(const std::string& name) const {
    return io::JoinPath(io::JoinPath(log_directory_, io::FileName(kSidecarDirectory)), name);
  }

  Result<Written> WriteSidecarsAnd(const std::string& path) {
    LEAT_TRY(WriteSidecars());
    LogEntry entry{
        .protocol = snapshot_.protocol(), .metadata = snapshot_.metadata(), .sidecars = sidecars_};
    for (const auto& [app_id, transaction] : snapshot_.app_transactions()) {
      entry.app_transactions.push_back(transaction);
    }
    for (const auto& [domain, metadata] : snapshot_.domain_metadata()) {
      entry.domain_metadata.push_back(metadata);
    }
    LEAT_ASSIGN(const std::string actions, FormatLogEntry(entry));
    const std::string content = fmt::format("{{\"checkpointMetadata\":{{\"version\":{}}}}}\n",
                                            snapshot_.version().value()) +
                                actions;
    LEAT_TRY(files_.CreateFile(path, content));
    written_.actions += static_cast<std::size_t>(std::count(content.begin(), content.end(), '\n'));
    written_.size_bytes += std::ssize(content);
    return written_;
  }

  Status WriteSidecars() {
    std::vector<const RemoveFile*> tombstones;
    for (const RemoveFile& remove : snapshot_.tombstones()) {
      if (remove.deleted_ms >= oldest_tombstone_ms_) tombstones.push_back(&remove);
    }
    std::vector<const AddFile*> files;
    for (const AddFile& add : snapshot_.files()) files.push_back(&add);
    const std::span<const AddFile* const> adds(files);
    const std::span<const RemoveFile* const> removes(tombstones);
    for (std::size_t at = 0; at < removes.size(); at += kMaxSidecarActions) {
      LEAT_TRY(
          WriteSidecar({}, removes.subspan(at, std::min(kMaxSidecarActions, removes.size() - at))));
    }
    for (std::size_t at = 0; at < adds.size(); at += kMaxSidecarActions) {
      LEAT_TRY(WriteSidecar(adds.subspan(at, std::min(kMaxSidecarActions, adds.size() - at)), {}));
    }
    if (sidecars_.empty()) return Ok();
    return files_.SyncDirectory(io::ParentPath(SidecarPath("x")));
  }

  Status WriteSidecar(std::span<const AddFile* const> adds,
                      std::span<const RemoveFile* const> removes) {
    const std::string name = io::NewUuid(environment_.random) + ".parquet";
    const std::string path = SidecarPath(name);
    LEAT_TRY(files_.CreateDirectories(io::ParentPath(path)));
    sidecars_.push_back({.path = name});
    LEAT_TRY(parquet_.Write(path, ToSidecarBatch(adds, removes, stats_)));
    LEAT_TRY(files_.SyncFile(path));
    LEAT_ASSIGN(const io::FileInfo info, files_.Stat(path));
    sidecars_.back().size_bytes = info.size_bytes;
    sidecars_.back().modified_ms = info.modified_us / kMicrosPerMilli;
    written_.actions += adds.size() + removes.size();
    written_.size_bytes += info.size_bytes;
    return Ok();
  }

  const io::Environment& environment_;
  io::FileSystem& files_;
  ParquetHandler& parquet_;
  const std::string& log_directory_;
  const LogSnapshot& snapshot_;
  const std::int64_t oldest_tombstone_ms_;
  const StatsForm stats_;
  std::vector<SidecarFile> sidecars_;
  Written written_;
};

bool HasFeature(const Protocol& protocol, std::string_view name) {
  return std::find(protocol.writer_features.begin(), protocol.writer_features.end(), name) !=
         protocol.writer_features.end();
}

}  // namespace

Status WriteCheckpoint(const io::Environment& environment, ParquetHandler& parquet,
                       const std::string& log_directory, const LogSnapshot& snapshot) {
  LEAT_ASSIGN(const TableProperties properties, ParseTableProperties(snapshot.metadata()));
  const std::int64_t now_ms = environment.clock.Now() / kMicrosPerMilli;
  StatsForm stats{.as_json = properties.stats_as_json};
  if (properties.stats_as_struct) {
    LEAT_ASSIGN(stats.as_columns, StatsColumns::Of(snapshot.metadata()));
  }
  CheckpointWriter writer(environment, parquet, log_directory, snapshot,
                          now_ms - properties.tombstone_retention_ms, std::move(stats));
  const bool is_v2 = properties.v2_checkpoints && HasFeature(snapshot.protocol(), "v2Checkpoint");
  LEAT_ASSIGN(const Written written, is_v2 ? writer.WriteV2() : writer.WriteClassic());
  const long version = snapshot.version().value();
  const std::string last = io::JoinPath(log_directory, kLastCheckpointFile);
  if (LastCheckpointVersion(environment.files, last) > version) return Ok();  // another was further
  const nlohmann::ordered_json hint = {{"version", version},
                                       {"size", written.actions},
                                       {"sizeInBytes", written.size_bytes},
                                       {"numOfAddFiles", snapshot.files().size()}};
  return environment.files.ReplaceFile(last, JsonText(hint));
}

}  // namespace leat::delta
