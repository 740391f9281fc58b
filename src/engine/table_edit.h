// Rows taken out of a table and put into it by one transaction: with deletion vectors where they
// pay, files written anew where not, and the change data feed of tables that keep one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/table_writer.h"

namespace leat::engine {

// What the change data feed calls a row.
enum class ChangeType { kInsert, kDelete, kUpdatePreimage, kUpdatePostimage };

// One attempt on one snapshot. Not thread-safe. The session must outlive it.
class TableEdit {
 public:
  // `base`: null for a new table. `metadata`: as the transaction will leave the table.
  // `roots`: as the engine has them.
  TableEdit(const io::Environment& environment, Session& session, std::string table_path,
            std::shared_ptr<const delta::Snapshot> base, delta::Metadata metadata,
            delta::FileRoots roots = {});

  // Takes out the rows of the base that the query names: its columns leat_file and leat_row are the
  // file's path and the row's number in it, as a scan has them under the names of PlaceColumns.
  // Returns their number, each counted once.
  Result<std::int64_t> Delete(const std::string& sql, const Parameters& parameters,
                              ChangeType type);
  void DeleteAll();
  // Puts in the rows of a query, see TableWriter::Write and, for new values of rows that are taken
  // out (kUpdatePostimage), WriteChanged; or of staged files, see TableWriter::Adopt.
  Status Insert(const std::string& sql, ChangeType type);
  Status Adopt(const std::vector<WrittenFile>& files, const data::Schema& schema,
               const std::string& sql, ChangeType type);
  TableWriter& writer() { return writer_; }
  const TableWriter& writer() const { return writer_; }
  bool keeps_changes() const;  // delta.enableChangeDataFeed
  // Whether a row was named more than once, by one Delete or several.
  bool came_twice() const { return came_twice_; }

  // Fills the transaction's adds, removes and changes. All files are durable then.
  Status Finish(delta::Transaction& transaction);
  // Removes what was written; after a commit that did not happen.
  void Discard() { writer_.Discard(); }

  std::int64_t rows_rewritten() const { return rows_rewritten_; }

 private:
  struct Deletion {
    ChangeType type;
    std::map<std::size_t, delta::DeletionVector> rows;  // by the file's number in the base
  };
  struct Insertion {
    ChangeType type;
    std::vector<delta::AddFile> files;
  };

  Result<std::size_t> FileNumber(const std::string& path);
  Result<std::string> Scan(std::vector<delta::AddFile> files, const delta::Metadata& metadata);
  Result<std::int64_t> PhysicalRows(const delta::AddFile& file);
  bool KeepsVectors() const;
  Status TakeOut(delta::Transaction& transaction);
  Status AddVectors(std::vector<std::pair<delta::AddFile, delta::DeletionVector>> vectors,
                    delta::Transaction& transaction);
  Status WriteAnew(std::vector<delta::AddFile> files, delta::Transaction& transaction);
  Status WriteChanges(delta::Transaction& transaction);
  Result<std::string> ChangesOf(ChangeType type, std::vector<delta::AddFile> files,
                                const delta::Metadata& metadata);

  const io::Environment& environment_;
  Session& session_;
  const std::string table_path_;
  const std::shared_ptr<const delta::Snapshot> base_;  // shared with the caller
  const delta::Metadata metadata_;
  const delta::FileRoots roots_;
  TableWriter writer_;
  std::map<std::string, std::size_t> numbers_;  // of the base's files, by absolute path
  std::vector<Deletion> deletions_;
  std::map<std::size_t, delta::DeletionVector> taken_;  // all of their rows
  std::vector<Insertion> insertions_;
  bool deletes_all_ = false;
  bool came_twice_ = false;
  std::int64_t rows_rewritten_ = 0;
};

}  // namespace leat::engine
