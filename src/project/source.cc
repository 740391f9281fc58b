#include "project/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/text.h"
#include "project/asset_keys.h"
#include "project/yaml_map.h"

namespace leat::project {
namespace {

constexpr std::array<const char*, 8> kOtherSources = {"http", "kafka", "mqtt",  "s3",
                                                      "url",  "path",  "topic", "postgres"};

// A text of exactly one byte.
std::string OneCharacter(YamlMap& map, const std::string& key) {
  const std::string text = map.Text(key).value_or("");
  const YamlNode* node = map.Find(key);
  if (node != nullptr && node->is_scalar() && text.size() != 1) {
    map.reporter().Fail(*node, fmt::format("'{}' must be one ASCII character", key));
  }
  return text;
}

// For texts that may not be empty, because empty stands for "detect".
std::string NonEmpty(YamlMap& map, const std::string& key) {
  const auto text = map.Text(key);
  if (text && text->empty()) {
    map.reporter().Fail(*map.Find(key), fmt::format("'{}' is empty", key),
                        "leave it out to have it detected");
  }
  return text.value_or("");
}

std::string Encoding(YamlMap& map) {
  const std::string name = NonEmpty(map, "encoding");
  if (!name.empty() && !IsKnownEncoding(name)) {
    map.reporter().Fail(*map.Find("encoding"), fmt::format("'{}' is not a known encoding", name),
                        "name it as iconv --list does: utf-8, utf-16, latin-1, windows-1252, "
                        "shift_jis, gb18030, euc-kr, …");
  }
  return name;
}

void ReadFormat(YamlMap& map, FileSourceOptions& file) {
  struct Format {
    FileFormat format;
    const char* delimiter;
  };
  const auto format = map.Choice<Format>("format", {{"auto", {FileFormat::kAuto, ""}},
                                                    {"csv", {FileFormat::kCsv, ""}},
                                                    {"tsv", {FileFormat::kCsv, "\t"}},
                                                    {"json", {FileFormat::kJson, ""}},
                                                    {"ndjson", {FileFormat::kJson, ""}},
                                                    {"parquet", {FileFormat::kParquet, ""}}});
  file.delimiter = NonEmpty(map, "delimiter");
  if (!format) return;
  file.format = format->format;
  if (file.delimiter.empty()) file.delimiter = format->delimiter;
}

// Options of text files mean nothing for Parquet; saying so beats ignoring them.
void RefuseTextOptions(YamlMap& map, const FileSourceOptions& file) {
  if (file.format != FileFormat::kParquet && file.format != FileFormat::kJson) return;
  std::vector<std::string> options = {"delimiter",  "quote",     "escape", "header",
                                      "skip_lines", "null_text", "comment"};
  if (file.format == FileFormat::kParquet) {
    for (const char* option : {"encoding", "compression", "date_format", "timestamp_format"}) {
      options.emplace_back(option);
    }
  }
  const char* name = file.format == FileFormat::kParquet ? "parquet" : "json";
  for (const std::string& option : options) {
    if (const YamlNode* node = map.Find(option)) {
      map.reporter().FailAtKey(*node, fmt::format("'{}' has no meaning for {} files", option, name),
                               "remove it");
    }
  }
}

void ReadGlob(YamlMap& map, FileSourceOptions& file) {
  const YamlNode* node = map.Require("file", "from: {file: \"landing/orders/*.csv\"}");
  const auto glob = map.Text("file");
  if (!glob) return;
  file.glob = *glob;
  file.location = map.reporter().At(*node);
  if (const std::size_t scheme = glob->find("://"); scheme != std::string::npos) {
    map.reporter().Fail(
        *node,
        fmt::format("files on '{}://' are not available in this release", glob->substr(0, scheme)),
        "name files on this machine");
  } else if (Trim(*glob).empty()) {
    map.reporter().Fail(*node, "'file' is empty", "name a file, folder or glob");
  }
}

// from: {connection: shop_db, table: public.orders}
TableSourceOptions ReadTable(const YamlNode& node, Reporter& reporter) {
  TableSourceOptions source;
  source.location = reporter.At(node);
  YamlMap map(node, "'from'", reporter);
  map.Require("connection", "from: {connection: shop_db, table: public.orders}");
  source.connection = map.Text("connection").value_or("");
  source.table = NonEmpty(map, "table");
  source.query = NonEmpty(map, "query");
  const bool has_table = map.Find("table") != nullptr;
  if (has_table == (map.Find("query") != nullptr)) {
    reporter.Fail(source.location,
                  has_table ? "'from' has both a table and a query" : "'from' names no table",
                  "give one of them: table: public.orders, or query: \"select ...\"");
  }
  map.ReportUnknownKeys();
  return source;
}

// load, key and incremental, which say how the rows of a database get into the table.
void ReadLoad(YamlMap& map, TableSourceOptions& source) {
  const auto load = map.Choice<LoadMode>("load", {{"replace", LoadMode::kReplace},
                                                  {"append", LoadMode::kAppend},
                                                  {"merge", LoadMode::kMerge}});
  source.load = load.value_or(LoadMode::kReplace);
  source.key = map.Texts("key");
  source.key_location = source.cursor_location = source.location;
  if (const YamlNode* node = map.Find("key")) source.key_location = map.reporter().At(*node);
  if (const YamlNode* node = map.Find("incremental")) {
    source.cursor_location = map.reporter().At(*node);
    YamlMap incremental(*node, "'incremental'", map.reporter());
    incremental.Require("cursor", "incremental: {cursor: updated_at}");
    source.cursor = incremental.Text("cursor").value_or("");
    source.lag_us = incremental.DurationUs("lag").value_or(0);
    incremental.ReportUnknownKeys();
    if (!load) {
      map.reporter().Fail(source.cursor_location, "'incremental' without 'load'",
                          "say what becomes of new rows: load: append, or load: merge with a key");
    } else if (*load == LoadMode::kReplace) {
      map.reporter().Fail(source.cursor_location,
                          "load: replace reads all rows, and has no use for 'incremental'",
                          "remove it, or use load: append or load: merge");
    }
  } else if (source.load == LoadMode::kAppend) {
    map.reporter().Fail(*map.Find("load"), "load: append needs a cursor to know new rows by",
                        "add incremental: {cursor: updated_at}");
  }
  if (source.load == LoadMode::kMerge && source.key.empty() && map.Find("key") == nullptr) {
    map.reporter().Fail(*map.Find("load"), "load: merge needs a key",
                        "name the columns that identify a row: key: [order_id]");
  }
}

// Keys that only rows of databases have.
void RefuseLoad(YamlMap& map) {
  for (const char* key : {"load", "key", "incremental"}) {
    const YamlNode* node = map.Find(key);
    if (node == nullptr) continue;
    map.reporter().FailAtKey(
        *node, fmt::format("'{}' is for rows of databases; files are tracked without it", key),
        "remove it");
  }
}

FileSourceOptions ReadFiles(const YamlNode& node, Reporter& reporter) {
  FileSourceOptions file;
  file.location = reporter.At(node);
  for (const YamlNode& child : node.children) {
    if (std::find(kOtherSources.begin(), kOtherSources.end(), child.key) == kOtherSources.end())
      continue;
    reporter.FailAtKey(
        child, fmt::format("sources from '{}' are not available in this release", child.key),
        "this release reads files, from: {file: \"landing/orders/*.csv\"}, and databases, from: "
        "{connection: NAME, table: public.orders}");
    return file;
  }
  YamlMap map(node, "'from'", reporter);
  ReadGlob(map, file);
  ReadFormat(map, file);
  file.quote = OneCharacter(map, "quote");
  file.comment = OneCharacter(map, "comment");
  file.takes_partitions =
      map.Choice<bool>("partitions", {{"none", false}, {"hive", true}}).value_or(false);
  file.escape = OneCharacter(map, "escape");
  file.header = map.Boolean("header");
  if (const auto lines = map.Integer("skip_lines", 0, 1'000'000)) {
    file.skip_lines = static_cast<int>(*lines);
  }
  file.encoding = Encoding(map);
  file.compression =
      map.Choice<std::string>("compression", {{"none", "none"}, {"gzip", "gzip"}, {"zstd", "zstd"}})
          .value_or("");
  file.null_text = map.Text("null_text").value_or("");
  file.date_format = NonEmpty(map, "date_format");
  file.timestamp_format = NonEmpty(map, "timestamp_format");
  file.on_change = map.Choice<OnChange>("on_change", {{"replace", OnChange::kReplace},
                                                      {"append", OnChange::kAppend},
                                                      {"ignore", OnChange::kIgnore},
                                                      {"fail", OnChange::kFail}})
                       .value_or(OnChange::kReplace);
  RefuseTextOptions(map, file);
  map.ReportUnknownKeys();
  return file;
}

std::variant<FileSourceOptions, TableSourceOptions> ReadFrom(const YamlNode& node,
                                                             Reporter& reporter) {
  if (!node.is_map()) {
    reporter.Fail(node, fmt::format("'from' must be a map, not {}", node.KindName()),
                  "for example: from: {file: \"landing/orders/*.csv\"}");
    return FileSourceOptions{.location = reporter.At(node)};
  }
  const bool is_table =
      std::any_of(node.children.begin(), node.children.end(), [](const YamlNode& child) {
        return child.key == "connection" || child.key == "table" || child.key == "query";
      });
  if (is_table) return ReadTable(node, reporter);
  return ReadFiles(node, reporter);
}

void ReadType(YamlMap& map) {
  if (map.Require("type", "type: source") == nullptr) return;
  const auto type = map.Text("type");
  if (!type || *type == "source") return;
  map.reporter().Fail(*map.Find("type"),
                      fmt::format("'{}' is not a type of asset in a .yml file", *type),
                      "use source; models are .sql files");
}

void ReadMode(YamlMap& map) {
  const auto mode = map.Text("mode");
  if (!mode || *mode == "batch") return;
  const bool is_planned = *mode == "micro_batch" || *mode == "stream" || *mode == "cdc";
  map.reporter().Fail(*map.Find("mode"),
                      is_planned ? fmt::format("mode '{}' is not available in this release", *mode)
                                 : fmt::format("'{}' is not a mode", *mode),
                      "use batch");
}

}  // namespace

ParsedAsset ReadSource(const SourceText& source, const AssetName& name, Diagnostics& diagnostics) {
  ParsedAsset parsed;
  parsed.asset.name = name;
  parsed.asset.location = {source.file, 1, 1};
  SourceSpec spec;
  Reporter reporter(source.file, diagnostics);
  const auto root = ParseYaml(source.text, 1, reporter);
  if (root && root->is_null())
    reporter.Fail(parsed.asset.location, "the file is empty", "a source needs 'type' and 'from'");
  if (root && !root->is_null()) {
    YamlMap map(*root, "source", reporter);
    ReadType(map);
    if (const YamlNode* from = map.Require("from", "from: {file: \"landing/orders/*.csv\"}")) {
      spec.from = ReadFrom(*from, reporter);
    }
    ReadMode(map);
    if (auto* table = std::get_if<TableSourceOptions>(&spec.from)) {
      ReadLoad(map, *table);
    } else {
      RefuseLoad(map);
    }
    spec.schema_policy =
        map.Choice<SchemaPolicy>("schema_policy", {{"evolve", SchemaPolicy::kEvolve},
                                                   {"freeze", SchemaPolicy::kFreeze},
                                                   {"discard_row", SchemaPolicy::kDiscardRow},
                                                   {"discard_value", SchemaPolicy::kDiscardValue}})
            .value_or(SchemaPolicy::kEvolve);
    if (const YamlNode* budget = map.Find("error_budget")) {
      YamlMap options(*budget, "'error_budget'", reporter);
      spec.error_budget.rows = options.Integer("rows", 0, INT64_MAX);
      spec.error_budget.fraction = options.Number("fraction", 0, 1);
      options.ReportUnknownKeys();
    }
    ReadRunKeys(map, parsed.asset);
    ReadTableKeys(map, parsed.asset);
    ReadDescriptiveKeys(map, source, parsed);
    map.ReportUnknownKeys();
  }
  parsed.asset.spec = std::move(spec);
  return parsed;
}

}  // namespace leat::project
