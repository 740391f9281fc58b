// SQL for query, export and change: with the project's tables where there is a project.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

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
  // The rows of one SELECT as text, in pieces. Stops at the first error of `write`.
  Result<engine::TextWritten> WriteText(const std::string& sql, const engine::TextFormat& format,
                                        const std::function<Status(std::string_view)>& write);
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
  // With its place in the query, and what to do outside of a project.
  Error Told(Error error) const;

  App& app_;
  std::unique_ptr<orchestrate::Workspace> workspace_;  // in a project
  std::unique_ptr<engine::Engine> engine_;             // outside one
  std::unique_ptr<engine::Session> session_;
  engine::Parameters parameters_;
};

}  // namespace leat::cli
