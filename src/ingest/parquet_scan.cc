#include "ingest/parquet_scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "ingest/limits.h"

namespace leat::ingest {
namespace {

using connect::FilePlan;
using connect::ReadPlan;
using connect::TargetColumn;
using data::Type;
using data::TypeKind;

const FilePlan& First(const ParquetGroup& group) { return *group.files[0]; }

// The column with a row's path: a name that no column of the files has.
std::string PathColumn(const ParquetGroup& group) {
  std::string name = "leat_path";
  while (First(group).format.Find(name) >= 0) name += '_';
  return name;
}

std::string PathList(const ParquetGroup& group) {
  std::vector<std::string> quoted;
  for (const FilePlan* file : group.files) quoted.push_back(QuoteLiteral(file->file.path));
  return "[" + Join(quoted, ", ") + "]";
}

std::string Relation(const ParquetGroup& group) {
  return fmt::format(
      "read_parquet({}, union_by_name = true, hive_partitioning = false, filename = '{}', "
      "file_row_number = true)",
      PathList(group), PathColumn(group));
}

// Characters of UTF-8, as substr counts them.
std::size_t CharactersOf(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

// With a single file the name is a constant, which costs nothing per row.
std::string SourceName(const ParquetGroup& group) {
  if (group.files.size() == 1) return QuoteLiteral(group.files[0]->file.name);
  return fmt::format("CASE WHEN starts_with({0}, {1}) THEN substr({0}, {2}) ELSE {0} END",
                     PathColumn(group), QuoteLiteral(group.path_prefix),
                     CharactersOf(group.path_prefix) + 1);
}

// The column in the files, and its type there; an empty name: they lack it.
struct InFile {
  std::string name;
  Type type;
  bool is_nanoseconds = false;
  bool is_int96 = false;
};
InFile FindInFile(const ParquetGroup& group, std::size_t column) {
  const int number = First(group).columns[column];
  if (number == FilePlan::kMissing) return {};
  const auto& [name, type] = First(group).format.columns[static_cast<std::size_t>(number)];
  const auto is_in = [&name = name](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return {.name = QuoteIdentifier(name),
          .type = type.type(),
          .is_nanoseconds = is_in(First(group).format.nanoseconds),
          .is_int96 = is_in(First(group).format.int96)};
}

bool IsNested(const Type& type) { return !type.children.empty(); }

bool IsInteger(const Type& type) {
  return type.kind == TypeKind::kByte || type.kind == TypeKind::kShort ||
         type.kind == TypeKind::kInteger || type.kind == TypeKind::kLong;
}

bool IsReal(const Type& type) {
  return type.kind == TypeKind::kFloat || type.kind == TypeKind::kDouble;
}

// Between reals and decimals, the text of the value counts: 0.1 is 0.1, not what lies nearest to
// it.
bool IsWrittenOut(const Type& from, const Type& to) {
  return (IsReal(from) && to.kind == TypeKind::kDecimal) ||
         (from.kind == TypeKind::kDecimal && IsReal(to));
}

// Whether casting there and back tells that a nested value was changed: not of texts, between
// reals and decimals with a fraction, or of booleans.
bool CastTells(const Type& from, const Type& to) {
  if (from == to) return true;
  if (from.children.size() != to.children.size() || (IsNested(from) && from.kind != to.kind))
    return false;
  for (std::size_t i = 0; i < from.children.size(); i++) {
    if (from.kind == TypeKind::kStruct &&
        !EqualsIgnoreCase(from.children[i].name, to.children[i].name)) {
      return false;
    }
    if (!CastTells(from.children[i].type, to.children[i].type)) return false;
  }
  if (IsNested(from)) return true;
  const bool is_boolean = from.kind == TypeKind::kBoolean || to.kind == TypeKind::kBoolean;
  const bool is_whole = from.kind == TypeKind::kDecimal && from.scale == 0;
  return from.kind != TypeKind::kString && !is_boolean && (is_whole || !IsWrittenOut(from, to));
}

// The value as one of the table's type; null when there is none.
std::string Converted(const InFile& file, const TargetColumn& target) {
  const std::string sql = data::ToSql(target.type);
  if (target.type.kind == TypeKind::kString)
    return IsNested(file.type) ? fmt::format("to_json({})::VARCHAR", file.name)
                               : fmt::format("CAST({} AS VARCHAR)", file.name);
  const bool is_text = file.type.kind == TypeKind::kString;
  if ((is_text || IsWrittenOut(file.type, target.type)) && !IsNested(target.type)) {
    return fmt::format("leat_strict(CAST({} AS VARCHAR), {}, CAST(NULL AS {}))", file.name,
                       QuoteLiteral(target.format), sql);
  }
  if (!CastTells(file.type, target.type)) return fmt::format("CAST(NULL AS {})", sql);
  return fmt::format("TRY_CAST({} AS {})", file.name, sql);
}

// The same, for output: times are converted without asking a calendar for each value.
std::string Selected(const InFile& file, const TargetColumn& target) {
  if (file.name.empty()) return fmt::format("CAST(NULL AS {})", data::ToSql(target.type));
  const bool is_time = target.type.kind == TypeKind::kTimestamp;
  if (is_time && file.type.kind == TypeKind::kTimestamp)
    return fmt::format("leat_instant({})", file.name);
  if (file.type == target.type)
    return fmt::format("CAST({} AS {})", file.name, data::ToSql(target.type));
  return Converted(file, target);
}

// Empty where every value has one: of the same type, or narrower in the file.
std::string FitsType(const InFile& file, const TargetColumn& target) {
  if (file.name.empty()) return "";
  if (file.is_nanoseconds && target.type.kind == TypeKind::kTimestamp)
    return fmt::format("({0} IS NULL OR epoch_ns({0}) % 1000 = 0)", file.name);
  if (file.is_nanoseconds && target.type.kind != TypeKind::kString) return file.name + " IS NULL";
  // The largest count of nanoseconds reads as infinity.
  if (file.is_nanoseconds) return fmt::format("({0} IS NULL OR isfinite({0}))", file.name);
  if (file.type == target.type || target.type.kind == TypeKind::kString) return "";
  const std::string converted = Converted(file, target);
  if (file.type.kind == TypeKind::kString || IsWrittenOut(file.type, target.type))
    return fmt::format("({} IS NULL OR {} IS NOT NULL)", file.name, converted);
  const bool widens =
      (IsInteger(file.type) && IsInteger(target.type) && file.type.kind <= target.type.kind) ||
      (file.type.kind == TypeKind::kFloat && target.type.kind == TypeKind::kDouble);
  if (widens) return "";
  // There and back: what was rounded, cut or wrapped is another value then.
  return fmt::format("({0} IS NULL OR coalesce(TRY_CAST({1} AS {2}) = {0}, false))", file.name,
                     converted, data::ToSql(file.type));
}

// Whether no map within a value has a key twice, which nothing could read again; empty: it has no
// maps.
std::string HasUniqueKeys(const std::string& value, const Type& type, int depth = 0) {
  const auto of_all = [&](const std::string& list, const Type& element) {
    const std::string name = fmt::format("leat_{}", depth);
    const std::string unique = HasUniqueKeys(name, element, depth + 1);
    return unique.empty() ? ""
                          : fmt::format(
                                "coalesce(list_bool_and(list_transform({}, lambda {}: {})), "
                                "true)",
                                list, name, unique);
  };
  std::vector<std::string> conditions;
  if (type.kind == TypeKind::kMap) {
    conditions.push_back(fmt::format(
        "coalesce(len(map_keys({0})) = len(list_distinct(map_keys({0}))), true)", value));
    conditions.push_back(of_all("map_values(" + value + ")", type.children[1].type));
  } else if (type.kind == TypeKind::kArray) {
    conditions.push_back(of_all(value, type.children[0].type));
  } else {
    for (const data::Field& field : type.children) {
      conditions.push_back(
          HasUniqueKeys(fmt::format("struct_extract({}, {})", value, QuoteLiteral(field.name)),
                        field.type, depth));
    }
  }
  std::erase(conditions, "");
  return Join(conditions, " AND ");
}

// The same, for values as DuckDB has read them.
std::string Fits(const InFile& file, const TargetColumn& target) {
  if (file.name.empty()) return "";
  std::vector<std::string> conditions;
  // Spark's times are of these years; others have wrapped around.
  if (file.is_int96) {
    conditions.push_back(
        fmt::format("({0} IS NULL OR {0} BETWEEN TIMESTAMP '0001-01-01 00:00:00' AND TIMESTAMP "
                    "'9999-12-31 23:59:59.999999')",
                    file.name));
  }
  conditions.push_back(HasUniqueKeys(file.name, file.type));
  conditions.push_back(FitsType(file, target));
  std::erase(conditions, "");
  return conditions.empty() ? "" : "(" + Join(conditions, " AND ") + ")";
}

struct Surplus {
  std::vector<std::string> names;
  std::string condition;  // true for rows with a value there; empty: none has
};

Surplus SurplusOf(const ParquetGroup& group, const ReadPlan& plan) {
  Surplus surplus;
  if (!plan.reject_surplus) return surplus;
  const FilePlan& file = First(group);
  std::vector<std::string> conditions;
  for (std::size_t i = 0; i < file.format.columns.size(); i++) {
    if (std::find(file.columns.begin(), file.columns.end(), static_cast<int>(i)) !=
        file.columns.end()) {
      continue;
    }
    surplus.names.push_back(file.format.columns[i].first);
    conditions.push_back(QuoteIdentifier(file.format.columns[i].first) + " IS NOT NULL");
  }
  surplus.condition = Join(conditions, " OR ");
  return surplus;
}

std::string KeptCondition(const ParquetGroup& group, const ReadPlan& plan) {
  std::vector<std::string> conditions = {"true"};
  for (std::size_t i = 0; i < plan.columns.size() && !plan.bad_values_as_null; i++) {
    const std::string fits = Fits(FindInFile(group, i), plan.columns[i]);
    if (!fits.empty()) conditions.push_back(fits);
  }
  const Surplus surplus = SurplusOf(group, plan);
  if (!surplus.condition.empty()) conditions.push_back("NOT (" + surplus.condition + ")");
  return Join(conditions, " AND ");
}

bool AreAlike(const FilePlan& a, const FilePlan& b) {
  if (a.format.columns.size() != b.format.columns.size()) return false;
  for (std::size_t i = 0; i < a.format.columns.size(); i++) {
    if (a.format.columns[i].first != b.format.columns[i].first ||
        !(a.format.columns[i].second.type() == b.format.columns[i].second.type())) {
      return false;
    }
  }
  return a.format.nanoseconds == b.format.nanoseconds && a.format.int96 == b.format.int96;
}

}  // namespace

std::vector<ParquetGroup> GroupParquet(const std::vector<FilePlan>& files,
                                       const std::string& path_prefix) {
  std::vector<ParquetGroup> groups;
  for (const FilePlan& file : files) {
    if (file.format.layout != connect::Layout::kParquet) continue;
    const auto like = std::find_if(groups.begin(), groups.end(), [&](const ParquetGroup& group) {
      return AreAlike(First(group), file) && group.files.size() < kMaxFilesPerScan;
    });
    if (like == groups.end()) {
      groups.push_back({.files = {&file}, .path_prefix = path_prefix});
    } else {
      like->files.push_back(&file);
    }
  }
  return groups;
}

std::string ParquetSql(const ParquetGroup& group, const ReadPlan& plan) {
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < plan.columns.size(); i++) {
    const TargetColumn& target = plan.columns[i];
    const std::string value = Selected(FindInFile(group, i), target);
    columns.push_back(value + " AS " + QuoteIdentifier(target.name));
  }
  columns.push_back(SourceName(group) + " AS _leat_source");
  columns.emplace_back("file_row_number AS _leat_position");
  return fmt::format("SELECT {} FROM {} WHERE {}", Join(columns, ", "), Relation(group),
                     KeptCondition(group, plan));
}

std::string ParquetRejectsSql(const ParquetGroup& group, const ReadPlan& plan) {
  std::vector<std::string> fields;
  for (const auto& [name, type] : First(group).format.columns)
    fields.push_back(QuoteLiteral(name) + ": " + QuoteIdentifier(name));
  std::string column = "CASE", error = "CASE";
  for (std::size_t i = 0; i < plan.columns.size(); i++) {
    const TargetColumn& target = plan.columns[i];
    const InFile file = FindInFile(group, i);
    const std::string fits = Fits(file, target);
    if (fits.empty() || plan.bad_values_as_null) continue;
    column += fmt::format(" WHEN NOT {} THEN {}", fits, QuoteLiteral(target.name));
    error += fmt::format(" WHEN NOT {} THEN {} || CAST({} AS VARCHAR) || {}", fits,
                         QuoteLiteral("column " + target.name + ": could not convert \""),
                         file.name, QuoteLiteral("\" to " + data::ToSql(target.type)));
  }
  const Surplus surplus = SurplusOf(group, plan);
  const std::string otherwise = QuoteLiteral(connect::SurplusError(surplus.names));
  return fmt::format(
      "SELECT {} AS source, file_row_number AS position, to_json({{{}}})::VARCHAR AS raw, {} AS "
      "column_name, {} AS error FROM {} WHERE NOT ({})",
      SourceName(group), Join(fields, ", "), column == "CASE" ? "NULL" : column + " END",
      error == "CASE" ? otherwise : error + " ELSE " + otherwise + " END", Relation(group),
      KeptCondition(group, plan));
}

std::string ParquetCountSql(const ParquetGroup& group) {
  return "SELECT CAST(sum(num_rows) AS BIGINT) FROM parquet_file_metadata(" + PathList(group) + ")";
}

}  // namespace leat::ingest
