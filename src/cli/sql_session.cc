#include "cli/sql_session.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/assets.h"
#include "cli/sql_error.h"
#include "engine/sql.h"

namespace leat::cli {
std::unique_ptr<SqlSession> SqlSession::Open(App& app) {
  std::unique_ptr<SqlSession> opened(new SqlSession(app));
  if (app.InProject()) {
    opened->workspace_ = app.OpenWorkspace();
    if (!opened->workspace_) return nullptr;
  }
  const Status status = opened->OpenSession();
  if (status.ok()) return opened;
  app.Fail(status.error());
  return nullptr;
}

Status SqlSession::OpenSession() {
  if (workspace_) {
    parameters_ = workspace_->ParametersFor(std::nullopt);
    LEAT_ASSIGN(session_, workspace_->NewSession());
    return Ok();
  }
  LEAT_ASSIGN(engine_, engine::Engine::Open(app_.environment(), {}));
  session_ = engine_->NewSession();
  return Ok();
}

Result<data::Rows> SqlSession::Query(const std::string& sql, std::size_t max_rows) {
  auto facts = engine::AnalyzeSelect(sql);
  if (!facts.ok()) return InQuery(std::move(facts).error());
  auto rows = session_->Query(sql, parameters_, max_rows);
  if (!rows.ok()) return InQuery(std::move(rows).error());
  return rows;
}

Result<std::int64_t> SqlSession::Export(const std::string& sql, const std::string& path,
                                        const std::string& format) {
  auto facts = engine::AnalyzeSelect(sql);
  if (!facts.ok()) return InQuery(std::move(facts).error());
  io::FileSystem& files = app_.environment().files;
  const std::string folder = io::ParentPath(path);
  const std::string temporary = io::JoinPath(
      folder, "." + io::FileName(path) + "." + io::NewUuid(app_.environment().random) + ".tmp");
  const auto remove = [&] {
    const Status removed = files.Remove(temporary);
    (void)removed;  // it may not have been begun
  };
  auto rows = session_->CopyTo(sql, temporary, format);
  if (!rows.ok()) {
    remove();
    return InQuery(std::move(rows).error());
  }
  Status kept = files.SyncFile(temporary);
  if (kept.ok()) kept = files.Rename(temporary, path);
  if (kept.ok()) kept = files.SyncDirectory(folder);
  if (kept.ok()) return *rows;
  if (kept.error().kind() != ErrorKind::kOutcomeUnknown) remove();
  return std::move(kept).error();
}

Result<std::string> SqlSession::SelectAll(const std::string& asset) const {
  if (!workspace_) {
    return NotFound(fmt::format("'{}' is neither a query nor a table of a project here", asset))
        .WithHint(
            "give a query: \"select * from delta_scan('path')\"; or go to a project (-C DIR)");
  }
  LEAT_ASSIGN(const project::Asset* found, FindAsset(workspace_->project(), asset));
  const std::string& name = found->name.value();
  const std::size_t dot = name.find('.');
  return fmt::format("select * from {}.{}", QuoteIdentifier(name.substr(0, dot)),
                     QuoteIdentifier(name.substr(dot + 1)));
}

}  // namespace leat::cli
