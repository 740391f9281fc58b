#include "project/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "project/asset_keys.h"
#include "project/sql_scan.h"
#include "project/yaml_map.h"

namespace leat::project {
namespace {

constexpr std::string_view kMarker = "@leat";

// The comment that begins with "/* @leat", among the comments before the first SQL; empty when
// there is none.
SqlToken FindFrontMatter(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const SqlToken token = NextSqlToken(text, at);
    if (token.kind != SqlTokenKind::kSpace && token.kind != SqlTokenKind::kComment) break;
    if (token.kind == SqlTokenKind::kComment && text.substr(at, 2) == "/*" &&
        Trim(text.substr(at + 2, token.end - at - 2)).starts_with(kMarker)) {
      return token;
    }
    at = token.end;
  }
  return {};
}

// Whether a comment was meant as front matter: "/* leat", "/* @bruin", "-- @leat".
bool LooksLikeFrontMatter(std::string_view comment) {
  std::string_view inner = Trim(comment.substr(2));
  const std::string_view word = inner.substr(0, inner.find_first_of(" \t\r\n*"));
  if (word == kMarker || word == "@bruin" || word == "@asset") return true;
  const std::string_view first_line = Trim(inner.substr(0, inner.find('\n')));
  return comment.substr(0, 2) == "/*" && EqualsIgnoreCase(first_line, "leat");
}

// Reports comments that hold keys and would be passed over, behind `begin`.
void ReportStrayFrontMatter(const SourceText& source, std::size_t begin, Reporter& reporter) {
  const std::string_view text = source.text;
  for (std::size_t at = begin; at < text.size();) {
    const SqlToken token = NextSqlToken(text, at);
    if (token.end <= at) return;
    const std::string_view comment = text.substr(token.begin, token.end - token.begin);
    if (token.kind == SqlTokenKind::kComment && comment.size() > 2 &&
        LooksLikeFrontMatter(comment)) {
      reporter.Fail(source.At(token.begin),
                    "this comment looks like front matter, and is not read as such",
                    "one comment before the SQL begins with a line '/* @leat' and ends with a line "
                    "'@leat */'");
      return;
    }
    at = token.end;
  }
}

// The offset of the "@leat" that closes, or npos: the last one before "*/", with only space
// between.
std::size_t FindClosing(std::string_view text, std::size_t begin) {
  for (std::size_t at = text.find(kMarker, begin); at != std::string_view::npos;
       at = text.find(kMarker, at + kMarker.size())) {
    const std::size_t next = text.find_first_not_of(" \t\r\n", at + kMarker.size());
    if (next != std::string_view::npos && text.substr(next, 2) == "*/") return at;
  }
  return std::string_view::npos;
}

int LineOf(std::string_view text, std::size_t offset) {
  return 1 + static_cast<int>(std::count(text.begin(),
                                         text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

// Takes the SQL that follows `begin`, from the start of its first line with content.
void TakeSql(std::string_view text, std::size_t begin, FrontMatter& parts) {
  const std::size_t content = std::min(text.find_first_not_of(" \t\r\n", begin), text.size());
  const std::size_t newline = content == 0 ? std::string_view::npos : text.rfind('\n', content - 1);
  const std::size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
  const std::size_t blank = line_begin < begin ? begin - line_begin : 0;
  parts.sql_line = LineOf(text, content);
  parts.sql = std::string(blank, ' ');
  parts.sql += text.substr(line_begin + blank);
  parts.sql.resize(EndOfSql(parts.sql));
}

std::optional<Materialization> ReadMaterialization(YamlMap& map) {
  const auto text = map.Text("materialized");
  if (text && *text == "stream") {
    map.reporter().Fail(*map.Find("materialized"), "'stream' is not available in this release",
                        "use append with a schedule");
    return std::nullopt;
  }
  return map.Choice<Materialization>("materialized", {{"table", Materialization::kTable},
                                                      {"view", Materialization::kView},
                                                      {"append", Materialization::kAppend},
                                                      {"merge", Materialization::kMerge},
                                                      {"interval", Materialization::kInterval},
                                                      {"scd2", Materialization::kScd2}});
}

void ReadKey(YamlMap& map, ModelSpec& model) {
  Reporter& reporter = map.reporter();
  const bool needs_key =
      model.materialized == Materialization::kMerge || model.materialized == Materialization::kScd2;
  const YamlNode* node = map.Find("key");
  if (needs_key) node = map.Require("key", "key: [order_id]");
  if (node == nullptr) return;
  model.key = TextsOf(*node, reporter);
  model.key_location = reporter.At(*node);
  if (!needs_key) {
    reporter.Fail(reporter.AtKey(*node), "'key' is for materialized: merge and scd2", "remove it");
  } else if (model.key.empty()) {
    reporter.Fail(*node, "'key' lists no column");
  }
  for (auto column = model.key.begin(); column != model.key.end(); ++column) {
    const bool twice = std::any_of(model.key.begin(), column, [&](const std::string& other) {
      return EqualsIgnoreCase(other, *column);
    });
    if (twice) reporter.Fail(*node, fmt::format("'key' lists '{}' twice", *column));
  }
}

void ReadIntervalKeys(YamlMap& map, ModelSpec& model) {
  const bool is_interval = model.materialized == Materialization::kInterval;
  const YamlNode* node = map.Find("time_column");
  if (is_interval) {
    node = map.Require("time_column", "time_column: order_date");
    // A schedule of the wrong form has been reported already.
    if (map.Find("schedule") == nullptr) map.Require("schedule", "schedule: \"@daily\"");
  }
  model.time_column = map.Text("time_column").value_or("");
  if (node != nullptr) model.time_column_location = map.reporter().At(*node);
  if (node != nullptr && !is_interval && model.materialized != Materialization::kScd2) {
    map.reporter().FailAtKey(*node, "'time_column' is for materialized: interval and scd2",
                             "remove it");
  }
}

void ReadDeletes(YamlMap& map, ModelSpec& model) {
  const YamlNode* node = map.Find("deletes");
  const auto closes = map.Choice<bool>("deletes", {{"keep", false}, {"close", true}});
  model.closes_deleted = closes.value_or(false);
  if (node == nullptr || model.materialized == Materialization::kScd2) return;
  map.reporter().FailAtKey(*node, "'deletes' is for materialized: scd2", "remove it");
}

// A row that is set aside would look as if its key were gone.
void CheckDeletes(const ParsedAsset& parsed, const ModelSpec& model, Reporter& reporter) {
  if (!model.closes_deleted) return;
  for (const Check& check : parsed.asset.checks) {
    if (check.on_fail != OnFail::kQuarantine && check.on_fail != OnFail::kDrop) continue;
    reporter.Fail(check.location,
                  "with deletes: close, the key of a row that a check sets aside would be closed",
                  "use on_fail: fail or warn, or filter in the model");
  }
}

// A view has no rows of its own that could be set aside.
void CheckView(const ParsedAsset& parsed, const ModelSpec& model, Reporter& reporter) {
  if (model.materialized != Materialization::kView) return;
  if (!parsed.asset.partition_by.empty() || !parsed.asset.properties.empty()) {
    reporter.Fail(parsed.asset.location,
                  "a view stores nothing: 'partition_by' and 'properties' are for tables",
                  "remove them, or materialize it as a table");
  }
  for (const Check& check : parsed.asset.checks) {
    if (check.on_fail != OnFail::kQuarantine && check.on_fail != OnFail::kDrop) continue;
    reporter.Fail(check.location, "a view stores no rows to quarantine or drop",
                  "use on_fail: fail or warn, or materialized: table");
  }
}

void ReadFrontMatter(const FrontMatter& parts, const SourceText& source, Reporter& reporter,
                     ParsedAsset& parsed, ModelSpec& model) {
  const auto root = ParseYaml(parts.yaml, parts.yaml_line, reporter);
  if (!root || root->is_null()) return;
  YamlMap map(*root, "front matter", reporter);
  const auto materialized = ReadMaterialization(map);
  if (materialized) model.materialized = *materialized;
  ReadRunKeys(map, parsed.asset);
  ReadTableKeys(map, parsed.asset);
  ReadDescriptiveKeys(map, source, parsed);
  if (materialized || map.Find("materialized") == nullptr) {
    ReadKey(map, model);
    ReadIntervalKeys(map, model);
    ReadDeletes(map, model);
  } else {  // unknown: whether these are needed is unknown too
    map.Find("key");
    map.Find("time_column");
    map.Find("deletes");
  }
  map.ReportUnknownKeys();
  CheckView(parsed, model, reporter);
  CheckDeletes(parsed, model, reporter);
}

// The place in the file of a line and column of the model's SQL.
Location PlaceInSql(const SourceText& source, const ModelSpec& model, const Location& in_sql) {
  return {source.file, model.sql_line + std::max(in_sql.line, 1) - 1, in_sql.column};
}

void AnalyzeSql(const SourceText& source, Reporter& reporter, ParsedAsset& parsed,
                ModelSpec& model) {
  if (model.sql.empty()) {
    reporter.Fail({source.file, model.sql_line, 1}, "the model holds no SQL",
                  "write one SELECT statement");
    return;
  }
  auto facts = engine::AnalyzeSelect(model.sql);
  if (!facts.ok()) {
    const Location in_sql =
        facts.error().location().value_or(Location{.file = "", .line = 1, .column = 1});
    reporter.Fail(std::move(facts).error().At(PlaceInSql(source, model, in_sql)));
    return;
  }
  model.facts = std::move(*facts);
  for (const engine::TableReference& table : model.facts.tables) {
    const Location in_sql = engine::LocationOf(model.sql, table.offset);
    parsed.tables.push_back({table.name, PlaceInSql(source, model, in_sql), false});
  }
  for (const std::string& parameter : model.facts.parameters) {
    const Location in_sql = engine::LocationOf(model.sql, FindParameter(model.sql, parameter));
    parsed.parameters.push_back({parameter, PlaceInSql(source, model, in_sql)});
  }
  const bool uses_interval = std::any_of(
      model.facts.parameters.begin(), model.facts.parameters.end(), [](const std::string& name) {
        return EqualsIgnoreCase(name, "start") || EqualsIgnoreCase(name, "end");
      });
  if (model.materialized == Materialization::kInterval && !uses_interval) {
    reporter.Warn(
        {source.file, model.sql_line, 1},
        "the interval model uses neither $start nor $end, so each interval reads everything",
        fmt::format("add: where {0} >= $start and {0} < $end",
                    model.time_column.empty() ? "TIME_COLUMN" : model.time_column));
  }
}

}  // namespace

Result<FrontMatter> SplitFrontMatter(const SourceText& source) {
  const std::string_view text = source.text;
  FrontMatter parts;
  const SqlToken comment = FindFrontMatter(text);
  if (comment.end == 0) {
    TakeSql(text, 0, parts);
    return parts;
  }
  const std::size_t marker = text.find(kMarker, comment.begin);
  const std::size_t yaml = text.find('\n', marker);
  const std::size_t closing = FindClosing(text, marker + kMarker.size());
  if (closing == std::string_view::npos) {
    return InvalidInput("the front matter is not closed")
        .WithHint("end it with a line '@leat */'")
        .At(source.At(comment.begin));
  }
  if (yaml == std::string_view::npos || yaml > closing ||
      !Trim(text.substr(marker + kMarker.size(), yaml - marker - kMarker.size())).empty()) {
    return InvalidInput("the front matter must begin on the line after '/* @leat'")
        .WithHint("break the line after '@leat'")
        .At(source.At(marker + kMarker.size()));
  }
  parts.yaml = text.substr(yaml + 1, closing - yaml - 1);
  parts.yaml_line = LineOf(text, yaml + 1);
  TakeSql(text, text.find("*/", closing) + 2, parts);
  return parts;
}

ParsedAsset ReadModel(const SourceText& source, const AssetName& name, Diagnostics& diagnostics) {
  ParsedAsset parsed;
  parsed.asset.name = name;
  parsed.asset.location = {source.file, 1, 1};
  ModelSpec model;
  Reporter reporter(source.file, diagnostics);
  auto parts = SplitFrontMatter(source);
  if (parts.ok()) {
    if (!parts->yaml.empty()) ReadFrontMatter(*parts, source, reporter, parsed, model);
    ReportStrayFrontMatter(source, FindFrontMatter(source.text).end, reporter);
    model.sql = std::move(parts->sql);
    model.sql_line = parts->sql_line;
    AnalyzeSql(source, reporter, parsed, model);
  } else {
    reporter.Fail(std::move(parts).error());
  }
  parsed.asset.spec = std::move(model);
  return parsed;
}

}  // namespace leat::project
