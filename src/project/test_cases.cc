#include "project/test_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "project/graph.h"
#include "project/yaml_map.h"

namespace leat::project {
namespace {

// The narrowest type that holds both values' kinds; nothing as long as only nulls were seen.
using ColumnKind = std::optional<data::TypeKind>;

ColumnKind Widen(ColumnKind kind, const data::Value& value) {
  using data::TypeKind;
  ColumnKind cell;
  if (std::holds_alternative<bool>(value)) cell = TypeKind::kBoolean;
  if (std::holds_alternative<std::int64_t>(value)) cell = TypeKind::kLong;
  if (std::holds_alternative<double>(value)) cell = TypeKind::kDouble;
  if (std::holds_alternative<std::string>(value)) cell = TypeKind::kString;
  if (!cell) return kind;
  if (!kind || *kind == *cell) return cell;
  const auto is_number = [](TypeKind k) { return k == TypeKind::kLong || k == TypeKind::kDouble; };
  return is_number(*kind) && is_number(*cell) ? TypeKind::kDouble : TypeKind::kString;
}

data::Value CellOf(const YamlNode* node) {
  if (node == nullptr || node->is_null()) return std::monostate{};
  if (node->is_scalar()) return node->text;
  return node->ToValue();
}

const YamlNode* CellNode(const YamlNode& row, const std::string& column) {
  for (const YamlNode& child : row.children) {
    if (EqualsIgnoreCase(child.key, column)) return &child;
  }
  return nullptr;
}

data::Rows ReadRows(const YamlNode& list, const std::string& what, Reporter& reporter) {
  data::Rows rows;
  if (!list.is_list()) {
    reporter.Fail(list, fmt::format("{} must be a list of rows, not {}", what, list.KindName()),
                  "for example: [{order_id: 1, amount: 10.5}]");
    return rows;
  }
  std::vector<std::string> columns;
  std::vector<ColumnKind> kinds;
  for (const YamlNode& row : list.children) {
    if (!row.is_map()) {
      reporter.Fail(row, fmt::format("a row of {} must be a map from columns to values, not {}",
                                     what, row.KindName()));
      return rows;
    }
    for (const YamlNode& cell : row.children) {
      const auto same = std::find_if(columns.begin(), columns.end(), [&](const std::string& name) {
        return EqualsIgnoreCase(name, cell.key);
      });
      const auto at = static_cast<std::size_t>(same - columns.begin());
      if (same == columns.end()) {
        columns.push_back(cell.key);
        kinds.emplace_back();
      }
      kinds[at] = Widen(kinds[at], cell.ToValue());
    }
  }
  for (std::size_t i = 0; i < columns.size(); i++) {
    const data::TypeKind kind = kinds[i].value_or(data::TypeKind::kString);
    rows.schema.fields.push_back({.name = columns[i], .type = {.kind = kind}});
  }
  for (const YamlNode& row : list.children) {
    std::vector<data::Value> cells;
    for (const data::Field& field : rows.schema.fields) {
      cells.push_back(CellOf(CellNode(row, field.name)));
    }
    rows.rows.push_back(std::move(cells));
  }
  return rows;
}

ParsedTest ReadTest(const YamlNode& node, Reporter& reporter) {
  ParsedTest parsed;
  UnitTest& test = parsed.test;
  YamlMap map(node, "test", reporter);
  test.location = reporter.At(node);
  map.Require("name", "name: late_orders_count_once");
  test.name = map.Text("name").value_or("");
  if (const YamlNode* model = map.Require("model", "model: silver.orders")) {
    parsed.model_location = reporter.At(*model);
  }
  test.model = AssetName(map.Text("model").value_or(""));
  if (const YamlNode* given = map.Find("given")) {
    const YamlMap tables(*given, "'given'", reporter);
    for (const YamlNode& table : tables.node().children) {
      test.given[table.key] = ReadRows(table, fmt::format("'{}'", table.key), reporter);
      parsed.given_locations[table.key] = reporter.AtKey(table);
    }
  }
  if (const YamlNode* expect = map.Require("expect", "expect: [{order_id: 1}]")) {
    test.expected = ReadRows(*expect, "'expect'", reporter);
  }
  test.ordered = map.Boolean("ordered").value_or(false);
  test.now = map.Instant("now");
  test.start = map.Instant("start");
  test.end = map.Instant("end");
  if (test.start && test.end && *test.end <= *test.start) {
    reporter.Fail(*map.Find("end"), "'end' is not after 'start'");
  }
  if (const YamlNode* vars = map.Find("vars")) {
    const YamlMap values(*vars, "'vars'", reporter);
    for (const YamlNode& var : values.node().children) {
      if (!var.is_scalar() && !var.is_null()) {
        reporter.Fail(var, fmt::format("'{}' must be one value, not {}", var.key, var.KindName()));
      }
      test.vars[var.key] = var.ToValue();
      parsed.var_locations[var.key] = reporter.AtKey(var);
    }
  }
  map.ReportUnknownKeys();
  return parsed;
}

// Resolves one test; reports what does not fit.
class TestResolver {
 public:
  TestResolver(const Project& project, const AssetIndex& index, Diagnostics& diagnostics)
      : project_(project), index_(index), diagnostics_(diagnostics) {}

  bool Resolve(ParsedTest& parsed) {
    const std::size_t errors_before = diagnostics_.errors.size();
    const Asset* model = ResolveModel(parsed);
    if (model != nullptr && model->broken.empty()) {
      ResolveGiven(parsed, *model);
      CheckWindow(parsed, *model);
    }
    ResolveVars(parsed);
    return diagnostics_.errors.size() == errors_before;
  }

 private:
  void Fail(const Location& location, std::string message, std::string hint) {
    diagnostics_.errors.push_back(
        InvalidInput(std::move(message)).WithHint(std::move(hint)).At(location));
  }

  const Asset* ResolveModel(ParsedTest& parsed) {
    const std::string& name = parsed.test.model.value();
    if (name.empty()) return nullptr;  // reported as missing
    const Asset* asset = index_.Resolve(name);
    if (asset == nullptr) {
      Fail(parsed.model_location, fmt::format("there is no model '{}'", name),
           NearestHint(name, index_.names()));
    } else if (!std::holds_alternative<ModelSpec>(asset->spec)) {
      Fail(parsed.model_location, fmt::format("'{}' is no model: only models compute rows", name),
           "test the models that read it");
      return nullptr;
    } else {
      parsed.test.model = asset->name;
    }
    return asset;
  }

  void ResolveGiven(ParsedTest& parsed, const Asset& model) {
    std::vector<std::string> inputs;
    for (const AssetName& input : ModelInputs(model, index_)) inputs.push_back(input.value());
    std::map<std::string, data::Rows> given;
    for (auto& [table, rows] : parsed.test.given) {
      const Location& at = parsed.given_locations[table];
      const Asset* asset = index_.Resolve(table);
      const std::string name = asset == nullptr ? table : asset->name.value();
      if (std::find(inputs.begin(), inputs.end(), name) == inputs.end()) {
        Fail(at, fmt::format("{} does not read '{}'", model.name.value(), table),
             NearestHint(table, inputs));
      } else if (!given.emplace(name, std::move(rows)).second) {
        Fail(at, fmt::format("'{}' is given twice", table), "remove one");
      }
    }
    for (const std::string& input : inputs) {
      if (given.count(input) > 0) continue;
      Fail(parsed.test.location,
           fmt::format("test '{}' gives no rows for {}", parsed.test.name, input),
           fmt::format("add '{}: []' to 'given' for a table without rows", input));
    }
    parsed.test.given = std::move(given);
  }

  void CheckWindow(const ParsedTest& parsed, const Asset& model) {
    const auto& used = std::get<ModelSpec>(model.spec).facts.parameters;
    const bool uses_window = std::any_of(used.begin(), used.end(), [](const std::string& name) {
      return EqualsIgnoreCase(name, "start") || EqualsIgnoreCase(name, "end");
    });
    if (!uses_window || (parsed.test.start && parsed.test.end)) return;
    Fail(parsed.test.location,
         fmt::format("test '{}' needs 'start' and 'end', which {} uses", parsed.test.name,
                     model.name.value()),
         "for example: start: 2026-11-01 and end: 2026-11-02");
  }

  void ResolveVars(const ParsedTest& parsed) {
    std::vector<std::string> known;
    for (const auto& var : project_.vars) known.push_back(var.first);
    for (const auto& var : parsed.test.vars) {
      if (std::find(known.begin(), known.end(), var.first) != known.end()) continue;
      Fail(parsed.var_locations.at(var.first),
           fmt::format("the project has no variable '{}'", var.first),
           known.empty() ? "declare it under 'vars:' of leat.yml" : NearestHint(var.first, known));
    }
  }

  const Project& project_;
  const AssetIndex& index_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::vector<ParsedTest> ReadTestCases(const SourceText& source, Diagnostics& diagnostics) {
  Reporter reporter(source.file, diagnostics);
  std::vector<ParsedTest> tests;
  const auto root = ParseYaml(source.text, 1, reporter);
  if (!root || root->is_null()) return tests;
  if (!root->is_list()) {
    reporter.Fail(*root, fmt::format("a file of tests must be a list, not {}", root->KindName()),
                  "begin each test with '- name: ...'");
    return tests;
  }
  for (const YamlNode& node : root->children) {
    if (node.is_map()) {
      tests.push_back(ReadTest(node, reporter));
    } else {
      reporter.Fail(node, fmt::format("a test must be a map, not {}", node.KindName()),
                    "begin each test with '- name: ...'");
    }
  }
  return tests;
}

std::vector<UnitTest> ResolveTestCases(std::vector<ParsedTest> tests, const Project& project,
                                       Diagnostics& diagnostics) {
  const AssetIndex index(project.assets);
  TestResolver resolver(project, index, diagnostics);
  std::map<std::string, Location> names;
  std::vector<UnitTest> resolved;
  for (ParsedTest& parsed : tests) {
    const auto [first, is_new] = names.emplace(parsed.test.name, parsed.test.location);
    if (!is_new && !parsed.test.name.empty()) {
      diagnostics.errors.push_back(
          InvalidInput(fmt::format("a second test is named '{}' (first at {})", parsed.test.name,
                                   first->second.ToString()))
              .WithHint("give each test its own name")
              .At(parsed.test.location));
    }
    if (resolver.Resolve(parsed)) resolved.push_back(std::move(parsed.test));
  }
  return resolved;
}

}  // namespace leat::project
