#include "engine/table_edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "delta/file_skipping.h"
#include "delta/table_properties.h"
#include "engine/limits.h"

namespace leat::engine {
namespace {

const char* ToText(ChangeType type) {
  switch (type) {
    case ChangeType::kInsert: return "insert";
    case ChangeType::kDelete: return "delete";
    case ChangeType::kUpdatePreimage: return "update_preimage";
    case ChangeType::kUpdatePostimage: return "update_postimage";
  }
  return "";
}

// The bounds in the statistics may belong to rows that are deleted now.
SharedText WithWideBounds(const SharedText& stats_json) {
  auto stats = ParseJson(stats_json.view());
  if (!stats.is_object()) return stats_json;
  stats["tightBounds"] = false;
  return JsonTextOfAny(stats);
}

}  // namespace

TableEdit::TableEdit(const io::Environment& environment, Session& session, std::string table_path,
                     std::shared_ptr<const delta::Snapshot> base, delta::Metadata metadata,
                     delta::FileRoots roots)
    : environment_(environment),
      session_(session),
      table_path_(std::move(table_path)),
      base_(std::move(base)),
      metadata_(std::move(metadata)),
      roots_(std::move(roots)),
      writer_(environment, session, table_path_, metadata_) {}

Result<std::string> TableEdit::Scan(std::vector<delta::AddFile> files,
                                    const delta::Metadata& metadata) {
  return session_.ScanOf(
      {.table_path = table_path_, .metadata = metadata, .files = std::move(files)});
}

Result<std::size_t> TableEdit::FileNumber(const std::string& path) {
  if (numbers_.empty()) {
    const auto& files = base_->files();
    for (std::size_t i = 0; i < files.size(); i++) {
      numbers_[io::JoinPath(io::AbsolutePath(table_path_), files[i].path)] = i;
    }
  }
  const auto found = numbers_.find(path);
  if (found != numbers_.end()) return found->second;
  return Bug(fmt::format("{} is no file of the table {}", path, table_path_));
}

Result<std::int64_t> TableEdit::Delete(const std::string& sql, const Parameters& parameters,
                                       ChangeType type) {
  LEAT_ASSIGN(auto marked, session_.MarkRows(sql, parameters));
  Deletion deletion{.type = type, .rows = {}};
  std::int64_t count = 0;
  for (MarkedRows& file : marked) {
    LEAT_ASSIGN(const std::size_t number, FileNumber(file.path));
    count += file.rows.cardinality();
    delta::DeletionVector& taken = taken_[number];
    const std::int64_t before = taken.cardinality();
    taken.AddAll(file.rows);
    came_twice_ |= taken.cardinality() - before != file.times;
    deletion.rows.emplace(number, std::move(file.rows));
  }
  if (count > 0) deletions_.push_back(std::move(deletion));
  return count;
}

void TableEdit::DeleteAll() { deletes_all_ = base_ != nullptr; }

Status TableEdit::Insert(const std::string& sql, ChangeType type) {
  LEAT_ASSIGN(auto files, type == ChangeType::kUpdatePostimage ? writer_.WriteChanged(sql)
                                                               : writer_.Write(sql));
  insertions_.push_back({.type = type, .files = std::move(files)});
  return Ok();
}

Status TableEdit::Adopt(const std::vector<WrittenFile>& files, const data::Schema& schema,
                        const std::string& sql, ChangeType type) {
  LEAT_ASSIGN(auto adopted, writer_.Adopt(files, schema, sql));
  insertions_.push_back({.type = type, .files = std::move(adopted)});
  return Ok();
}

bool TableEdit::KeepsVectors() const {
  return delta::IsOn(metadata_, "delta.enableDeletionVectors");
}
bool TableEdit::keeps_changes() const {
  return delta::IsOn(metadata_, "delta.enableChangeDataFeed");
}

Status TableEdit::Finish(delta::Transaction& transaction) {
  if (deletes_all_) {
    for (const delta::AddFile& file : base_->files()) {
      transaction.removes.push_back(delta::RemovalOf(file));
    }
  }
  LEAT_TRY(TakeOut(transaction));
  transaction.copies_row_ids = true;
  for (const Insertion& insertion : insertions_) {
    transaction.adds.insert(transaction.adds.end(), insertion.files.begin(), insertion.files.end());
  }
  // Where rows only come, or all of them go, readers see the changes from the files themselves.
  if (keeps_changes() && !deletions_.empty()) LEAT_TRY(WriteChanges(transaction));
  return writer_.Sync();
}

// The rows of the file with those that a deletion vector names.
Result<std::int64_t> TableEdit::PhysicalRows(const delta::AddFile& file) {
  delta::AddFile whole = file;
  whole.deletion_vector.reset();
  if (const auto rows = delta::RowCount(whole)) return *rows;
  LEAT_ASSIGN(const std::string scan, Scan({std::move(whole)}, base_->metadata()));
  LEAT_ASSIGN(const auto counted, session_.Query("SELECT count(*) FROM " + scan));
  return std::get<std::int64_t>(counted.rows[0][0]);
}

Status TableEdit::TakeOut(delta::Transaction& transaction) {
  std::vector<std::pair<delta::AddFile, delta::DeletionVector>> vectors;
  std::vector<delta::AddFile> anew;
  for (auto& [number, rows] : taken_) {
    const delta::AddFile& file = base_->files()[number];
    transaction.removes.push_back(delta::RemovalOf(file));
    if (file.deletion_vector) {
      LEAT_ASSIGN(const auto before, delta::ReadDeletionVector(environment_.files, table_path_,
                                                               *file.deletion_vector, roots_));
      rows.AddAll(before);
    }
    LEAT_ASSIGN(const std::int64_t total, PhysicalRows(file));
    const std::int64_t gone = rows.cardinality();
    if (gone == total) continue;
    const bool pays = static_cast<double>(gone) <= kMaxDeletedShare * static_cast<double>(total);
    if (KeepsVectors() && pays && delta::RowCount(file)) {
      vectors.emplace_back(file, std::move(rows));
    } else {
      anew.push_back(file);
      anew.back().deletion_vector = delta::InlineDeletionVector(rows);
    }
  }
  LEAT_TRY(AddVectors(std::move(vectors), transaction));
  return WriteAnew(std::move(anew), transaction);
}

Status TableEdit::AddVectors(std::vector<std::pair<delta::AddFile, delta::DeletionVector>> vectors,
                             delta::Transaction& transaction) {
  if (vectors.empty()) return Ok();
  std::vector<delta::DeletionVector*> rows;
  for (auto& [file, vector] : vectors) rows.push_back(&vector);
  LEAT_ASSIGN(const auto descriptors, delta::WriteDeletionVectors(environment_, table_path_, rows));
  for (std::size_t i = 0; i < vectors.size(); i++) {
    delta::AddFile& file = vectors[i].first;
    file.deletion_vector = descriptors[i];
    file.stats_json = WithWideBounds(file.stats_json);
    file.data_change = true;
    transaction.adds.push_back(std::move(file));
  }
  return Ok();
}

Status TableEdit::WriteAnew(std::vector<delta::AddFile> files, delta::Transaction& transaction) {
  if (files.empty()) return Ok();
  const std::int64_t before = writer_.rows_written();
  const delta::Metadata& metadata = base_->metadata();
  LEAT_ASSIGN(const RowIds ids, RowIds::Of(metadata));
  LEAT_ASSIGN(const std::string scan, ids.Scan(session_, {.table_path = table_path_,
                                                          .metadata = metadata,
                                                          .files = std::move(files)}));
  LEAT_ASSIGN(auto kept,
              writer_.WriteAgain(fmt::format("SELECT {} FROM {}", ids.Selected(), scan), false));
  rows_rewritten_ += writer_.rows_written() - before;
  transaction.adds.insert(transaction.adds.end(), kept.begin(), kept.end());
  return Ok();
}

Status TableEdit::WriteChanges(delta::Transaction& transaction) {
  std::vector<std::string> parts;
  for (const Deletion& deletion : deletions_) {
    std::vector<delta::AddFile> gone;
    for (const auto& [number, rows] : deletion.rows) {
      delta::AddFile& file = gone.emplace_back(base_->files()[number]);
      LEAT_ASSIGN(const std::int64_t total, PhysicalRows(file));
      auto others = rows.Complement(static_cast<std::uint64_t>(total));
      file.deletion_vector = delta::InlineDeletionVector(others);
    }
    LEAT_ASSIGN(parts.emplace_back(), ChangesOf(deletion.type, std::move(gone), base_->metadata()));
  }
  for (const Insertion& insertion : insertions_) {
    if (insertion.files.empty()) continue;
    LEAT_ASSIGN(parts.emplace_back(), ChangesOf(insertion.type, insertion.files, metadata_));
  }
  LEAT_ASSIGN(transaction.changes, writer_.WriteChanges(Join(parts, " UNION ALL BY NAME ")));
  return Ok();
}

Result<std::string> TableEdit::ChangesOf(ChangeType type, std::vector<delta::AddFile> files,
                                         const delta::Metadata& metadata) {
  LEAT_ASSIGN(const std::string scan, Scan(std::move(files), metadata));
  return fmt::format("SELECT *, '{}' AS _change_type FROM {}", ToText(type), scan);
}

}  // namespace leat::engine
