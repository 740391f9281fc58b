#include <fmt/format.h>

#include <memory>

#include "cli/app.h"
#include "cli/command.h"
#include "cli/interruptible.h"
#include "cli/limits.h"
#include "cli/output.h"
#include "cli/sql_session.h"
#include "cli/text_width.h"
#include "io/machine.h"

namespace leat::cli {
namespace {

struct ChangeOptions {
  std::string sql;
  std::string replace_where;
};

std::string ToText(const engine::ChangedRows& changed) {
  if (!changed.version) return "No row was concerned: nothing was changed\n";
  return fmt::format("{} inserted, {} updated, {} deleted: version {}\n",
                     Counted(changed.inserted, "row"), changed.updated, changed.deleted,
                     changed.version->value());
}

// Null: nothing to change.
data::Value ToValue(const std::optional<TableVersion>& version) {
  if (!version) return {};
  return static_cast<std::int64_t>(version->value());
}

int RunAlter(App& app, SqlSession& session, const std::string& sql) {
  const auto version = session.Alter(sql);
  if (!version.ok()) return app.Fail(version.error());
  const data::Rows rows{.schema = TextColumns({"version"}), .rows = {{ToValue(*version)}}};
  const std::string text = *version ? fmt::format("altered: version {}\n", (*version)->value())
                                    : "The table is so already\n";
  PrintReport(app, {.json = [&] { return ToJson(rows.schema, rows.rows[0]); },
                    .csv = [&] { return rows; },
                    .plain = [&] { return text; },
                    .is_remark = true});
  return kDone;
}

int RunChange(App& app, const ChangeOptions& options) {
  auto sql =
      options.sql == "-" ? io::ReadStandardInput(kMaxQueryBytes) : Result<std::string>(options.sql);
  if (!sql.ok()) return app.Fail(sql.error());
  auto session = SqlSession::Open(app);
  if (!session) return kError;
  const Interruptible guard(session->session());
  if (engine::IsAlter(*sql)) return RunAlter(app, *session, *sql);
  const auto changed = session->Change(*sql, options.replace_where);
  if (!changed.ok()) return app.Fail(changed.error());
  const data::Rows rows{
      .schema = TextColumns({"version", "inserted", "updated", "deleted"}),
      .rows = {{ToValue(changed->version), changed->inserted, changed->updated, changed->deleted}}};
  PrintReport(app, {.json = [&] { return ToJson(rows.schema, rows.rows[0]); },
                    .csv = [&] { return rows; },
                    .plain = [&] { return ToText(*changed); },
                    .is_remark = true});
  if (changed->checkpoint_error) {
    app.Note(
        fmt::format("its checkpoint could not be written ({}); readers start from the one "
                    "before until the next is due",
                    changed->checkpoint_error->message()));
  }
  return kDone;
}

}  // namespace

Command MakeChange() {
  auto options = std::make_shared<ChangeOptions>();
  return {
      .name = "change",
      .summary = "Change a table: INSERT, UPDATE, DELETE, MERGE INTO, ALTER TABLE",
      .details =
          "One statement on one table is one version of it. leat restore goes back. A table is "
          "named "
          "as in\n"
          "queries, or by its path, outside of a project too. What a model builds anew with its "
          "next "
          "run\n"
          "replaces the change. MERGE takes all clauses: WHEN MATCHED, NOT MATCHED [BY TARGET], "
          "NOT "
          "MATCHED\n"
          "BY SOURCE, each with UPDATE, DELETE, INSERT, DO NOTHING or ERROR.\n"
          "ALTER TABLE adds, renames, drops and widens columns, sets defaults and NOT NULL, and "
          "sets properties\n"
          "of the table, CHECK constraints among them (\"delta.constraints.<name>\" = "
          "'condition').",
      .options =
          {{"SQL", "", "the statement; - reads it from standard input", &options->sql, {}, true},
           {"--replace-where", "CONDITION",
            "with INSERT: its rows replace those that meet the condition",
            &options->replace_where}},
      .examples =
          {{"leat change \"delete from silver.orders where customer_id = 42\"",
            "erase a customer's orders"},
           {"leat change \"update silver.orders set region = 'north' where region = 'N'\"",
            "correct a value"},
           {"leat change \"merge into silver.prices t using 'prices.csv' s on t.sku = s.sku when "
            "matched then update when not matched then insert\"",
            "bring in a file by key"},
           {"leat change \"insert into gold.sales select * from silver.fixed\" --replace-where "
            "\"day = '2026-11-01'\"",
            "replace a day"},
           {"leat change \"alter table silver.orders add column note text\"", "one more column"}},
      .run = [options](App& app) { return RunChange(app, *options); }};
}

}  // namespace leat::cli
