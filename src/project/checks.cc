#include "project/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "engine/sql.h"
#include "project/limits.h"
#include "project/sql_scan.h"
#include "project/yaml_map.h"

namespace leat::project {
namespace {

using ReadKind = std::optional<CheckKind> (*)(YamlMap& options);

// One kind of check. `main_option` is the option that a value without a map stands for.
struct CheckForm {
  const char* name;
  bool on_column;
  const char* main_option;
  ReadKind read;
};

// The SQL literal of a scalar: numbers as they are, everything else quoted.
std::optional<std::string> Literal(YamlMap& options, const std::string& key) {
  const YamlNode* node = options.Require(key, key + ": 0");
  const auto text = options.Text(key);
  if (node == nullptr || !text) return std::nullopt;
  return node->AsNumber() ? *text : QuoteLiteral(*text);
}

template <typename Kind>
std::optional<CheckKind> ReadPlain(YamlMap&) {
  return Kind{};
}

std::optional<CheckKind> ReadAcceptedValues(YamlMap& options) {
  const YamlNode* values = options.Require("values", "accepted_values: [north, south]");
  if (values == nullptr) return std::nullopt;
  AcceptedValues kind{TextsOf(*values, options.reporter())};
  if (kind.values.empty()) options.reporter().Fail(*values, "'accepted_values' lists no value");
  return kind;
}

std::optional<CheckKind> ReadRelationships(YamlMap& options) {
  const char* example = "relationships: {table: silver.customers, column: customer_id}";
  options.Require("table", example);
  options.Require("column", example);
  const auto table = options.Text("table");
  const auto column = options.Text("column");
  if (!table || !column) return std::nullopt;
  return Relationships{.table = *table, .column = *column};
}

std::optional<CheckKind> ReadPattern(YamlMap& options) {
  options.Require("regex", "pattern: \"[A-Z]{3}\"");
  const auto regex = options.Text("regex");
  if (!regex) return std::nullopt;
  return Pattern{*regex};
}

std::optional<CheckKind> ReadMin(YamlMap& options) {
  const auto value = Literal(options, "value");
  if (!value) return std::nullopt;
  return Min{*value};
}

std::optional<CheckKind> ReadMax(YamlMap& options) {
  const auto value = Literal(options, "value");
  if (!value) return std::nullopt;
  return Max{*value};
}

std::optional<CheckKind> ReadBetween(YamlMap& options) {
  const auto min = Literal(options, "min");
  const auto max = Literal(options, "max");
  if (!min || !max) return std::nullopt;
  const auto low = options.Find("min")->AsNumber();
  const auto high = options.Find("max")->AsNumber();
  if (low && high && *low > *high) {
    options.reporter().Fail(*options.Find("min"),
                            fmt::format("'min' ({}) is greater than 'max' ({})", *min, *max));
  }
  return Between{.min = *min, .max = *max};
}

std::optional<CheckKind> ReadOfType(YamlMap& options) {
  const YamlNode* node = options.Require("type", "type: bigint");
  const auto text = options.Text("type");
  if (!text) return std::nullopt;
  auto type = data::ParseType(*text);
  if (!type.ok()) {
    options.reporter().Fail(*node, std::move(type).error());
    return std::nullopt;
  }
  return OfType{data::ToSql(*type)};
}

std::optional<CheckKind> ReadRowCount(YamlMap& options) {
  const RowCount kind{.min = options.Integer("min", 0, INT64_MAX),
                      .max = options.Integer("max", 0, INT64_MAX)};
  if (!kind.min && !kind.max) {
    if (options.Find("min") == nullptr && options.Find("max") == nullptr) {
      options.reporter().FailAtKey(options.node(), "'row_count' needs 'min' or 'max'",
                                   "for example: row_count: {min: 1}");
    }
    return std::nullopt;
  }
  if (kind.min && kind.max && *kind.min > *kind.max) {
    options.reporter().Fail(
        *options.Find("min"),
        fmt::format("'min' ({}) is greater than 'max' ({})", *kind.min, *kind.max));
  }
  return kind;
}

std::optional<CheckKind> ReadFreshness(YamlMap& options) {
  const char* example = "freshness: {column: updated_at, max_age: 1d}";
  options.Require("column", example);
  options.Require("max_age", example);
  const auto column = options.Text("column");
  const auto max_age_us = options.DurationUs("max_age");
  if (!column || !max_age_us) return std::nullopt;
  return Freshness{.column = *column, .max_age_us = *max_age_us};
}

std::optional<CheckKind> ReadUniqueKey(YamlMap& options) {
  const YamlNode* columns = options.Require("columns", "unique_key: [order_id, line]");
  if (columns == nullptr) return std::nullopt;
  UniqueKey kind{TextsOf(*columns, options.reporter())};
  if (kind.columns.empty()) options.reporter().Fail(*columns, "'unique_key' lists no column");
  return kind;
}

std::optional<CheckKind> ReadVolumeAnomaly(YamlMap& options) {
  VolumeAnomaly kind;
  if (const auto history = options.Integer("history", 2, kMaxAnomalyHistory)) {
    kind.history = static_cast<int>(*history);
  }
  if (const auto sensitivity = options.Number("sensitivity", 0.1, 100)) {
    kind.sensitivity = *sensitivity;
  }
  return kind;
}

constexpr std::array<CheckForm, 14> kForms = {{
    {"not_null", true, nullptr, ReadPlain<NotNull>},
    {"unique", true, nullptr, ReadPlain<Unique>},
    {"positive", true, nullptr, ReadPlain<Positive>},
    {"accepted_values", true, "values", ReadAcceptedValues},
    {"relationships", true, nullptr, ReadRelationships},
    {"pattern", true, "regex", ReadPattern},
    {"min", true, "value", ReadMin},
    {"max", true, "value", ReadMax},
    {"between", true, nullptr, ReadBetween},
    {"type", true, "type", ReadOfType},
    {"row_count", false, nullptr, ReadRowCount},
    {"freshness", false, nullptr, ReadFreshness},
    {"unique_key", false, "columns", ReadUniqueKey},
    {"volume_anomaly", false, nullptr, ReadVolumeAnomaly},
}};

bool JudgesTableAsWhole(const CheckKind& kind) {
  return std::holds_alternative<RowCount>(kind) || std::holds_alternative<Freshness>(kind) ||
         std::holds_alternative<VolumeAnomaly>(kind);
}

class ChecksReader {
 public:
  ChecksReader(const std::string& column, const SourceText& source, Reporter& reporter,
               ParsedAsset& parsed)
      : column_(column), source_(source), reporter_(reporter), parsed_(parsed) {}

  void Read(const YamlNode& item) {
    if (item.is_scalar()) {
      YamlNode value{.line = item.line, .column = item.column};
      value.key = item.text;
      return ReadKnownKind(value, item, {});
    }
    if (!item.is_map()) {
      reporter_.Fail(item, fmt::format("a check must be text or a map, not {}", item.KindName()));
      return;
    }
    std::vector<const YamlNode*> kinds, shared;
    for (const YamlNode& child : item.children) {
      const bool is_shared = child.key == "name" || child.key == "on_fail";
      (is_shared ? shared : kinds).push_back(&child);
    }
    const bool is_custom = std::any_of(item.children.begin(), item.children.end(),
                                       [](const YamlNode& child) { return child.key == "sql"; });
    if (is_custom) return ReadCustom(item);
    if (kinds.empty()) {
      reporter_.Fail(item, "a check needs its kind", NearestHint("", KindNames()));
    } else if (kinds.size() > 1) {
      reporter_.FailAtKey(
          *kinds[1],
          fmt::format("a check has one kind: '{}' and '{}' are two", kinds[0]->key, kinds[1]->key),
          "make each its own list entry; options go into {} behind the kind");
    } else {
      ReadKnownKind(*kinds[0], *kinds[0], shared);
    }
  }

 private:
  std::vector<std::string> KindNames() const {
    std::vector<std::string> names;
    for (const CheckForm& form : kForms) {
      if (form.on_column != column_.empty()) names.emplace_back(form.name);
    }
    if (column_.empty()) names.emplace_back("sql");
    return names;
  }

  Location PlaceOf(const YamlNode& node) const {
    return node.key_line > 0 ? reporter_.AtKey(node) : reporter_.At(node);
  }

  void ReadKnownKind(const YamlNode& value, const YamlNode& place,
                     const std::vector<const YamlNode*>& shared) {
    const auto form = std::find_if(kForms.begin(), kForms.end(),
                                   [&](const CheckForm& f) { return value.key == f.name; });
    if (form == kForms.end()) {
      reporter_.Fail(PlaceOf(place), fmt::format("unknown check '{}'", value.key),
                     NearestHint(value.key, KindNames()));
      return;
    }
    if (form->on_column == column_.empty()) {
      reporter_.Fail(PlaceOf(place),
                     fmt::format("'{}' is a check on {}", form->name,
                                 form->on_column ? "a column" : "the table"),
                     form->on_column ? "put it under columns: {NAME: {checks: [...]}}"
                                     : "put it under the asset's own 'checks:'");
      return;
    }
    YamlNode options_node = OptionsOf(value, *form);
    for (const YamlNode* option : shared) options_node.children.push_back(*option);
    YamlMap options(options_node, fmt::format("check '{}'", form->name), reporter_);
    auto kind = form->read(options);
    Finish(options, std::move(kind), form->name, PlaceOf(place));
  }

  // The options as a map, whichever way they are written.
  YamlNode OptionsOf(const YamlNode& value, const CheckForm& form) {
    if (value.is_map()) return value;
    YamlNode options = value;
    options.kind = YamlNode::Kind::kMap;
    options.children.clear();
    if (value.is_null()) return options;
    if (form.main_option != nullptr) {
      options.children.push_back(value);
      options.children.back().key = form.main_option;
    } else {
      reporter_.Fail(
          value, fmt::format("'{}' takes options as a map, not {}", form.name, value.KindName()));
    }
    return options;
  }

  void ReadCustom(const YamlNode& item) {
    YamlMap options(item, "check", reporter_);
    const YamlNode* sql = options.Find("sql");
    if (!column_.empty()) {
      reporter_.Fail(item, "a check by 'sql' is a check on the table",
                     "put it under the asset's own 'checks:'");
      return;
    }
    options.Require("name", "name: revenue_not_negative");
    const auto text = options.Text("sql");
    std::optional<CheckKind> kind;
    if (text) kind = AnalyzeCustom(*sql, *text);
    Finish(options, std::move(kind), "sql", reporter_.At(item));
  }

  std::optional<CheckKind> AnalyzeCustom(const YamlNode& node, const std::string& text) {
    CustomSql custom{.sql = text.substr(0, EndOfSql(text)), .tables = {}};
    auto facts = engine::AnalyzeSelect(custom.sql);
    if (!facts.ok()) {
      const Location place =
          PlaceInScalar(source_, node, facts.error().location().value_or(Location{}));
      reporter_.Fail(std::move(facts).error().At(place));
      return std::nullopt;
    }
    for (engine::TableReference& table : facts->tables) {
      if (EqualsIgnoreCase(table.name, "this")) continue;
      const Location at = engine::LocationOf(custom.sql, table.offset);
      parsed_.tables.push_back({table.name, PlaceInScalar(source_, node, at), true});
      custom.tables.push_back(std::move(table));
    }
    for (const std::string& parameter : facts->parameters) {
      const Location at = engine::LocationOf(custom.sql, FindParameter(custom.sql, parameter));
      parsed_.parameters.push_back({parameter, PlaceInScalar(source_, node, at)});
    }
    return custom;
  }

  // Reads what all kinds share and adds the check.
  void Finish(YamlMap& options, std::optional<CheckKind> kind, const std::string& kind_name,
              const Location& place) {
    const auto given_name = options.Text("name");
    const auto on_fail = options.Choice<OnFail>("on_fail", {{"fail", OnFail::kFail},
                                                            {"quarantine", OnFail::kQuarantine},
                                                            {"drop", OnFail::kDrop},
                                                            {"warn", OnFail::kWarn}});
    options.ReportUnknownKeys();
    if (!kind) return;
    Check check{.name = given_name.value_or(DefaultName(kind_name)),
                .column = column_,
                .kind = std::move(*kind),
                .on_fail = on_fail.value_or(OnFail::kFail),
                .location = place};
    const bool sets_rows_aside =
        check.on_fail == OnFail::kQuarantine || check.on_fail == OnFail::kDrop;
    if (sets_rows_aside && JudgesTableAsWhole(check.kind)) {
      reporter_.Fail(*options.Find("on_fail"),
                     fmt::format("'{}' judges the table as a whole: there are no rows to {}",
                                 kind_name, *options.Text("on_fail")),
                     "use fail or warn");
    }
    if (const auto* relation = std::get_if<Relationships>(&check.kind)) {
      parsed_.tables.push_back({relation->table, reporter_.At(*options.Find("table")), true});
    }
    AddNamed(std::move(check), given_name.has_value());
  }

  std::string DefaultName(const std::string& kind_name) const {
    return column_.empty() ? kind_name : column_ + " " + kind_name;
  }

  // Null: the name is free.
  const Check* Named(const std::string& name) const {
    for (const Check& check : parsed_.asset.checks) {
      if (EqualsIgnoreCase(check.name, name)) return &check;
    }
    return nullptr;
  }

  // Names tell results apart, so they differ: made-up ones get a number, given ones are reported.
  void AddNamed(Check check, bool name_is_given) {
    if (const Check* first = Named(check.name); first != nullptr && name_is_given) {
      reporter_.Fail(check.location,
                     fmt::format("a second check is named '{}' (first at {})", check.name,
                                 first->location.ToString()),
                     "give each check its own name");
    }
    const std::string base = check.name;
    for (int i = 2; Named(check.name) != nullptr && !name_is_given; i++) {
      check.name = fmt::format("{} {}", base, i);
    }
    parsed_.asset.checks.push_back(std::move(check));
  }

  const std::string& column_;
  const SourceText& source_;
  Reporter& reporter_;
  ParsedAsset& parsed_;
};

}  // namespace

void ReadChecks(const YamlNode& list, const std::string& column, const SourceText& source,
                Reporter& reporter, ParsedAsset& parsed) {
  if (!list.is_list()) {
    reporter.Fail(list, fmt::format("'checks' must be a list, not {}", list.KindName()),
                  "for example: checks: [not_null, unique]");
    return;
  }
  ChecksReader reader(column, source, reporter, parsed);
  for (const YamlNode& item : list.children) reader.Read(item);
}

}  // namespace leat::project
