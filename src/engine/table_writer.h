// The one way from rows to the data files of a Delta table: partitions, column mapping,
// constraints, defaults and statistics are as the table asks.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "delta/column_mapping.h"
#include "delta/constraints.h"
#include "engine/engine.h"
#include "engine/row_ids.h"

namespace leat::engine {

// A value of any type as one of the column: exactly, or the statement fails with the column's name
// and the value. A text becomes what it would become in a file.
std::string AssignedTo(const data::Field& field, const std::string& value);

// Writes for one transaction. Not thread-safe. Files are durable after Sync; until the commit they
// are nobody's, and Discard removes them.
class TableWriter {
 public:
  // `metadata` as the transaction will leave the table. The session must outlive the writer.
  TableWriter(const io::Environment& environment, Session& session, std::string table_path,
              delta::Metadata metadata);

  // A further condition that new rows must meet, on the table's columns; the message is for one
  // that does not.
  void Require(std::string condition, std::string message);

  // The default of a column as an expression of its type, or null.
  Result<std::string> DefaultValue(const data::Field& field) const;

  // New rows: those of a query, whose columns are the table's, in any order and with types that can
  // be cast to theirs. Columns that it lacks get their default, or null. kInvalidInput: a row that
  // breaks a constraint (which and what row), a column that the table does not have, a constraint
  // that Leat cannot evaluate.
  Result<std::vector<delta::AddFile>> Write(const std::string& sql,
                                            const Parameters& parameters = {},
                                            bool keep_order = false);

  // New values of rows that the table has: as Write. Rows keep their ids where the query gives them
  // as columns (RowIds).
  Result<std::vector<delta::AddFile>> WriteChanged(const std::string& sql);

  // Rows that the table has already, in the query's order if asked, with the columns of their ids
  // (RowIds): no constraint is checked.
  Result<std::vector<delta::AddFile>> WriteAgain(const std::string& sql, bool keep_order);

  // Files that WriteParquet has written into the table's folder with the columns `schema`: as they
  // are, or, where the table wants another form, their rows written anew. `sql` selects their rows.
  // Errors as those of Write.
  Result<std::vector<delta::AddFile>> Adopt(const std::vector<WrittenFile>& files,
                                            const data::Schema& schema, const std::string& sql);

  // Rows of a change data feed: the table's columns and _change_type.
  Result<std::vector<delta::ChangeFile>> WriteChanges(const std::string& sql,
                                                      const Parameters& parameters = {});

  Status Sync();
  void Discard();

  // Whether Adopt took files as they are.
  bool adopted() const { return !adopted_.empty(); }
  // Rows and bytes of the files that Write has written.
  std::int64_t rows_written() const { return rows_written_; }
  std::int64_t bytes_written() const { return bytes_written_; }

 private:
  enum class Rows { kNew, kChanged, kOfTheTable, kChanges };
  struct Condition {
    std::string sql;      // must be true
    std::string message;  // if it is not
  };

  Status Prepare();
  Result<std::vector<Condition>> MakeConditions() const;
  Result<std::string> ValueOf(const data::Field& field, const data::Schema& given) const;
  std::vector<std::string> ExtraColumns(const data::Schema& given, Rows rows) const;
  Result<std::string> TypedRows(const std::string& sql, const data::Schema& given,
                                const std::vector<std::string>& extra) const;
  std::string WrittenColumns(Rows rows, const std::vector<std::string>& extra) const;
  bool IsPartition(const data::Field& field) const;
  FileLayout Layout(const std::vector<std::string>& extra) const;
  Status CheckStaged(const data::Schema& schema, const std::string& sql);
  Result<std::vector<delta::AddFile>> WriteFiles(const std::string& sql,
                                                 const Parameters& parameters, WriteOptions options,
                                                 Rows rows);
  bool TakesAsIs(const data::Schema& schema) const;
  delta::AddFile ToAdd(const WrittenFile& file) const;

  const io::Environment& environment_;
  Session& session_;
  const std::string table_path_;
  const delta::Metadata metadata_;
  delta::ColumnMapping mapping_ = delta::ColumnMapping::kNone;
  data::Schema physical_;  // of the data files and partition values
  RowIds ids_;
  std::vector<Condition> conditions_;
  bool is_prepared_ = false;
  std::vector<std::string> written_;  // absolute paths
  std::vector<std::string> adopted_;  // staged by others
  std::int64_t rows_written_ = 0;
  std::int64_t bytes_written_ = 0;
};

}  // namespace leat::engine
