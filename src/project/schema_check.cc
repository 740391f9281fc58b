#include "project/schema_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "data/own_columns.h"
#include "io/file_system.h"
#include "project/exact_text.h"
#include "project/graph.h"

namespace leat::project {
namespace {

using data::TypeKind;

data::Field* FindField(data::Schema& schema, const std::string& name) {
  for (data::Field& field : schema.fields) {
    if (EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

// What the values of the check's column are compared with.
std::vector<std::string> BoundsOf(const Check& check) {
  if (const auto* min = std::get_if<Min>(&check.kind)) return {min->value};
  if (const auto* max = std::get_if<Max>(&check.kind)) return {max->value};
  if (const auto* between = std::get_if<Between>(&check.kind)) return {between->min, between->max};
  return {};
}

class ProjectBinder {
 public:
  ProjectBinder(const Project& project, engine::Session& session, const KnownSchema& known_schema)
      : project_(project), session_(session), known_schema_(known_schema), index_(project.assets) {}

  BindResult Bind() && {
    for (const engine::MacroDefinition& macro : project_.macros) {
      Status defined = session_.Execute(macro.sql);
      if (defined.ok()) continue;
      Error error = std::move(defined).error().WithContext("macro " + macro.name);
      result_.diagnostics.errors.push_back(std::move(error).At({.file = "macros"}));
    }
    session_.SetResolver([this](const std::string& schema, const std::string& table) {
      return Resolve(schema, table);
    });
    std::vector<std::string> names;
    for (const Asset& asset : project_.assets) names.push_back(asset.name.value());
    session_.SetTableNames(std::move(names));
    // Behind a broken file, or in a cycle, an asset's inputs may not be known: CanBind.
    for (const Asset& asset : project_.assets) BindAsset(asset);
    // Checks may read tables that come later or the asset's own.
    for (const Asset& asset : project_.assets) CheckChecks(asset);
    for (const UnitTest& test : project_.tests) CheckTest(test);
    session_.SetResolver({});
    result_.diagnostics.Sort();
    return std::move(result_);
  }

 private:
  void Fail(const Location& location, std::string message, std::string hint) {
    Error error = InvalidInput(std::move(message)).At(location);
    if (!hint.empty()) error = std::move(error).WithHint(std::move(hint));
    result_.diagnostics.errors.push_back(std::move(error));
  }

  const data::Schema* SchemaOf(const Asset& asset) const {
    const auto found = schemas_.find(&asset);
    return found == schemas_.end() ? nullptr : &found->second;
  }

  Result<std::optional<engine::TableSource>> Resolve(const std::string& schema,
                                                     const std::string& table) const {
    const std::string name = schema.empty() ? table : schema + "." + table;
    const Asset* asset = EqualsIgnoreCase(name, "this") ? this_ : index_.Resolve(name);
    if (asset == nullptr && schema.empty()) return std::optional<engine::TableSource>();
    if (asset == nullptr) {
      // Of gold.finance.margin, DuckDB asks for finance.margin.
      for (const std::string& known : index_.names()) {
        if (!ToLower(known).ends_with("." + ToLower(name))) continue;
        const std::size_t dot = known.rfind('.');
        return NotFound(fmt::format("there is no table '{}'", name))
            .WithHint(fmt::format("write {}.{}", QuoteIdentifier(known.substr(0, dot)),
                                  QuoteIdentifier(known.substr(dot + 1))));
      }
      return NotFound(fmt::format("there is no table '{}'", name));
    }
    const data::Schema* columns = SchemaOf(*asset);
    if (columns == nullptr) {
      return NotFound(fmt::format("the columns of '{}' are not known", asset->name.value()));
    }
    return std::optional<engine::TableSource>(
        engine::SchemaSource{.asset = asset->name, .schema = *columns});
  }

  void BindAsset(const Asset& asset) {
    if (!asset.broken.empty()) return;
    if (const auto* source = std::get_if<SourceSpec>(&asset.spec)) {
      BindSource(asset, *source);
    } else if (const auto* model = std::get_if<ModelSpec>(&asset.spec)) {
      BindModel(asset, *model);
    } else {
      BindSeed(asset);
    }
  }

  void BindSource(const Asset& asset, const SourceSpec& source) {
    std::optional<data::Schema> schema = known_schema_ ? known_schema_(asset) : std::nullopt;
    const bool all_typed =
        std::all_of(asset.columns.begin(), asset.columns.end(),
                    [](const Column& column) { return column.type.has_value(); });
    const bool declares_all =
        source.schema_policy != SchemaPolicy::kEvolve && all_typed && !asset.columns.empty();
    if (!schema && !declares_all) return WarnOfUnknown(asset);
    if (!schema) schema = data::Schema{.fields = data::ProvenanceColumns()};
    std::vector<data::Field> added;
    for (const Column& column : asset.columns) {
      data::Field* field = FindField(*schema, column.name);
      if (field == nullptr) {
        added.push_back({.name = column.name, .type = column.type.value_or(data::Type{})});
      } else if (column.type) {
        field->type = *column.type;
      }
    }
    schema->fields.insert(schema->fields.begin(), added.begin(), added.end());
    schemas_[&asset] = std::move(*schema);
  }

  void WarnOfUnknown(const Asset& asset) {
    const bool is_read =
        std::any_of(project_.assets.begin(), project_.assets.end(), [&](const Asset& reader) {
          return std::binary_search(reader.dependencies.begin(), reader.dependencies.end(),
                                    asset.name);
        });
    if (!is_read) return;
    result_.diagnostics.warnings.push_back(
        InvalidInput(
            fmt::format("the columns of {} are not known before its first load: what reads it "
                        "was not checked",
                        asset.name.value()))
            .WithHint(fmt::format("load it once: leat run -s {}", asset.name.value()))
            .At(asset.location));
  }

  void BindSeed(const Asset& asset) {
    const std::string path = io::JoinPath(project_.root, asset.location.file);
    auto bound =
        session_.Bind(fmt::format("SELECT * FROM read_csv({}, header = true)", QuoteLiteral(path)));
    if (!bound.ok()) {
      result_.diagnostics.errors.push_back(
          std::move(bound).error().At({.file = asset.location.file}));
      return;
    }
    data::Schema& schema = bound->schema;
    for (const Column& column : asset.columns) {
      data::Field* field = FindField(schema, column.name);
      if (field == nullptr) {
        Fail(column.location, fmt::format("the seed has no column '{}'", column.name),
             NearestHint(column.name, schema.names()));
      } else if (column.type) {
        field->type = *column.type;
      }
    }
    schemas_[&asset] = std::move(schema);
  }

  // The columns that a test gives and expects are those of the tables and of the model.
  void CheckTest(const UnitTest& test) {
    const Asset* model = project_.Find(test.model);
    if (model == nullptr || !model->broken.empty()) return;
    for (const auto& [table, rows] : test.given) {
      const Asset* asset = index_.Resolve(table);
      if (asset != nullptr) CheckTestColumns(test, rows, *asset, table + " has");
    }
    CheckTestColumns(test, test.expected, *model, test.model.value() + " makes");
  }

  void CheckTestColumns(const UnitTest& test, const data::Rows& rows, const Asset& asset,
                        const std::string& subject) {
    const data::Schema* schema = SchemaOf(asset);
    if (schema == nullptr) return;
    for (const data::Field& field : rows.schema.fields) {
      if (schema->Find(field.name) != nullptr) continue;
      Fail(test.location,
           fmt::format("test '{}': {} no column '{}'", test.name, subject, field.name),
           NearestHint(field.name, schema->names()));
    }
  }

  bool CanBind(const std::vector<engine::TableReference>& tables) const {
    return std::all_of(tables.begin(), tables.end(), [&](const engine::TableReference& table) {
      const Asset* asset = index_.Resolve(table.name);
      return asset != nullptr && SchemaOf(*asset) != nullptr;
    });
  }

  engine::Parameters ParametersFor(const std::vector<std::string>& names) const {
    engine::Parameters parameters;
    for (const std::string& name : names) {
      for (const auto& [var, value] : project_.vars) {
        if (EqualsIgnoreCase(var, name)) parameters[name] = value;
      }
      if (EqualsIgnoreCase(name, "start") || EqualsIgnoreCase(name, "end")) {
        parameters[name] = data::Instant{};
      }
    }
    return parameters;
  }

  // Always, but in a project whose configuration has errors.
  bool KnowsAll(const std::vector<std::string>& parameters) const {
    return ParametersFor(parameters).size() == parameters.size();
  }

  void BindModel(const Asset& asset, const ModelSpec& model) {
    if (!CanBind(model.facts.tables) || !KnowsAll(model.facts.parameters)) return;
    auto bound = session_.Bind(model.sql, ParametersFor(model.facts.parameters));
    if (!bound.ok()) {
      const Location in_sql =
          bound.error().location().value_or(Location{.file = "", .line = 1, .column = 1});
      result_.diagnostics.errors.push_back(std::move(bound).error().At(
          {asset.location.file, model.sql_line + in_sql.line - 1, in_sql.column}));
      return;
    }
    CheckNames(asset, model, bound->schema);
    CheckKeys(model, bound->schema);
    CheckPartitions(asset, bound->schema);
    if (model.materialized == Materialization::kScd2) {
      for (const data::Field& field : data::HistoryColumns()) bound->schema.fields.push_back(field);
    }
    CheckDeclared(asset, bound->schema);
    schemas_[&asset] = bound->schema;
    result_.bound[asset.name] = std::move(*bound);
  }

  void CheckNames(const Asset& asset, const ModelSpec& model, const data::Schema& schema) {
    const Location place{asset.location.file, model.sql_line, 1};
    std::set<std::string> names;
    if (model.materialized == Materialization::kScd2) {
      for (const data::Field& field : data::HistoryColumns()) names.insert(field.name);
    }
    const bool is_history = model.materialized == Materialization::kScd2;
    for (const data::Field& field : schema.fields) {
      WarnOfUnnamed(place, model, field.name);
      if (names.insert(ToLower(field.name)).second) continue;
      Fail(place, fmt::format("the query has a second column '{}'", field.name),
           is_history ? "name each column once, with AS; scd2 adds valid_from, valid_to and "
                        "is_current"
                      : "name each column once, with AS");
    }
  }

  // The engine names a column after its expression, such as count_star(), which changes with it.
  void WarnOfUnnamed(const Location& place, const ModelSpec& model, const std::string& column) {
    const bool is_expression = column.find('(') != std::string::npos;
    if (!is_expression || model.sql.find(QuoteIdentifier(column)) != std::string::npos) return;
    result_.diagnostics.warnings.push_back(
        InvalidInput(fmt::format("the query does not name the column '{}'", column))
            .WithHint("name it with AS: " + Example(column))
            .At(place));
  }

  static std::string Example(const std::string& column) {
    return column == "count_star()" ? "count(*) AS rows" : column + " AS name";
  }

  void CheckKeys(const ModelSpec& model, const data::Schema& schema) {
    for (const std::string& column : model.key) {
      if (schema.Find(column) != nullptr) continue;
      Fail(model.key_location, fmt::format("the query has no column '{}' for 'key'", column),
           NearestHint(column, schema.names()));
    }
    if (model.time_column.empty()) return;
    const Location& place = model.time_column_location;
    const data::Field* field = schema.Find(model.time_column);
    if (field == nullptr) {
      Fail(place, fmt::format("the query has no column '{}' for 'time_column'", model.time_column),
           NearestHint(model.time_column, schema.names()));
      return;
    }
    const TypeKind kind = field->type.kind;
    if (kind != TypeKind::kDate && kind != TypeKind::kTimestamp &&
        kind != TypeKind::kTimestampNtz) {
      Fail(place,
           fmt::format("'time_column' {} must be a date or timestamp, not {}", field->name,
                       field->type.ToString()),
           fmt::format("cast it: {}::timestamptz", QuoteIdentifier(field->name)));
    }
  }

  void CheckPartitions(const Asset& asset, const data::Schema& schema) {
    for (const std::string& column : asset.partition_by) {
      if (schema.Find(column) != nullptr) continue;
      Fail(asset.partition_by_location,
           fmt::format("the query has no column '{}' for 'partition_by'", column),
           NearestHint(column, schema.names()));
    }
  }

  void CheckDeclared(const Asset& asset, const data::Schema& schema) {
    for (const Column& column : asset.columns) {
      const data::Field* field = schema.Find(column.name);
      if (field == nullptr) {
        Fail(column.location, fmt::format("the query has no column '{}'", column.name),
             NearestHint(column.name, schema.names()));
      } else if (column.type && !(*column.type == field->type)) {
        Fail(column.location,
             fmt::format("column '{}' is declared as {}, and the query gives {}", column.name,
                         column.type->ToString(), field->type.ToString()),
             fmt::format("change the declaration, or cast in the query: {}::{}",
                         QuoteIdentifier(field->name), data::ToSql(*column.type)));
      }
    }
  }

  void CheckChecks(const Asset& asset) {
    if (!asset.broken.empty()) return;
    const data::Schema* schema = SchemaOf(asset);
    if (schema == nullptr) return;
    this_ = &asset;
    for (const Check& check : asset.checks) {
      for (const std::string& bound : BoundsOf(check)) CheckBound(check, *schema, bound);
      if (const auto* freshness = std::get_if<Freshness>(&check.kind)) {
        RequireColumn(check, *schema, freshness->column);
      } else if (const auto* unique = std::get_if<UniqueKey>(&check.kind)) {
        for (const std::string& column : unique->columns) RequireColumn(check, *schema, column);
      } else if (const auto* relation = std::get_if<Relationships>(&check.kind)) {
        const Asset* target = index_.Resolve(relation->table);
        const data::Schema* columns = target == nullptr ? nullptr : SchemaOf(*target);
        if (columns != nullptr) {
          RequireColumn(check, *columns, relation->column);
          CheckRelation(check, *schema, *columns, *relation);
        }
      } else if (const auto* accepted = std::get_if<AcceptedValues>(&check.kind)) {
        for (const std::string& value : accepted->values) CheckAccepted(check, *schema, value);
      } else if (const auto* pattern = std::get_if<Pattern>(&check.kind)) {
        CheckPattern(check, *pattern);
      } else if (const auto* custom = std::get_if<CustomSql>(&check.kind)) {
        BindCustom(check, *custom);
      }
    }
    this_ = nullptr;
  }

  void RequireColumn(const Check& check, const data::Schema& schema, const std::string& column) {
    if (schema.Find(column) != nullptr) return;
    Fail(check.location, fmt::format("check '{}': there is no column '{}'", check.name, column),
         NearestHint(column, schema.names()));
  }

  // Whether a value of the column's type can be compared with `bound`, a SQL literal.
  void CheckBound(const Check& check, const data::Schema& schema, const std::string& bound) {
    const data::Field* field = schema.Find(check.column);
    if (field == nullptr) return;
    const std::string type = data::ToSql(field->type);
    if (!sound_bounds_.insert(type + " " + bound).second) return;
    const bool is_text = bound.starts_with("'");
    const bool is_sound =
        is_text ? IsExactly(Unquoted(bound), field->type).ok()
                : session_.Query(fmt::format("SELECT CAST(NULL AS {}) < {}", type, bound)).ok();
    if (is_sound) return;
    sound_bounds_.erase(type + " " + bound);
    Fail(check.location,
         fmt::format("check '{}': {} cannot be compared with {}, which is {}", check.name, bound,
                     check.column, field->type.ToString()),
         "write a bound of that type, or compare in a check by 'sql'");
  }

  // The text of a SQL literal.
  static std::string Unquoted(const std::string& literal) {
    std::string text;
    for (std::size_t i = 1; i + 1 < literal.size(); i++) {
      text += literal[i];
      if (literal[i] == '\'') i++;
    }
    return text;
  }

  void CheckRelation(const Check& check, const data::Schema& schema, const data::Schema& parent,
                     const Relationships& relation) {
    const data::Field* field = schema.Find(check.column);
    const data::Field* key = parent.Find(relation.column);
    if (field == nullptr || key == nullptr) return;
    const auto tried =
        session_.Query(fmt::format("SELECT CAST(NULL AS {}) IN (SELECT CAST(NULL AS {}))",
                                   data::ToSql(field->type), data::ToSql(key->type)));
    if (tried.ok()) return;
    Fail(check.location,
         fmt::format("check '{}': {} is {}, and {}.{} is {}: they cannot be compared", check.name,
                     field->name, field->type.ToString(), relation.table, key->name,
                     key->type.ToString()),
         "cast one of them in its model, or compare in a check by 'sql'");
  }

  // Whether a value of the column's type can be exactly this text.
  void CheckAccepted(const Check& check, const data::Schema& schema, const std::string& value) {
    const data::Field* field = schema.Find(check.column);
    if (field == nullptr || field->type.kind == TypeKind::kString) return;
    const auto exact = IsExactly(value, field->type);
    if (exact.ok()) return;
    Fail(check.location,
         fmt::format("check '{}': no value of {}, which is {}, is '{}'", check.name, check.column,
                     field->type.ToString(), value),
         "write values of that type");
  }

  void CheckPattern(const Check& check, const Pattern& pattern) {
    auto tried = session_.Query(
        fmt::format("SELECT regexp_full_match('', {})", QuoteLiteral(pattern.regex)));
    if (tried.ok()) return;
    result_.diagnostics.errors.push_back(std::move(tried)
                                             .error()
                                             .WithContext(fmt::format("check '{}'", check.name))
                                             .At(check.location));
  }

  void BindCustom(const Check& check, const CustomSql& custom) {
    if (!CanBind(custom.tables)) return;
    const auto facts = engine::AnalyzeSelect(custom.sql);
    if (!facts.ok() || !KnowsAll(facts->parameters)) return;  // reported by the loader
    auto bound = session_.Bind(custom.sql, ParametersFor(facts->parameters));
    if (bound.ok()) return;
    result_.diagnostics.errors.push_back(std::move(bound)
                                             .error()
                                             .WithContext(fmt::format("check '{}'", check.name))
                                             .At(check.location));
  }

  const Project& project_;
  engine::Session& session_;
  const KnownSchema& known_schema_;
  const AssetIndex index_;
  std::map<const Asset*, data::Schema> schemas_;
  const Asset* this_ = nullptr;  // whose checks are bound
  std::set<std::string> sound_bounds_;
  BindResult result_;
};

}  // namespace

BindResult BindProject(const Project& project, engine::Session& session,
                       const KnownSchema& known_schema) {
  return ProjectBinder(project, session, known_schema).Bind();
}

}  // namespace leat::project
