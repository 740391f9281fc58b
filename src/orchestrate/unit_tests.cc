// `leat test`: models run on given rows, with a frozen clock, against expected rows.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "orchestrate/run.h"
#include "orchestrate/schemas.h"
#include "project/selection.h"
#include "transform/model.h"

namespace leat::orchestrate {
namespace {

constexpr std::size_t kShownDifferences = 5;

std::string Literal(const data::Value& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "NULL"; }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return fmt::format("{}::DOUBLE", number); }
    std::string operator()(const std::string& text) const { return QuoteLiteral(text); }
    std::string operator()(data::Instant instant) const {
      return "make_timestamptz(" + std::to_string(instant.us) + ")";
    }
  };
  return std::visit(Visitor(), value);
}

// A relation of the given rows; each column cast by `type_of` (empty: left as it is).
template <typename TypeOf>
std::string Relation(const data::Rows& rows, const TypeOf& type_of) {
  std::vector<std::string> selects;
  const auto select = [&](const std::vector<data::Value>* cells) {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < rows.schema.fields.size(); i++) {
      const std::string& name = rows.schema.fields[i].name;
      const std::string literal = cells == nullptr ? "NULL" : Literal((*cells)[i]);
      const std::string type = type_of(name);
      columns.push_back((type.empty() ? literal : "CAST(" + literal + " AS " + type + ")") +
                        " AS " + QuoteIdentifier(name));
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
    if (!bound.ok())
      return transform::InModelFile(std::move(bound).error(), *model, sql)
          .WithContext("with the given rows");
    return Compare(sql, parameters, bound->schema);
  }

 private:
  // now(), current_timestamp, today() and current_date are functions that a macro of the session
  // can replace.
  Status FreezeClock() {
    if (!test_.now) return Ok();
    const std::string instant = fmt::format("make_timestamptz({})", *test_.now);
    for (const char* name : {"now", "get_current_timestamp", "transaction_timestamp"}) {
      LEAT_TRY(
          session_->Execute(fmt::format("CREATE OR REPLACE TEMP MACRO {}() AS {}", name, instant)));
    }
    for (const char* name : {"today", "current_date"}) {
      LEAT_TRY(session_->Execute(
          fmt::format("CREATE OR REPLACE TEMP MACRO {}() AS CAST({} AS DATE)", name, instant)));
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
      inputs_[table] = Relation(rows, [schema](const std::string& name) {
        const data::Field* field = schema->Find(name);
        return field == nullptr ? std::string() : data::ToSql(field->type);
      });
    }
    return Ok();
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
    const std::string ordinal = test_.ordered ? ", row_number() OVER () AS leat_row" : "";
    const std::string names = columns.empty() ? "count(*) AS rows" : Join(columns, ", ");
    const std::string expected = Relation(test_.expected, [&actual](const std::string& name) {
      return data::ToSql(actual.Find(name)->type);
    });
    if (columns.empty()) return CompareEmpty(sql, parameters);
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
