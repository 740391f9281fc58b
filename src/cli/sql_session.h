// SQL for query, export and change: with the project's tables where there is a project.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/app.h"
#include "engine/alter_table.h"
#include "engine/change_rows.h"
#include "engine/engine.h"

namespace leat::cli {

// Not thread-safe.
class SqlSession {
 public:
  // Null after printing what is wrong with the project or the engine.
  static std::unique_ptr<SqlSession> Open(App& app);

  engine::Session& session() { return *session_; }

  // One SELECT; anything else is refused. Errors have line and column of the query's text.
  Result<data::Rows> Query(const std::string& sql, std::size_t max_rows);
  // All rows in chunks, in order, whatever their number: what is too much for memory waits on disk.
  // Even without rows, one chunk tells the schema. Stops at the first error of `visit`.
  Status Visit(const std::string& sql, const std::function<Status(const data::Rows&)>& visit);
  // Writes the rows of one SELECT to a file, which appears when it is complete and durable. Returns
  // their number.
  Result<std::int64_t> Export(const std::string& sql, const std::string& path,
                              const std::string& format);
  // Carries out one INSERT, UPDATE, DELETE or MERGE on a table of the project, or one by path. With
  // `replace_where`, see engine::RowChange.
  Result<engine::ChangedRows> Change(const std::string& sql, const std::string& replace_where);
  // Carries out one ALTER TABLE; the new version, if there is one.
  Result<std::optional<TableVersion>> Alter(const std::string& sql);
  // A SELECT of everything in a table of the project.
  Result<std::string> SelectAll(const std::string& asset) const;

 private:
  explicit SqlSession(App& app) : app_(app) {}
  Status OpenSession();
  Result<std::string> PathOf(const std::string& table) const;
  Result<std::int64_t> ExportToDisk(const std::string& sql, const std::string& path,
                                    const std::string& format);
  Error WithOurTables(Error error) const;
  Result<data::Rows> Fetch(const std::string& sql, std::size_t max_rows);
  Status VisitStored(const std::string& sql, const data::Schema& schema,
                     const std::function<Status(const data::Rows&)>& visit);

  App& app_;
  std::unique_ptr<orchestrate::Workspace> workspace_;  // in a project
  std::unique_ptr<engine::Engine> engine_;             // outside one
  std::unique_ptr<engine::Session> session_;
  engine::Parameters parameters_;
};

}  // namespace leat::cli
