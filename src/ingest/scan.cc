#include "ingest/scan.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "connect/file/limits.h"

namespace leat::ingest {
namespace {

using connect::Layout;

std::string PathList(const FileGroup& group) {
  std::vector<std::string> quoted;
  for (const auto& file : group.files) quoted.push_back(QuoteLiteral(file.path));
  return "[" + Join(quoted, ", ") + "]";
}

// DuckDB takes only names that need no quotes.
std::string TableOf(const FileGroup& group, const char* prefix) {
  std::string name = prefix;
  for (const char c : group.owner) name += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return name;
}
std::string ErrorTable(const FileGroup& group) { return TableOf(group, "leat_errors_"); }
std::string ScanTable(const FileGroup& group) { return TableOf(group, "leat_scans_"); }
std::string Second(const std::string& table) { return table + "_2"; }

// Where the reader puts rows that it cannot read. A second pass over the same files, for the rows
// of another kind, has tables of its own that nobody reads. (With ignore_errors instead, the reader
// loses the position of the row before an unreadable one.)
std::string RejectTables(const FileGroup& group, bool is_first_pass) {
  const std::string errors = ErrorTable(group);
  const std::string scans = ScanTable(group);
  return fmt::format("store_rejects = true, rejects_table = {}, rejects_scan = {}",
                     QuoteLiteral(is_first_pass ? errors : Second(errors)),
                     QuoteLiteral(is_first_pass ? scans : Second(scans)));
}

const ColumnPlan* PlanOf(const ScanPlan& plan, const std::string& file_column) {
  for (const ColumnPlan& column : plan.columns) {
    if (column.file_column == file_column) return &column;
  }
  return nullptr;
}

// How the CSV reader handles a column. It converts some types itself and reports what does not fit;
// it is lenient with others (12.7 becomes the integer 13, an unreadable time with a zone becomes
// null), which are therefore read as text and converted here.
enum class CsvReading { kTyped, kTimestamp, kText };

CsvReading ReadingOf(const FileGroup& group, const ScanPlan& plan, const data::Field& field) {
  using data::TypeKind;
  const ColumnPlan* column = PlanOf(plan, field.name);
  if (column == nullptr || plan.keep_bad_values_as_null) return CsvReading::kText;
  switch (column->type.kind) {
    case TypeKind::kTimestamp:
      return field.type.kind == TypeKind::kTimestampNtz || !group.format.timestamp_format.empty()
                 ? CsvReading::kTimestamp  // the faster type without a zone; it means UTC here
                 : CsvReading::kText;
    case TypeKind::kString:
    case TypeKind::kDouble:
    case TypeKind::kDate:
    case TypeKind::kBoolean: return CsvReading::kTyped;
    default: return CsvReading::kText;
  }
}

std::string CsvTypeOf(const FileGroup& group, const ScanPlan& plan, const data::Field& field) {
  switch (ReadingOf(group, plan, field)) {
    case CsvReading::kTyped: return data::ToSql(PlanOf(plan, field.name)->type);
    case CsvReading::kTimestamp: return "TIMESTAMP";
    case CsvReading::kText: break;
  }
  return "VARCHAR";
}

bool IsInteger(const data::Type& type) {
  return type.kind == data::TypeKind::kByte || type.kind == data::TypeKind::kShort ||
         type.kind == data::TypeKind::kInteger || type.kind == data::TypeKind::kLong;
}

// Types to which the readers would round a text.
bool IsExact(const data::Type& type) {
  return IsInteger(type) || type.kind == data::TypeKind::kDecimal;
}

// A text as a value of the type; null where it is none, or would lose digits.
std::string Converted(const std::string& text, const data::Type& type) {
  if (type.kind == data::TypeKind::kDecimal) {
    return fmt::format(
        "CASE WHEN regexp_full_match({}, ' *[+-]?[0-9]*([.][0-9]{{0,{}}}0*)? *') THEN TRY_CAST({} "
        "AS {}) END",
        text, type.scale, text, data::ToSql(type));
  }
  if (!IsInteger(type)) return fmt::format("TRY_CAST({} AS {})", text, data::ToSql(type));
  if (type.kind == data::TypeKind::kLong) return "leat_integer(" + text + ")";
  return fmt::format("TRY_CAST(leat_integer({}) AS {})", text, data::ToSql(type));
}

// True when the column's value is one of its type; empty for columns that the reader converts or
// keeps as text.
std::string CsvFitsColumn(const FileGroup& group, const ScanPlan& plan, const data::Field& field) {
  const ColumnPlan* column = PlanOf(plan, field.name);
  if (column == nullptr || plan.keep_bad_values_as_null ||
      column->type.kind == data::TypeKind::kString ||
      ReadingOf(group, plan, field) != CsvReading::kText) {
    return "";
  }
  const std::string name = QuoteIdentifier(field.name);
  return fmt::format("({} IS NULL OR {} IS NOT NULL)", name, Converted(name, column->type));
}

std::string CsvFits(const FileGroup& group, const ScanPlan& plan) {
  std::vector<std::string> conditions;
  for (const data::Field& field : group.format.columns.fields) {
    const std::string fits = CsvFitsColumn(group, plan, field);
    if (!fits.empty()) conditions.push_back(fits);
  }
  return conditions.empty() ? "true" : "(" + Join(conditions, " AND ") + ")";
}

// A thread reads a buffer at a time. Left alone, the reader makes it 16 times as long as a line may
// be: too much memory, and one thread for a file of some 100 MiB.
std::string BufferOptions() {
  return fmt::format("max_line_size = {0}, buffer_size = {0}", connect::kMaxLineBytes);
}

// `stores_rejects`: rows that the reader cannot read go to its temporary tables; they are passed
// over either way.
std::string CsvRelation(const FileGroup& group, const ScanPlan& plan,
                        const project::FileSourceOptions& options, bool stores_rejects) {
  const connect::FileFormat& format = group.format;
  std::vector<std::string> columns;
  for (const data::Field& field : format.columns.fields) {
    columns.push_back(QuoteLiteral(field.name) + ": " +
                      QuoteLiteral(CsvTypeOf(group, plan, field)));
  }
  std::string sql = fmt::format(
      "leat_read_csv({}, auto_detect = false, columns = {{{}}}, delim = {}, quote = {}, escape = "
      "{}, header = {}, "
      "skip = {}, {}, {}, strict_mode = true",
      PathList(group), Join(columns, ", "), QuoteLiteral(format.delimiter),
      QuoteLiteral(format.quote), QuoteLiteral(format.escape), format.has_header, format.skip_lines,
      BufferOptions(), RejectTables(group, stores_rejects));
  const auto add = [&sql](const char* name, const std::string& value) {
    if (!value.empty()) sql += fmt::format(", {} = {}", name, QuoteLiteral(value));
  };
  add("compression", format.compression);
  add("encoding", format.encoding == "utf-8" ? "" : format.encoding);
  add("dateformat", format.date_format);
  add("timestampformat", format.timestamp_format);
  add("nullstr", options.null_text);
  add("comment", format.comment);
  return sql + ")";
}

// The lines of text files as they are: a delimiter and a quote that text does not hold.
std::string LinesRelation(const FileGroup& group, bool stores_rejects) {
  std::string sql = fmt::format(
      "leat_read_csv({}, auto_detect = false, columns = {{'line': 'VARCHAR'}}, delim = E'\\x01', "
      "quote = '', "
      "escape = '', header = false, {}, {}, compression = {}",
      PathList(group), BufferOptions(), RejectTables(group, stores_rejects),
      QuoteLiteral(group.format.compression));
  if (group.format.encoding != "utf-8")
    sql += ", encoding = " + QuoteLiteral(group.format.encoding);
  return sql + ")";
}

// The structure that from_json and json_transform_strict take: {"a": "BIGINT", "b": {"c":
// ["DOUBLE"]}}.
nlohmann::ordered_json StructureOf(const data::Type& type) {
  if (type.kind == data::TypeKind::kStruct) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const data::Field& field : type.children) object[field.name] = StructureOf(field.type);
    return object;
  }
  if (type.kind == data::TypeKind::kArray)
    return nlohmann::ordered_json::array({StructureOf(type.children[0].type)});
  return data::ToSql(type);
}

// Integers and decimals come as text: the parser would round 1.5 to 2.
std::string JsonStructure(const ScanPlan& plan) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const ColumnPlan& column : plan.columns) {
    if (column.file_column.empty()) continue;
    object[column.file_column] =
        IsExact(column.type) ? nlohmann::ordered_json("VARCHAR") : StructureOf(column.type);
  }
  return QuoteLiteral(object.dump());
}

// Relation with "text" (one JSON value), "path" and "position" per record.
std::string JsonRecords(const FileGroup& group, bool stores_rejects) {
  if (group.format.layout == Layout::kJsonLines) {
    return "(SELECT line AS text, filename AS path, _leat_position AS position FROM " +
           LinesRelation(group, stores_rejects) + " WHERE trim(line) <> '')";
  }
  // Documents have no lines of their own: the position is the number of the record in its file.
  return fmt::format(
      "(SELECT CAST(json AS VARCHAR) AS text, filename AS path, row_number() OVER (PARTITION BY "
      "filename) - 1 AS "
      "position FROM read_json_objects({}, format = '{}', filename = true, maximum_object_size = "
      "{}))",
      PathList(group), group.format.json_format, connect::kMaxLineBytes);
}

// True when the JSON `value` became `result` without a loss: what is missing may be null, nothing
// else.
std::string JsonFits(const std::string& value, const std::string& result, const data::Type& type,
                     int depth) {
  const std::string absent = "coalesce(json_type(" + value + "), 'NULL') = 'NULL'";
  if (type.kind == data::TypeKind::kStruct) {
    std::string all = "json_type(" + value + ") = 'OBJECT'";
    for (const data::Field& field : type.children) {
      all += " AND " + JsonFits(fmt::format("json_extract({}, {})", value,
                                            QuoteLiteral("$." + QuoteIdentifier(field.name))),
                                result + "." + QuoteIdentifier(field.name), field.type, depth + 1);
    }
    return "(" + absent + " OR (" + all + "))";
  }
  if (type.kind == data::TypeKind::kArray) {
    const std::string pair = "pair" + std::to_string(depth);
    return fmt::format(
        "({0} OR (json_type({1}) = 'ARRAY' AND len(list_filter(list_zip(json_extract({1}, '$[*]'), "
        "{2}), lambda {3}: "
        "NOT {4})) = 0))",
        absent, value, result, pair,
        JsonFits(pair + "[1]", pair + "[2]", type.children[0].type, depth + 1));
  }
  std::string fits = result + " IS NOT NULL";
  if (depth > 0 && IsExact(type))
    fits += " AND TRY_CAST(" + value + "->>'$' AS DOUBLE) = CAST(" + result + " AS DOUBLE)";
  return "(" + absent + " OR (" + fits + "))";
}

bool HoldsExact(const data::Type& type) {
  return IsExact(type) ||
         std::any_of(type.children.begin(), type.children.end(),
                     [](const data::Field& child) { return HoldsExact(child.type); });
}

// What the parser takes without a word though it would be rounded.
std::string JsonExactlyFits(const ScanPlan& plan) {
  std::string fits = "true";
  for (const ColumnPlan& column : plan.columns) {
    if (column.file_column.empty() || !HoldsExact(column.type)) continue;
    const std::string value = "record." + QuoteIdentifier(column.file_column);
    fits += " AND ";
    fits +=
        IsInteger(column.type)
            ? fmt::format("({} IS NULL OR {} IS NOT NULL)", value, Converted(value, column.type))
            : JsonFits(fmt::format("json_extract(text, {})",
                                   QuoteLiteral("$." + QuoteIdentifier(column.file_column))),
                       value, column.type, 0);
  }
  return fits;
}

// Parsed records: "record" is a struct of the plan's columns, null where the text does not fit. The
// strict parser also refuses absent keys: a record with some is parsed leniently and then looked at
// value by value.
std::string ParsedJson(const FileGroup& group, const ScanPlan& plan, bool stores_rejects) {
  const std::string structure = JsonStructure(plan);
  std::string parse = "json_transform(text, " + structure + ")";
  if (!plan.keep_bad_values_as_null) {
    std::string fits = "true";
    for (const ColumnPlan& column : plan.columns) {
      if (column.file_column.empty()) continue;
      fits +=
          " AND " + JsonFits(fmt::format("json_extract(text, {})",
                                         QuoteLiteral("$." + QuoteIdentifier(column.file_column))),
                             "parsed." + QuoteIdentifier(column.file_column), column.type, 0);
    }
    parse = fmt::format(
        "coalesce(TRY(json_transform_strict(text, {})), list_filter([{}], lambda parsed: {})[1])",
        structure, parse, fits);
  }
  const std::string records =
      "(SELECT text, path, position, CASE WHEN json_valid(text) AND json_type(text) = 'OBJECT' "
      "THEN " +
      parse + " END AS record FROM " + JsonRecords(group, stores_rejects) + ")";
  const std::string fit = plan.keep_bad_values_as_null ? "true" : JsonExactlyFits(plan);
  if (fit == "true") return records;
  return "(SELECT text, path, position, CASE WHEN " + fit + " THEN record END AS record FROM " +
         records + ")";
}

// A condition that is true for rows with a value in a surplus column.
std::string SurplusCondition(const ScanPlan& plan, const std::string& prefix, const char* suffix) {
  std::vector<std::string> conditions;
  for (const std::string& name : plan.surplus) {
    conditions.push_back(
        prefix +
        (prefix.empty() ? QuoteIdentifier(name) : QuoteLiteral("$." + QuoteIdentifier(name))) +
        suffix);
  }
  return conditions.empty() || !plan.reject_surplus ? "false"
                                                    : "(" + Join(conditions, " OR ") + ")";
}

std::string JsonSurplus(const ScanPlan& plan) {
  return SurplusCondition(plan, "json_extract(text, ", ") IS NOT NULL");
}
std::string ColumnSurplus(const ScanPlan& plan) {
  return SurplusCondition(plan, "", " IS NOT NULL");
}

// A column of the table that the files lack.
std::string NullColumn(const ColumnPlan& column) {
  return fmt::format("CAST(NULL AS {}) AS {}", data::ToSql(column.type),
                     QuoteIdentifier(column.name));
}

// Columns read from CSV (already typed, or text to convert leniently) and Parquet.
std::string ColumnExpression(const FileGroup& group, const ScanPlan& plan,
                             const ColumnPlan& column) {
  using data::TypeKind;
  const std::string source = QuoteIdentifier(column.file_column);
  const data::Field* field = group.format.columns.Find(column.file_column);
  const bool is_csv = group.format.layout == Layout::kCsv;
  const auto reading =
      is_csv && field != nullptr ? ReadingOf(group, plan, *field) : CsvReading::kTyped;
  const bool is_time = is_csv ? reading == CsvReading::kTimestamp
                              : field != nullptr && field->type.kind == TypeKind::kTimestamp;
  std::string value = fmt::format("TRY_CAST({} AS {})", source, data::ToSql(column.type));
  if (reading == CsvReading::kText) value = Converted(source, column.type);
  if (is_time && column.type.kind == TypeKind::kTimestamp) value = "leat_instant(" + source + ")";
  return value + " AS " + QuoteIdentifier(column.name);
}

std::string ParquetRelation(const FileGroup& group) {
  return "read_parquet(" + PathList(group) +
         ", union_by_name = true, filename = true, file_row_number = true)";
}

// True when a value has one of the other type. Exact types must give the same value back: if not,
// it was rounded or cut.
std::string FitsExactly(const std::string& value, const data::Type& from, const data::Type& to) {
  using data::TypeKind;
  if (from.kind == TypeKind::kString) return Converted(value, to) + " IS NOT NULL";
  const std::string there = fmt::format("TRY_CAST({} AS {})", value, data::ToSql(to));
  if (!IsExact(to) && to.kind != TypeKind::kDate) return there + " IS NOT NULL";
  return fmt::format("coalesce(TRY_CAST({} AS {}) = {}, false)", there, data::ToSql(from), value);
}

// True when every value of the row that is there can be converted.
std::string ParquetFits(const FileGroup& group, const ScanPlan& plan) {
  std::vector<std::string> conditions = {"true"};
  for (const ColumnPlan& column : plan.columns) {
    if (column.file_column.empty() || plan.keep_bad_values_as_null) continue;
    const data::Field* field = group.format.columns.Find(column.file_column);
    if (field != nullptr && field->type == column.type) continue;  // or a narrower one in the file
    const std::string source = QuoteIdentifier(column.file_column);
    conditions.push_back(
        fmt::format("({0} IS NULL OR {1})", source,
                    field == nullptr ? "true" : FitsExactly(source, field->type, column.type)));
  }
  return Join(conditions, " AND ");
}

}  // namespace

std::string ScanSql(const FileGroup& group, const ScanPlan& plan,
                    const project::FileSourceOptions& options) {
  std::vector<std::string> columns;
  if (group.format.layout == Layout::kJsonLines || group.format.layout == Layout::kJsonDocument) {
    for (const ColumnPlan& column : plan.columns) {
      const std::string value = "record." + QuoteIdentifier(column.file_column);
      columns.push_back(column.file_column.empty()
                            ? NullColumn(column)
                            : (IsExact(column.type) ? Converted(value, column.type) : value) +
                                  " AS " + QuoteIdentifier(column.name));
    }
    return "SELECT " + Join(columns, ", ") + ", path AS source, position FROM " +
           ParsedJson(group, plan, true) + " WHERE record IS NOT NULL AND NOT " + JsonSurplus(plan);
  }
  const bool is_parquet = group.format.layout == Layout::kParquet;
  // Rows with a value that does not fit are filtered out; a lenient cast may still see them.
  for (const ColumnPlan& column : plan.columns) {
    columns.push_back(column.file_column.empty() ? NullColumn(column)
                                                 : ColumnExpression(group, plan, column));
  }
  if (is_parquet) {
    return "SELECT " + Join(columns, ", ") +
           ", filename AS source, file_row_number AS position FROM " + ParquetRelation(group) +
           " WHERE " + ParquetFits(group, plan) + " AND NOT " + ColumnSurplus(plan);
  }
  return "SELECT " + Join(columns, ", ") +
         ", filename AS source, _leat_position AS position FROM " +
         CsvRelation(group, plan, options, true) + " WHERE " + CsvFits(group, plan) + " AND NOT " +
         ColumnSurplus(plan);
}

namespace {

// What the CSV reader set aside in its temporary tables. A line may have several errors. Positions
// there count from 1.
std::string StoredRejects(const FileGroup& group) {
  return "SELECT s.file_path AS path, e.line_byte_position - 1 AS position, e.line AS line, "
         "any_value(e.csv_line) AS "
         "raw, any_value(e.column_name) AS column_name, string_agg(DISTINCT "
         "lower(e.error_type::VARCHAR) || ': ' || "
         "e.error_message, '; ') AS error FROM " +
         QuoteIdentifier(ErrorTable(group)) + " e JOIN " + QuoteIdentifier(ScanTable(group)) +
         " s USING (scan_id, file_id) GROUP BY ALL";
}

std::string SurplusError(const ScanPlan& plan) {
  return QuoteLiteral("has a value in a column that the table lacks (" + Join(plan.surplus, ", ") +
                      "), and schema_policy is discard_row");
}

// What is wrong with the first value of a row that does not fit its column.
std::string CsvMisfit(const FileGroup& group, const ScanPlan& plan) {
  std::string sql = "CASE";
  for (const data::Field& field : group.format.columns.fields) {
    const std::string fits = CsvFitsColumn(group, plan, field);
    if (fits.empty()) continue;
    const std::string before = QuoteLiteral("column " + field.name + ": could not convert \"");
    const std::string after = QuoteLiteral("\" to " + data::ToSql(PlanOf(plan, field.name)->type));
    sql += fmt::format(" WHEN NOT {} THEN {} || {} || {}", fits, before,
                       QuoteIdentifier(field.name), after);
  }
  return sql + " ELSE " + SurplusError(plan) + " END";
}

// The rows that the reader set aside, and those that ScanSql filters out, as JSON objects.
std::string CsvRejects(const FileGroup& group, const ScanPlan& plan,
                       const project::FileSourceOptions& options) {
  const std::string fits = CsvFits(group, plan);
  const std::string surplus = ColumnSurplus(plan);
  if (fits == "true" && surplus == "false") return StoredRejects(group);
  std::vector<std::string> fields;
  for (const data::Field& field : group.format.columns.fields) {
    fields.push_back(QuoteLiteral(field.name) + ": " + QuoteIdentifier(field.name));
  }
  return StoredRejects(group) + " UNION ALL SELECT filename, _leat_position, NULL, to_json({" +
         Join(fields, ", ") + "})::VARCHAR, NULL, " +
         (fits == "true" ? SurplusError(plan) : CsvMisfit(group, plan)) + " FROM " +
         CsvRelation(group, plan, options, false) + " WHERE NOT " + fits + " OR " + surplus;
}

}  // namespace

std::string RejectsSql(const FileGroup& group, const ScanPlan& plan,
                       const project::FileSourceOptions& options) {
  if (group.format.layout == Layout::kCsv) return CsvRejects(group, plan, options);
  if (group.format.layout == Layout::kParquet) {
    return "SELECT filename AS path, file_row_number AS position, NULL AS line, "
           "to_json(r)::VARCHAR AS raw, NULL AS "
           "column_name, CASE WHEN NOT (" +
           ParquetFits(group, plan) + ") THEN 'a value does not fit the type of its column' ELSE " +
           SurplusError(plan) + " END AS error FROM " + ParquetRelation(group) + " r WHERE NOT (" +
           ParquetFits(group, plan) + ") OR " + ColumnSurplus(plan);
  }
  std::string sql =
      "SELECT path, position, NULL AS line, text AS raw, NULL AS column_name, CASE WHEN NOT "
      "json_valid(text) THEN "
      "'not valid JSON' WHEN json_type(text) <> 'OBJECT' THEN 'not a JSON object' WHEN record IS "
      "NULL THEN 'a value "
      "does not fit the type of its column' ELSE " +
      SurplusError(plan) + " END AS error FROM " + ParsedJson(group, plan, false) +
      " WHERE record IS NULL OR " + JsonSurplus(plan);
  if (group.format.layout == Layout::kJsonLines) {
    // Lines that are no text (wrong encoding, too long) are in the reader's own tables.
    sql += " UNION ALL " + StoredRejects(group);
  }
  return sql;
}

std::string ReaderRejectsSql(const FileGroup& group) {
  const Layout layout = group.format.layout;
  return layout == Layout::kCsv || layout == Layout::kJsonLines ? StoredRejects(group) : "";
}

std::string LostRejectsSql(const FileGroup& group) {
  if (ReaderRejectsSql(group).empty()) return "";
  return fmt::format("SELECT count(*) FROM {} ANTI JOIN {} USING (scan_id, file_id)",
                     QuoteIdentifier(ErrorTable(group)), QuoteIdentifier(ScanTable(group)));
}

std::string DropRejectsSql(const FileGroup& group) {
  std::vector<std::string> statements;
  for (const std::string& table : {ErrorTable(group), ScanTable(group)}) {
    statements.push_back("DROP TABLE IF EXISTS " + QuoteIdentifier(table));
    statements.push_back("DROP TABLE IF EXISTS " + QuoteIdentifier(Second(table)));
  }
  return Join(statements, "; ");
}

std::string RowCountSql(const FileGroup& group) {
  if (group.format.layout != Layout::kParquet) return "";
  return "SELECT CAST(sum(num_rows) AS BIGINT) FROM parquet_file_metadata(" + PathList(group) + ")";
}

std::string WholeLinesSql(const FileGroup& group) {
  const std::string quote = QuoteLiteral(group.format.quote);
  return fmt::format(
      "SELECT filename AS path, _leat_position AS position, line FROM {0} WHERE (length(line) - "
      "length(replace(line, {1}, ''))) % 2 = 0",
      LinesRelation(group, false), quote);
}

}  // namespace leat::ingest
