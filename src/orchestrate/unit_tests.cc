// `leat test`: models run on given rows, with a frozen clock, against expected rows.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "orchestrate/run.h"
#include "orchestrate/schemas.h"
#include "project/exact_text.h"
#include "project/selection.h"
#include "transform/model.h"

namespace leat::orchestrate {
namespace {

constexpr std::size_t kShownDifferences = 5;

// What the cells of a column are when nothing else tells.
std::string SqlTypeOf(data::TypeKind kind) {
  switch (kind) {
    case data::TypeKind::kBoolean: return "BOOLEAN";
    case data::TypeKind::kLong: return "BIGINT";
    case data::TypeKind::kDouble: return "DOUBLE";
    default: return "VARCHAR";
  }
}

// A relation of rows of texts. A column has the type that `types` has for it, else that of its
// cells.
std::string Relation(const data::Rows& rows, const data::Schema& types) {
  std::vector<std::string> selects;
  const auto select = [&](const std::vector<data::Value>* cells) {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < rows.schema.fields.size(); i++) {
      const data::Field& field = rows.schema.fields[i];
      const auto* text = cells == nullptr ? nullptr : std::get_if<std::string>(&(*cells)[i]);
      const data::Field* known = types.Find(field.name);
      columns.push_back(
          fmt::format("CAST({} AS {}) AS {}", text == nullptr ? "NULL" : QuoteLiteral(*text),
                      known == nullptr ? SqlTypeOf(field.type.kind) : data::ToSql(known->type),
                      QuoteIdentifier(field.name)));
    }
    return "SELECT " + Join(columns, ", ");
  };
  for (const auto& cells : rows.rows) selects.push_back(select(&cells));
  if (selects.empty()) return select(nullptr) + " WHERE false";
  return Join(selects, " UNION ALL ");
}

// The place of the test is told beside the message.
std::string MessageOf(const Error& error, const Location& test) {
  if (error.location() != test) return error.ToString();
  return Error(error.kind(), error.message()).WithHint(error.hint()).ToString();
}

class TestCase {
 public:
  TestCase(Workspace& workspace, Schemas& schemas, const project::UnitTest& test)
      : workspace_(workspace), schemas_(schemas), test_(test) {}

  // Empty: passed. Else what differs.
  Result<std::string> Run() {
    const project::Asset* model = workspace_.project().Find(test_.model);
    if (model == nullptr) return NotFound("there is no model " + test_.model.value());
    if (!model->broken.empty()) return InvalidInput(model->broken);
    LEAT_ASSIGN(session_, workspace_.NewSession());
    LEAT_TRY(FreezeClock());
    LEAT_TRY(PrepareInputs());
    session_->SetResolver([this](const std::string& schema, const std::string& table) {
      return Resolve(schema, table);
    });
    auto parameters = workspace_.ParametersFor(std::nullopt);
    for (const auto& [name, value] : test_.vars) parameters[name] = value;
    if (test_.start) parameters["start"] = data::Instant{*test_.start};
    if (test_.end) parameters["end"] = data::Instant{*test_.end};
    const bool has_window = test_.start && test_.end;
    const std::string sql =
        has_window ? transform::ModelSql(*model) : std::get<project::ModelSpec>(model->spec).sql;
    auto bound = session_->Bind(sql, parameters);
    if (!bound.ok()) {
      const auto needed = NeededColumns(sql, parameters);
      if (!needed.empty()) {
        return InvalidInput("the given rows lack what the model reads: " + Join(needed, ", "))
            .At(test_.location)
            .WithHint("add the column to one of the rows; null, if it has no value");
      }
      return transform::InModelFile(std::move(bound).error(), *model, sql)
          .WithContext("with the given rows");
    }
    return Compare(sql, parameters, bound->schema);
  }

 private:
  // now(), current_timestamp, localtimestamp, current_date and so on are functions that a macro of
  // the session can replace.
  Status FreezeClock() {
    if (!test_.now) return Ok();
    const std::string instant = fmt::format("make_timestamptz({})", *test_.now);
    for (const char* name : {"now", "get_current_timestamp", "transaction_timestamp"}) {
      LEAT_TRY(
          session_->Execute(fmt::format("CREATE OR REPLACE TEMP MACRO {}() AS {}", name, instant)));
    }
    const std::string local = fmt::format("make_timestamp({})", *test_.now);  // the zone is UTC
    for (const auto& [name, type] :
         {std::pair("today", "DATE"), std::pair("current_date", "DATE"),
          std::pair("current_localtimestamp", "TIMESTAMP"), std::pair("current_localtime", "TIME"),
          std::pair("get_current_time", "TIME"), std::pair("current_time", "TIME")}) {
      LEAT_TRY(session_->Execute(
          fmt::format("CREATE OR REPLACE TEMP MACRO {}() AS CAST({} AS {})", name, local, type)));
    }
    return Ok();
  }

  Status PrepareInputs() {
    for (const auto& [table, rows] : test_.given) {
      const project::Asset* asset = workspace_.project().Find(AssetName(table));
      if (asset == nullptr) return NotFound("there is no table " + table).At(test_.location);
      LEAT_ASSIGN(const data::Schema* const schema, schemas_.Of(*asset));
      for (const data::Field& field : rows.schema.fields) {
        if (schema->fields.empty() || schema->Find(field.name) != nullptr) continue;
        return InvalidInput(table + " has no column " + field.name)
            .At(test_.location)
            .WithHint(NearestHint(field.name, schema->names()));
      }
      LEAT_TRY(CheckCells(rows, *schema, "given " + table));
      inputs_[table] = Relation(rows, *schema);
    }
    return Ok();
  }

  // What is written must be a value of the column's type: a cast would round or cut it.
  Status CheckCells(const data::Rows& rows, const data::Schema& types, const std::string& where) {
    for (std::size_t i = 0; i < rows.schema.fields.size(); i++) {
      const data::Field* field = types.Find(rows.schema.fields[i].name);
      if (field == nullptr) continue;
      if (IsOtherKind(rows.schema.fields[i].type.kind, field->type.kind)) {
        return InvalidInput(fmt::format("{}: {} is {}, and a {} is written", where, field->name,
                                        ToLower(data::ToSql(field->type)),
                                        ToLower(SqlTypeOf(rows.schema.fields[i].type.kind))))
            .At(test_.location)
            .WithHint(field->type.kind == data::TypeKind::kString ? "write text in quotes"
                                                                  : "write true or false");
      }
      for (const auto& cells : rows.rows) {
        const auto* text = std::get_if<std::string>(&cells[i]);
        if (text == nullptr) continue;
        const Status exact = project::IsExactly(*text, field->type);
        if (exact.ok()) continue;
        return InvalidInput(fmt::format("{}: {}: {}", where, field->name, exact.error().message()))
            .At(test_.location);
      }
    }
    return Ok();
  }

  // A number or a boolean where text is wanted, a number where a boolean is.
  static bool IsOtherKind(data::TypeKind written, data::TypeKind wanted) {
    const bool is_number = written == data::TypeKind::kLong || written == data::TypeKind::kDouble;
    if (wanted == data::TypeKind::kString) return is_number || written == data::TypeKind::kBoolean;
    return wanted == data::TypeKind::kBoolean && is_number;
  }

  // The columns that the given rows lack and the model needs: with all others added it does not
  // bind. Empty when something else is wrong.
  std::vector<std::string> NeededColumns(const std::string& sql,
                                         const engine::Parameters& parameters) {
    std::vector<std::pair<std::string, data::Field>> missing;
    for (const auto& [table, rows] : test_.given) {
      const project::Asset* asset = workspace_.project().Find(AssetName(table));
      const auto schema = schemas_.Of(*asset);
      if (!schema.ok()) continue;
      for (const data::Field& field : (*schema)->fields) {
        if (rows.schema.Find(field.name) == nullptr && !rows.schema.fields.empty())
          missing.emplace_back(table, field);
      }
    }
    const auto given = inputs_;
    const auto binds_without = [&](const std::pair<std::string, data::Field>* left_out) {
      inputs_ = given;
      for (const auto& column : missing) {
        if (&column == left_out) continue;
        inputs_[column.first] = fmt::format(
            "SELECT *, CAST(NULL AS {}) AS {} FROM ({})", data::ToSql(column.second.type),
            QuoteIdentifier(column.second.name), inputs_[column.first]);
      }
      return session_->Bind(sql, parameters).ok();
    };
    std::vector<std::string> needed;
    if (binds_without(nullptr)) {
      for (const auto& column : missing) {
        if (!binds_without(&column)) needed.push_back(column.first + "." + column.second.name);
      }
    }
    inputs_ = given;
    return needed;
  }

  Result<std::optional<engine::TableSource>> Resolve(const std::string& schema,
                                                     const std::string& table) {
    const project::Asset* asset = workspace_.FindTable(schema, table);
    if (asset == nullptr) return std::optional<engine::TableSource>();
    const auto given = inputs_.find(asset->name.value());
    if (given == inputs_.end()) {
      return InvalidInput("the test gives no rows for " + asset->name.value())
          .WithHint("add it under given:");
    }
    if (given->second.starts_with("SELECT  WHERE") || given->second.empty()) return Empty(*asset);
    return std::optional<engine::TableSource>(engine::QuerySource{.sql = given->second});
  }

  // `bronze.orders: []`: no rows, and all columns that the table has.
  Result<std::optional<engine::TableSource>> Empty(const project::Asset& asset) {
    LEAT_ASSIGN(const data::Schema* const schema, schemas_.Of(asset));
    if (schema->fields.empty()) {
      return InvalidInput("the columns of " + asset.name.value() +
                          " are not known: it has no table yet and declares none")
          .WithHint("give one row, declare its columns in " + asset.location.file +
                    ", or load it once: leat run -s " + asset.name.value());
    }
    return std::optional<engine::TableSource>(
        engine::SchemaSource{.asset = asset.name, .schema = *schema});
  }

  Result<std::string> Compare(const std::string& sql, const engine::Parameters& parameters,
                              const data::Schema& actual) {
    std::vector<std::string> columns;
    for (const data::Field& field : test_.expected.schema.fields) {
      if (actual.Find(field.name) == nullptr) {
        return InvalidInput("the model has no column " + field.name)
            .WithHint(NearestHint(field.name, actual.names()));
      }
      columns.push_back(QuoteIdentifier(field.name));
    }
    std::string place = "row";  // unlike any column of the model's
    while (actual.Find(place) != nullptr) place += "_";
    const std::string ordinal =
        test_.ordered ? ", row_number() OVER () AS " + QuoteIdentifier(place) : "";
    if (columns.empty()) return CompareEmpty(sql, parameters);
    LEAT_TRY(CheckCells(test_.expected, actual, "expect"));
    const std::string expected = Relation(test_.expected, actual);
    std::vector<std::string> typed;
    for (const data::Field& field : test_.expected.schema.fields) {
      typed.push_back("CAST(" + QuoteIdentifier(field.name) + " AS " +
                      data::ToSql(actual.Find(field.name)->type) + ") AS " +
                      QuoteIdentifier(field.name));
    }
    const std::string got = "SELECT " + Join(typed, ", ") + ordinal + " FROM (\n" + sql + "\n)";
    const std::string want = "SELECT *" + ordinal + " FROM (" + expected + ")";
    const std::string both =
        "WITH got AS MATERIALIZED (" + got + "), want AS MATERIALIZED (" + want + ") ";
    LEAT_ASSIGN(
        const auto missing,
        session_->Query(both + "SELECT to_json(r)::VARCHAR FROM (FROM want EXCEPT ALL FROM got) r",
                        parameters));
    LEAT_ASSIGN(
        const auto surplus,
        session_->Query(both + "SELECT to_json(r)::VARCHAR FROM (FROM got EXCEPT ALL FROM want) r",
                        parameters));
    return Describe("expected, but not there: ", missing) +
           Describe("there, but not expected: ", surplus);
  }

  Result<std::string> CompareEmpty(const std::string& sql, const engine::Parameters& parameters) {
    LEAT_ASSIGN(const auto rows,
                session_->Query("SELECT to_json(r)::VARCHAR FROM (\n" + sql + "\n) r", parameters));
    return Describe("there, but not expected: ", rows);
  }

  static std::string Describe(const char* what, const data::Rows& rows) {
    std::string text;
    for (std::size_t i = 0; i < rows.rows.size() && i < kShownDifferences; i++) {
      text += std::string(what) + std::get<std::string>(rows.rows[i][0]) + "\n";
    }
    if (rows.rows.size() > kShownDifferences) {
      text += fmt::format("... and {} more rows\n", rows.rows.size() - kShownDifferences);
    }
    return text;
  }

  Workspace& workspace_;
  Schemas& schemas_;
  const project::UnitTest& test_;
  std::unique_ptr<engine::Session> session_;
  std::map<std::string, std::string> inputs_;  // SQL by asset
};

}  // namespace

Result<std::vector<UnitTestResult>> RunUnitTests(Workspace& workspace,
                                                 const std::vector<std::string>& select) {
  LEAT_ASSIGN(const auto names, project::Select(workspace.project(), select, {}, {}));
  const std::set<AssetName> chosen(names.begin(), names.end());
  Schemas schemas(workspace);
  std::vector<UnitTestResult> results;
  for (const project::UnitTest& test : workspace.project().tests) {
    if (!chosen.contains(test.model)) continue;
    const std::int64_t begun = workspace.environment().clock.MonotonicUs();
    auto difference = TestCase(workspace, schemas, test).Run();
    UnitTestResult result{.name = test.name, .model = test.model, .location = test.location};
    result.passed = difference.ok() && difference->empty();
    result.message = difference.ok() ? *difference : MessageOf(difference.error(), test.location);
    result.duration_us = workspace.environment().clock.MonotonicUs() - begun;
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace leat::orchestrate
