#include "cli/sql_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "cli/assets.h"
#include "engine/sql.h"

namespace leat::cli {
namespace {

// Timestamps without a zone come as text; like all times they are instants in UTC. Infinity stays
// text.
void ToInstants(data::Rows& rows, std::size_t column) {
  for (auto& row : rows.rows) {
    const auto* text = std::get_if<std::string>(&row[column]);
    if (text == nullptr) continue;
    const auto instant = ParseTimestamp(*text);
    if (instant.ok()) row[column] = data::Instant{*instant};
  }
}

// "query:2:15: message".
Error InQuery(Error error) {
  Location place{.file = "query"};
  if (error.location()) {
    if (!error.location()->file.empty()) return error;
    place.line = error.location()->line;
    place.column = error.location()->column;
  }
  return std::move(error).At(std::move(place));
}

// A change is taken apart and put together anew before it runs, so that places in its errors are
// not those of the statement. The place is that of the first name in quotes that the message tells,
// if the statement has it once.
Error AtName(Error error, const std::string& sql) {
  Location place{.file = "query"};
  const std::size_t begin = error.message().find('"');
  const std::size_t end = error.message().find('"', begin + 1);
  const std::string name = end == std::string::npos
                               ? std::string()
                               : ToLower(error.message().substr(begin + 1, end - begin - 1));
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  const std::string text = ToLower(sql);
  std::vector<std::size_t> found;
  for (std::size_t at = text.find(name); !name.empty() && at != std::string::npos;
       at = text.find(name, at + 1)) {
    const std::size_t after = at + name.size();
    const bool begins = at == 0 || !is_part(text[at - 1]);
    if (begins && (after == text.size() || !is_part(text[after]))) found.push_back(at);
  }
  if (found.size() == 1) {
    const Location in_statement = engine::LocationOf(sql, found[0]);
    place.line = in_statement.line;
    place.column = in_statement.column;
  }
  return std::move(error).At(std::move(place));
}

}  // namespace

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
  auto rows = Fetch(sql, max_rows);
  if (!rows.ok()) return Told(std::move(rows).error());
  return rows;
}

// The engine knows other tables by name than the project's.
Error SqlSession::WithOurTables(Error error) const {
  constexpr std::string_view kBegin = "Table with name ", kEnd = " does not exist";
  const std::size_t begin = error.message().find(kBegin);
  const std::size_t end = error.message().find(kEnd);
  if (!workspace_ || begin == std::string::npos || end == std::string::npos || end < begin)
    return error;
  const std::string name =
      error.message().substr(begin + kBegin.size(), end - begin - kBegin.size());
  std::vector<std::string> known, last_parts, same;
  for (const project::Asset& asset : workspace_->project().assets) {
    known.push_back(asset.name.value());
    last_parts.push_back(known.back().substr(known.back().rfind('.') + 1));
  }
  const std::string nearest = Nearest(name, last_parts).value_or(name);
  for (std::size_t i = 0; i < known.size(); i++) {
    if (EqualsIgnoreCase(last_parts[i], nearest)) same.push_back("'" + known[i] + "'");
  }
  std::string hint =
      same.empty() ? NearestHint(name, known) : "did you mean " + Join(same, " or ") + "?";
  if (hint.empty()) hint = "tables are named schema.table: leat status lists them";
  return std::move(error).WithHint(std::move(hint));
}

Error SqlSession::Told(Error error) const {
  const bool is_name = error.message().starts_with("Table with name ") ||
                       error.message().starts_with("Catalog \"") ||
                       error.message().starts_with("Schema with name ");
  if (!workspace_ && is_name) {
    error = std::move(error).WithHint(
        "this folder is in no project, so tables have no names here: go to a project (-C DIR), or "
        "read from delta_scan('path')");
  }
  return InQuery(WithOurTables(std::move(error)));
}

Result<data::Rows> SqlSession::Fetch(const std::string& sql, std::size_t max_rows) {
  LEAT_ASSIGN(data::Rows rows, session_->Query(sql, parameters_, max_rows));
  for (std::size_t column = 0; column < rows.schema.fields.size(); column++) {
    if (rows.schema.fields[column].type.kind == data::TypeKind::kTimestamp)
      ToInstants(rows, column);
  }
  return rows;
}

Result<engine::TextWritten> SqlSession::WriteText(
    const std::string& sql, const engine::TextFormat& format,
    const std::function<Status(std::string_view)>& write) {
  auto facts = engine::AnalyzeSelect(sql);
  if (!facts.ok()) return InQuery(std::move(facts).error());
  auto written = session_->WriteText(sql, parameters_, format, write);
  if (!written.ok()) return Told(std::move(written).error());
  return written;
}

Result<std::int64_t> SqlSession::Export(const std::string& sql, const std::string& path,
                                        const std::string& format) {
  auto facts = engine::AnalyzeSelect(sql);
  if (!facts.ok()) return InQuery(std::move(facts).error());
  if (!io::IsS3Path(path)) return ExportToDisk(sql, path, format);
  auto rows =
      session_->CopyTo(sql, path, format, parameters_);  // an object appears when it is complete
  if (!rows.ok()) return Told(std::move(rows).error());
  return *rows;
}

Result<std::int64_t> SqlSession::ExportToDisk(const std::string& sql, const std::string& path,
                                              const std::string& format) {
  io::FileSystem& files = app_.environment().files;
  const std::string folder = io::ParentPath(path);
  const std::string temporary = io::JoinPath(
      folder, "." + io::FileName(path) + "." + io::NewUuid(app_.environment().random) + ".tmp");
  const auto remove = [&] {
    const Status removed = files.Remove(temporary);
    (void)removed;  // it may not have been begun
  };
  auto rows = session_->CopyTo(sql, temporary, format, parameters_);
  if (!rows.ok()) {
    remove();
    return Told(std::move(rows).error());
  }
  Status kept = files.SyncFile(temporary);
  if (kept.ok()) kept = files.Rename(temporary, path);
  if (kept.ok()) kept = files.SyncDirectory(folder);
  if (kept.ok()) return *rows;
  if (kept.error().kind() != ErrorKind::kOutcomeUnknown) remove();
  return std::move(kept).error();
}

Result<engine::ChangedRows> SqlSession::Change(const std::string& sql,
                                               const std::string& replace_where) {
  auto statement = engine::ParseChange(engine::WithLiterals(sql, parameters_));
  if (!statement.ok()) return InQuery(std::move(statement).error());
  if (!replace_where.empty() && statement->rows.empty()) {
    return InvalidInput("--replace-where goes with INSERT only")
        .WithHint("DELETE and MERGE say in their conditions which rows they concern");
  }
  LEAT_ASSIGN(std::string path, PathOf(statement->table));
  engine::Engine& engine = workspace_ ? workspace_->engine() : *engine_;
  auto changed = engine::ChangeRows(app_.environment(), engine, *session_,
                                    {.table_path = std::move(path),
                                     .statement = *std::move(statement),
                                     .replace_where = replace_where});
  if (changed.ok() || changed.error().kind() != ErrorKind::kInvalidInput) return changed;
  return AtName(std::move(changed).error(), sql);
}

Result<std::optional<TableVersion>> SqlSession::Alter(const std::string& sql) {
  auto statement = engine::ParseAlter(sql);
  if (!statement.ok()) return InQuery(std::move(statement).error());
  LEAT_ASSIGN(const std::string path, PathOf(statement->table));
  engine::Engine& engine = workspace_ ? workspace_->engine() : *engine_;
  return engine::AlterTable(app_.environment(), engine, *session_, path, *statement);
}

// silver.orders, or the path of a table.
Result<std::string> SqlSession::PathOf(const std::string& table) const {
  const std::size_t dot = table.rfind('.');
  if (table.find('/') != std::string::npos || !workspace_) return io::AbsolutePath(table);
  const std::string schema = dot == std::string::npos ? "" : table.substr(0, dot);
  const project::Asset* asset =
      workspace_->FindTable(schema, dot == std::string::npos ? table : table.substr(dot + 1));
  if (asset == nullptr) {
    const auto known = FindAsset(workspace_->project(), table);
    return known.ok() ? Result<std::string>(Bug("no table " + table)) : known.error();
  }
  if (asset->is_view()) {
    return InvalidInput(asset->name.value() + " is a view: it stores nothing that could be changed")
        .WithHint("change the tables that it reads");
  }
  return workspace_->TablePath(asset->name);
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
